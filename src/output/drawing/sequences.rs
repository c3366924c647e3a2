//! What an escape sequence does to a drawing.

use std::rc::Rc;

use super::row::WIDEST;
use super::{Drawing, EDITED, Emit, Line};
use crate::escapes::{AnsweringTerminal, Sequence};

/// Bytes of answers that are kept for a program which does not read them.
const ANSWERS: usize = 4096;

impl Drawing {
    pub(super) fn act(&mut self, sequence: Sequence<'_>, emit: Emit<'_>) {
        if !sequence.is_clean() {
            return;
        }
        match sequence {
            Sequence::Control(text) => self.control(text, emit),
            Sequence::Escape(b"7") => self.save(),
            Sequence::Escape(b"8") => self.restore(),
            Sequence::Escape(b"M") => self.up(1),
            Sequence::Escape(b"D" | b"E") => self.line_feed(emit),
            Sequence::Escape(b"c") => {
                self.clear(emit);
                self.style = Rc::default();
                (self.is_alternate, self.is_elsewhere) = (false, false);
            }
            Sequence::Text(b']', [b'8', b';', link @ ..]) => {
                Rc::make_mut(&mut self.style).link(link);
                self.append(&[b"\x1b]8;", link, b"\x1b\\"]);
            }
            Sequence::Escape(_) | Sequence::Text(..) => {}
        }
        self.answer(sequence);
    }

    fn answer(&mut self, sequence: Sequence<'_>) {
        let (row, column) = (self.at + 1, self.column.unwrap_or(0) + 1);
        let mut terminal = AnsweringTerminal { row, column };
        if let Some(mut answer) =
            terminal.answer(sequence).filter(|it| it.len() + self.answers.len() < ANSWERS)
        {
            // The width of a row is only counted for those who ask.
            terminal.column = self.column().min(self.columns - 1) + 1;
            answer = terminal.answer(sequence).unwrap_or(answer);
            self.answers.append(&mut answer);
        }
    }

    /// Adds a sequence to a row that has not been edited.
    fn append(&mut self, parts: &[&[u8]]) {
        if self.column.is_none() && !self.is_elsewhere {
            self.lines[self.at].row.append(&parts.concat(), &self.style);
        }
    }

    fn control(&mut self, text: &[u8], emit: Emit<'_>) {
        let Some((last, parameters)) = text.split_last() else { return };
        match (last, parameters) {
            (b'm', parameters) if parameters.iter().all(|byte| matches!(byte, b'0'..=b';')) => {
                Rc::make_mut(&mut self.style).apply(parameters);
                self.append(&[b"\x1b[", text]);
            }
            (b'h' | b'l', [b'?', modes @ ..]) => {
                let is_screen = |mode: &[u8]| matches!(mode, b"47" | b"1047" | b"1049");
                if modes.split(|byte| *byte == b';').any(is_screen) {
                    self.clear(emit);
                    (self.is_alternate, self.is_elsewhere) = (*last == b'h', false);
                }
            }
            (b's', []) => self.save(),
            (b'u', []) => self.restore(),
            (_, parameters) if parameters.iter().all(|byte| byte.is_ascii_digit() || *byte == b';') => {
                let mut numbers = parameters.split(|byte| *byte == b';').map(number);
                let first = numbers.next().flatten();
                self.motion(*last, first, numbers.next().flatten(), emit);
            }
            _ => {}
        }
    }

    /// Moves, and erases.
    fn motion(&mut self, kind: u8, first: Option<usize>, second: Option<usize>, emit: Emit<'_>) {
        let count = first.unwrap_or(1).max(1);
        match kind {
            b'H' | b'f' => return self.place(count, second.unwrap_or(1).max(1), emit),
            b'd' => return self.place(count, 1, emit),
            b'J' if first.unwrap_or(0) != 0 => return self.clear(emit),
            b'A' | b'F' => self.up(count),
            b'B' | b'E' => self.at = (self.at + count.min(EDITED)).min(self.lines.len() - 1),
            b'C' | b'D' | b'G' | b'`' | b'a' | b'J' | b'K' | b'P' | b'@' | b'X' => {}
            _ => return,
        }
        if self.is_elsewhere {
            return;
        }
        let column = self.column();
        let end = self.columns.max(column + 1) - 1;
        self.column = Some(match kind {
            b'C' | b'a' => (column + count.min(WIDEST)).min(end),
            b'D' => column.saturating_sub(count),
            b'G' | b'`' => (count - 1).min(end),
            b'E' | b'F' => 0,
            _ => column,
        });
        let line = &mut self.lines[self.at];
        match (kind, first.unwrap_or(0)) {
            (b'K' | b'J', 0) => line.row.erase(column, WIDEST),
            (b'K', 1) => line.row.erase(0, column + 1),
            (b'K', 2) => line.row.erase(0, WIDEST),
            (b'X', _) => line.row.erase(column, column + count.min(WIDEST)),
            (b'P', _) => line.row.delete(column, count),
            (b'@', _) => line.row.insert(column, count),
            _ => return,
        }
        line.has_changed = true;
        if self.at + 1 == self.lines.len() {
            self.shown.is_latest = false;
        }
        if kind == b'J' {
            // What is below is gone, so this is the last row.
            self.lines.truncate(self.at + 1);
            self.shown.is_latest = false;
        }
    }

    /// Moves up in what was written; rows above that are not known any more are empty.
    fn up(&mut self, count: usize) {
        if self.is_elsewhere {
            return;
        }
        let column = self.column();
        self.column = Some(column);
        let count = count.min(EDITED - 1);
        while self.at < count && self.lines.len() < EDITED {
            let unknown = Line { emitted: Some(Vec::new()), ..Line::new(&Rc::default()) };
            self.lines.push_front(unknown);
            self.at += 1;
        }
        let before = self.at;
        self.at = self.at.saturating_sub(count);
        if before + 1 == self.lines.len() {
            self.replaced.clear();
        }
        let rows = self.lines.range(self.at..before).filter_map(|line| line.emitted.clone());
        self.replaced.extend(rows.filter(|text| !text.is_empty()));
        self.replaced_for = 2 * (self.lines.len() - self.at);
    }

    /// A place of the screen. The first is where a drawing begins anew; any other is not of these rows.
    fn place(&mut self, row: usize, column: usize, emit: Emit<'_>) {
        if self.is_alternate || (row > 1 && self.saved.is_some()) {
            self.is_elsewhere = true;
            return;
        }
        self.clear(emit);
        if column > 1 {
            self.column = Some((column - 1).min(self.columns - 1));
        }
    }

    /// The screen is cleared: what was drawn is finished, and an empty row begins.
    fn clear(&mut self, emit: Emit<'_>) {
        if self.is_elsewhere {
            return;
        }
        self.settle(emit);
        let last = self.lines.len() - 1;
        self.at = last;
        if !self.lines[last].row.is_empty() {
            self.finish_row(emit);
        }
        self.lines.drain(..self.at);
        self.at = 0;
        self.column = None;
        self.replaced.clear();
    }

    fn save(&mut self) {
        self.saved = Some((self.lines.len() - self.at, self.column));
    }

    fn restore(&mut self) {
        self.is_elsewhere &= self.is_alternate;
        if let Some((from_last, column)) = self.saved.take() {
            self.at = self.lines.len().saturating_sub(from_last);
            self.column = column;
        }
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
