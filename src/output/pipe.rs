//! What Linux's pipes can do beyond POSIX: hold more, and be written to without waiting. Elsewhere a pipe stays
//! as it is, and every write goes through the writer thread.

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, IoSlice};
    use std::os::fd::AsFd;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use rustix::io::{Errno as Refusal, ReadWriteFlags, pwritev2};

    /// Asks for a larger pipe. Only a hint: past the user's quota (pipe-user-pages-soft) it fails, and a pipe
    /// that is larger already is left alone.
    pub(crate) fn grow(pipe: &impl AsFd, size: i32) {
        if capacity(pipe).is_some_and(|now| now < size) {
            let _: Result<i32, Errno> = fcntl(pipe.as_fd(), FcntlArg::F_SETPIPE_SZ(size));
        }
    }

    /// Bytes that a pipe holds; `None` if it is none.
    pub(crate) fn capacity(pipe: &impl AsFd) -> Option<i32> {
        fcntl(pipe.as_fd(), FcntlArg::F_GETPIPE_SZ).ok()
    }

    /// Writes what goes without waiting, and returns how much that was; `None` if that is not possible here.
    ///
    /// `RWF_NOWAIT` holds for this call alone. `O_NONBLOCK` would be set for every process that has this pipe, the
    /// user's shell too, and a `poll` before a plain write leaves a moment in which another writer may fill
    /// the pipe.
    ///
    /// # Errors
    /// As write(2).
    pub(crate) fn write_now(pipe: &impl AsFd, bytes: &[u8]) -> io::Result<Option<usize>> {
        match pwritev2(pipe.as_fd(), &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT) {
            Ok(count) => Ok(Some(count)),
            Err(Refusal::AGAIN | Refusal::INTR) => Ok(Some(0)),
            // Pipes know the flag since Linux 6.4.
            Err(Refusal::OPNOTSUPP | Refusal::NOSYS | Refusal::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::os::fd::AsFd;

    /// Pipes have one size.
    pub(crate) fn grow(_pipe: &impl AsFd, _size: i32) {}

    /// Not known.
    pub(crate) fn capacity(_pipe: &impl AsFd) -> Option<i32> {
        None
    }

    /// Not possible.
    ///
    /// # Errors
    /// None.
    pub(crate) fn write_now(_pipe: &impl AsFd, _bytes: &[u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{capacity, grow, write_now};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{capacity, grow, write_now};
