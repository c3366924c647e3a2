//! The user's terminal while its keys go to an instance: raw, and restored whichever half dies.
//!
//! The process that makes it raw tells another one that has the terminal too, its *guard*, how to restore it.
//! The message is a frame: its length in two bytes, then bytes for the terminal. The latest counts; an empty one
//! means that nothing is to be taken back. When the pipe ends and the latest is not empty, the guard acts.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::write;

/// Milliseconds that a terminal which takes nothing may hold up that it is put back.
const PATIENCE: u16 = 500;

/// A terminal in raw mode, until it is dropped.
#[derive(Debug)]
pub struct RawMode {
    terminal: OwnedFd,
    before: TerminalSettings,
}

/// The settings of a terminal.
#[derive(Clone, Debug)]
pub struct TerminalSettings(Termios);

impl TerminalSettings {
    /// Those of this terminal.
    ///
    /// # Errors
    /// ENOTTY if it is none.
    pub fn of(terminal: &impl AsFd) -> io::Result<Self> {
        Ok(Self(tcgetattr(terminal)?))
    }

    /// Gives them to this terminal, at once: what is still to be shown does not matter, and may never be.
    ///
    /// # Errors
    /// EIO if the terminal is gone.
    pub fn apply(&self, terminal: &impl AsFd) -> io::Result<()> {
        Ok(tcsetattr(terminal, SetArg::TCSANOW, &self.0)?)
    }
}

impl RawMode {
    /// Makes this terminal raw: every key comes as it is pressed, and what is written is shown as it is.
    ///
    /// # Errors
    /// ENOTTY if it is none, EIO if it is gone.
    pub fn enter(terminal: &impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = TerminalSettings::of(&terminal)?;
        let raw = Self { terminal, before };
        raw.again()?;
        Ok(raw)
    }

    /// Makes it raw once more, after another process has used it.
    ///
    /// # Errors
    /// EIO if it is gone.
    pub fn again(&self) -> io::Result<()> {
        let mut settings = self.before.clone();
        cfmakeraw(&mut settings.0);
        settings.apply(&self.terminal)
    }

    /// How it was before.
    pub fn before(&self) -> &TerminalSettings {
        &self.before
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Where it is gone, nothing has to be put back.
        let _ = self.before.apply(&self.terminal);
    }
}

/// Writes all of it, waiting for a terminal that takes nothing at the moment (another process may have set O_NONBLOCK).
///
/// # Errors
/// As write(2).
pub fn show(terminal: &impl AsFd, bytes: &[u8]) -> io::Result<()> {
    show_within(terminal, bytes, PollTimeout::NONE)
}

/// The same, but given up when the terminal has taken nothing for `patience`.
fn show_within(terminal: &impl AsFd, mut bytes: &[u8], patience: PollTimeout) -> io::Result<()> {
    while !bytes.is_empty() {
        let mut asked = [PollFd::new(terminal.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut asked, patience) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        match write(terminal, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Tells the guard at the other end how to take everything back; nothing if there is nothing to be.
///
/// # Errors
/// EPIPE: the guard is gone.
pub fn guard(monitor: &mut impl Write, restore_sequence: &[u8]) -> io::Result<()> {
    let length = u16::try_from(restore_sequence.len()).unwrap_or(u16::MAX);
    let restore_sequence = &restore_sequence[..usize::from(length)];
    // One write: a death in between must not leave half a frame.
    monitor.write_all(&[&length.to_be_bytes()[..], restore_sequence].concat())
}

/// What a guard was told.
#[derive(Debug, Default)]
pub struct TerminalGuard {
    received: Vec<u8>,
    latest: Vec<u8>,
}

impl TerminalGuard {
    /// Takes what was received.
    pub fn take(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        while let [high, low, rest @ ..] = self.received.as_slice() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(frame) = rest.get(..length) else { return };
            self.latest = frame.to_vec();
            self.received.drain(..2 + length);
        }
    }

    /// Whether something is to be taken back.
    pub fn is_open(&self) -> bool {
        !self.latest.is_empty()
    }

    /// Takes it back: the modes, then the settings. Not twice.
    pub fn keep(&mut self, terminal: &impl AsFd, before: &TerminalSettings) {
        let restore_sequence = std::mem::take(&mut self.latest);
        if !restore_sequence.is_empty() {
            // A terminal stopped by Ctrl-S takes nothing: the settings are put back all the same.
            let _ = show_within(terminal, &restore_sequence, PollTimeout::from(PATIENCE));
            let _ = before.apply(terminal);
        }
    }
}

/// Keeps this terminal until the other end of `pipe` is closed.
pub fn keep_until_closed(mut pipe: impl Read, terminal: &impl AsFd, before: &TerminalSettings) {
    let mut guards = TerminalGuard::default();
    let mut piece = [0; 1024];
    loop {
        match pipe.read(&mut piece) {
            Ok(count @ 1..) => guards.take(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return guards.keep(terminal, before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::pty;
    use crate::process::pty::WindowSize;

    fn terminal() -> (OwnedFd, std::fs::File) {
        let (master, path) = pty::open(WindowSize { rows: 24, columns: 80 }).unwrap();
        let opened = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        (master, opened)
    }

    /// Whether the terminal gives whole lines only.
    fn are_lines(terminal: &std::fs::File) -> bool {
        TerminalSettings::of(terminal).unwrap().0.local_flags.contains(nix::sys::termios::LocalFlags::ICANON)
    }

    #[test]
    fn raw_is_taken_back_when_it_is_dropped() {
        let (_master, terminal) = terminal();
        let before = TerminalSettings::of(&terminal).unwrap();
        assert!(are_lines(&terminal));
        let raw = RawMode::enter(&terminal).unwrap();
        assert!(!are_lines(&terminal));
        drop(raw);
        assert_eq!(TerminalSettings::of(&terminal).unwrap().0, before.0);
    }

    #[test]
    fn a_guard_takes_back_the_latest_promise_and_an_empty_one_is_none() {
        let (_master, terminal) = terminal();
        let before = TerminalSettings::of(&terminal).unwrap();
        for (promised, is_kept) in
            [(&[&b"\x1b[?1l"[..], b"\x1b>"][..], true), (&[b"\x1b>", b""], false), (&[], false)]
        {
            let raw = RawMode::enter(&terminal).unwrap();
            let mut pipe = Vec::new();
            for restore_sequence in promised {
                guard(&mut pipe, restore_sequence).unwrap();
            }
            keep_until_closed(pipe.as_slice(), &terminal, &before);
            assert_eq!(are_lines(&terminal), is_kept);
            drop(raw);
        }
    }

    #[test]
    fn a_promise_that_comes_in_pieces_is_understood() {
        let mut pipe = Vec::new();
        guard(&mut pipe, b"abc").unwrap();
        let mut guards = TerminalGuard::default();
        for byte in &pipe {
            assert!(!guards.is_open());
            guards.take(&[*byte]);
        }
        assert!(guards.is_open());
    }
}
