//! Which process holds a port, by the sockets that processes have open, where we may look.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, setsockopt, socket,
};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;
#[cfg(any(test, not(target_os = "linux")))]
mod socket_info;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

use crate::plan::ports::Holder;

/// The ports on which debuggers of node, Python, Java, Ruby and Go listen by default, before the server does.
const DEBUGGERS: [u16; 5] = [9229, 5678, 5005, 12345, 2345];

/// The process that holds TCP `port` on any of 0.0.0.0, 127.0.0.1, :: and ::1; `None` if a server could have it.
pub(crate) fn holder(port: u16) -> Option<Holder> {
    system::is_taken(port).then(|| find(port).unwrap_or(Holder { pid: None, name: None }))
}

fn find(port: u16) -> Option<Holder> {
    let listeners = Listeners::now();
    let sockets = listeners.on(port);
    let pid = super::tree::pids().ok()?.into_iter().find(|pid| holds(*pid, sockets))?;
    Some(Holder { pid: Some(pid), name: Some(system::name(pid)?) })
}

/// Takes the address and gives it back. Only bound, never listened on: a client that polls the port must not
/// be let in for a moment. SO_REUSEADDR as servers set it, so a connection in TIME_WAIT does not count.
fn try_address(address: SocketAddr) -> nix::Result<()> {
    match address {
        SocketAddr::V4(address) => {
            bind(stream_socket(AddressFamily::Inet)?.as_raw_fd(), &SockaddrIn::from(address))
        }
        SocketAddr::V6(address) => {
            let socket = stream_socket(AddressFamily::Inet6)?;
            setsockopt(&socket, Ipv6V6Only, &!system::IPV6_STANDS_FOR_BOTH)?;
            bind(socket.as_raw_fd(), &SockaddrIn6::from(address))
        }
    }
}

fn stream_socket(family: AddressFamily) -> nix::Result<OwnedFd> {
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None)?;
    setsockopt(&socket, ReuseAddr, &true)?;
    Ok(socket)
}

/// The sockets that listen at one moment, that of the first question: they are read once for many questions, or never.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    place: Place,
    /// The numbers of the sockets that listen on a port.
    sockets: OnceCell<HashMap<u16, Vec<u64>>>,
}

/// The processes whose sockets count.
#[derive(Debug, Default)]
enum Place {
    /// Those of no network: none listens.
    #[default]
    Nowhere,
    /// Those of our network namespace.
    Here,
    /// Those of the network namespace of this process.
    Elsewhere(i32),
}

impl Listeners {
    /// All sockets that listen now, IPv4 and IPv6.
    pub(crate) fn now() -> Self {
        Self { place: Place::Here, sockets: OnceCell::new() }
    }

    /// All sockets that listen now where this process is, if that is another network namespace than ours.
    pub(crate) fn elsewhere(pid: i32) -> Option<Self> {
        let is_another = system::is_elsewhere(pid);
        is_another.then(|| Self { place: Place::Elsewhere(pid), sockets: OnceCell::new() })
    }

    fn sockets(&self) -> &HashMap<u16, Vec<u64>> {
        self.sockets.get_or_init(|| {
            let mut sockets: HashMap<u16, Vec<u64>> = HashMap::new();
            let listening = match self.place {
                Place::Nowhere => Vec::new(),
                Place::Here => system::listening(None),
                Place::Elsewhere(pid) => system::listening(Some(pid)),
            };
            for (port, socket) in listening {
                sockets.entry(port).or_default().push(socket);
            }
            sockets
        })
    }

    /// The sockets that listen on `port`, by their numbers.
    pub(crate) fn on(&self, port: u16) -> &[u64] {
        self.sockets().get(&port).map_or(&[], Vec::as_slice)
    }

    /// Whether any process listens on `port`.
    pub(crate) fn has(&self, port: u16) -> bool {
        self.sockets().contains_key(&port)
    }

    /// Whether one of these processes listens on `port`. No connection is made.
    pub(crate) fn is_served_by(&self, port: u16, pids: impl IntoIterator<Item = i32>) -> bool {
        let sockets = self.sockets().get(&port);
        sockets.is_some_and(|sockets| pids.into_iter().any(|pid| holds(pid, sockets)))
    }

