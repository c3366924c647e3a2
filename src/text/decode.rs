//! From the bytes of a file to its text.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::arch::all::memchr::One;

use super::{column, excerpt, line_length};
use crate::location::{Diagnostic, Excerpt, Location};

/// A file's text, as far as it is text.
#[derive(Debug)]
pub(crate) struct DecodedText<'a> {
    /// Without a byte order mark; what is not UTF-8 is U+FFFD. It ends before the line with the first NUL.
    pub content: Cow<'a, str>,
    /// What keeps it from being text, in order of place, one a line.
    pub faults: Vec<LineError>,
    /// Whether it holds a NUL: then the last fault is about that, and nothing after it was read.
    pub is_binary: bool,
}

/// A reason why a line cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct LineError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: String,
    /// The line around the place, as it is: not for a file with secrets.
    pub excerpt: Option<Excerpt>,
}

impl LineError {
    /// Its message, without the line itself.
    pub(crate) fn diagnostic(&self, file: &Arc<str>) -> Diagnostic {
        Diagnostic {
            location: Location { file: Arc::clone(file), line: Some(self.line), column: Some(self.column) },
            message: self.message.clone(),
            hint: Some(self.hint.clone()),
            excerpt: None,
        }
    }
}

/// After so many lines that are not UTF-8 the rest is not read: it will not be better.
const MOST_FAULTS: usize = 10;

/// The text of a file: UTF-8, with or without a byte order mark.
///
/// UTF-16 and UTF-32 are refused by name and not converted: every other program that reads the file would
/// trip over it still, and a Procfile that PowerShell's `>` wrote has lost its `$PORT` already.
pub(crate) fn decode(bytes: &[u8]) -> DecodedText<'_> {
    if let Some(encoding) = other_encoding(bytes) {
        return DecodedText { content: Cow::Borrowed(""), faults: vec![wide(encoding)], is_binary: false };
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(at) = One::new(0).find(bytes) else {
        return utf8(bytes);
    };
    let start = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
    let mut text = utf8(&bytes[..start]);
    // Only a piece of the line: a binary file may have no line end for gigabytes.
    let rest = &bytes[start..bytes.len().min(at + 400)];
    let line = String::from_utf8_lossy(&rest[..line_length(rest).0]);
    let place = line.find('\0').unwrap_or(0);
    text.faults.push(LineError {
        line: SourceLines::default().advance(&bytes[..start]).line,
        column: column(&line, place),
        message: "there is a NUL byte here: this is a binary file, not text".into(),
        hint: "if it is meant to be text, save it again as UTF-8".into(),
        excerpt: Some(excerpt(&line, place..place + 1)),
    });
    text.is_binary = true;
    text
}

/// The encoding that `bytes` begin as, if it is one that is not read.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32 (little endian)"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32 (big endian)"),
        // Without a mark: an ASCII character and a line's worth of zeros say it as well.
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some("UTF-16 (big endian)"),
        _ => None,
    }
}

fn wide(encoding: &str) -> LineError {
    let name = encoding.split(' ').next().unwrap_or(encoding);
    LineError {
        line: 1,
        column: 1,
        message: format!("this file is encoded as {encoding}, not as UTF-8"),
        hint: format!(
            "convert it with `iconv -f {name} -t UTF-8 FILE`, or in PowerShell write it with \
             `Set-Content -Encoding utf8` instead of `>`"
        ),
        excerpt: None,
    }
}

fn utf8(bytes: &[u8]) -> DecodedText<'_> {
    let Err(_) = std::str::from_utf8(bytes) else {
        return DecodedText { content: String::from_utf8_lossy(bytes), faults: Vec::new(), is_binary: false };
    };
    let mut content = String::with_capacity(bytes.len());
    let mut faults: Vec<LineError> = Vec::new();
    let mut place = SourceLines::default();
    let mut position = 0;
    for chunk in bytes.utf8_chunks() {
        content.push_str(chunk.valid());
        place.advance(chunk.valid().as_bytes());
        position += chunk.valid().len();
        if !chunk.invalid().is_empty() && faults.last().is_none_or(|fault| fault.line != place.line) {
            faults.push(not_utf8(&content[place.start..], place.line, &bytes[position..]));
            if faults.len() == MOST_FAULTS {
                content.truncate(place.start);
                break;
            }
        }
        if !chunk.invalid().is_empty() {
            content.push(char::REPLACEMENT_CHARACTER);
            place.position += char::REPLACEMENT_CHARACTER.len_utf8();
        }
        position += chunk.invalid().len();
    }
    DecodedText { content: Cow::Owned(content), faults, is_binary: false }
}

