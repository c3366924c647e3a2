//! Text that is wider than the terminal goes on under itself, not under the prefix.
//!
//! A URL is left whole, so that it can be copied and clicked: it begins below if it fits there, and is left to the terminal if it is wider
//! than a row.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escapes::{EscapeScanner, Style};
use crate::output::batch::Batch;
use crate::output::columns::next_stop;

/// The row before the cursor, as far as it is written.
#[derive(Debug, Default)]
pub(super) struct WrappedRow {
    /// Columns of the terminal; `None`: not known, or too few beside the prefix, and nothing is wrapped.
    pub(super) columns: Option<usize>,
    /// The column at which the text begins.
    indent: usize,
    /// The column of the cursor.
    column: usize,
    style: Style,
    /// Whether the word before the cursor is a URL.
    is_link: bool,
    /// Whether it has gone on below.
    pub(super) is_wrapped: bool,
}

/// The fewest columns that text is wrapped to.
const NARROWEST: usize = 20;

impl WrappedRow {
    /// A row begins on a terminal of so many columns, behind a prefix of `indent`.
    pub(super) fn new(columns: Option<usize>, indent: usize) -> Self {
        let columns = columns.filter(|columns| *columns >= indent + NARROWEST);
        Self { columns, indent, column: indent, ..Self::default() }
    }

    /// Whether each of these lines fits beside the prefix; `false` also where that is not clear at a glance.
    pub(super) fn fits(&self, lines: &[u8]) -> bool {
        let Some(columns) = self.columns else { return true };
        let room = columns - self.indent;
        let mut start = 0;
        memchr::memchr2_iter(b'\n', b'\t', lines).chain([lines.len()]).all(|end| {
            let is_tab = lines.get(end) == Some(&b'\t');
            let fits = !is_tab && end - start <= room;
            start = end + 1;
            fits
        })
    }

    /// Writes a piece of the row, without its newline.
    pub(super) fn write(&mut self, text: &[u8], out: &mut Batch) {
        if self.columns.is_none() {
            return out.extend_from_slice(text);
        }
        let (mut scanner, mut rest) = (EscapeScanner::default(), text);
        while !rest.is_empty() {
            let step = scanner.step(rest);
            let plain = step.start.unwrap_or(step.taken);
            self.write_plain(&rest[..plain], out);
            out.extend_from_slice(&rest[plain..step.taken]);
            if let Some(sequence) = step.sequence {
                self.style.follow(sequence);
            }
            rest = &rest[step.taken..];
        }
    }

    fn write_plain(&mut self, text: &[u8], out: &mut Batch) {
        for chunk in text.utf8_chunks() {
            for word in chunk.valid().split_inclusive([' ', '\t']) {
                self.begin_word(word.trim_end_matches([' ', '\t']), out);
                for character in word.chars() {
                    self.write_character(character, out);
                }
            }
            for byte in chunk.invalid() {
                self.make_room(1, out);
                self.column += 1;
                out.push(*byte);
            }
        }
    }

    fn begin_word(&mut self, word: &str, out: &mut Batch) {
        if self.is_link || !word.contains("://") {
            return;
        }
        self.is_link = true;
        let width = word.width();
        let is_whole_below = self.columns.is_some_and(|columns| self.indent + width <= columns);
        if is_whole_below && self.column > self.indent && !self.has_room(width) {
            self.go_on_below(out);
        }
    }

