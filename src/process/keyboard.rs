//! The monitor's part of the keyboard: what is typed in the foreground goes to the worker, which alone knows what
//! it means.
//!
//! Only the monitor may read: it is in the shell's session, so the kernel itself sees to it that a job in the
//! background gets EIO and not the shell's keys (the worker, which has no terminal of its own, could take them).
//! With SIGTTIN held back the monitor is not stopped for trying. While the worker has the terminal raw, the
//! monitor is its guard ([`super::terminal`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{getpgrp, tcgetpgrp};

use super::terminal::{TerminalGuard, TerminalSettings};

/// Bytes that are read at once: what a terminal in line mode holds.
const PIECE: usize = 4096;

/// The keys of our terminal, on their way to the worker.
#[derive(Debug)]
pub(super) struct Keyboard {
    /// Opened by us, so that O_NONBLOCK concerns no other process.
    terminal: File,
    worker: UnixStream,
    /// What the worker has not taken.
    unsent: Vec<u8>,
    /// Whether the terminal is ours to read, as far as we know.
    is_ours: bool,
    /// Wakes us when something is typed while the terminal is another's.
    elsewhere: Option<Edge>,
    guards: TerminalGuard,
    /// The settings before the worker changed them.
    before: TerminalSettings,
}

impl Keyboard {
    /// The keys of standard input's terminal, for the worker at the other end of this; `None` if it has none.
    pub(super) fn open(worker: UnixStream) -> Option<Self> {
        let stdin = io::stdin();
        // Of a terminal that is not the one of our session the kernel would give us the keys of all.
        let before = TerminalSettings::of(&stdin).ok().filter(|_| tcgetpgrp(&stdin).is_ok())?;
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open("/dev/tty");
        let terminal = opened.ok()?;
        worker.set_nonblocking(true).ok()?;
        let mut held = SigSet::empty();
        held.add(Signal::SIGTTIN);
        held.add(Signal::SIGTTOU);
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&held), None).ok()?;
        let elsewhere = Edge::of(&terminal).ok();
        Some(Self {
            terminal,
            worker,
            unsent: Vec::new(),
            is_ours: true,
            elsewhere,
            guards: TerminalGuard::default(),
            before,
        })
    }

    /// What is to be watched for [`Keyboard::turn`].
    pub(super) fn wanted(&self) -> impl Iterator<Item = PollFd<'_>> {
        let keys = match &self.elsewhere {
            Some(elsewhere) if !self.is_ours => Some(elsewhere.as_fd()),
            Some(_) | None => (self.is_ours && self.unsent.is_empty()).then(|| self.terminal.as_fd()),
        };
        let keys = keys.map(|keys| PollFd::new(keys, PollFlags::POLLIN));
        let room = if self.unsent.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
        [Some(PollFd::new(self.worker.as_fd(), PollFlags::POLLIN | room)), keys].into_iter().flatten()
    }

    /// Passes on what can be. `false` when the worker listens no more.
    pub(super) fn turn(&mut self) -> bool {
        if !self.is_ours {
            self.elsewhere.iter().for_each(Edge::pass);
            self.is_ours = self.is_in_foreground();
        }
        self.hear() && self.read()
    }

    /// We were stopped and go on, perhaps as another kind of job.
    pub(super) fn go_on(&mut self) {
        self.is_ours = true;
    }

    /// The worker is gone: what it has left undone is done.
    pub(super) fn finish(mut self) {
        self.hear();
        self.guards.keep(&self.terminal, &self.before);
    }

    fn is_in_foreground(&self) -> bool {
        tcgetpgrp(&self.terminal) == Ok(getpgrp())
    }

    /// What the worker says; `false` when it says nothing more.
    fn hear(&mut self) -> bool {
        let mut piece = [0; 1024];
        loop {
            match self.worker.read(&mut piece) {
                Ok(0) => return false,
                Ok(count) => self.guards.take(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    fn read(&mut self) -> bool {
        let mut piece = [0; PIECE];
        while self.send() && self.is_ours && self.unsent.is_empty() {
            match self.terminal.read(&mut piece) {
                // Ctrl-D on an empty line; or the end of a terminal that is gone, which says so for ever.
                Ok(0) => {
                    self.is_ours = !self.is_hung_up();
                    break;
                }
                Ok(count) => {
                    self.remember_settings();
                    self.unsent.extend_from_slice(&piece[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // EIO: another job has the terminal now, or it is gone.
                Err(_) => self.is_ours = false,
            }
        }
        self.send()
    }

    /// They are as the user set them until the worker has something to restore.
    fn remember_settings(&mut self) {
        if !self.guards.is_open()
            && let Ok(now) = TerminalSettings::of(&self.terminal)
        {
            self.before = now;
        }
    }

    fn send(&mut self) -> bool {
        while !self.unsent.is_empty() {
            match self.worker.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn is_hung_up(&self) -> bool {
        let mut asked = [PollFd::new(self.terminal.as_fd(), PollFlags::empty())];
        let answered = poll(&mut asked, PollTimeout::ZERO);
        let [asked] = asked;
        answered.is_err() || asked.revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
    }
}

/// Becomes readable each time that something comes to a terminal, and not for as long as it is there: keys that are
/// typed for the shell must not keep us busy. (bash gives a running job the terminal without a SIGCONT, so nothing
/// else would tell.)
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Edge(nix::sys::epoll::Epoll);

#[cfg(target_os = "linux")]
impl Edge {
    fn of(terminal: &File) -> nix::Result<Self> {
        use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(terminal, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0))?;
        Ok(Self(epoll))
    }

    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.0.as_fd()
    }

    /// Forgets what has come until now.
    fn pass(&self) {
        let mut events = [nix::sys::epoll::EpollEvent::empty()];
        let _ = self.0.wait(&mut events, nix::sys::epoll::EpollTimeout::ZERO);
    }
}

/// See above: there is no such thing on this system.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Edge(File);

#[cfg(not(target_os = "linux"))]
impl Edge {
    fn of(_terminal: &File) -> nix::Result<Self> {
        Err(nix::errno::Errno::ENOSYS)
    }

    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }

    fn pass(&self) {}
}
