//! What `proc_pidfdinfo` says of a socket (`struct socket_fdinfo` of sys/proc_info.h): the fields that are read, by their places. The file,
//! 24 bytes, comes before the socket; what is of its protocol stands behind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::process::structure::part;

/// `soi_so`: where the kernel has the socket.
const NUMBER: usize = 24 + 136;
/// `soi_kind`.
const KIND: usize = 24 + 232;
/// `SOCKINFO_TCP`.
const TCP: i32 = 2;
/// `soi_proto`: a `struct tcp_sockinfo`, which begins with a `struct in_sockinfo`.
const PROTOCOL: usize = 24 + 240;
/// `insi_fport` and `insi_lport`: a port in the order of the network, in the first half of a number.
const REMOTE_PORT: usize = PROTOCOL;
const LOCAL_PORT: usize = PROTOCOL + 4;
/// `insi_vflag`.
const VERSION: usize = PROTOCOL + 24;
/// `INI_IPV4`.
const IPV4: u8 = 1;
/// `insi_faddr` and `insi_laddr`: 16 bytes, of which the last four are an IPv4 address.
const REMOTE_ADDRESS: usize = PROTOCOL + 32;
const LOCAL_ADDRESS: usize = PROTOCOL + 48;
/// `tcpsi_state`.
const STATE: usize = PROTOCOL + 80;
/// `TSI_S_LISTEN` and `TSI_S_ESTABLISHED`.
const LISTEN: i32 = 1;
const ESTABLISHED: i32 = 4;

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TcpSocket {
    /// No other socket that is open has it.
    pub(super) number: u64,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) is_listening: bool,
    pub(super) is_connected: bool,
}

/// The socket, if it is one of TCP; `info` is the structure, of 792 bytes.
pub(super) fn tcp_socket(info: &[u8]) -> Option<TcpSocket> {
    if i32::from_ne_bytes(part(info, KIND)?) != TCP {
        return None;
    }
    let state = i32::from_ne_bytes(part(info, STATE)?);
    Some(TcpSocket {
        number: u64::from_ne_bytes(part(info, NUMBER)?),
        local: address(info, LOCAL_ADDRESS, LOCAL_PORT)?,
        remote: address(info, REMOTE_ADDRESS, REMOTE_PORT)?,
        is_listening: state == LISTEN,
        is_connected: state == ESTABLISHED,
    })
}

fn address(info: &[u8], address: usize, port: usize) -> Option<SocketAddr> {
    let ip: IpAddr = if part::<1>(info, VERSION)?[0] & IPV4 != 0 {
        Ipv4Addr::from(part(info, address + 12)?).into()
    } else {
        Ipv6Addr::from(part::<16>(info, address)?).to_canonical()
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(part(info, port)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kernel writes it: `in_sockinfo` of 80 bytes at 264, `tcpsi_state` behind it.
    fn info(kind: i32, version: u8, (local, remote): ([u8; 16], [u8; 16]), state: i32) -> [u8; 792] {
        let mut info = [0; 792];
        info[160..168].copy_from_slice(&7_u64.to_ne_bytes());
        info[256..260].copy_from_slice(&kind.to_ne_bytes());
        info[264..266].copy_from_slice(&443_u16.to_be_bytes());
        info[268..270].copy_from_slice(&5000_u16.to_be_bytes());
        info[288] = version;
        info[296..312].copy_from_slice(&remote);
        info[312..328].copy_from_slice(&local);
        info[344..348].copy_from_slice(&state.to_ne_bytes());
        info
    }

    #[test]
    fn a_tcp_socket_is_read_with_both_of_its_ends() {
        let v4 = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, last];
        let mapped = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, last];
        let v6 = |last: u16| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).octets();
        let table = [
            (info(2, 1, (v4(1), v4(2)), 1), Some(("127.0.0.1:5000", "127.0.0.2:443", true, false))),
            (info(2, 2, (v6(1), v6(2)), 4), Some(("[fd00::1]:5000", "[fd00::2]:443", false, true))),
            (info(2, 2, (mapped(1), mapped(2)), 4), Some(("127.0.0.1:5000", "127.0.0.2:443", false, true))),
            (info(1, 1, (v4(1), v4(2)), 1), None),
            (info(3, 0, (v4(0), v4(0)), 0), None),
        ];
        for (info, expected) in table {
            let expected = expected.map(|(local, remote, is_listening, is_connected)| TcpSocket {
                number: 7,
                local: local.parse().unwrap(),
                remote: remote.parse().unwrap(),
                is_listening,
                is_connected,
            });
            assert_eq!(tcp_socket(&info), expected);
        }
    }
}
