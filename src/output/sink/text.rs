//! Rows for a pipe or a file.

use jiff::Timestamp;

use super::row_sink::Sink;
use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::prefix::{LogSource, Prefixes};

/// `web.1 | text`, the bytes of the text as they are.
#[derive(Debug)]
pub(in crate::output) struct TextSink {
    prefixes: Prefixes,
}

impl TextSink {
    /// Rows with these prefixes.
    pub(in crate::output) fn new(prefixes: Prefixes) -> Self {
        Self { prefixes }
    }
}

impl Sink for TextSink {
    fn at(&mut self, now: Timestamp) {
        self.prefixes.at(now);
    }

    fn rows(&mut self, log_source: usize, lines: &[u8], out: &mut Batch) -> usize {
        out.join(self.prefixes.head(Some(log_source)), lines, b"\n")
    }

    fn notice(&mut self, notice: &Notice, out: &mut Batch) {
        for line in notice.to_string().lines() {
            let line = self.prefixes.paint(notice, line);
            out.join(self.prefixes.head(None), line.as_bytes(), b"\n");
        }
    }

    fn add(&mut self, log_source: LogSource) {
        self.prefixes.add(log_source);
    }

    fn width(&self, now: Timestamp) -> usize {
        self.prefixes.width(now)
    }
}
