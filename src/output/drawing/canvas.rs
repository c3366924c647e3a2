//! The rows of a drawing, as text and the cursor change them, and those that come out.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::blank::BlankRows;
use super::page::Page;
use super::row::{Row, WIDEST};
use crate::escapes::{EscapeScanner, Style};

/// Bytes of a row that has not been edited and is handed on as it is: as long as the longest row of plain text.
const LONGEST: usize = 1 << 20;
/// A row that was drawn anew counts as known for this time: a drawing is written at once.
const REPLACED: SignedDuration = SignedDuration::from_millis(100);

/// Rows of a terminal whose size is not known.
const ROWS: usize = 24;

/// A row that comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::output) struct DrawnRow<'a> {
    /// Its text, with a newline, unless it is a piece of a longer row.
    pub text: &'a [u8],
    /// Whether exactly this was shown before it was finished.
    pub is_shown: bool,
}

/// Where finished rows go.
pub(in crate::output) type Emit<'a> = &'a mut dyn FnMut(DrawnRow<'_>);

/// What was shown of the last row before it was finished.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// Anything.
    pub(super) is_any: bool,
    /// The row as it is now.
    pub(super) is_latest: bool,
    /// All of it.
    pub(super) is_whole: bool,
}

/// The drawing of one stream.
#[derive(Debug)]
pub(in crate::output) struct Drawing {
    pub(super) scanner: EscapeScanner,
    pub(super) style: Rc<Style>,
    pub(super) page: Page,
    /// Bytes of a character whose rest is still to come.
    pub(super) partial: Vec<u8>,
    /// Rows that came out and are being drawn anew: the same text below them is no news.
    pub(super) replaced: Vec<Vec<u8>>,
    /// Rows after which the others in `replaced` are forgotten, and since when they are there.
    pub(super) replaced_for: usize,
    pub(super) replaced_at: Timestamp,
    pub(super) now: Timestamp,
    pub(super) blank: BlankRows,
    pub(super) shown: Shown,
    /// The other screen, without a scrollback.
    pub(super) is_alternate: bool,
    /// The cursor was put to a place of the screen that is not of these rows.
    pub(super) is_elsewhere: bool,
    /// Rows of the program's terminal.
    pub(super) rows: usize,
    pub(super) answers: Vec<u8>,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            scanner: EscapeScanner::default(),
            style: Rc::default(),
            // A program that writes into a pipe knows no width.
            page: Page::new(WIDEST),
            partial: Vec::new(),
            replaced: Vec::new(),
            replaced_for: 0,
            replaced_at: Timestamp::MIN,
            now: Timestamp::MIN,
            blank: BlankRows::default(),
            shown: Shown::default(),
            is_alternate: false,
            is_elsewhere: false,
            rows: ROWS,
            answers: Vec::new(),
        }
    }
}

impl Drawing {
    /// The program's terminal has this size.
    pub(in crate::output) fn set_size(&mut self, rows: usize, columns: usize) {
        (self.rows, self.page.columns) = (rows, columns.clamp(1, WIDEST));
    }

    /// The moment of what follows.
    pub(in crate::output) fn at(&mut self, now: Timestamp) {
        self.now = now;
        if !self.replaced.is_empty() && now.duration_since(self.replaced_at) > REPLACED {
            self.replaced.clear();
        }
    }

    /// Answers to what the program has asked its terminal.
    pub(in crate::output) fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Whether plain text that follows is whole rows of its own: nothing has begun, and nothing is to be drawn above it.
    pub(in crate::output) fn is_idle(&self) -> bool {
        self.page.at + 1 == self.page.lines.len()
            && self.page.lines[self.page.at].row.is_empty()
            && self.page.column.is_none()
            && !self.scanner.is_inside()
            && self.style.is_plain()
            && self.partial.is_empty()
            && self.replaced.is_empty()
            && !self.is_elsewhere
    }

    /// Plain text passes that is not of this drawing: what is above it is finished. Returns the beginning of `text` that
    /// comes out now; what is left are blank rows, which are held back. `is_begun` says whether it goes on in a row.
    pub(in crate::output) fn pass<'a>(&mut self, text: &'a [u8], is_begun: bool, emit: Emit<'_>) -> &'a [u8] {
        let body = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        if self.page.lines.len() > 1 && body < text.len() {
            self.settle(emit);
            self.page.forget_above();
        }
        let mut end = body;
        if body > 0 || is_begun {
            self.end_blank(emit);
            end = text.len().min(body + 1);
        }
        let blank = text.len() - end;
        &text[..end + (0..blank).filter(|_| self.blank.add()).count()]
    }

    /// Blank rows that were held back come out, since text follows.
    fn end_blank(&mut self, emit: Emit<'_>) {
        emit_blank(self.blank.end(), emit);
    }

    /// The same, since nothing has followed for a moment.
    pub(in crate::output) fn release_blank(&mut self, emit: Emit<'_>) {
        emit_blank(self.blank.release(), emit);
    }

    /// The drawing begins in a row with this text; `is_shown` says whether that was shown.
    pub(in crate::output) fn begin(&mut self, text: &[u8], is_shown: bool) {
        if !text.is_empty() {
            self.page.line().row.append(text, &self.style);
            self.shown = Shown { is_any: is_shown, is_latest: is_shown, is_whole: is_shown };
        }
    }

