//! The size of the instances' terminals.

use std::io;
use std::os::fd::AsFd;

use crate::process::calls::{WindowSize, window_size};

/// A terminal of which nothing is known has the size that a VT100 had.
const VT100: WindowSize = WindowSize { rows: 24, columns: 80 };
/// The fewest columns that an instance's terminal gets, however long the prefix is.
const NARROWEST: u16 = 20;

/// The size of an instance's terminal: ours, less what stands before the text.
pub(crate) fn terminal_size(prefix_width: usize) -> WindowSize {
    let size = window_size(io::stdout().as_fd()).unwrap_or(VT100);
    let prefix = u16::try_from(prefix_width).unwrap_or(u16::MAX);
    WindowSize { rows: size.rows, columns: size.columns.saturating_sub(prefix).max(NARROWEST) }
}
