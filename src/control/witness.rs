//! A name that a stack holds in the kernel for as long as one of its two processes lives: no cleaner of folders can remove it,
//! and it does not depend on `$XDG_RUNTIME_DIR`. It only says that there is a stack; what reaches that one is the socket.
//!
//! A datagram socket in the abstract namespace (unix(7)), which nothing is read from. Not the control socket itself: an
//! abstract socket has no mode, so any user could connect to it. Any user could hold the name, too, so it decides nothing
//! alone.

#[cfg(target_os = "linux")]
pub(super) use linux::{Witness, is_held};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{Witness, is_held};

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::Shutdown;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use nix::unistd::geteuid;

    /// The name, held by this process and every one that is forked from it.
    #[derive(Debug)]
    pub(crate) struct Witness {
        _socket: UnixDatagram,
    }

    fn name(key: &str) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(format!("ganger-{}-{key}", geteuid()))
    }

    impl Witness {
        /// Takes the name of this key.
        ///
        /// # Errors
        /// `AddrInUse` if another process holds it.
        pub(crate) fn take(key: &str) -> io::Result<Self> {
            let socket = UnixDatagram::bind_addr(&name(key)?)?;
            socket.shutdown(Shutdown::Both)?;
            Ok(Self { _socket: socket })
        }
    }

    /// Whether a process holds the name of this key.
    pub(crate) fn is_held(key: &str) -> bool {
        name(key).and_then(|name| UnixDatagram::unbound()?.connect_addr(&name)).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;

    /// There are no such names on this system.
    #[derive(Debug)]
    pub(crate) struct Witness;

    impl Witness {
        /// Nothing is taken.
        ///
        /// # Errors
        /// None.
        pub(crate) fn take(_key: &str) -> io::Result<Self> {
            Ok(Self)
        }
    }

    /// Not known.
    pub(crate) fn is_held(_key: &str) -> bool {
        false
    }
}
