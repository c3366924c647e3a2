//! The editor of the line that is typed in the foreground: bytes of the terminal in, whole lines and a picture out. Pure.
//!
//! The keys are those of readline. What a terminal answers to a program arrives like keys, and is dropped.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escapes::{EscapeScanner, Sequence};
use crate::supervisor::console::history::LineHistory;

/// The longest line, in bytes; what is typed beyond it is dropped.
const LONGEST: usize = 4096;
/// What stands before the line, and before one whose beginning does not fit.
const PROMPTS: [&str; 2] = ["> ", ">…"];

const ESCAPE: char = '\x1b';

/// What a key asks of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EditorEvent {
    /// Enter: this line is complete.
    Line(String),
    /// Tab: the word before the cursor is to be completed.
    Complete,
}

/// The line that is being typed.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    text: String,
    /// Where the next character goes, in bytes.
    cursor: usize,
    history: LineHistory,
    /// Bytes of a character that is not complete.
    partial: Vec<u8>,
    scanner: EscapeScanner,
    /// Whether the latest byte was ESC.
    is_after_escape: bool,
    /// Whether the next character names a key, as `ESC O` came before.
    names_key: bool,
}

/// What an editing key does.
#[derive(Clone, Copy)]
enum EditorKey {
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Earlier,
    Later,
    Backspace,
    Delete,
    DeleteWord,
    DeleteToStart,
    DeleteToEnd,
}

impl LineEditor {
    /// Takes bytes up to the first that asks for something: how many, and what.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Option<EditorEvent>) {
        for (at, byte) in bytes.iter().enumerate() {
            let event = self.on_byte(*byte);
            if event.is_some() {
                return (at + 1, event);
            }
        }
        (bytes.len(), None)
    }

    /// The line as it is shown where a password is asked for and it is no command: a star for each character.
    pub(super) fn masked(&self) -> Self {
        let stars = |text: &str| "*".repeat(text.chars().count());
        Self { text: stars(&self.text), cursor: stars(self.before_cursor()).len(), ..Self::default() }
    }

    /// The line that is typed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Forgets the line that has been entered last.
    pub(super) fn forget_latest(&mut self) {
        self.history.forget_latest();
    }

    /// The line up to the cursor.
    pub(super) fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Puts text at the cursor.
    pub(super) fn insert(&mut self, text: &str) {
        if self.text.len() + text.len() <= LONGEST {
            self.text.insert_str(self.cursor, text);
            self.place_cursor(self.cursor + text.len());
        }
    }

    /// Bytes that show the line on an empty row of so many columns, and put the cursor into it; none if nothing is typed. Of a line
    /// that does not fit, the part around the cursor is shown.
    pub(super) fn picture(&self, columns: usize) -> Option<Vec<u8>> {
        if self.text.is_empty() {
            return None;
        }
        // The last column stays free: behind it, the cursor would wait for the next row.
        let room = columns.saturating_sub(PROMPTS[0].len() + 1);
        let start = self.first_shown(room);
        let mut shown = &self.text[start..];
        while shown.width() > room {
            shown = &shown[..previous(shown, shown.len())];
        }
        let prompt = PROMPTS[usize::from(start > 0)];
        let behind = shown.get(self.cursor - start..).map_or(0, UnicodeWidthStr::width);
        let way_back = if behind > 0 { format!("\x1b[{behind}D") } else { String::new() };
        Some(format!("{prompt}{shown}{way_back}").into_bytes())
    }

    /// Where the shown part begins, so that it reaches the cursor.
    fn first_shown(&self, room: usize) -> usize {
        let mut start = 0;
        while self.text[start..self.cursor].width() > room {
            start = next(&self.text, start);
        }
        start
    }

    fn on_byte(&mut self, byte: u8) -> Option<EditorEvent> {
        let is_after_escape = std::mem::take(&mut self.is_after_escape);
        match byte {
            // A sequence that has no end does not swallow the line.
            b'\r' | b'\n' => {
                self.scanner.cancel();
                return Some(EditorEvent::Line(self.finish()));
            }
            0x08 | 0x7f if is_after_escape => {
                self.scanner.cancel();
                self.press(EditorKey::DeleteWord);
            }
            byte if self.scanner.is_inside() || char::from(byte) == ESCAPE => {
                self.is_after_escape = char::from(byte) == ESCAPE;
                self.on_sequence_byte(byte);
            }
            b'\t' => return Some(EditorEvent::Complete),
            byte if byte.is_ascii_control() => {
                if let Some(key) = control_key(byte, self.text.is_empty()) {
                    self.press(key);
                }
            }
            byte => self.on_text_byte(byte),
        }
        None
    }

    fn on_sequence_byte(&mut self, byte: u8) {
        self.partial.clear();
        let key = match self.scanner.step(&[byte]).sequence {
            Some(Sequence::Escape(b"O")) => {
                self.names_key = true;
                None
            }
            Some(Sequence::Escape(b"b")) => Some(EditorKey::WordLeft),
            Some(Sequence::Escape(b"f")) => Some(EditorKey::WordRight),
            Some(Sequence::Control(sequence)) => sequence_key(sequence),
            Some(Sequence::Escape(_) | Sequence::Text(..)) | None => None,
        };
        if let Some(key) = key {
            self.press(key);
        }
    }

    fn on_text_byte(&mut self, byte: u8) {
        if std::mem::take(&mut self.names_key) {
            if let Some(key) = sequence_key(&[byte]) {
                self.press(key);
            }
            return;
        }
        if byte.is_ascii() {
            self.partial.clear();
        }
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let text: String = text.chars().filter(|character| character.width().is_some()).collect();
                self.partial.clear();
                self.insert(&text);
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => self.partial.clear(),
        }
    }

    fn press(&mut self, key: EditorKey) {
        let Self { text, cursor, .. } = self;
        let here = *cursor;
        match key {
            EditorKey::Left => *cursor = previous(text, here),
            EditorKey::Right => *cursor = next(text, here),
            EditorKey::WordLeft => *cursor = word_start(text, here),
            EditorKey::WordRight => *cursor = word_end(text, here),
            EditorKey::Home => *cursor = 0,
            EditorKey::End => *cursor = text.len(),
            EditorKey::Earlier => self.recall(LineHistory::earlier),
            EditorKey::Later => self.recall(LineHistory::later),
            EditorKey::Backspace => self.remove(previous(&self.text, here), here),
            EditorKey::Delete => self.remove(here, next(&self.text, here)),
            EditorKey::DeleteWord => self.remove(word_start(&self.text, here), here),
            EditorKey::DeleteToStart => self.remove(0, here),
            EditorKey::DeleteToEnd => self.remove(here, self.text.len()),
        }
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.place_cursor(from);
    }

    /// Puts the cursor there, or behind the marks that the text around it has joined to the character before it.
    fn place_cursor(&mut self, at: usize) {
        self.cursor = if at > 0 { next(&self.text, previous(&self.text, at)) } else { 0 };
    }

    fn recall(&mut self, step: fn(&mut LineHistory, &str) -> Option<String>) {
        if let Some(line) = step(&mut self.history, &self.text) {
            self.cursor = line.len();
            self.text = line;
        }
    }

    fn finish(&mut self) -> String {
        (self.cursor, self.names_key) = (0, false);
        self.partial.clear();
        let line = std::mem::take(&mut self.text);
        self.history.add(&line);
        line
    }
}

