//! Rows for a terminal: unfinished lines can be seen, and the row of a program that draws is written over.

use jiff::Timestamp;
use memchr::memchr;

use super::row_sink::Sink;
use super::wrap::WrappedRow;
use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::columns::column_after;
use crate::output::lines::ends;
use crate::output::prefix::{LogSource, Prefixes};
use crate::text::harmless;

/// `web.1 | text`, where the last row may still be open.
#[derive(Debug)]
pub(in crate::output) struct TerminalSink {
    prefixes: Prefixes,
    /// The source of the unfinished line before the cursor.
    open: Option<usize>,
    /// Columns of that row up to the cursor.
    column: usize,
    /// The source of a line that another source's line interrupted. If such a line ends in nothing but its
    /// newline, that is no row of its own.
    broken: Vec<bool>,
    /// Columns of the terminal, if they are known.
    columns: Option<usize>,
    /// The open row.
    row: WrappedRow,
}

/// Columns of a terminal whose size is not known: those of a VT100.
const COLUMNS: usize = 80;

impl TerminalSink {
    /// Rows with these prefixes.
    pub(in crate::output) fn new(prefixes: Prefixes) -> Self {
        let (row, columns) = (WrappedRow::default(), None);
        Self { prefixes, open: None, column: 0, broken: Vec::new(), columns, row }
    }

    /// Ends the open row if it is not this source's own; returns whether the cursor stands behind its
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

    /// This source's row is open from now on, and ends in `piece`.
    fn opened(&mut self, log_source: usize, piece: &[u8]) {
        self.column = column_after(self.column, piece);
        self.open = Some(log_source);
    }

    /// Begins a row of this source, or of ganger's own.
    fn begin(&mut self, log_source: Option<usize>, out: &mut Batch) {
        out.extend_from_slice(self.prefixes.head(log_source));
        self.row = WrappedRow::new(self.columns, self.prefixes.columns());
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
            self.row.write(&lines[..end], out);
            out.push(b'\n');
            lines = lines.get(end + 1..).unwrap_or_default();
            count += 1;
        }
        if WrappedRow::new(self.columns, self.prefixes.columns()).fits(lines) {
            return count + out.join(self.prefixes.head(Some(log_source)), lines, b"\n");
        }
        let mut start = 0;
        for end in ends(lines) {
            self.begin(Some(log_source), out);
            self.row.write(&lines[start..end], out);
            out.push(b'\n');
            (start, count) = (end + 1, count + 1);
        }
        count
    }

    fn notice(&mut self, notice: &Notice, out: &mut Batch) {
        self.enter(None, out);
        for line in harmless(&notice.to_string()).lines() {
            let line = self.prefixes.paint(notice, line);
            self.begin(None, out);
            self.row.write(line.as_bytes(), out);
            out.push(b'\n');
        }
    }

    fn add(&mut self, log_source: LogSource) {
        self.prefixes.add(log_source);
    }

    fn width(&self, now: Timestamp) -> usize {
        self.prefixes.width(now)
    }

    fn resize(&mut self, columns: Option<usize>, out: &mut Batch) {
        // A terminal that has become narrower shows the open row on two.
        self.enter(None, out);
        self.columns = columns;
    }

    fn text_columns(&self) -> usize {
        self.columns.unwrap_or(COLUMNS).saturating_sub(self.prefixes.columns()).max(1)
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
        let start = out.len();
        if !goes_on {
            self.column = 0;
            self.begin(Some(log_source), out);
        }
        self.row.write(text, out);
        self.opened(log_source, &out[start..]);
    }

    fn redraw(&mut self, log_source: usize, row: &[u8], out: &mut Batch) {
        if self.enter(Some(log_source), out) {
            // What has gone on below cannot be written over.
            out.push(if self.row.is_wrapped { b'\n' } else { b'\r' });
        }
        self.was_broken(log_source);
        let start = out.len();
        self.begin(Some(log_source), out);
        self.row.write(row, out);
        out.extend_from_slice(b"\x1b[K");
        self.column = 0;
        self.opened(log_source, &out[start..]);
    }

    fn begin_row_below(&mut self, columns: usize, out: &mut Batch) -> Vec<u8> {
        let Some(at) = self.open.and(self.column.checked_rem(columns)) else { return Vec::new() };
        if at == 0 && self.column > 0 {
            // Behind the last column the cursor waits for the next character; no sequence moves it back there.
            self.enter(None, out);
            return Vec::new();
        }
        out.push(b'\n');
        format!("\x1b[A\x1b[{}G", at + 1).into_bytes()
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