    fn write_character(&mut self, character: char, out: &mut Batch) {
        let is_blank = [' ', '\t'].contains(&character);
        self.is_link &= !is_blank;
        let width = if character == '\t' { 1 } else { character.width().unwrap_or(0) };
        self.make_room(width, out);
        self.column = if character == '\t' { self.behind_tab() } else { self.column + width };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// A terminal stops a tab in its last column.
    fn behind_tab(&self) -> usize {
        let next = next_stop(self.column);
        self.columns.map_or(next, |columns| next.min(columns - 1).max(self.column))
    }

    fn has_room(&self, width: usize) -> bool {
        self.columns.is_none_or(|columns| self.column + width <= columns)
    }

    /// Goes on below, if so many columns are not left.
    fn make_room(&mut self, width: usize, out: &mut Batch) {
        if width == 0 || self.has_room(width) {
            return;
        }
        if self.is_link {
            // The terminal goes on at its first column.
            (self.column, self.is_wrapped) = (0, true);
        } else {
            self.go_on_below(out);
        }
    }

    fn go_on_below(&mut self, out: &mut Batch) {
        let plain = Style::default();
        let mut between = Vec::new();
        plain.write(&self.style, &mut between);
        between.push(b'\n');
        between.resize(between.len() + self.indent, b' ');
        self.style.write(&plain, &mut between);
        out.extend_from_slice(&between);
        (self.column, self.is_wrapped) = (self.indent, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(columns: usize, text: &str) -> String {
        let mut row = WrappedRow::new(Some(columns), 4);
        let mut out = Batch::default();
        out.extend_from_slice(b"web|");
        row.write(text.as_bytes(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_row_that_is_too_wide_goes_on_under_its_text() {
        let twenty = "abcdefghijklmnopqrst";
        let table = [
            (twenty.to_owned(), format!("web|{twenty}")),
            (format!("{twenty}uv"), format!("web|{twenty}\n    uv")),
            (
                format!("\x1b[31m{twenty}uv\x1b[0m"),
                format!("web|\x1b[31m{twenty}\x1b[0m\n    \x1b[0;31muv\x1b[0m"),
            ),
            (format!("{}漢字", &twenty[..19]), format!("web|{}\n    漢字", &twenty[..19])),
            (format!("{twenty}\u{301}x"), format!("web|{twenty}\u{301}\n    x")),
            (format!("{}\tx", &twenty[..18]), format!("web|{}\tx", &twenty[..18])),
            (twenty.repeat(2) + "!", format!("web|{twenty}\n    {twenty}\n    !")),
        ];
        for (text, expected) in table {
            assert_eq!(wrapped(24, &text), expected);
        }
        assert_eq!(wrapped(23, &twenty.repeat(2)), format!("web|{}", twenty.repeat(2)), "too narrow");
    }

    #[test]
    fn a_url_is_left_whole() {
        let table = [
            ("see http://a.example/b now", "web|see \n    http://a.example/b n\n    ow"),
            (
                "http://a.example/b/c/d and more text that goes on",
                "web|http://a.example/b/c/d and more text that go\n    es on",
            ),
            ("see http://a.example/b/c/d and it", "web|see http://a.example/b/c/d and it"),
            (
                "\x1b[1mhttp://a.example:\x1b[4m5000\x1b[24m/b/c",
                "web|\x1b[1mhttp://a.example:\x1b[4m5000\x1b[24m/b/c",
            ),
            ("{\"url\":\"http://a.example/b/c\"}", "web|{\"url\":\"http://a.example/b/c\"}"),
        ];
        for (text, expected) in table {
            assert_eq!(wrapped(24, text), expected);
        }
        // Also one that comes in pieces.
        let (mut row, mut out) = (WrappedRow::new(Some(24), 4), Batch::default());
        for piece in ["http://a.exam", "ple/b/c/d", " 1234567890123456789"] {
            row.write(piece.as_bytes(), &mut out);
        }
        assert_eq!(&out[..], "http://a.example/b/c/d 1234567890123456789".as_bytes());
        assert!(row.is_wrapped);
    }

    #[test]
    fn lines_that_fit_are_seen_at_a_glance() {
        let row = WrappedRow::new(Some(30), 4);
        let fits = "x".repeat(26);
        for (lines, expected) in [
            (format!("{fits}\n{fits}\n"), true),
            (format!("{fits}\n{fits}"), true),
            (format!("{fits}\n{fits}y\n"), false),
            ("a\tb\n".into(), false),
        ] {
            assert_eq!(row.fits(lines.as_bytes()), expected, "{lines:?}");
        }
        assert!(WrappedRow::new(None, 4).fits("x".repeat(900).as_bytes()));
    }
}
