//! The user's terminal while ganger reads its keys: one by one for the console ([`KeyMode`]), raw while they go to an instance
//! ([`RawMode`]). Either half restores it when the other dies.
//!
//! The process that makes it raw tells another one that has the terminal too, its *guard*, how to restore it.
//! The message is a frame: its length in two bytes, then bytes for the terminal. The latest counts; an empty one
//! means that nothing is to be taken back. When the pipe ends and the latest is not empty, the guard acts.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, cfmakeraw, tcgetattr, tcsetattr,
};
use nix::unistd::write;

/// Milliseconds that a terminal which takes nothing may hold up that it is put back.
const PATIENCE: u16 = 500;

/// A terminal in raw mode, until it is dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    terminal: OwnedFd,
    before: TerminalSettings,
}

/// The settings of a terminal.
#[derive(Clone, Debug)]
pub(crate) struct TerminalSettings(Termios);

impl TerminalSettings {
    /// Those of this terminal.
    ///
    /// # Errors
    /// ENOTTY if it is none.
    pub(crate) fn of(terminal: &impl AsFd) -> io::Result<Self> {
        Ok(Self(tcgetattr(terminal)?))
    }

    /// Gives them to this terminal, at once: what is still to be shown does not matter, and may never be.
    ///
    /// # Errors
    /// EIO if the terminal is gone.
    pub(crate) fn apply(&self, terminal: &impl AsFd) -> io::Result<()> {
        Ok(tcsetattr(terminal, SetArg::TCSANOW, &self.0)?)
    }

    fn is_like(&self, other: &Self) -> bool {
        let (Self(own), Self(other)) = (self, other);
        own.input_flags == other.input_flags
            && own.output_flags == other.output_flags
            && own.control_flags == other.control_flags
            && own.local_flags == other.local_flags
            && own.control_chars == other.control_chars
    }

    fn without_echo_and_lines(&self) -> Self {
        let mut settings = self.clone();
        settings.0.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON);
        settings.0.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        settings.0.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        settings
    }
}

/// The settings while `ganger start` reads keys in the foreground: each key comes as it is pressed and is not echoed. Ctrl-C,
/// Ctrl-Z and Ctrl-\ stay signals, and what is printed passes as before.
#[derive(Clone, Debug)]
pub(crate) struct KeyMode {
    before: TerminalSettings,
    own: TerminalSettings,
}

impl KeyMode {
    /// For this terminal, whose settings of now are those that it is given back.
    ///
    /// # Errors
    /// ENOTTY if it is none.
    pub(crate) fn of(terminal: &impl AsFd) -> io::Result<Self> {
        Ok(Self::over(TerminalSettings::of(terminal)?))
    }

    fn over(before: TerminalSettings) -> Self {
        Self { own: before.without_echo_and_lines(), before }
    }

    /// The settings that the terminal is given back.
    pub(crate) fn before(&self) -> &TerminalSettings {
        &self.before
    }

    /// Gives the terminal these settings. It gets back those of now, unless they are these already.
    ///
    /// # Errors
    /// EIO if it is gone.
    pub(crate) fn enter(&mut self, terminal: &impl AsFd) -> io::Result<()> {
        let now = TerminalSettings::of(terminal)?;
        if !now.is_like(&self.own) {
            *self = Self::over(now);
        }
        self.own.apply(terminal)
    }

    /// Gives the settings back, unless another process has changed them since: a shell that edits its own line by now.
    pub(crate) fn leave(&self, terminal: &impl AsFd) {
        if TerminalSettings::of(terminal).is_ok_and(|now| now.is_like(&self.own)) {
            // Where it is gone, there is nothing to restore.
            let _ = self.before.apply(terminal);
        }
    }
}

