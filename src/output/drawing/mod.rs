//! What a program draws on its terminal, as rows of a stream that it shares with others.
//!
//! The program edits its own current row, and with the cursor its own latest rows. A row comes out when it is finished;
//! one above the cursor comes out again, as a new row, when it has changed and has settled. Colours and links stay.
//! Everything else that a sequence does to a terminal stays out of the stream: docs/design/0019 has the reasons.

mod row;
mod sequences;

use std::collections::VecDeque;
use std::rc::Rc;

use row::{Row, WIDEST};

use crate::escapes::{EscapeScanner, Style, plain_length};

/// Rows above the cursor that can be edited.
const EDITED: usize = 100;
/// Bytes of a row that has not been edited and is handed on as it is: as long as the longest row of plain text.
const LONGEST: usize = 1 << 20;
/// Columns of a terminal whose width is not known.
const COLUMNS: usize = 80;

/// A row that comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DrawnRow<'a> {
    /// Its text, with a newline, unless it is a piece of a longer row.
    pub text: &'a [u8],
    /// Whether exactly this was shown before it was finished.
    pub is_shown: bool,
}

/// Where finished rows go.
pub(super) type Emit<'a> = &'a mut dyn FnMut(DrawnRow<'_>);

/// A row at or above the cursor.
#[derive(Clone, Debug)]
struct Line {
    row: Row,
    /// What of it came out; nothing of the last row.
    emitted: Option<Vec<u8>>,
    has_changed: bool,
}

impl Line {
    fn new(style: &Rc<Style>) -> Self {
        Self { row: Row::new(style), emitted: None, has_changed: false }
    }
}

/// What was shown of the last row before it was finished.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// Anything.
    is_any: bool,
    /// The row as it is now.
    is_latest: bool,
}

/// The drawing of one stream.
#[derive(Debug)]
pub(super) struct Drawing {
    scanner: EscapeScanner,
    style: Rc<Style>,
    /// The latest rows, the one that is not finished last.
    lines: VecDeque<Line>,
    /// The row with the cursor.
    at: usize,
    /// The column of the cursor; `None`: behind a row that has not been edited.
    column: Option<usize>,
    /// Rows (from the last) and column that were saved.
    saved: Option<(usize, Option<usize>)>,
    /// Bytes of a character whose rest is still to come.
    partial: Vec<u8>,
    /// Rows that came out and are being drawn anew: the same text below them is no news.
    replaced: Vec<Vec<u8>>,
    /// Rows after which the others in `replaced` are forgotten.
    replaced_for: usize,
    shown: Shown,
    /// The other screen, without a scrollback.
    is_alternate: bool,
    /// The cursor was put to a place of the screen that is not of these rows.
    is_elsewhere: bool,
    /// Columns of the program's terminal.
    columns: usize,
    answers: Vec<u8>,
}

impl Default for Drawing {
    fn default() -> Self {
        let style = Rc::default();
        Self {
            scanner: EscapeScanner::default(),
            lines: VecDeque::from([Line::new(&style)]),
            style,
            at: 0,
            column: None,
            saved: None,
            partial: Vec::new(),
            replaced: Vec::new(),
            replaced_for: 0,
            shown: Shown::default(),
            is_alternate: false,
            is_elsewhere: false,
            columns: COLUMNS,
            answers: Vec::new(),
        }
    }
}

impl Drawing {
    /// The program's terminal has so many columns.
    pub(super) fn set_columns(&mut self, columns: usize) {
        self.columns = columns.clamp(1, WIDEST);
    }

    /// Answers to what the program has asked its terminal.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Whether plain text that follows is whole rows of its own: nothing has begun, and nothing is to be drawn above it.
    pub(super) fn is_idle(&self) -> bool {
        self.at + 1 == self.lines.len()
            && self.lines[self.at].row.is_empty()
            && self.column.is_none()
            && !self.scanner.is_inside()
            && self.style.is_plain()
            && self.partial.is_empty()
            && self.replaced.is_empty()
            && !self.is_elsewhere
    }

