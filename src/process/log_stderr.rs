//! Lines of ganger's own on standard error, written only where the write cannot block.
//!
//! Both halves act first and log afterwards, and neither may wait in write(2): a pipe whose reader stands still, a
//! terminal stopped by Ctrl-S. What is not taken at once is kept, tried again with the next line, and once more at
//! the end, for half a second.
//!
//! Roads not taken: `O_NONBLOCK` on descriptor 2 belongs to the open file description, which the user's shell shares.
//! poll(2) before a plain write leaves a moment in which another process fills the pipe, and says nothing about a line
//! that is longer than the room. A thread that may block cannot be made by the monitor, which forks.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};

use crate::text::harmless;

/// Bytes that are kept for later: some hundred lines. What comes when they are full is dropped.
const KEPT: usize = 32 << 10;
/// How long the last lines may take to be written at the end.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);
/// How often the last lines are tried.
const STEP: Duration = Duration::from_millis(20);
/// What a pipe that is ready for writing takes without waiting: POSIX's least `PIPE_BUF` (write(2), pipe(7)).
const PIPE_BUF: usize = 512;

/// How standard error is written to.
#[derive(Debug)]
enum StderrRoute {
    /// A pipe, FIFO or terminal, opened once more: an open file description that is ours alone, and does not block.
    Reopened(File),
    /// A socket, which can be told not to block for one call.
    Socket(OwnedFd),
    /// A regular file or a device: no reader can hold up the write.
    Plain(File),
    /// A pipe or terminal that cannot be opened again (another user's pipe, no /proc): short writes, each after
    /// poll(2). Another writer may fill it between the two; nothing better is known.
    Polled(OwnedFd),
    /// Closed.
    Closed,
}

impl StderrRoute {
    /// The route to this open file.
    ///
    /// # Errors
    /// As fstat(2).
    fn to(stderr: OwnedFd) -> io::Result<Self> {
        let metadata = File::from(stderr.try_clone()?).metadata()?;
        let kind = metadata.file_type();
        if kind.is_socket() {
            return Ok(Self::Socket(stderr));
        }
        if !kind.is_fifo() && !io::IsTerminal::is_terminal(&stderr) {
            // Not opened again: a regular file would have an offset of its own, and be overwritten.
            return Ok(Self::Plain(stderr.into()));
        }
        // Opened again, the master of a pseudo-terminal would be that of another one (ptmx(4)).
        if fs::metadata("/dev/ptmx").is_ok_and(|master| master.rdev() == metadata.rdev()) {
            return Ok(Self::Polled(stderr));
        }
        let reopened = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(format!("/proc/self/fd/{}", stderr.as_raw_fd()));
        Ok(reopened.map_or(Self::Polled(stderr), Self::Reopened))
    }
}

/// Standard error, as something that never holds up its writer.
#[derive(Debug)]
pub(crate) struct Stderr(StderrRoute);

impl Stderr {
    /// Descriptor 2, whatever it is.
    pub(crate) fn open() -> Self {
        let stderr = io::stderr().as_fd().try_clone_to_owned();
        Self(stderr.and_then(StderrRoute::to).unwrap_or(StderrRoute::Closed))
    }

    /// Writes what is taken at once, and says how much that was.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is, else as write(2).
    pub(crate) fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            StderrRoute::Reopened(file) | StderrRoute::Plain(file) => (&*file).write(bytes),
            StderrRoute::Socket(socket) => {
                // SIGPIPE is ignored by std; macOS has no flag for it.
                #[cfg(target_os = "linux")]
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                #[cfg(not(target_os = "linux"))]
                let flags = MsgFlags::MSG_DONTWAIT;
                Ok(send(socket.as_raw_fd(), bytes, flags)?)
            }
            StderrRoute::Polled(stderr) => {
                let mut asked = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut asked, PollTimeout::ZERO)? == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(nix::unistd::write(stderr, &bytes[..bytes.len().min(PIPE_BUF)])?)
            }
            StderrRoute::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Writes as much of it as is taken within half a second.
    pub(crate) fn write_soon(&self, mut bytes: &[u8]) {
        for _ in 0..FINISH_TIMEOUT.as_millis() / STEP.as_millis() {
            bytes = self.rest(bytes);
            if bytes.is_empty() {
                return;
            }
            let _ = poll(&mut [], PollTimeout::try_from(STEP).unwrap_or(PollTimeout::ZERO));
        }
    }

    /// What is left of it to be written later; nothing where it can never be.
    fn rest<'a>(&self, mut bytes: &'a [u8]) -> &'a [u8] {
        while !bytes.is_empty() {
            match self.write_now(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return &[],
            }
        }
        bytes
    }
}