impl RawMode {
    /// Makes this terminal raw: every key comes as it is pressed, and what is written is shown as it is.
    ///
    /// # Errors
    /// ENOTTY if it is none, EIO if it is gone.
    pub(crate) fn enter(terminal: &impl AsFd) -> io::Result<Self> {
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
    pub(crate) fn again(&self) -> io::Result<()> {
        let mut settings = self.before.clone();
        cfmakeraw(&mut settings.0);
        settings.apply(&self.terminal)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Where it is gone, nothing has to be put back.
        let _ = self.before.apply(&self.terminal);
    }
}

/// Reads what was typed: how much, or nothing yet; 0 where the terminal is gone.
///
/// # Errors
/// As read(2), but for EINTR, EAGAIN and EIO.
pub(crate) fn read_keys(piece: &mut [u8]) -> io::Result<Option<usize>> {
    match nix::unistd::read(io::stdin(), piece) {
        Ok(count) => Ok(Some(count)),
        Err(Errno::EIO) => Ok(Some(0)),
        Err(Errno::EINTR | Errno::EAGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes all of it, waiting for a terminal that takes nothing at the moment (another process may have set O_NONBLOCK).
///
/// # Errors
/// As write(2).
pub(crate) fn show(terminal: &impl AsFd, bytes: &[u8]) -> io::Result<()> {
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
pub(crate) fn guard(monitor: &mut impl Write, restore_sequence: &[u8]) -> io::Result<()> {
    let length = u16::try_from(restore_sequence.len()).unwrap_or(u16::MAX);
    let restore_sequence = &restore_sequence[..usize::from(length)];
    // One write: a death in between must not leave half a frame.
    monitor.write_all(&[&length.to_be_bytes()[..], restore_sequence].concat())
}

/// What a guard was told.
#[derive(Debug, Default)]
pub(crate) struct TerminalGuard {
    received: Vec<u8>,
    latest: Vec<u8>,
}

impl TerminalGuard {
    /// Takes what was received.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        while let [high, low, rest @ ..] = self.received.as_slice() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(frame) = rest.get(..length) else { return };
            self.latest = frame.to_vec();
            self.received.drain(..2 + length);
        }
    }

    /// Whether something is to be taken back.
    pub(crate) fn is_open(&self) -> bool {
        !self.latest.is_empty()
    }

    /// Takes it back: the modes, then the settings. Not twice.
    pub(crate) fn keep(&mut self, terminal: &impl AsFd, before: &TerminalSettings) {
        let restore_sequence = std::mem::take(&mut self.latest);
        if !restore_sequence.is_empty() {
            // A terminal stopped by Ctrl-S takes nothing: the settings are put back all the same.
            let _ = show_within(terminal, &restore_sequence, PollTimeout::from(PATIENCE));
            let _ = before.apply(terminal);
        }
    }
}

/// Keeps this terminal until the other end of `pipe` is closed.
pub(crate) fn keep_until_closed(mut pipe: impl Read, terminal: &impl AsFd, before: &TerminalSettings) {
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
        TerminalSettings::of(terminal).unwrap().0.local_flags.contains(LocalFlags::ICANON)
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

    fn set(terminal: &std::fs::File, change: impl FnOnce(&mut Termios)) {
        let mut settings = TerminalSettings::of(terminal).unwrap();
        change(&mut settings.0);
        settings.apply(terminal).unwrap();
    }

    #[test]
    fn keys_come_one_by_one_without_echo_and_the_settings_before_are_given_back() {
        let (_master, terminal) = terminal();
        let before = TerminalSettings::of(&terminal).unwrap();
        let mut mode = KeyMode::of(&terminal).unwrap();
        // Entered twice, after a stop that no process could see.
        for _ in 0..2 {
            mode.enter(&terminal).unwrap();
            let flags = TerminalSettings::of(&terminal).unwrap().0.local_flags;
            assert!(flags.contains(LocalFlags::ISIG));
            assert!(!flags.intersects(LocalFlags::ICANON | LocalFlags::ECHO));
        }
        mode.leave(&terminal);
        assert!(TerminalSettings::of(&terminal).unwrap().is_like(&before));
    }

    #[test]
    fn settings_that_another_process_has_changed_are_left_alone() {
        let (_master, terminal) = terminal();
        let mut mode = KeyMode::of(&terminal).unwrap();
        mode.enter(&terminal).unwrap();
        set(&terminal, |settings| settings.input_flags.remove(nix::sys::termios::InputFlags::ICRNL));
        let changed = TerminalSettings::of(&terminal).unwrap();
        mode.leave(&terminal);
        assert!(TerminalSettings::of(&terminal).unwrap().is_like(&changed));
    }

    #[test]
    fn settings_that_the_user_changed_meanwhile_are_those_that_are_given_back() {
        let (_master, terminal) = terminal();
        let mut mode = KeyMode::of(&terminal).unwrap();
        mode.enter(&terminal).unwrap();
        mode.leave(&terminal);
        set(&terminal, |settings| settings.local_flags.remove(LocalFlags::ECHOE));
        let before = TerminalSettings::of(&terminal).unwrap();
        mode.enter(&terminal).unwrap();
        assert!(!are_lines(&terminal));
        mode.leave(&terminal);
        assert!(TerminalSettings::of(&terminal).unwrap().is_like(&before));
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
