//! The escape sequences of terminals (ECMA-48, and xterm's ctlseqs): where one ends, which modes a program has
//! switched on, how to take them back, and what of an earlier output may be shown once more.
//!
//! This is no emulator: what stands on the screen is not known here. docs/design/0013 says why that is enough.

mod modes;
mod replay;
mod scanner;

pub use modes::Modes;
pub use replay::{RecentOutput, replay};
pub use scanner::{EscapeScanner, ScanStep, Sequence};
