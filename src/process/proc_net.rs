//! The TCP sockets that listen, as the tables of /proc/net show them (proc(5)).

use std::fs::File;
use std::io::{BufRead, BufReader};

/// Whether each socket that listens on `port` is bound to a loopback address; `None` if none is listed.
pub(crate) fn is_loopback_only(port: u16) -> Option<bool> {
    let found: Vec<bool> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .flat_map(listed)
        .filter(|socket| socket.port == port)
        .map(|socket| is_loopback(&socket.address))
        .collect();
    (!found.is_empty()).then(|| found.iter().all(|is_loopback| *is_loopback))
}

/// Whether this is 127.0.0.0/8, ::1, or the former as an address of IPv6: words of 32 bits in hexadecimal, in the order of the
/// machine's bytes.
fn is_loopback(address: &str) -> bool {
    let words = address.as_bytes().chunks(8).map(|word| {
        let word = std::str::from_utf8(word).ok().and_then(|word| u32::from_str_radix(word, 16).ok());
        u32::from_be_bytes(word.unwrap_or_default().to_ne_bytes())
    });
    match words.collect::<Vec<u32>>()[..] {
        [word] | [0, 0, 0xffff, word] => word >> 24 == 127,
        [0, 0, 0, word] => word == 1,
        _ => false,
    }
}

/// Whether the server on this port has accepted the connection of this client on this machine, and read all that has come: an
/// accepted socket has an inode, and an empty queue.
pub(crate) fn has_read(server: u16, client: u16) -> bool {
    let is_port = |address: &str, port: u16| {
        address.rsplit_once(':').and_then(|(_, of)| u16::from_str_radix(of, 16).ok()) == Some(port)
    };
    let has_read = |line: String| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, _, queues, _, _, _, _, inode, ..] = fields[..] else { return false };
        let is_empty =
            queues.rsplit_once(':').is_some_and(|(_, received)| received.bytes().all(|of| of == b'0'));
        is_port(local, server) && is_port(remote, client) && inode != "0" && is_empty
    };
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|table| File::open(table).ok());
    tables.flat_map(|table| BufReader::new(table).lines().skip(1).map_while(Result::ok)).any(has_read)
}

/// Port and inode of each socket that listens, of this folder with tables.
pub(super) fn listed_in(folder: &str) -> Vec<(u16, u64)> {
    let of_table = |table| listed(&format!("{folder}/{table}"));
    ["tcp", "tcp6"].into_iter().flat_map(of_table).map(|socket| (socket.port, socket.inode)).collect()
}

/// A socket that listens, as /proc/net shows it.
struct ListedSocket {
    address: String,
    port: u16,
    inode: u64,
}

/// Each socket that listens: proc(5), `st` 0A is LISTEN, field 10 is the inode. The kernel lists
/// those that listen before all connections (tcp_get_idx in net/ipv4/tcp_ipv4.c), of which a busy machine has
/// many thousands: what comes after the first connection is not read.
fn listed(table: &str) -> Vec<ListedSocket> {
    let Ok(file) = File::open(table) else { return Vec::new() };
    let of_line = |line: String| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, port) = fields.get(1)?.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok().filter(|_| fields.get(3) == Some(&"0A"))?;
        Some(ListedSocket { address: address.to_owned(), port, inode: fields.get(9)?.parse().ok()? })
    };
    BufReader::new(file).lines().skip(1).map_while(Result::ok).map_while(of_line).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

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
