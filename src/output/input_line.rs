//! The line that is being typed into `ganger start`: it stands below the stream, on a row that no program has.
//!
//! Each batch first takes the line away and shows it again at its end. So the screen has the line as a whole after each write, and
//! rows pass through the sink as if there were none. While nothing is typed this costs a comparison for each batch.

use super::batch::Batch;

/// The line, as it should be shown and as it is.
#[derive(Debug, Default)]
pub(super) struct InputLine {
    /// Bytes that show it on an empty row; none while nothing is typed.
    picture: Option<Vec<u8>>,
    /// Columns of the terminal.
    columns: usize,
    /// Whether the screen shows another one.
    is_stale: bool,
    /// Bytes that take the shown line away, and move the cursor back to where the stream ends; none if no line is shown.
    removal: Option<Vec<u8>>,
}

impl InputLine {
    /// Shows another line from the next batch on.
    pub(super) fn set(&mut self, picture: Option<Vec<u8>>, columns: usize) {
        self.is_stale |= self.picture != picture;
        (self.picture, self.columns) = (picture, columns);
    }

    /// Whether something has to be written, though no program has written anything.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Whether it stands on the screen.
    pub(super) fn is_shown(&self) -> bool {
        self.removal.is_some()
    }

    /// Puts the line around a batch that is written as a whole next. For a terminal of so many columns, `begin_row_below` ends the
    /// stream in an empty row, and returns what moves the cursor back.
    pub(super) fn surround(
        &mut self,
        batch: &mut Batch,
        begin_row_below: impl FnOnce(usize, &mut Batch) -> Vec<u8>,
    ) {
        if !self.is_stale && (batch.is_empty() || self.picture.is_none()) {
            return;
        }
        self.is_stale = false;
        if let Some(removal) = self.removal.take() {
            batch.prepend(&removal);
        }
        if let Some(picture) = &self.picture {
            let way_back = begin_row_below(self.columns, batch);
            batch.extend_from_slice(picture);
            self.removal = Some([b"\r\x1b[K", &way_back[..]].concat());
        }
    }
}

#[cfg(test)]
#[path = "input_line_tests.rs"]
mod tests;
