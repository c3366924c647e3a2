//! Systems without abstract sockets and SCM_CREDENTIALS: an instance cannot report in this way that it is ready.

use std::io;
use std::os::fd::OwnedFd;

use super::NotifyMessage;

/// There is none on this system.
#[derive(Debug)]
pub struct NotifySocket {
    socket: OwnedFd,
}

impl NotifySocket {
    /// There is none on this system.
    ///
    /// # Errors
    /// Always.
    pub fn open(_name: String) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// What NOTIFY_SOCKET is set to.
    pub fn address(&self) -> String {
        String::new()
    }

    /// None come.
    ///
    /// # Errors
    /// None.
    pub fn next(&self) -> io::Result<Option<NotifyMessage>> {
        Ok(None)
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
