//! macOS: the sockets that the processes of this user have open (libproc.h). It was never run there. The number of a socket is where the
//! kernel has it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::errno::Errno;

use super::socket_info::{TcpSocket, tcp_socket};
use super::try_address;
use crate::process::libproc;
use crate::process::tree::{pids, process};

/// IPv6 sockets may be for both families, and are not in the way of one that is for IPv4 alone.
pub(super) const IPV6_STANDS_FOR_BOTH: bool = false;

/// Whether any process is in the way of a server on this port. SO_REUSEADDR lets a specific address and the unspecified one both be.
pub(super) fn is_taken(port: u16) -> bool {
    let addresses: [SocketAddr; 4] = [
        (Ipv4Addr::UNSPECIFIED, port).into(),
        (Ipv6Addr::UNSPECIFIED, port).into(),
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ];
    addresses.iter().any(|address| try_address(*address) == Err(Errno::EADDRINUSE))
}

/// There are no network namespaces.
pub(super) fn is_elsewhere(_pid: i32) -> bool {
    false
}

/// Port and number of each socket that listens.
pub(super) fn listening(_at: Option<i32>) -> Vec<(u16, u64)> {
    let listening = all().filter(|socket| socket.is_listening);
    listening.map(|socket| (socket.local.port(), socket.number)).collect()
}

/// The numbers of the TCP sockets that this process has open.
pub(super) fn sockets(pid: i32) -> impl Iterator<Item = u64> {
    of(pid).map(|socket| socket.number)
}

/// The connections: the numbers of their sockets, their own ends and the other ones.
pub(super) fn connections() -> Vec<(u64, SocketAddr, SocketAddr)> {
    let connected = all().filter(|socket| socket.is_connected);
    connected.map(|socket| (socket.number, socket.local, socket.remote)).collect()
}

/// The name of a process.
pub(super) fn name(pid: i32) -> Option<String> {
    process(pid).map(|process| process.name)
}

fn all() -> impl Iterator<Item = TcpSocket> {
    pids().unwrap_or_default().into_iter().flat_map(of)
}

fn of(pid: i32) -> impl Iterator<Item = TcpSocket> {
    // What is gone, or another user's, shows none.
    libproc::sockets(pid).into_iter().filter_map(|info| tcp_socket(&info))
}
