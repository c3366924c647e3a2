//! Text files of a project: their encoding, their lines, and their diagnostics.

mod decode;
mod excerpt;
mod findings;
mod harmless;
mod lines;

pub use decode::{DecodedText, LineError, decode};
pub use excerpt::excerpt;
pub use findings::Findings;
pub use harmless::{harmless, visible};
pub use lines::{SourceLine, column, line_length, lines};
