//! Linux: the sockets that listen, by sock_diag(7) or else of /proc/net/tcp and tcp6. The number of a socket is its inode.

use std::net::{Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;

use super::try_address;
pub(super) use crate::process::proc_net::connections;
use crate::process::proc_net::listed_in;
use crate::process::sock_diag;

/// A listener on any address is in the way of the unspecified one, and that of IPv6 stands for IPv4 too
/// (inet_csk_bind_conflict in net/ipv4/inet_connection_sock.c). A thousand types ask a thousand times.
pub(super) const IPV6_STANDS_FOR_BOTH: bool = true;

/// Whether any process is in the way of a server on this port.
pub(super) fn is_taken(port: u16) -> bool {
    let [on_both, on_v4] = [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()];
    match try_address(on_both) {
        Ok(()) => false,
        Err(Errno::EADDRINUSE) => true,
        // Without IPv6.
        Err(_) => try_address(on_v4) == Err(Errno::EADDRINUSE),
    }
}

/// Whether this process is in another network namespace than we are.
pub(super) fn is_elsewhere(pid: i32) -> bool {
    namespace(&pid.to_string()).is_some_and(|theirs| namespace("self").is_some_and(|own| own != theirs))
}

fn namespace(process: &str) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{process}/ns/net")).ok()
}

/// Port and inode of each socket that listens in our network namespace, or in that of a process.
pub(super) fn listening(at: Option<i32>) -> Vec<(u16, u64)> {
    match at {
        // Containers and old kernels may refuse that socket.
        None => sock_diag::listening().unwrap_or_else(|_| listed_in("/proc/net")),
        // A netlink socket is of the namespace that made it, and to enter another one is for root.
        Some(pid) => listed_in(&format!("/proc/{pid}/net")),
    }
}

/// The inodes of the sockets that this process has open.
pub(super) fn sockets(pid: i32) -> impl Iterator<Item = u64> {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors.filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
}

/// The name of a process.
pub(super) fn name(pid: i32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}
