//! How the stream looks, as a start asks for it.

use jiff::Timestamp;

use super::prefix::{LogSource, TimestampFormat};

/// How the stream looks.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent answers, each named")]
pub struct OutputOptions {
    /// What a row is.
    pub format: RowFormat,
    /// Whether prefixes are coloured.
    pub color: bool,
    /// Whether standard output is a terminal: unfinished lines are then shown after 100 ms, and a CR is
    /// followed by the prefix.
    pub terminal: bool,
    /// Whether ganger's own chatter is left out (`Notice::is_chatter`).
    pub quiet: bool,
    /// Whether output passes as the programs wrote it, terminal controls included.
    pub raw: bool,
    /// The sources. The index is what `Output::attach` and the others take.
    pub log_sources: Vec<LogSource>,
    /// How much history is kept; `None`: nothing.
    pub history: Option<Bounds>,
    /// The wall clock.
    pub clock: fn() -> Timestamp,
}

/// What a row is.
#[derive(Clone, Debug)]
pub enum RowFormat {
    /// `web.1 | text`
    Text {
        /// Whether the name stands before the text.
        prefix: bool,
        /// What stands before the name.
        timestamps: Option<TimestampFormat>,
    },
    /// `{"time":…,"process":"web.1","text":…}`
    Json,
}

/// How much of the log is kept, of all instances together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Lines: so many at least, as far as `bytes` allows, and no more than one piece that was read at once beyond them.
    pub lines: usize,
    /// Bytes of text.
    pub bytes: usize,
}

impl Default for Bounds {
    /// SPEC §9: 10,000 lines and 16 MiB a stack.
    fn default() -> Self {
        Self { lines: 10_000, bytes: 16 << 20 }
    }
}