/// The key that a control character is. Ctrl-D on an empty line is none: it ends no input here.
fn control_key(byte: u8, is_empty: bool) -> Option<EditorKey> {
    Some(match byte {
        0x01 => EditorKey::Home,
        0x02 => EditorKey::Left,
        0x04 if !is_empty => EditorKey::Delete,
        0x05 => EditorKey::End,
        0x06 => EditorKey::Right,
        0x08 | 0x7f => EditorKey::Backspace,
        0x0b => EditorKey::DeleteToEnd,
        0x0e => EditorKey::Later,
        0x10 => EditorKey::Earlier,
        0x15 => EditorKey::DeleteToStart,
        0x17 => EditorKey::DeleteWord,
        _ => return None,
    })
}

/// The key that sends `ESC [` or `ESC O` and these; the middle of three is the modifier (3 Alt, 5 Ctrl).
fn sequence_key(sequence: &[u8]) -> Option<EditorKey> {
    Some(match sequence {
        b"A" => EditorKey::Earlier,
        b"B" => EditorKey::Later,
        b"C" => EditorKey::Right,
        b"D" => EditorKey::Left,
        b"1;3C" | b"1;5C" => EditorKey::WordRight,
        b"1;3D" | b"1;5D" => EditorKey::WordLeft,
        b"H" | b"1~" | b"7~" => EditorKey::Home,
        b"F" | b"4~" | b"8~" => EditorKey::End,
        b"3~" => EditorKey::Delete,
        _ => return None,
    })
}

/// Where the character before `at` begins, with the marks that it bears.
fn previous(text: &str, at: usize) -> usize {
    text[..at]
        .char_indices()
        .rev()
        .find(|(_, character)| character.width() != Some(0))
        .map_or(0, |(start, _)| start)
}

/// Where the character at `at` ends, with its marks.
fn next(text: &str, at: usize) -> usize {
    let mut following = text[at..].char_indices().skip(1);
    let base = following.find(|(_, character)| character.width() != Some(0));
    base.map_or(text.len(), |(start, _)| at + start)
}

fn word_start(text: &str, at: usize) -> usize {
    let word = text[..at].trim_end();
    word.rfind(char::is_whitespace).map_or(0, |blank| next(word, blank))
}

fn word_end(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start();
    let start = text.len() - rest.len();
    start + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

#[cfg(test)]
#[path = "editor_tests.rs"]
mod tests;