    /// The ports on which these processes listen, in rising order.
    pub(crate) fn ports_of(&self, pids: impl IntoIterator<Item = i32>) -> Vec<u16> {
        let theirs: HashSet<u64> = pids.into_iter().flat_map(system::sockets).collect();
        let is_theirs = |sockets: &Vec<u64>| sockets.iter().any(|socket| theirs.contains(socket));
        let mut ports: Vec<u16> =
            self.sockets().iter().filter(|(_, sockets)| is_theirs(sockets)).map(|(port, _)| *port).collect();
        ports.sort_unstable();
        ports
    }

    /// The ports on which these processes listen, in rising order; not those of debuggers.
    pub(crate) fn server_ports_of(&self, pids: impl IntoIterator<Item = i32>) -> Vec<u16> {
        let mut ports = self.ports_of(pids);
        ports.retain(|port| !DEBUGGERS.contains(port));
        ports
    }

    /// The one port on which these processes listen, apart from those of debuggers.
    pub(crate) fn only_port_of(&self, pids: impl IntoIterator<Item = i32>) -> Option<u16> {
        if let [port] = self.server_ports_of(pids)[..] { Some(port) } else { None }
    }
}

/// The open TCP connections of this machine, by their sockets: whether its process has opened it, its own end and the other one.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections(HashMap<u64, (bool, SocketAddr, SocketAddr)>);

impl OpenConnections {
    /// Those that are open now. What came in at a port on which a process listens was opened at the other end.
    pub(crate) fn now() -> Self {
        let listeners = Listeners::now();
        // Read before the connections: a listener that is closed meanwhile would make servers of its clients.
        listeners.sockets();
        Self(
            system::connections()
                .into_iter()
                .map(|(socket, local, remote)| (socket, (!listeners.has(local.port()), local, remote)))
                .collect(),
        )
    }

    /// The addresses to which these processes have connected.
    pub(crate) fn servers_of(&self, pids: impl IntoIterator<Item = i32>) -> BTreeSet<SocketAddr> {
        let of_pids = self.of(pids);
        of_pids.filter(|(is_opened, ..)| *is_opened).map(|(_, _, remote)| remote).collect()
    }

    /// The own ends of their connections.
    pub(crate) fn local_ends_of(&self, pids: impl IntoIterator<Item = i32>) -> BTreeSet<SocketAddr> {
        self.of(pids).map(|(_, local, _)| local).collect()
    }

    fn of(
        &self,
        pids: impl IntoIterator<Item = i32>,
    ) -> impl Iterator<Item = (bool, SocketAddr, SocketAddr)> {
        pids.into_iter().flat_map(system::sockets).filter_map(|socket| self.0.get(&socket)).copied()
    }
}

fn holds(pid: i32, sockets: &[u64]) -> bool {
    system::sockets(pid).any(|socket| sockets.contains(&socket))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    #[cfg(target_os = "linux")]
    use crate::process::proc_net::listed_in;

    #[test]
    fn a_listener_is_found_by_its_port_with_pid_and_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = holder(listener.local_addr().unwrap().port()).unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(holder.pid, Some(std::process::id().cast_signed()));
        }
    }

    #[test]
    fn a_listener_on_one_address_is_in_the_way_too() {
        for address in ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"] {
            // Not every machine has them all.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            assert!(holder(listener.local_addr().unwrap().port()).is_some(), "{address}");
        }
    }

    /// Where sock_diag(7) is refused, /proc/net has the same answer. Other tests open and close sockets meanwhile: only
    /// our own are compared.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_and_its_tables_name_the_same_listeners() {
        let bound = ["127.0.0.1:0", "[::]:0", "[::1]:0"].map(TcpListener::bind);
        let ports: Vec<u16> =
            bound.iter().flatten().map(|listener| listener.local_addr().unwrap().port()).collect();
        let of_ports = |mut all: Vec<(u16, u64)>| {
            all.retain(|(port, _)| ports.contains(port));
            all.sort_unstable();
            // Where the table changes between two reads, a line may come twice.
            all.dedup();
            all
        };
        let listed = of_ports(listed_in("/proc/net"));
        assert_eq!(listed.len(), ports.len());
        match crate::process::sock_diag::listening() {
            Ok(asked) => assert_eq!(of_ports(asked), listed),
            Err(error) => {
                let refusals = [libc::EPROTONOSUPPORT, libc::EACCES, libc::EPERM, libc::ENOENT];
                assert!(refusals.map(Some).contains(&error.raw_os_error()), "{error}");
            }
        }
    }

    #[test]
    fn a_port_that_nobody_holds_has_no_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