    pub(super) fn put(&mut self, text: &[u8], is_at_end: bool, emit: Emit<'_>) {
        if text.is_empty() || self.is_elsewhere {
            return;
        }
        let is_behind = self.page.column.is_none();
        let line = self.page.line();
        (line.has_changed, self.shown.is_latest) = (true, false);
        if is_behind && line.row.append(text, &self.style) {
            if line.row.written() > LONGEST {
                self.cut(emit);
            }
            return;
        }
        let whole = if is_at_end { whole_characters(text) } else { text.len() };
        self.partial.extend_from_slice(&text[whole..]);
        let column = self.page.column();
        let behind = self.page.line().row.put(column, &text[..whole], &self.style);
        self.page.column = Some(behind);
        if behind > WIDEST {
            self.cut(emit);
        }
    }

    /// Hands on a piece of a row that is too long.
    fn cut(&mut self, emit: Emit<'_>) {
        let row = std::mem::replace(&mut self.page.line().row, Row::new(&self.style));
        emit(DrawnRow { text: &row.bytes(), is_shown: false });
        self.page.column = None;
    }

    pub(super) fn line_feed(&mut self, emit: Emit<'_>) {
        self.partial.clear();
        if self.is_elsewhere {
            return;
        }
        if !self.page.goes_down() {
            self.settle(emit);
            self.finish_row(emit);
        }
    }

    /// The last row is finished, and an empty one begins.
    pub(super) fn finish_row(&mut self, emit: Emit<'_>) {
        let text = self.page.line().row.bytes();
        if !take_out(&mut self.replaced, &text) {
            let is_shown = self.shown.is_latest && self.shown.is_whole;
            let is_blank = text.is_empty() && !self.shown.is_any;
            if !is_blank {
                self.end_blank(emit);
            }
            if !is_blank || self.blank.add() {
                emit(DrawnRow { text: &[&text[..], b"\n"].concat(), is_shown });
            }
        }
        let line = self.page.line();
        self.replaced_for = self.replaced_for.saturating_sub(1);
        if self.replaced_for == 0 {
            self.replaced.clear();
        }
        (line.emitted, line.has_changed) = (Some(text), false);
        self.page.add(&self.style);
        self.shown = Shown::default();
    }

    /// Rows above the last that have changed come out as rows.
    pub(in crate::output) fn settle(&mut self, emit: Emit<'_>) {
        let above = self.page.lines.len() - 1;
        for at in 0..above {
            let line = &mut self.page.lines[at];
            if !std::mem::take(&mut line.has_changed) {
                continue;
            }
            let text = line.row.bytes();
            let is_known = line.emitted.replace(text.clone()).as_ref() == Some(&text);
            if !take_out(&mut self.replaced, &text) && !is_known {
                self.end_blank(emit);
                emit(DrawnRow { text: &[&text[..], b"\n"].concat(), is_shown: false });
                // The last row has to be shown again below it.
                self.shown.is_latest = false;
            }
        }
    }

    /// Whether something could be shown that has not been.
    pub(in crate::output) fn is_news(&self) -> bool {
        let above = self.page.lines.len() - 1;
        self.blank.is_holding()
            || self.page.lines.iter().take(above).any(|line| line.has_changed)
            || (!self.shown.is_latest && !self.page.lines[above].row.is_empty())
    }

    /// Whether something was shown before it was finished: it is a drawing that moves.
    pub(in crate::output) fn is_moving(&self) -> bool {
        self.shown.is_any || self.page.lines.len() > 1
    }

    /// The last row as it is, if it has not been shown: no wider than `columns`, so that it can be written over.
    pub(in crate::output) fn show(&mut self, columns: usize) -> Option<Vec<u8>> {
        let last = self.page.lines.len() - 1;
        if self.shown.is_latest || (self.page.lines[last].row.is_empty() && !self.shown.is_any) {
            return None;
        }
        if self.page.column.is_none() && self.page.at == last {
            self.page.column = Some(self.page.lines[last].row.width());
        }
        let is_whole = self.page.lines[last].row.width() <= columns;
        self.shown = Shown { is_any: true, is_latest: true, is_whole };
        Some(self.page.lines[last].row.clipped(columns))
    }

    /// The program is gone: all comes out, and what follows begins anew.
    pub(in crate::output) fn end(&mut self, emit: Emit<'_>) {
        self.settle(emit);
        let last = self.page.lines.len() - 1;
        if !self.page.lines[last].row.is_empty() || self.shown.is_any {
            self.page.at = last;
            self.finish_row(emit);
        }
        self.release_blank(emit);
        *self = Self { rows: self.rows, page: Page::new(self.page.columns), ..Self::default() };
    }
}

fn emit_blank(count: usize, emit: Emit<'_>) {
    (0..count).for_each(|_| emit(DrawnRow { text: b"\n", is_shown: false }));
}

/// Takes one text out of these; whether it was there.
fn take_out(texts: &mut Vec<Vec<u8>>, text: &[u8]) -> bool {
    let found = texts.iter().position(|other| other == text);
    found.map(|at| texts.swap_remove(at)).is_some()
}

/// The length of the text without a character at its end whose rest may still come.
fn whole_characters(text: &[u8]) -> usize {
    let cut = text.utf8_chunks().last().map_or(0, |last| last.invalid().len());
    let is_lead = cut > 0 && text[text.len() - cut] >= 0xc2;
    text.len() - if is_lead { cut } else { 0 }
}
