//! Rows for a terminal: unfinished lines can be seen, and the row of a program that draws is written over.

use jiff::Timestamp;
use memchr::memchr;

use super::Sink;
use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::prefix::{LogSource, Prefixes};
use crate::text::harmless;

/// `web.1 | text`, where the last row may still be open.
#[derive(Debug)]
pub(in crate::output) struct TerminalSink {
    prefixes: Prefixes,
    /// The source of the unfinished line before the cursor.
    open: Option<usize>,
    /// The source of a line that another source's line interrupted. If such a line ends in nothing but its
    /// newline, that is no row of its own.
    broken: Vec<bool>,
}

impl TerminalSink {
    /// Rows with these prefixes.
    pub(in crate::output) fn new(prefixes: Prefixes) -> Self {
        Self { prefixes, open: None, broken: Vec::new() }
    }

    /// Ends the open row if it is not this speaker's own; says whether the cursor stands behind its
    /// unfinished line.
    fn enter(&mut self, log_source: Option<usize>, out: &mut Batch) -> bool {
        match self.open {
            None => false,
            open if open == log_source => true,
            Some(other) => {
                out.push(b'\n');
                self.open = None;
                if self.broken.len() <= other {
                    self.broken.resize(other + 1, false);
                }
                self.broken[other] = true;
                false
            }
        }
    }

    fn was_broken(&mut self, log_source: usize) -> bool {
        self.broken.get_mut(log_source).is_some_and(std::mem::take)
    }
}

impl Sink for TerminalSink {
    fn at(&mut self, now: Timestamp) {
        self.prefixes.at(now);
    }

    fn rows(&mut self, log_source: usize, mut lines: &[u8], out: &mut Batch) -> usize {
        let goes_on = self.enter(Some(log_source), out);
        self.open = None;
        let mut count = 0;
        if self.was_broken(log_source) && lines.first() == Some(&b'\n') {
            lines = &lines[1..];
            count += 1;
        }
        if goes_on {
            let end = memchr(b'\n', lines).unwrap_or(lines.len());
            out.extend_from_slice(&lines[..end]);
            out.push(b'\n');
            lines = lines.get(end + 1..).unwrap_or_default();
            count += 1;
        }
        count + out.join(self.prefixes.head(Some(log_source)), lines, b"\n")
    }

    fn notice(&mut self, notice: &Notice, out: &mut Batch) {
        self.enter(None, out);
        for line in harmless(&notice.to_string()).lines() {
            out.join(self.prefixes.head(None), line.as_bytes(), b"\n");
        }
    }

    fn add(&mut self, log_source: LogSource) {
        self.prefixes.add(log_source);
    }

    fn width(&self, now: Timestamp) -> usize {
        self.prefixes.width(now)
    }

    fn shows_unfinished(&self) -> bool {
        true
    }

    fn is_open(&self, log_source: usize) -> bool {
        self.open == Some(log_source)
    }

    fn unfinished(&mut self, log_source: usize, text: &[u8], out: &mut Batch) {
        let goes_on = self.enter(Some(log_source), out);
        self.was_broken(log_source);
        let head = self.prefixes.head(Some(log_source));
        if !goes_on {
            out.extend_from_slice(head);
        }
        out.extend_from_slice(text);
        self.open = Some(log_source);
    }

    fn redraw(&mut self, log_source: usize, row: &[u8], out: &mut Batch) {
        if self.enter(Some(log_source), out) {
            out.push(b'\r');
        }
        self.was_broken(log_source);
        out.extend_from_slice(self.prefixes.head(Some(log_source)));
        out.extend_from_slice(row);
        out.extend_from_slice(b"\x1b[K");
        self.open = Some(log_source);
    }

    fn redrawn(&mut self, log_source: usize, row: &[u8], out: &mut Batch) -> usize {
        if self.open != Some(log_source) {
            self.was_broken(log_source);
            return self.rows(log_source, row, out);
        }
        self.redraw(log_source, row.strip_suffix(b"\n").unwrap_or(row), out);
        self.close(log_source, out);
        1
    }

    fn close(&mut self, log_source: usize, out: &mut Batch) {
        if self.open == Some(log_source) {
            out.push(b'\n');
            self.open = None;
        }
        self.was_broken(log_source);
    }
}
