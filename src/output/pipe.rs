//! What Linux's pipes can do beyond POSIX: hold more, and be written to without waiting. Elsewhere a pipe stays
//! as it is, and every write goes through the writer thread.

use std::fs::{File, FileType};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;

use nix::errno::Errno;
use nix::unistd::write;

/// How standard output is written without waiting.
///
/// `O_NONBLOCK` on the descriptor as it is would be set for every process that has that file open, the user's shell too, and a
/// `poll` before a plain write leaves a moment in which another writer may fill the pipe.
pub(super) enum NowaitWriter {
    /// A pipe by `RWF_NOWAIT`, which holds for one call: since Linux 6.4, and for no FIFO that was opened by its name.
    Flag,
    /// A pipe by an open file of our own, which does not block.
    Own(File),
    /// A socket by `MSG_DONTWAIT`.
    Socket,
}

impl NowaitWriter {
    /// The way to begin with; `None` for what may block: a file, and a terminal, where what is left of a row after such a write
    /// would stand behind that of another writer. A write that waits has the terminal for itself.
    pub(super) fn of(stdout: FileType) -> Option<Self> {
        match stdout {
            kind if kind.is_fifo() => Some(Self::Flag),
            kind if kind.is_socket() => Some(Self::Socket),
            _ => None,
        }
    }

    /// The next way, where this one is not possible.
    pub(super) fn next(&self, stdout: &OwnedFd) -> Option<Self> {
        if let Self::Flag = self { open_again(stdout).map(Self::Own) } else { None }
    }

    /// Writes what goes without waiting, and returns how much that was; `None` if that is not possible in this way.
    ///
    /// # Errors
    /// As write(2).
    pub(super) fn write(&self, stdout: &impl AsFd, bytes: &[u8]) -> io::Result<Option<usize>> {
        let written = match self {
            Self::Flag => write_now(stdout, bytes),
            Self::Own(own) => write(own, bytes),
            Self::Socket => send_now(stdout, bytes),
        };
        match written {
            Ok(count) => Ok(Some(count)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(Some(0)),
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::IoSlice;
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::fs::OpenOptionsExt;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::sys::socket::{MsgFlags, send};
    use rustix::io::{ReadWriteFlags, pwritev2};

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

    /// An open file of our own on the same pipe, which does not block, if this user may open it.
    pub(crate) fn open_again(pipe: &impl AsRawFd) -> Option<File> {
        let mut options = File::options();
        options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        options.open(format!("/proc/self/fd/{}", pipe.as_raw_fd())).ok()
    }

    /// Writes into a pipe what goes without waiting.
    ///
    /// # Errors
    /// EOPNOTSUPP if that is not possible here, else as pwritev2(2).
    pub(crate) fn write_now(pipe: &impl AsFd, bytes: &[u8]) -> nix::Result<usize> {
        pwritev2(pipe.as_fd(), &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT)
            .map_err(|error| Errno::from_raw(error.raw_os_error()))
    }

    /// Writes into a socket what goes without waiting.
    ///
    /// # Errors
    /// As send(2).
    pub(crate) fn send_now(socket: &impl AsFd, bytes: &[u8]) -> nix::Result<usize> {
        send(socket.as_fd().as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL)
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};

    use nix::errno::Errno;

    /// Pipes have one size.
    pub(crate) fn grow(_pipe: &impl AsFd, _size: i32) {}

    /// Not known.
    pub(crate) fn capacity(_pipe: &impl AsFd) -> Option<i32> {
        None
    }

    /// Not possible: /dev/fd has the same open file.
    pub(crate) fn open_again(_pipe: &impl AsRawFd) -> Option<File> {
        None
    }

    /// Not possible.
    ///
    /// # Errors
    /// EOPNOTSUPP.
    pub(crate) fn write_now(_pipe: &impl AsFd, _bytes: &[u8]) -> nix::Result<usize> {
        Err(Errno::EOPNOTSUPP)
    }

    pub(crate) use write_now as send_now;
}

#[cfg(target_os = "linux")]
pub(super) use linux::{capacity, grow};
#[cfg(target_os = "linux")]
use linux::{open_again, send_now, write_now};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{capacity, grow};
#[cfg(not(target_os = "linux"))]
use other::{open_again, send_now, write_now};

#[cfg(test)]
pub(super) mod tests {
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use tempfile::TempDir;

    use super::*;

    /// Both ends of a FIFO, which exists as long as its folder does.
    pub(crate) fn fifo() -> (TempDir, File, File) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        // For reading and writing, open(2) does not wait for the other end.
        let both = File::options().read(true).write(true).open(&path).unwrap();
        let (reader, writer) = (File::open(&path).unwrap(), File::options().write(true).open(&path).unwrap());
        drop(both);
        (folder, reader, writer)
    }
}
