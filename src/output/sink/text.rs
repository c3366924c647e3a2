//! Rows for a pipe or a file.

use jiff::Timestamp;

use super::{Sink, join};
use crate::notice::Notice;
use crate::output::prefix::{Prefixes, Speaker};

/// `web.1 | text`, the bytes of the text as they are.
#[derive(Debug)]
pub(in crate::output) struct Text {
    prefixes: Prefixes,
}

impl Text {
    /// Rows with these prefixes.
    pub(in crate::output) fn new(prefixes: Prefixes) -> Self {
        Self { prefixes }
    }
}

impl Sink for Text {
    fn at(&mut self, now: Timestamp) {
        self.prefixes.at(now);
    }

    fn rows(&mut self, speaker: usize, lines: &[u8], out: &mut Vec<u8>) -> usize {
        join(self.prefixes.head(Some(speaker)), lines, b"\n", out)
    }

    fn notice(&mut self, notice: &Notice, out: &mut Vec<u8>) {
        for line in notice.to_string().lines() {
            join(self.prefixes.head(None), line.as_bytes(), b"\n", out);
        }
    }

    fn add(&mut self, speaker: Speaker) {
        self.prefixes.add(speaker);
    }

    fn width(&self, now: Timestamp) -> usize {
        self.prefixes.width(now)
    }
}
