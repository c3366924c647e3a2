//! The escape sequences of terminals (ECMA-48, and xterm's ctlseqs): where one ends, which modes a program has
//! switched on, how to take them back, what of an earlier output may be shown once more, the look of text, and what a
//! terminal answers.
//!
//! This is no emulator: what stands on the screen is not known here. docs/design/0013 says why that is enough.

mod modes;
mod plain;
mod questions;
mod replay;
mod scanner;
mod style;

pub use modes::Modes;
pub use plain::plain_length;
pub use questions::AnsweringTerminal;
pub use replay::{RecentOutput, replay};
pub use scanner::{EscapeScanner, ScanStep, Sequence, without_sequences};
pub use style::Style;
