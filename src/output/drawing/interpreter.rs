//! What the bytes of a program do to a drawing: text, control characters, escape sequences.

use std::rc::Rc;

use super::canvas::{Drawing, Emit};
use super::page::ScreenPlace;
use super::row::WIDEST;
use crate::escapes::{AnsweringTerminal, Sequence, plain_length};

/// Bytes of answers that are kept for a program which does not read them.
const ANSWERS: usize = 4096;

impl Drawing {
    /// Takes text up to the end of a row behind which the drawing is idle, or all of it; how much that was.
    pub(in crate::output) fn take(&mut self, text: &[u8], emit: Emit<'_>) -> usize {
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
        // A line ends a sequence that was never finished, so that it does not swallow all that follows. In data it does not;
        // behind an ESC there may be another sequence, in which it does.
        let end = if self.scanner.is_in_data() {
            memchr::memchr(b'\x1b', rest).map(|escape| escape + 1)
        } else {
            memchr::memchr(b'\n', rest)
        };
        let mut scanner = std::mem::take(&mut self.scanner);
        let step = scanner.step(&rest[..end.unwrap_or(rest.len())]);
        let taken = step.taken;
        if let Some(sequence) = step.sequence {
            self.act(sequence, emit);
        } else if rest.get(taken) == Some(&b'\n') && !scanner.is_in_data() {
            scanner.cancel();
        }
        self.scanner = scanner;
        taken
    }

    fn act(&mut self, sequence: Sequence<'_>, emit: Emit<'_>) {
        if !sequence.is_clean() {
            return;
        }
        match sequence {
            Sequence::Control(text) => self.control(text, emit),
            Sequence::Escape(b"7") => self.page.save(),
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
        let (row, rows, columns) = (self.page.at + 1, self.rows, self.page.columns);
        let mut terminal = AnsweringTerminal { row, column: 1, rows, columns };
        if let Some(mut answer) =
            terminal.answer(sequence).filter(|it| it.len() + self.answers.len() < ANSWERS)
        {
            // The width of a row is only counted for those who ask.
            terminal.column = self.page.place().column + 1;
            answer = terminal.answer(sequence).unwrap_or(answer);
            self.answers.append(&mut answer);
        }
    }

    /// Adds a sequence to a row that has not been edited.
    fn append(&mut self, parts: &[&[u8]]) {
        if self.page.column.is_none() && !self.is_elsewhere {
            self.page.line().row.append(&parts.concat(), &self.style);
        }
    }

    fn control(&mut self, text: &[u8], emit: Emit<'_>) {
        let Some((last, parameters)) = text.split_last() else { return };
        match (last, parameters) {
            (b'm', parameters) if parameters.iter().all(|byte| matches!(byte, b'0'..=b';')) => {
                Rc::make_mut(&mut self.style).apply(parameters);
                self.append(&[b"\x1b[", text]);
            }
            (b'h' | b'l', [b'?', modes @ ..]) if modes.split(|byte| *byte == b';').any(is_other_screen) => {
                self.clear(emit);
                (self.is_alternate, self.is_elsewhere) = (*last == b'h', false);
            }
            (b's', []) => self.page.save(),
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
            b'B' | b'E' => self.page.down(count),
            b'C' | b'D' | b'G' | b'`' | b'a' | b'J' | b'K' | b'P' | b'@' | b'X' => {}
            _ => return,
        }
        if self.is_elsewhere {
            return;
        }
        let (column, ScreenPlace { start, column: on_screen, .. }) = (self.page.column(), self.page.place());
        let (last, end) = (self.page.columns - 1, start + self.page.columns);
        self.page.column = Some(match kind {
            b'C' | b'a' => start + on_screen.saturating_add(count).min(last),
            b'D' => start + on_screen.saturating_sub(count),
            b'G' | b'`' => start + (count - 1).min(last),
            b'E' | b'F' => start,
            _ => column,
        });
        let line = self.page.line();
        match (kind, first.unwrap_or(0)) {
            (b'J', 0) => line.row.erase(column, WIDEST),
            (b'K', 0) => line.row.erase(column, end.max(column)),
            (b'K', 1) => line.row.erase(start, column + 1),
            (b'K', 2) => line.row.erase(start, end),
            (b'X', _) => line.row.erase(column, column + count.min(WIDEST)),
            (b'P', _) => line.row.delete(column, count),
            (b'@', _) => line.row.insert(column, count),
            _ => return,
        }
        line.has_changed = true;
        if self.page.at + 1 == self.page.lines.len() {
            self.shown.is_latest = false;
        }
        if kind == b'J' {
            // What is below is gone, so this is the last row.
            self.page.lines.truncate(self.page.at + 1);
            self.shown.is_latest = false;
        }
    }

    /// Moves up in what was written: the rows from there on are being drawn anew.
    fn up(&mut self, count: usize) {
        if self.is_elsewhere {
            return;
        }
        let is_first = self.page.at == self.page.last();
        let passed = self.page.up(count);
        self.blank.forget();
        if is_first {
            self.replaced.clear();
        }
        let at = self.page.at;
        let rows = self.page.lines.range(at..at + passed).filter_map(|line| line.emitted.clone());
        self.replaced.extend(rows.filter(|text| !text.is_empty()));
        (self.replaced_for, self.replaced_at) = (2 * (self.page.lines.len() - at), self.now);
    }

    /// A place of the screen. The first is where a drawing begins anew; any other is not of these rows.
    fn place(&mut self, row: usize, column: usize, emit: Emit<'_>) {
        if self.is_alternate || (row > 1 && self.page.is_saved()) {
            self.is_elsewhere = true;
            return;
        }
        self.clear(emit);
        if column > 1 {
            self.page.column = Some((column - 1).min(self.page.columns - 1));
        }
    }

    /// The screen is cleared: what was drawn is finished, and an empty row begins.
    fn clear(&mut self, emit: Emit<'_>) {
        if self.is_elsewhere {
            return;
        }
        self.settle(emit);
        self.blank.forget();
        let last = self.page.lines.len() - 1;
        self.page.at = last;
        if !self.page.lines[last].row.is_empty() {
            self.finish_row(emit);
        }
        self.page.forget_above();
        self.page.column = None;
        self.replaced.clear();
    }

    fn restore(&mut self) {
        self.is_elsewhere &= self.is_alternate;
        self.page.restore();
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether this mode of `CSI ? … h` and `l` is another screen than the usual one.
fn is_other_screen(mode: &[u8]) -> bool {
    matches!(mode, b"47" | b"1047" | b"1049")
}
