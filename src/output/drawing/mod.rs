//! What a program draws on its terminal, as rows of a stream that it shares with others.
//!
//! The program edits its own current row, and with the cursor its own latest rows. A row comes out when it is finished;
//! one above the cursor comes out again, as a new row, when it has changed and has settled. Colours and links stay.
//! Everything else that a sequence does to a terminal stays out of the stream: docs/design/0019 has the reasons.

mod blank;
mod page;
mod row;
mod sequences;

use std::rc::Rc;

use blank::BlankRows;
use jiff::{SignedDuration, Timestamp};
use page::{Page, ScreenPlace};
use row::{Row, WIDEST};

use crate::escapes::{EscapeScanner, Style, plain_length};

/// Bytes of a row that has not been edited and is handed on as it is: as long as the longest row of plain text.
const LONGEST: usize = 1 << 20;
/// A row that was drawn anew counts as known for this time: a drawing is written at once.
const REPLACED: SignedDuration = SignedDuration::from_millis(100);

/// Rows of a terminal whose size is not known.
const ROWS: usize = 24;

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

/// What was shown of the last row before it was finished.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// Anything.
    is_any: bool,
    /// The row as it is now.
    is_latest: bool,
    /// All of it.
    is_whole: bool,
}

/// The drawing of one stream.
#[derive(Debug)]
pub(super) struct Drawing {
    scanner: EscapeScanner,
    style: Rc<Style>,
    page: Page,
    /// Bytes of a character whose rest is still to come.
    partial: Vec<u8>,
    /// Rows that came out and are being drawn anew: the same text below them is no news.
    replaced: Vec<Vec<u8>>,
    /// Rows after which the others in `replaced` are forgotten, and since when they are there.
    replaced_for: usize,
    replaced_at: Timestamp,
    now: Timestamp,
    blank: BlankRows,
    shown: Shown,
    /// The other screen, without a scrollback.
    is_alternate: bool,
    /// The cursor was put to a place of the screen that is not of these rows.
    is_elsewhere: bool,
    /// Rows of the program's terminal.
    rows: usize,
    answers: Vec<u8>,
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
    pub(super) fn set_size(&mut self, rows: usize, columns: usize) {
        (self.rows, self.page.columns) = (rows, columns.clamp(1, WIDEST));
    }

    /// The moment of what follows.
    pub(super) fn at(&mut self, now: Timestamp) {
        self.now = now;
        if !self.replaced.is_empty() && now.duration_since(self.replaced_at) > REPLACED {
            self.replaced.clear();
        }
    }

    /// Answers to what the program has asked its terminal.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Whether plain text that follows is whole rows of its own: nothing has begun, and nothing is to be drawn above it.
    pub(super) fn is_idle(&self) -> bool {
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
    pub(super) fn pass<'a>(&mut self, text: &'a [u8], is_begun: bool, emit: Emit<'_>) -> &'a [u8] {
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
    pub(super) fn release_blank(&mut self, emit: Emit<'_>) {
        emit_blank(self.blank.release(), emit);
    }

    /// The drawing begins in a row with this text; `is_shown` says whether that was shown.
    pub(super) fn begin(&mut self, text: &[u8], is_shown: bool) {
        if !text.is_empty() {
            self.page.line().row.append(text, &self.style);
            self.shown = Shown { is_any: is_shown, is_latest: is_shown, is_whole: is_shown };
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
                    self.page.column = Some(self.page.place().start);
                    at += 1;
                }
                Some([0x08, ..]) => {
                    let ScreenPlace { start, column, .. } = self.page.place();
                    self.page.column = Some(start + column.saturating_sub(1));
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

    fn line_feed(&mut self, emit: Emit<'_>) {
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
    fn finish_row(&mut self, emit: Emit<'_>) {
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
    pub(super) fn settle(&mut self, emit: Emit<'_>) {
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
    pub(super) fn is_news(&self) -> bool {
        let above = self.page.lines.len() - 1;
        self.blank.is_holding()
            || self.page.lines.iter().take(above).any(|line| line.has_changed)
            || (!self.shown.is_latest && !self.page.lines[above].row.is_empty())
    }

    /// Whether something was shown before it was finished: it is a drawing that moves.
    pub(super) fn is_moving(&self) -> bool {
        self.shown.is_any || self.page.lines.len() > 1
    }

    /// The last row as it is, if it has not been shown: no wider than `columns`, so that it can be written over.
    pub(super) fn show(&mut self, columns: usize) -> Option<Vec<u8>> {
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
    pub(super) fn end(&mut self, emit: Emit<'_>) {
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

#[cfg(test)]
mod tests;
