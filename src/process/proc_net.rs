//! The TCP sockets of the machine, as the tables of /proc/net show them (proc(5)).

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state of a connection that is open (include/net/tcp_states.h).
const ESTABLISHED: u8 = 0x01;

/// The state of a socket that listens.
const LISTEN: u8 = 0x0a;

/// The tables, of IPv4 and of IPv6.
const TABLES: [&str; 2] = ["tcp", "tcp6"];

/// Whether each socket that listens on `port` is bound to a loopback address; `None` if none is listed.
pub(crate) fn is_loopback_only(port: u16) -> Option<bool> {
    let sockets = TABLES.into_iter().flat_map(|table| listening(&format!("/proc/net/{table}")));
    let mut found = sockets.filter(|socket| socket.local.port() == port).peekable();
    found.peek()?;
    Some(found.all(|socket| socket.local.ip().to_canonical().is_loopback()))
}

/// Whether the server on this port has accepted the connection of this client on this machine, and read all that has come: an
/// accepted socket has an inode, and an empty queue. This is asked each millisecond, so other lines are not parsed.
pub(crate) fn has_read(server: u16, client: u16) -> bool {
    let ends = format!(":{server:04X} ");
    let begins = format!(":{client:04X} ");
    let is_meant = |of: &ListedSocket| (of.local.port(), of.remote.port()) == (server, client);
    let sockets =
        all().filter(|line| line.contains(&ends) && line.contains(&begins)).filter_map(|line| parse(&line));
    sockets.into_iter().any(|socket| is_meant(&socket) && socket.inode != 0 && !socket.has_unread)
}

/// Each open connection: the inode of its socket, its local and its remote address.
pub(super) fn connections() -> Vec<(u64, SocketAddr, SocketAddr)> {
    let open = all().filter_map(|line| parse(&line)).filter(|of| of.state == ESTABLISHED && of.inode != 0);
    open.map(|of| (of.inode, canonical(of.local), canonical(of.remote))).collect()
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Port and inode of each socket that listens, of this folder with tables.
pub(super) fn listed_in(folder: &str) -> Vec<(u16, u64)> {
    TABLES
        .into_iter()
        .flat_map(|table| listening(&format!("{folder}/{table}")))
        .map(|socket| (socket.local.port(), socket.inode))
        .collect()
}

/// A socket, as /proc/net shows it.
struct ListedSocket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    /// Whether bytes have come that its owner has not read.
    has_unread: bool,
    /// 0 for a connection that no process has accepted yet.
    inode: u64,
}

/// Each socket that listens. The kernel lists those before all connections (tcp_get_idx in net/ipv4/tcp_ipv4.c), of which a busy
/// machine has many thousands: what comes after the first connection is not read.
fn listening(table: &str) -> Vec<ListedSocket> {
    lines(table).filter_map(|line| parse(&line)).take_while(|socket| socket.state == LISTEN).collect()
}

/// The lines of all sockets of our network namespace.
fn all() -> impl Iterator<Item = String> {
    TABLES.into_iter().flat_map(|table| lines(&format!("/proc/net/{table}")))
}

fn lines(table: &str) -> impl Iterator<Item = String> + use<> {
    let lines = File::open(table).into_iter().flat_map(|file| BufReader::new(file).lines().skip(1));
    lines.map_while(Result::ok)
}

/// `sl local remote st tx:rx timer retransmits uid timeout inode …`.
fn parse(line: &str) -> Option<ListedSocket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, remote, state, queues, _, _, _, _, inode, ..] = fields[..] else { return None };
    let (_, received) = queues.rsplit_once(':')?;
    Some(ListedSocket {
        local: address(local)?,
        remote: address(remote)?,
        state: u8::from_str_radix(state, 16).ok()?,
        has_unread: received.bytes().any(|of| of != b'0'),
        inode: inode.parse().ok()?,
    })
}

/// `0100007F:1F90`: words of 32 bits in hexadecimal, in the order of the machine's bytes, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (words, port) = text.rsplit_once(':')?;
    let words = words.as_bytes().chunks(8).map(word_of_address).collect::<Option<Vec<u32>>>()?;
    let ip = match words[..] {
        [word] => IpAddr::V4(Ipv4Addr::from(word)),
        [a, b, c, d] => {
            let high = u64::from(a) << 32 | u64::from(b);
            let low = u64::from(c) << 32 | u64::from(d);
            IpAddr::V6(Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

fn word_of_address(digits: &[u8]) -> Option<u32> {
    let word = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(u32::from_be_bytes(word.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_request_is_read_when_its_server_has_accepted_it_and_taken_all_of_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap().port();
        let mut stream = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let client = stream.local_addr().unwrap().port();
        stream.write_all(b"GET /").unwrap();
        assert!(!has_read(server, client), "not accepted");
        let (mut accepted, _) = listener.accept().unwrap();
        assert!(!has_read(server, client), "accepted, and not read");
        accepted.read_exact(&mut [0; 3]).unwrap();
        assert!(!has_read(server, client), "read in part");
        accepted.read_exact(&mut [0; 2]).unwrap();
        assert!(has_read(server, client));
    }

    #[test]
    fn a_connection_is_listed_with_both_its_addresses() {
        use std::os::unix::fs::MetadataExt;
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // Not every machine has both.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let inode = |fd| std::fs::metadata(format!("/proc/self/fd/{fd}")).unwrap().ino();
            let own = inode(stream.as_raw_fd());
            let expected = (own, stream.local_addr().unwrap(), listener.local_addr().unwrap());
            let mut found = connections();
            found.retain(|(inode, ..)| *inode == own);
            // Where the table changes between two reads, a line may come twice.
            found.dedup();
            assert_eq!(found, [expected]);
        }
    }

    #[test]
    fn a_loopback_address_is_told_from_others() {
        for (address, is_loopback) in [
            ("127.0.0.1:0", true),
            ("127.9.9.9:0", true),
            ("0.0.0.0:0", false),
            ("[::1]:0", true),
            ("[::]:0", false),
            ("[::ffff:127.0.0.1]:0", true),
        ] {
            // Not every machine has them all.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(is_loopback_only(port), Some(is_loopback), "{address}");
        }
    }
}
