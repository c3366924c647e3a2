//! The TCP sockets that listen, asked of the kernel by sock_diag(7): it goes through the table of listeners alone, where
//! /proc/net/tcp goes through that of all connections.
//!
//! Messages are native-endian structures of fixed layout (netlink(7), linux/inet_diag.h), read here by their offsets.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// `struct inet_diag_msg`, and where its port and inode are.
const ANSWER: usize = 72;
const PORT: usize = HEADER + 4;
const INODE: usize = HEADER + 68;
/// `TCPF_LISTEN`: one bit for each state that is asked for.
const LISTEN: u32 = 1 << 10;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// The kernel makes no message of a dump longer than this (netlink_dump in net/netlink/af_netlink.c).
const LONGEST: usize = 32 * 1024;

/// Port and inode of each TCP socket that listens in our network namespace, IPv4 and IPv6.
///
/// # Errors
/// As socket(2), where netlink or this protocol of it is not to be had (EPROTONOSUPPORT, EACCES, EPERM), and as the
/// kernel answers (ENOENT: without `tcp_diag`).
pub(super) fn listening() -> io::Result<Vec<(u16, u64)>> {
    let kernel =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)?;
    let mut found = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let family = u8::try_from(family).map_err(io::Error::other)?;
        send(kernel.as_raw_fd(), &request(family), MsgFlags::empty())?;
        read_dump(&kernel, &mut found)?;
    }
    Ok(found)
}

fn request(family: u8) -> [u8; HEADER + REQUEST] {
    let mut message = [0; HEADER + REQUEST];
    let mut put = |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &u32::try_from(HEADER + REQUEST).unwrap_or_default().to_ne_bytes());
    put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap_or_default();
    put(6, &flags.to_ne_bytes());
    put(HEADER, &[family, u8::try_from(libc::IPPROTO_TCP).unwrap_or_default()]);
    put(HEADER + 4, &LISTEN.to_ne_bytes());
    message
}

fn read_dump(kernel: &OwnedFd, found: &mut Vec<(u16, u64)>) -> io::Result<()> {
    let mut buffer = vec![0; LONGEST];
    loop {
        // The kernel writes the next part of a dump when the one before is read, so there is nothing to wait for.
        let length = recv(kernel.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC)?;
        // Longer than the buffer: what is missing cannot be read any more.
        let messages = buffer.get(..length).ok_or(Errno::EMSGSIZE)?;
        if read_messages(messages, found)? {
            return Ok(());
        }
    }
}

/// Reads what one call gave; whether that was the end.
fn read_messages(mut messages: &[u8], found: &mut Vec<(u16, u64)>) -> io::Result<bool> {
    if messages.is_empty() {
        return Err(malformed());
    }
    while !messages.is_empty() {
        let length = usize::try_from(u32_at(messages, 0).ok_or_else(malformed)?).map_err(io::Error::other)?;
        let message = messages.get(..length).filter(|_| length >= HEADER).ok_or_else(malformed)?;
        match u16_at(message, 4).map(i32::from).ok_or_else(malformed)? {
            libc::NLMSG_DONE => return Ok(true),
            libc::NLMSG_ERROR => {
                let negated = u32_at(message, HEADER).ok_or_else(malformed)?.cast_signed();
                return Err(io::Error::from_raw_os_error(negated.saturating_neg()));
            }
            kind if kind == i32::from(SOCK_DIAG_BY_FAMILY) && length >= HEADER + ANSWER => {
                let port = u16_at(message, PORT).map(u16::from_be).ok_or_else(malformed)?;
                found.push((port, u32_at(message, INODE).ok_or_else(malformed)?.into()));
            }
            _ => return Err(malformed()),
        }
        // Messages begin at multiples of four.
        messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn malformed() -> io::Error {
    io::Error::from(Errno::EBADMSG)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of this kind with this body.
    fn message(kind: i32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let kind = u16::try_from(kind).unwrap();
        let mut message = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat();
        message.resize(message.len().next_multiple_of(4), 0);
        message
    }

    fn listener(port: u16, inode: u32) -> Vec<u8> {
        let mut body = vec![0; ANSWER + 5];
        body[4..6].copy_from_slice(&port.to_be_bytes());
        body[68..72].copy_from_slice(&inode.to_ne_bytes());
        message(SOCK_DIAG_BY_FAMILY.into(), &body)
    }

    #[test]
    fn messages_are_read_to_the_end_or_refused() {
        let done = message(libc::NLMSG_DONE, &[0; 4]);
        let failed = message(libc::NLMSG_ERROR, &(-libc::ENOENT).to_ne_bytes());
        let two = [listener(5000, 7), listener(5100, u32::MAX)].concat();
        let ports = vec![(5000, 7), (5100, u32::MAX.into())];
        let read = |messages: &[u8]| {
            let mut found = Vec::new();
            let is_end = read_messages(messages, &mut found);
            is_end.map(|is_end| (is_end, found)).map_err(|error| error.raw_os_error().unwrap())
        };
        for (name, messages, expected) in [
            ("a part", two.clone(), Ok((false, ports.clone()))),
            ("the last part", [two.clone(), done.clone()].concat(), Ok((true, ports))),
            ("none listens", done, Ok((true, Vec::new()))),
            ("without tcp_diag", failed, Err(libc::ENOENT)),
            ("nothing", Vec::new(), Err(libc::EBADMSG)),
            ("cut", two[..two.len() - 4].to_vec(), Err(libc::EBADMSG)),
            ("a header that is cut", two[..3].to_vec(), Err(libc::EBADMSG)),
            ("no length", vec![0; HEADER], Err(libc::EBADMSG)),
            ("another kind", message(99, &[0; ANSWER]), Err(libc::EBADMSG)),
        ] {
            assert_eq!(read(&messages), expected, "{name}");
        }
    }
}
