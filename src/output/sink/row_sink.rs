//! What each kind of row is made by.

use jiff::Timestamp;

use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::prefix::LogSource;

/// Turns lines into what is written. Called once for a run of lines, so that the dispatch costs nothing a
/// line; everything is appended to `out`.
pub(in crate::output) trait Sink {
    /// The moment at which what follows was read.
    fn at(&mut self, now: Timestamp);

    /// Whole lines of one source, and how many they are; a last one without a newline gets one.
    fn rows(&mut self, log_source: usize, lines: &[u8], out: &mut Batch) -> usize;

    /// A line of ganger's own.
    fn notice(&mut self, notice: &Notice, out: &mut Batch);

    /// The terminal has so many columns from now on, as far as that is known.
    fn resize(&mut self, _columns: Option<usize>, _out: &mut Batch) {}

    /// Columns that the text of a row has on one row of the terminal.
    fn text_columns(&self) -> usize {
        usize::MAX
    }

    /// One more source; its index is the next.
    fn add(&mut self, log_source: LogSource);

    /// Columns of a screen that stand before the text.
    fn width(&self, now: Timestamp) -> usize;

    /// Whether a line may be shown before it is finished.
    fn shows_unfinished(&self) -> bool {
        false
    }

    /// Whether the row that this source began is still the last on the screen.
    fn is_open(&self, _log_source: usize) -> bool {
        false
    }

    /// The beginning or the next piece of an unfinished line.
    fn unfinished(&mut self, _log_source: usize, _text: &[u8], _out: &mut Batch) {}

    /// All of an unfinished row, which replaces what was shown of it.
    fn redraw(&mut self, _log_source: usize, _row: &[u8], _out: &mut Batch) {}

    /// The same of a row that is finished, with its newline if it has one; how many rows that are.
    fn redrawn(&mut self, log_source: usize, row: &[u8], out: &mut Batch) -> usize {
        self.rows(log_source, row, out)
    }

    /// Begins a row below the one that is open, if one is; the bytes that move the cursor back to the end of that. The terminal has
    /// so many columns.
    fn begin_row_below(&mut self, _columns: usize, _out: &mut Batch) -> Vec<u8> {
        Vec::new()
    }

    /// This source's stream has ended: a row that it left open is ended too.
    fn close(&mut self, _log_source: usize, _out: &mut Batch) {}
}
