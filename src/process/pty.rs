//! Pseudo-terminals: one for each instance when our own output is a terminal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, unlockpt};

use super::calls::{WindowSize, set_window_size, terminal_name};

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
    set_window_size(master.as_fd(), size)?;
    Ok((master, path.into()))
}
