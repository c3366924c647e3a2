//! Systems without inotify(7): nothing is watched, and that is reported.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use super::WatchEvents;
use super::patterns::Patterns;

/// There is none on this system.
#[derive(Debug)]
pub(crate) struct Tree {
    descriptor: OwnedFd,
}

impl Tree {
    /// There is none on this system.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn open(_root: &Path, _patterns: Vec<Patterns>) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "files can be watched on Linux only"))
    }

    /// Nothing.
    ///
    /// # Errors
    /// None.
    pub(crate) fn read_events(&mut self) -> io::Result<WatchEvents> {
        Ok(WatchEvents::default())
    }
}

impl AsFd for Tree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Tree {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}
