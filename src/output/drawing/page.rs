//! The latest rows of a drawing, and the cursor in them. A row that is wider than the program's terminal takes several rows of
//! its screen there, and the cursor moves by those.

use std::collections::VecDeque;
use std::rc::Rc;

use super::row::{Row, WIDEST};
use crate::escapes::Style;

/// Rows above the cursor that can be edited.
const EDITED: usize = 100;

/// A row at or above the cursor.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) row: Row,
    /// What of it came out; nothing of the last row.
    pub(super) emitted: Option<Vec<u8>>,
    pub(super) has_changed: bool,
}

impl Line {
    fn new(style: &Rc<Style>) -> Self {
        Self { row: Row::new(style), emitted: None, has_changed: false }
    }
}

/// The place of the cursor within its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScreenPlace {
    /// Which row of the screen that the row takes, from 0.
    piece: usize,
    /// The column of the row at which that begins.
    pub(super) start: usize,
    /// The column of the cursor on the screen.
    pub(super) column: usize,
}

/// Rows, the one that is not finished last.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) lines: VecDeque<Line>,
    /// The row with the cursor.
    pub(super) at: usize,
    /// The column of the cursor; `None`: behind a row that has not been edited.
    pub(super) column: Option<usize>,
    /// Columns of the program's terminal.
    pub(super) columns: usize,
    /// Rows (from the last) and column that were saved.
    saved: Option<(usize, Option<usize>)>,
}

impl Page {
    /// An empty row.
    pub(super) fn new(columns: usize) -> Self {
        let lines = VecDeque::from([Line::new(&Rc::default())]);
        Self { lines, at: 0, column: None, columns, saved: None }
    }

    /// The row with the cursor.
    pub(super) fn line(&mut self) -> &mut Line {
        &mut self.lines[self.at]
    }

    /// The index of the last row.
    pub(super) fn last(&self) -> usize {
        self.lines.len() - 1
    }

    /// An empty row below the last.
    pub(super) fn add(&mut self, style: &Rc<Style>) {
        self.lines.push_back(Line::new(style));
        if self.lines.len() > EDITED {
            self.lines.pop_front();
        }
        (self.at, self.column) = (self.last(), None);
    }

    /// Forgets the rows above the cursor.
    pub(super) fn forget_above(&mut self) {
        self.lines.drain(..self.at);
        self.at = 0;
    }

    /// The column of the cursor in its row.
    pub(super) fn column(&mut self) -> usize {
        match self.column {
            Some(column) => column,
            None => self.line().row.width(),
        }
    }

    /// The place of the cursor on the screen.
    pub(super) fn place(&mut self) -> ScreenPlace {
        let (column, columns) = (self.column(), self.columns);
        // Behind the last column the cursor stays in it until a character comes.
        let waits = column > 0 && column.is_multiple_of(columns) && column == self.line().row.width();
        let piece = column / columns - usize::from(waits);
        let start = piece * columns;
        ScreenPlace { piece, start, column: (column - start).min(columns - 1) }
    }

    /// Rows of the screen that this row takes.
    fn height(&mut self, at: usize) -> usize {
        self.lines[at].row.width().div_ceil(self.columns).max(1)
    }

    fn put_at(&mut self, piece: usize, column: usize) {
        self.column = Some((piece * self.columns + column).min(WIDEST));
    }

    /// Moves up in what was written; rows above that are not known any more are empty. How many rows below the new one have
    /// been passed.
    pub(super) fn up(&mut self, count: usize) -> usize {
        let (ScreenPlace { mut piece, column, .. }, mut left) = (self.place(), count.min(EDITED - 1));
        let from_last = self.lines.len() - self.at;
        while left > piece {
            if self.at > 0 {
                self.at -= 1;
            } else if self.lines.len() < EDITED {
                self.lines.push_front(Line { emitted: Some(Vec::new()), ..Line::new(&Rc::default()) });
            } else {
                left = piece;
                break;
            }
            left -= piece + 1;
            piece = self.height(self.at) - 1;
        }
        self.put_at(piece - left, column);
        self.lines.len() - self.at - from_last
    }

    /// Moves down, as far as there are rows.
    pub(super) fn down(&mut self, count: usize) {
        let ScreenPlace { mut piece, column, .. } = self.place();
        piece += count.min(EDITED);
        while piece >= self.height(self.at) && self.at < self.last() {
            piece -= self.height(self.at);
            self.at += 1;
        }
        let last = self.height(self.at) - 1;
        self.put_at(piece.min(last), column);
    }

    /// Moves to the beginning of the next row of the screen; `false` if there is none.
    pub(super) fn goes_down(&mut self) -> bool {
        let place = self.column.map(|_| self.place());
        if let Some(ScreenPlace { piece, .. }) = place
            && piece + 1 < self.height(self.at)
        {
            self.put_at(piece + 1, 0);
            return true;
        }
        let is_above = self.at < self.last();
        if is_above {
            (self.at, self.column) = (self.at + 1, Some(0));
        }
        is_above
    }

    /// Remembers the place of the cursor.
    pub(super) fn save(&mut self) {
        self.saved = Some((self.lines.len() - self.at, self.column));
    }

    /// Whether a place is remembered.
    pub(super) fn is_saved(&self) -> bool {
        self.saved.is_some()
    }

    /// Goes back to the place that was remembered.
    pub(super) fn restore(&mut self) {
        if let Some((from_last, column)) = self.saved.take() {
            self.at = self.lines.len().saturating_sub(from_last);
            self.column = column;
        }
    }
}
