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
    use std::net::TcpListener;

    use super::*;

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
