//! The size of the terminals of instances.

use std::io;
use std::os::fd::AsFd;

use crate::process::pty::{WindowSize, window_size};

/// The size of a VT100, where that of our terminal is not known.
const VT100: WindowSize = WindowSize { rows: 24, columns: 80 };
/// The fewest columns that an instance's terminal gets, however long the prefix is.
const NARROWEST: u16 = 20;

/// Columns of our terminal, if standard output is one.
pub(crate) fn columns() -> Option<usize> {
    window_size(io::stdout().as_fd()).map(|size| size.columns.into())
}

/// The size of the terminal of an instance: that of ours, less the prefix.
pub(crate) fn terminal_size(prefix_width: usize) -> WindowSize {
    let size = window_size(io::stdout().as_fd()).unwrap_or(VT100);
    let prefix = u16::try_from(prefix_width).unwrap_or(u16::MAX);
    WindowSize { rows: size.rows, columns: size.columns.saturating_sub(prefix).max(NARROWEST) }
}