    /// Rows passed that are not of this drawing: what is above them is finished.
    pub(super) fn pass_rows(&mut self, emit: Emit<'_>) {
        if self.lines.len() > 1 {
            self.settle(emit);
            self.lines.drain(..self.at);
            self.at = 0;
        }
    }

    /// The drawing begins in a row with this text; `is_shown` says whether that was shown.
    pub(super) fn begin(&mut self, text: &[u8], is_shown: bool) {
        if !text.is_empty() {
            self.lines[self.at].row.append(text, &self.style);
            (self.shown.is_latest, self.shown.is_any) = (is_shown, is_shown);
        }
    }

    /// Takes text up to the end of a row behind which the drawing is idle, or all of it; how much that was.
    pub(super) fn take(&mut self, text: &[u8], emit: Emit<'_>) -> usize {
        if self.partial.is_empty() {
            return self.take_whole(text, emit);
        }
        let before = self.partial.len();
        let joined = [&std::mem::take(&mut self.partial)[..], text].concat();
        self.take_whole(&joined, emit) - before
    }

    fn take_whole(&mut self, text: &[u8], emit: Emit<'_>) -> usize {
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if self.scanner.is_inside() || rest[0] == b'\x1b' {
                at += self.take_sequence(rest, emit);
                continue;
            }
            let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let plain = plain_length(&rest[..line]);
            let is_at_end = at + plain == text.len();
            self.put(&rest[..plain], is_at_end, emit);
            at += plain;
            match text.get(at..) {
                Some([b'\n' | 0x0b | 0x0c, ..]) => {
                    at += 1;
                    self.line_feed(emit);
                    if self.is_idle() {
                        return at;
                    }
                }
                Some([b'\r', ..]) => {
                    self.column = Some(0);
                    at += 1;
                }
                Some([0x08, ..]) => {
                    let column = self.column();
                    self.column = Some(column.saturating_sub(1));
                    at += 1;
                }
                Some([0xc2]) => {
                    self.partial.push(0xc2);
                    at += 1;
                }
                Some([0xc2, 0x80..=0x9f, ..]) => at += 2,
                Some([b'\x1b', ..] | []) | None => {}
                // A sound, or half of a control.
                Some([_, ..]) => at += 1,
            }
        }
        at
    }

    /// Goes on in a sequence, or begins one; how much of `rest` that was.
    fn take_sequence(&mut self, rest: &[u8], emit: Emit<'_>) -> usize {
        // A line ends a sequence that was never finished, so that it does not swallow all that follows.
        let line = memchr::memchr(b'\n', rest).filter(|_| !self.scanner.is_in_data());
        let mut scanner = std::mem::take(&mut self.scanner);
        let step = scanner.step(&rest[..line.unwrap_or(rest.len())]);
        let taken = step.taken;
        if let Some(sequence) = step.sequence {
            self.act(sequence, emit);
        } else if line.is_some_and(|line| taken == line) && !scanner.is_in_data() {
            scanner.cancel();
        }
        self.scanner = scanner;
        taken
    }

    fn put(&mut self, text: &[u8], is_at_end: bool, emit: Emit<'_>) {
        if text.is_empty() || self.is_elsewhere {
            return;
        }
        let line = &mut self.lines[self.at];
        (line.has_changed, self.shown.is_latest) = (true, false);
        if self.column.is_none() && line.row.append(text, &self.style) {
            if line.row.written() > LONGEST {
                self.cut(emit);
            }
            return;
        }
        let whole = if is_at_end { whole_characters(text) } else { text.len() };
        self.partial.extend_from_slice(&text[whole..]);
        let column = self.column();
        let behind = self.lines[self.at].row.put(column, &text[..whole], &self.style);
        self.column = Some(behind);
        if behind > WIDEST {
            self.cut(emit);
        }
    }

    /// Hands on a piece of a row that is too long.
    fn cut(&mut self, emit: Emit<'_>) {
        let row = std::mem::replace(&mut self.lines[self.at].row, Row::new(&self.style));
        emit(DrawnRow { text: &row.bytes(), is_shown: false });
        self.column = None;
    }

    /// The column of the cursor.
    fn column(&mut self) -> usize {
        match self.column {
            Some(column) => column,
            None => self.lines[self.at].row.width(),
        }
    }

    fn line_feed(&mut self, emit: Emit<'_>) {
        self.partial.clear();
        if self.is_elsewhere {
            return;
        }
        if self.at + 1 < self.lines.len() {
            self.at += 1;
            self.column = Some(0);
            return;
        }
        self.settle(emit);
        self.finish_row(emit);
    }

    /// The last row is finished, and an empty one begins.
    fn finish_row(&mut self, emit: Emit<'_>) {
        let line = &mut self.lines[self.at];
        let text = line.row.bytes();
        if !take_out(&mut self.replaced, &text) {
            // What was shown was no wider than the terminal.
            let is_shown = self.shown.is_latest && line.row.width() <= self.columns;
            emit(DrawnRow { text: &[&text[..], b"\n"].concat(), is_shown });
        }
        self.replaced_for = self.replaced_for.saturating_sub(1);
        if self.replaced_for == 0 {
            self.replaced.clear();
        }
        (line.emitted, line.has_changed) = (Some(text), false);
        self.lines.push_back(Line::new(&self.style));
        if self.lines.len() > EDITED {
            self.lines.pop_front();
        }
        self.at = self.lines.len() - 1;
        (self.column, self.shown.is_latest, self.shown.is_any) = (None, false, false);
    }

    /// Rows above the last that have changed come out as rows.
    pub(super) fn settle(&mut self, emit: Emit<'_>) {
        let above = self.lines.len() - 1;
        for line in self.lines.iter_mut().take(above).filter(|line| line.has_changed) {
            line.has_changed = false;
            let text = line.row.bytes();
            let is_known = line.emitted.as_ref() == Some(&text);
            if !take_out(&mut self.replaced, &text) && !is_known {
                emit(DrawnRow { text: &[&text[..], b"\n"].concat(), is_shown: false });
                // The last row has to be shown again below it.
                self.shown.is_latest = false;
            }
            line.emitted = Some(text);
        }
    }

    /// Whether something could be shown that has not been.
    pub(super) fn is_news(&self) -> bool {
        let above = self.lines.len() - 1;
        self.lines.iter().take(above).any(|line| line.has_changed)
            || (!self.shown.is_latest && !self.lines[above].row.is_empty())
    }

    /// Whether something was shown before it was finished: it is a drawing that moves.
    pub(super) fn is_moving(&self) -> bool {
        self.shown.is_any || self.lines.len() > 1
    }

    /// The last row as it is, if it has not been shown: no wider than the terminal, so that it can be written over.
    pub(super) fn show(&mut self) -> Option<Vec<u8>> {
        let last = self.lines.len() - 1;
        if self.shown.is_latest || (self.lines[last].row.is_empty() && !self.shown.is_any) {
            return None;
        }
        if self.column.is_none() && self.at == last {
            self.column = Some(self.lines[last].row.width());
        }
        (self.shown.is_latest, self.shown.is_any) = (true, true);
        Some(self.lines[last].row.clipped(self.columns))
    }

    /// The program is gone: all comes out, and what follows begins anew.
    pub(super) fn end(&mut self, emit: Emit<'_>) {
        self.settle(emit);
        let last = self.lines.len() - 1;
        if !self.lines[last].row.is_empty() || self.shown.is_any {
            self.at = last;
            self.finish_row(emit);
        }
        *self = Self { columns: self.columns, ..Self::default() };
    }
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

#[cfg(test)]
mod tests;
