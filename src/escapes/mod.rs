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

pub(crate) use modes::Modes;
pub(crate) use plain::plain_length;
pub(crate) use questions::AnsweringTerminal;
pub(crate) use replay::{RecentOutput, replay};
pub(crate) use scanner::{EscapeScanner, Sequence, without_sequences};
pub(crate) use style::Style;