/// `before` is the line so far, `rest` what follows, from the bad byte on.
fn not_utf8(before: &str, line: u32, rest: &[u8]) -> LineError {
    let rest = &rest[..rest.len().min(400)];
    let after = String::from_utf8_lossy(&rest[..line_length(rest).0]);
    let whole = format!("{before}{after}");
    LineError {
        line,
        column: column(&whole, before.len()),
        message: format!("the byte 0x{:02x} is not UTF-8", rest.first().copied().unwrap_or_default()),
        hint: "save the file as UTF-8, or find its encoding with `file` and convert it with iconv".into(),
        excerpt: Some(excerpt(&whole, before.len()..before.len() + char::REPLACEMENT_CHARACTER.len_utf8())),
    }
}

/// Counts lines on the way through a text.
struct SourceLines {
    line: u32,
    /// Where the line begins in what was passed.
    start: usize,
    position: usize,
}

impl Default for SourceLines {
    fn default() -> Self {
        Self { line: 1, start: 0, position: 0 }
    }
}

impl SourceLines {
    fn advance(&mut self, bytes: &[u8]) -> &Self {
        let mut passed = 0;
        loop {
            let (length, end) = line_length(&bytes[passed..]);
            passed += length + end;
            if end == 0 {
                break;
            }
            self.line = self.line.saturating_add(1);
            self.start = self.position + passed;
        }
        self.position += bytes.len();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(bytes: &[u8]) -> Vec<(u32, u32)> {
        decode(bytes).faults.iter().map(|fault| (fault.line, fault.column)).collect()
    }

    #[test]
    fn text_is_utf8_with_or_without_a_mark() {
        assert_eq!(decode("\u{feff}é".as_bytes()).content, "é");
        assert_eq!(decode("é".as_bytes()).content, "é");
        assert!(decode(b"").faults.is_empty());
    }

    #[test]
    fn other_encodings_are_named() {
        for (bytes, name) in [
            (&b"\xff\xfew\0e\0"[..], "UTF-16 (little endian)"),
            (b"\xfe\xff\0w\0e", "UTF-16 (big endian)"),
            (b"w\0e\0b\0", "UTF-16 (little endian)"),
            (b"\0w\0e\0b", "UTF-16 (big endian)"),
            (b"\xff\xfe\0\0w\0\0\0", "UTF-32 (little endian)"),
        ] {
            let text = decode(bytes);
            assert_eq!((text.faults[0].line, &*text.content), (1, ""));
            assert!(text.faults[0].message.contains(name), "{}", text.faults[0].message);
        }
    }

    #[test]
    fn every_line_that_is_not_utf8_is_named_once() {
        assert_eq!(faults(b"a\nb\xff\xfe\r\n\xe9\xc3\x28\nc"), [(2, 2), (3, 1)]);
        assert_eq!(decode(b"a\nb\xff\n").content, "a\nb\u{fffd}\n");
        assert_eq!(faults(&b"\xff\n".repeat(1000)).len(), MOST_FAULTS);
    }

    #[test]
    fn a_nul_ends_the_text_before_its_line() {
        let text = decode(b"a\r\nb\rc\0d\n\0");
        assert_eq!((&*text.content, text.is_binary), ("a\r\nb\r", true));
        assert_eq!(faults(b"a\r\nb\rc\0d\n\0"), [(3, 2)]);
        assert_eq!(faults(b"\x7fELF\0"), [(1, 5)]);
    }

    #[test]
    fn ten_megabytes_of_garbage_are_no_work() {
        assert_eq!(faults(&vec![0xff; 10_000_000]), [(1, 1)]);
    }
}
