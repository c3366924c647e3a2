//! Rows for a screen: unfinished lines can be seen, and a progress bar keeps its prefix.

use jiff::Timestamp;
use memchr::{memchr, memchr_iter};

use super::Sink;
use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::lines::ends;
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
        let head = self.prefixes.head(Some(log_source));
        if !goes_on && memchr(b'\r', lines).is_none() {
            return count + out.join(head, lines, b"\n");
        }
        let mut start = 0;
        for end in ends(lines) {
            if start > 0 || !goes_on {
                out.extend_from_slice(head);
            }
            returning(head, &lines[start..end], out);
            out.push(b'\n');
            (start, count) = (end + 1, count + 1);
        }
        count
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
        returning(head, text, out);
        self.open = Some(log_source);
    }

    fn close(&mut self, log_source: usize, out: &mut Batch) {
        if self.open == Some(log_source) {
            out.push(b'\n');
            self.open = None;
        }
        self.was_broken(log_source);
    }
}

/// Appends `text`; where a CR sends the cursor back to the first column and something else than another CR
/// follows, the prefix is written again.
fn returning(head: &[u8], text: &[u8], out: &mut Batch) {
    let mut start = 0;
    for at in memchr_iter(b'\r', text) {
        if text.get(at + 1).is_some_and(|next| *next != b'\r') {
            out.extend_from_slice(&text[start..=at]);
            out.extend_from_slice(head);
            start = at + 1;
        }
    }
    out.extend_from_slice(&text[start..]);
}
