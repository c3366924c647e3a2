//! Which process holds a port. Linux: the sockets that listen, by sock_diag(7) or else of /proc/net/tcp and tcp6, and the
//! process that has the socket's inode open, where we may look. Elsewhere only whether it is held.

use std::cell::OnceCell;
#[cfg(target_os = "linux")]
use std::collections::HashSet;
use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, setsockopt, socket,
};

#[cfg(target_os = "linux")]
use super::proc_net::{connections, listed_in};
use crate::plan::ports::Holder;

/// The ports on which debuggers of node, Python, Java, Ruby and Go listen by default, before the server does.
const DEBUGGERS: [u16; 5] = [9229, 5678, 5005, 12345, 2345];

/// The process that holds TCP `port` on any of 0.0.0.0, 127.0.0.1, :: and ::1; `None` if a server could have it.
pub(crate) fn holder(port: u16) -> Option<Holder> {
    is_taken(port).then(|| find(port).unwrap_or(Holder { pid: None, name: None }))
}

/// A listener on any address is in the way of the unspecified one, and that of IPv6 stands for IPv4 too
/// (inet_csk_bind_conflict in net/ipv4/inet_connection_sock.c). A thousand types ask a thousand times.
#[cfg(target_os = "linux")]
fn is_taken(port: u16) -> bool {
    let [on_both, on_v4] = [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()];
    match try_address(on_both) {
        Ok(()) => false,
        Err(Errno::EADDRINUSE) => true,
        // Without IPv6.
        Err(_) => try_address(on_v4) == Err(Errno::EADDRINUSE),
    }
}

/// SO_REUSEADDR lets a specific address and the unspecified one both be.
#[cfg(not(target_os = "linux"))]
fn is_taken(port: u16) -> bool {
    let addresses: [SocketAddr; 4] = [
        (Ipv4Addr::UNSPECIFIED, port).into(),
        (Ipv6Addr::UNSPECIFIED, port).into(),
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ];
    addresses.iter().any(|address| try_address(*address) == Err(Errno::EADDRINUSE))
}

/// Takes the address and gives it back. Only bound, never listened on: a client that polls the port must not
/// be let in for a moment. SO_REUSEADDR as servers set it, so a connection in TIME_WAIT does not count.
fn try_address(address: SocketAddr) -> nix::Result<()> {
    let open = |family| {
        let socket = socket(family, SockType::Stream, SockFlag::empty(), None)?;
        setsockopt(&socket, ReuseAddr, &true)?;
        nix::Result::Ok(socket)
    };
    match address {
        SocketAddr::V4(address) => bind(open(AddressFamily::Inet)?.as_raw_fd(), &SockaddrIn::from(address)),
        SocketAddr::V6(address) => {
            let socket = open(AddressFamily::Inet6)?;
            setsockopt(&socket, Ipv6V6Only, &!cfg!(target_os = "linux"))?;
            bind(socket.as_raw_fd(), &SockaddrIn6::from(address))
        }
    }
}

/// The sockets that listen at one moment, that of the first question: they are read once for many questions, or never.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    place: Place,
    /// The inodes of the sockets that listen on a port.
    inodes: OnceCell<HashMap<u16, Vec<u64>>>,
}

/// The processes whose sockets count.
#[derive(Debug, Default)]
enum Place {
    /// Those of no network: none listens.
    #[default]
    Nowhere,
    /// Those of our network namespace.
    #[cfg(target_os = "linux")]
    Here,
    /// Those of the network namespace of this process.
    #[cfg(target_os = "linux")]
    Elsewhere(i32),
}

impl Listeners {
    /// All sockets that listen now, IPv4 and IPv6.
    #[cfg(target_os = "linux")]
    pub(crate) fn now() -> Self {
        Self { place: Place::Here, inodes: OnceCell::new() }
    }

