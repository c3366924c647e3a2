//! The monitor's part of the keyboard: what is typed in the foreground goes to the worker, which alone knows what
//! it means.
//!
//! Only the monitor may read: it is in the shell's session, so the kernel itself sees to it that a job in the
//! background gets EIO and not the shell's keys (the worker, which has no terminal of its own, could take them).
//! With SIGTTIN held back the monitor is not stopped for trying. So it is the monitor too that gives the terminal its settings
//! for single keys ([`KeyMode`]), while it is in the foreground, and the settings before at each end of that. The worker does so
//! where the monitor was killed. While the worker has the terminal raw, the monitor is its guard ([`super::terminal`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{getpgrp, tcgetpgrp};

use super::terminal::{KeyMode, TerminalGuard};

/// Bytes that are read at once: what a terminal holds.
const PIECE: usize = 4096;

/// What the two processes share of the keyboard: one of the ends.
#[derive(Debug)]
pub(crate) struct KeyChannel {
    /// Keys to the worker; how to restore the terminal, to the monitor.
    pub socket: UnixStream,
    /// The settings of the terminal while keys are read, and those before.
    pub mode: KeyMode,
}

impl KeyChannel {
    /// The monitor's end and the worker's, for the terminal on standard input; `None` if it is none.
    ///
    /// # Errors
    /// As socketpair(2).
    pub(super) fn pair() -> io::Result<Option<(Self, Self)>> {
        let Ok(mode) = KeyMode::of(&io::stdin()) else { return Ok(None) };
        let (keys, keyboard) = UnixStream::pair()?;
        Ok(Some((Self { socket: keys, mode: mode.clone() }, Self { socket: keyboard, mode })))
    }
}

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
    mode: KeyMode,
    /// Whether the terminal has the settings of `mode`, or those of the worker over them.
    is_entered: bool,
}

impl Keyboard {
    /// The keys of standard input's terminal, for the worker at the other end of this; `None` if it has none.
    pub(super) fn open(channel: KeyChannel) -> Option<Self> {
        let KeyChannel { socket: worker, mode } = channel;
        // Of a terminal that is not the one of our session the kernel would give us the keys of all.
        tcgetpgrp(io::stdin()).ok()?;
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
        let mut keyboard = Self {
            terminal,
            worker,
            unsent: Vec::new(),
            is_ours: true,
            elsewhere,
            guards: TerminalGuard::default(),
            mode,
            is_entered: false,
        };
        keyboard.enter();
        Some(keyboard)
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

    /// Passes on what can be. `false` when the worker is gone.
    pub(super) fn turn(&mut self) -> bool {
        if !self.is_ours {
            self.elsewhere.iter().for_each(Edge::pass);
            self.is_ours = self.is_in_foreground();
        }
        let is_there = self.read_worker();
        self.enter();
        is_there && self.read()
    }

    /// Gives the terminal the settings for keys, in the foreground, unless the worker has it.
    fn enter(&mut self) {
        if self.is_ours && !self.is_entered && !self.guards.is_open() && self.is_in_foreground() {
            self.is_entered = self.mode.enter(&self.terminal).is_ok();
        }
    }

    /// This process is about to stop: the shell gets the terminal as it was.
    pub(super) fn rest(&mut self) {
        if self.guards.is_open() && self.is_in_foreground() {
            // The worker makes it raw again when it goes on.
            let _ = self.mode.before().apply(&self.terminal);
        } else if std::mem::take(&mut self.is_entered) {
            self.mode.leave(&self.terminal);
        }
    }

    /// This process was stopped and goes on, perhaps as another kind of job. The shell may have changed the settings.
    pub(super) fn go_on(&mut self) {
        (self.is_ours, self.is_entered) = (true, false);
    }

    fn is_in_foreground(&self) -> bool {
        tcgetpgrp(&self.terminal) == Ok(getpgrp())
    }

    /// Reads what the worker sends; `false` when it is gone.
    fn read_worker(&mut self) -> bool {
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
                // Ctrl-D on an empty line of a terminal that gives lines; or the end of one that is gone, which says so for ever.
                Ok(0) => {
                    self.is_ours = !self.is_hung_up();
                    break;
                }
                Ok(count) => self.unsent.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // EIO: another job has the terminal now, or it is gone.
                Err(_) => self.is_ours = false,
            }
        }
        self.send()
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

/// At the end, what a worker that is gone has left undone is done.
impl Drop for Keyboard {
    fn drop(&mut self) {
        self.read_worker();
        self.guards.keep(&self.terminal, self.mode.before());
        if self.is_entered {
            self.mode.leave(&self.terminal);
        }
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
