//! Ports that no other test has, of this run or of another one on the same machine.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// How many one test has.
const COUNT: u16 = 1000;
/// They lie above what servers of the machine like, and below what the kernel gives to outgoing connections.
const FIRST: u16 = 7000;
const BLOCKS: u16 = 25;

/// A thousand ports in a row.
pub(crate) struct Ports {
    base: u16,
    /// The claim: an abstract socket has the lifetime of its holder and the range of a port, the network namespace.
    _claim: UnixListener,
}

impl Ports {
    /// Claims them; waits until another test has given some back if all are taken.
    pub(crate) fn claim() -> Self {
        // Where to look first: two tests that begin together do not meet at each block.
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let own = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap_or(0);
        let first = own + NEXT.fetch_add(1, Ordering::Relaxed);
        let mut claimed = None;
        let is_claimed = super::holds(|| {
            claimed = (0..BLOCKS).find_map(|turn| Self::block((first + turn) % BLOCKS));
            claimed.is_some()
        });
        assert!(is_claimed, "other tests have all ports");
        claimed.unwrap()
    }

    fn block(number: u16) -> Option<Self> {
        let base = FIRST + number * COUNT;
        let name = SocketAddr::from_abstract_name(format!("ganger-test-ports-{base}")).unwrap();
        let claim = UnixListener::bind_addr(&name).ok()?;
        // Another program of the machine may hold one: the first of each hundred are those that tests use.
        let mut used = (0..COUNT).filter(|port| port % 100 < 5);
        let is_free = used.all(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, base + port)).is_ok());
        is_free.then_some(Self { base, _claim: claim })
    }

    /// The port of the n-th instance (from 1) of the given line of the Procfile (from 0), as ganger counts.
    pub(crate) fn at(&self, line: u16, n: u16) -> u16 {
        self.base + 100 * line + n - 1
    }

    /// What `--port` takes.
    pub(crate) fn base(&self) -> String {
        self.base.to_string()
    }
}

#[test]
fn ports_are_claimed_once_and_given_back() {
    let all: Vec<Ports> = (0..4).map(|_| Ports::claim()).collect();
    let mut bases: Vec<u16> = all.iter().map(|ports| ports.at(0, 1)).collect();
    bases.sort_unstable();
    bases.dedup();
    assert_eq!(bases.len(), 4);
    let number = (bases[0] - FIRST) / COUNT;
    assert!(Ports::block(number).is_none());
}