    /// All sockets that listen now where this process is, if that is another network namespace than ours.
    #[cfg(target_os = "linux")]
    pub(crate) fn elsewhere(pid: i32) -> Option<Self> {
        let namespace = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).ok();
        let theirs = namespace(&pid.to_string())?;
        let is_another = namespace("self")? != theirs;
        is_another.then(|| Self { place: Place::Elsewhere(pid), inodes: OnceCell::new() })
    }

    fn inodes(&self) -> &HashMap<u16, Vec<u64>> {
        self.inodes.get_or_init(|| {
            let mut inodes: HashMap<u16, Vec<u64>> = HashMap::new();
            for (port, inode) in self.place.listening() {
                inodes.entry(port).or_default().push(inode);
            }
            inodes
        })
    }

    /// The sockets that listen on `port`, by their inodes.
    pub(crate) fn on(&self, port: u16) -> &[u64] {
        self.inodes().get(&port).map_or(&[], Vec::as_slice)
    }

    /// Not known on this system.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn now() -> Self {
        Self::default()
    }

    /// There are no such namespaces on this system.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn elsewhere(_pid: i32) -> Option<Self> {
        None
    }

    /// Whether any process listens on `port`.
    #[cfg(target_os = "linux")]
    pub(crate) fn has(&self, port: u16) -> bool {
        self.inodes().contains_key(&port)
    }

    /// Whether any process listens on `port`.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn has(&self, port: u16) -> bool {
        holder(port).is_some()
    }

    /// Whether one of these processes listens on `port`. No connection is made.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_served_by(&self, port: u16, pids: impl IntoIterator<Item = i32>) -> bool {
        let inodes = self.inodes().get(&port);
        inodes.is_some_and(|inodes| pids.into_iter().any(|pid| holds(pid, inodes)))
    }

    /// The ports on which these processes listen, in rising order.
    #[cfg(target_os = "linux")]
    pub(crate) fn ports_of(&self, pids: impl IntoIterator<Item = i32>) -> Vec<u16> {
        let theirs: HashSet<u64> = pids.into_iter().flat_map(sockets).collect();
        let is_theirs = |inodes: &Vec<u64>| inodes.iter().any(|inode| theirs.contains(inode));
        let mut ports: Vec<u16> =
            self.inodes().iter().filter(|(_, inodes)| is_theirs(inodes)).map(|(port, _)| *port).collect();
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

    /// None: the owner of a socket cannot be seen here.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn ports_of(&self, _pids: impl IntoIterator<Item = i32>) -> Vec<u16> {
        Vec::new()
    }

    /// Whether any process listens on `port`: which one cannot be seen here.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn is_served_by(&self, port: u16, _pids: impl IntoIterator<Item = i32>) -> bool {
        self.has(port)
    }
}

/// The open TCP connections of this machine, by their sockets: whether its process has opened it, its own end and the other one.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections(HashMap<u64, (bool, SocketAddr, SocketAddr)>);

impl OpenConnections {
    /// Those that are open now. What came in at a port on which a process listens was opened at the other end.
    #[cfg(target_os = "linux")]
    pub(crate) fn now() -> Self {
        let listeners = Listeners::now();
        // Read before the connections: a listener that is closed meanwhile would make servers of its clients.
        listeners.inodes();
        let connection = |(inode, local, remote): (_, SocketAddr, _)| {
            (inode, (!listeners.has(local.port()), local, remote))
        };
        Self(connections().into_iter().map(connection).collect())
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

    #[cfg(target_os = "linux")]
    fn of(
        &self,
        pids: impl IntoIterator<Item = i32>,
    ) -> impl Iterator<Item = (bool, SocketAddr, SocketAddr)> {
        pids.into_iter().flat_map(sockets).filter_map(|inode| self.0.get(&inode)).copied()
    }

    /// None: the owner of a socket cannot be seen here.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn now() -> Self {
        Self::default()
    }

    #[cfg(not(target_os = "linux"))]
    fn of(
        &self,
        _pids: impl IntoIterator<Item = i32>,
    ) -> impl Iterator<Item = (bool, SocketAddr, SocketAddr)> {
        self.0.values().copied()
    }
}

#[cfg(target_os = "linux")]
fn find(port: u16) -> Option<Holder> {
    let listeners = Listeners::now();
    let inodes = listeners.on(port);
    let entries = std::fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pid = pids.find(|pid| holds(*pid, inodes))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder { pid: Some(pid), name: Some(name.trim_end().to_string()) })
}

#[cfg(not(target_os = "linux"))]
fn find(_port: u16) -> Option<Holder> {
    None
}

impl Place {
    /// Port and inode of each socket that listens here.
    fn listening(&self) -> Vec<(u16, u64)> {
        match self {
            Self::Nowhere => Vec::new(),
            // Containers and old kernels may refuse that socket.
            #[cfg(target_os = "linux")]
            Self::Here => super::sock_diag::listening().unwrap_or_else(|_| listed_in("/proc/net")),
            // A netlink socket is of the namespace that made it, and to enter another one is for root.
            #[cfg(target_os = "linux")]
            Self::Elsewhere(pid) => listed_in(&format!("/proc/{pid}/net")),
        }
    }
}

#[cfg(target_os = "linux")]
fn holds(pid: i32, inodes: &[u64]) -> bool {
    sockets(pid).any(|inode| inodes.contains(&inode))
}

/// The inodes of the sockets that this process has open.
#[cfg(target_os = "linux")]
fn sockets(pid: i32) -> impl Iterator<Item = u64> {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors.filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

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
