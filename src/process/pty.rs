//! Pseudo-terminals: one for each instance when our own output is a terminal; and the size of any terminal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, unlockpt};
use rustix::termios::{Winsize, tcgetwinsize, tcsetwinsize};

use super::calls::terminal_name;

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}

/// The size of this terminal; `None` if it is none or does not know.
pub fn window_size(terminal: impl AsFd) -> Option<WindowSize> {
    let size = tcgetwinsize(terminal).ok().filter(|size| size.ws_col > 0)?;
    Some(WindowSize { rows: size.ws_row, columns: size.ws_col })
}

/// Gives this terminal another size; its foreground group gets SIGWINCH.
///
/// # Errors
/// As ioctl(2) with TIOCSWINSZ.
pub fn set_window_size(terminal: impl AsFd, size: WindowSize) -> io::Result<()> {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(terminal, size)?)
}

/// A new pseudo-terminal of this size: our end, and the path at which the child opens its own. A session
/// leader without a terminal that opens it gets it as its controlling terminal, without a further call.
///
/// The settings are the kernel's own (as a new terminal window has them), so programs see what they expect.
///
/// # Errors
/// As posix_openpt(3): ENOSPC or EIO when the system has no pseudo-terminal left, EMFILE.
pub fn open(size: WindowSize) -> io::Result<(OwnedFd, PathBuf)> {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let path = terminal_name(&master)?;
    let master = OwnedFd::from(master);
    set_window_size(&master, size)?;
    Ok((master, path.into()))
}