/// The lines that one process logs on standard error.
#[derive(Debug)]
pub(crate) struct StderrLog {
    stderr: Stderr,
    unsent: RefCell<Vec<u8>>,
}

impl StderrLog {
    /// A log on descriptor 2, with nothing in it. A process that is forked afterwards has a copy.
    pub(crate) fn open() -> Self {
        Self { stderr: Stderr::open(), unsent: RefCell::default() }
    }

    /// Logs `ganger: LINE`, which makes a terminal do nothing. Never blocks.
    pub(crate) fn log(&self, line: &str) {
        let mut unsent = self.unsent.borrow_mut();
        if unsent.len() < KEPT {
            unsent.extend_from_slice(format!("ganger: {}\n", harmless(line)).as_bytes());
        }
        let left = self.stderr.rest(&unsent).len();
        let sent = unsent.len() - left;
        unsent.drain(..sent);
    }

    /// Gives the lines that were not taken a last chance, for half a second.
    pub(crate) fn finish(&self) {
        self.stderr.write_soon(&self.unsent.take());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use nix::pty::openpty;

    use super::*;
    use crate::process::pipe::pipe;

    /// A log on the write end of a pipe, by this route.
    fn log(route: StderrRoute) -> StderrLog {
        StderrLog { stderr: Stderr(route), unsent: RefCell::default() }
    }

    #[cfg(target_os = "linux")]
    fn fill(pipe: &OwnedFd) {
        let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
        let mut full = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
        while full.write(&[b'x'; 4096]).is_ok() {}
        while full.write(b"x").is_ok() {}
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_full_pipe_does_not_take_is_kept_and_comes_whole_and_in_order() {
        let (read, write) = pipe().unwrap();
        fill(&write);
        let path = format!("/proc/self/fd/{}", write.as_raw_fd());
        let again = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
        for route in [StderrRoute::Polled(write.try_clone().unwrap()), StderrRoute::Reopened(again)] {
            let log = log(route);
            // Neither blocks, or this test would not end.
            log.log("one");
            log.log("two");
            let full = log.unsent.borrow().len();
            assert_eq!(full, "ganger: one\nganger: two\n".len());
            let mut taken = vec![0; 1 << 16];
            let mut read = File::from(read.try_clone().unwrap());
            let count = read.read(&mut taken).unwrap();
            assert!(taken[..count].iter().all(|byte| *byte == b'x'));
            log.finish();
            let mut text = Vec::new();
            while !text.ends_with(b"two\n") {
                let count = read.read(&mut taken).unwrap();
                text.extend_from_slice(&taken[..count]);
            }
            assert!(text.ends_with(b"ganger: one\nganger: two\n"));
            fill(&write);
        }
    }

    #[test]
    fn both_ends_of_a_pseudo_terminal_are_told_what_is_logged() {
        let terminal = openpty(None, None).unwrap();
        let (master, slave) = (File::from(terminal.master), File::from(terminal.slave));
        for (own, mut other) in [(&slave, &master), (&master, &slave)] {
            log(StderrRoute::to(own.try_clone().unwrap().into()).unwrap()).log("a line");
            let mut text = [0; 100];
            let count = other.read(&mut text).unwrap();
            assert!(text[..count].starts_with(b"ganger: a line"));
        }
    }

    #[test]
    fn what_can_never_be_written_is_dropped_and_what_is_kept_has_a_bound() {
        let (read, write) = pipe().unwrap();
        drop(read);
        let gone = log(StderrRoute::Polled(write));
        gone.log("nothing reads this");
        assert!(gone.unsent.borrow().is_empty());
        let (_read, write) = pipe().unwrap();
        #[cfg(target_os = "linux")]
        fill(&write);
        let full = log(StderrRoute::Polled(write));
        for _ in 0..10_000 {
            full.log("a line that is not taken, and of which there are very many");
        }
        assert!(full.unsent.borrow().len() < KEPT + 1024);
    }
}
