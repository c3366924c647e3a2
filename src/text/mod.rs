//! Text files of a project: their encoding, their lines, and their diagnostics.

mod decode;
mod excerpt;
mod findings;
mod harmless;
mod lines;

pub(crate) use decode::{LineError, decode};
pub(crate) use excerpt::excerpt;
pub(crate) use findings::Findings;
pub(crate) use harmless::{harmless, visible};
pub(crate) use lines::{SourceLine, column, line_length, lines};
