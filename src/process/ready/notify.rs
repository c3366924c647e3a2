//! sd_notify(3): a socket into which an instance says `READY=1`, and the kernel tells the pid of the sender.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, bind, recvmsg, setsockopt,
    socket,
};

use super::NotifyMessage;

/// The longest message; sd_notify(3) promises readers no more than a page.
const LONGEST: usize = 4096;
/// The most descriptors of one message: SCM_MAX_FD of unix(7).
const MOST_DESCRIPTORS: usize = 253;

/// The receiving end of NOTIFY_SOCKET, for one instance.
#[derive(Debug)]
pub(crate) struct NotifySocket {
    socket: OwnedFd,
    name: String,
}

impl NotifySocket {
    /// A socket with this name in the abstract namespace (unix(7)): it needs no folder, cannot be removed by others,
    /// ends with us, and is no longer than NOTIFY_SOCKET may be. Any user may send to it, so each message's
    /// sender is asked for.
    ///
    /// # Errors
    /// As socket(2) and bind(2).
    pub(crate) fn open(name: String) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
        setsockopt(&socket, PassCred, &true)?;
        bind(socket.as_raw_fd(), &UnixAddr::new_abstract(name.as_bytes())?)?;
        Ok(Self { socket, name })
    }

    /// What NOTIFY_SOCKET is set to: `@` stands for the NUL byte (sd_notify(3)).
    pub(crate) fn address(&self) -> String {
        format!("@{}", self.name)
    }

    /// The next message; `None` if there is none.
    ///
    /// # Errors
    /// As recvmsg(2).
    pub(crate) fn next(&self) -> io::Result<Option<NotifyMessage>> {
        let mut text = [0; LONGEST];
        // Descriptors may come along (`FDSTORE=1`, and systemd-notify's `BARRIER=1`). They are closed, which is
        // all that a barrier waits for. With less room than for all that can come along the rest would stay open in us.
        let mut space = nix::cmsg_space!(nix::sys::socket::UnixCredentials, [i32; MOST_DESCRIPTORS]);
        let mut parts = [IoSliceMut::new(&mut text)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<UnixAddr>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), flags)
        {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut pid = 0;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmCredentials(credentials) = control {
                pid = credentials.pid();
            } else if let ControlMessageOwned::ScmRights(descriptors) = control {
                for descriptor in descriptors {
                    let _ = nix::unistd::close(descriptor);
                }
            }
        }
        let length = message.bytes;
        Ok(Some(NotifyMessage { pid, is_ready: says_ready(&text[..length]) }))
    }
}

impl std::os::fd::AsFd for NotifySocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl std::os::fd::AsRawFd for NotifySocket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

/// Whether one of the lines (`NAME=value`) is `READY=1`.
fn says_ready(message: &[u8]) -> bool {
    message.split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    #[test]
    fn ready_is_a_line_of_its_own() {
        for (message, is_ready) in [
            (&b"READY=1"[..], true),
            (b"STATUS=up\nREADY=1\n", true),
            (b"STATUS=READY=1", false),
            (b"READY=0", false),
            (b"", false),
        ] {
            assert_eq!(says_ready(message), is_ready, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn descriptors_that_come_along_are_closed_however_many_they_are() {
        let name = format!("ganger-test-descriptors-{}", std::process::id());
        let socket = NotifySocket::open(name.clone()).unwrap();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let address = UnixAddr::new_abstract(name.as_bytes()).unwrap();
        for count in [1, 16, 17, MOST_DESCRIPTORS] {
            let descriptors = vec![theirs.as_raw_fd(); count];
            let rights = [nix::sys::socket::ControlMessage::ScmRights(&descriptors)];
            let text = [std::io::IoSlice::new(b"FDSTORE=1")];
            let flags = MsgFlags::empty();
            nix::sys::socket::sendmsg(sender.as_raw_fd(), &text, &rights, flags, Some(&address)).unwrap();
            let pid = std::process::id().cast_signed();
            assert_eq!(socket.next().unwrap(), Some(NotifyMessage { pid, is_ready: false }), "{count}");
        }
        drop(theirs);
        // The end of the other side: no copy of it is left.
        assert_eq!(std::io::Read::read(&mut &ours, &mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_message_is_received_with_its_sender() {
        let name = format!("ganger-test-{}", std::process::id());
        let socket = NotifySocket::open(name.clone()).unwrap();
        assert_eq!(socket.address(), format!("@{name}"));
        assert_eq!(socket.next().unwrap(), None);
        let sender = UnixDatagram::unbound().unwrap();
        let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        sender.send_to_addr(b"STATUS=soon", &address).unwrap();
        sender.send_to_addr(b"READY=1\nMAINPID=1", &address).unwrap();
        let pid = std::process::id().cast_signed();
        assert_eq!(socket.next().unwrap(), Some(NotifyMessage { pid, is_ready: false }));
        assert_eq!(socket.next().unwrap(), Some(NotifyMessage { pid, is_ready: true }));
        assert_eq!(socket.next().unwrap(), None);
    }
}
