//! One JSON object a line.

use std::io::Write as _;

use jiff::Timestamp;

use super::row_sink::Sink;
use crate::notice::Notice;
use crate::output::batch::Batch;
use crate::output::lines::ends;
use crate::output::prefix::LogSource;

/// `{"time":"2026-11-20T12:00:00.123Z","process":"web.1","text":"…"}`; text that is not UTF-8 comes as
/// `"base64":"…"`.
#[derive(Debug)]
pub(in crate::output) struct Json {
    log_sources: Vec<LogSource>,
    /// `{"time":"…",` of the moment.
    time: String,
    /// Where the part before the text is joined.
    head: Vec<u8>,
}

impl Json {
    /// Objects for these sources.
    pub(in crate::output) fn new(log_sources: Vec<LogSource>) -> Self {
        Self { log_sources, time: String::new(), head: Vec::new() }
    }

    fn set_head(&mut self, log_source: usize) {
        self.head.clear();
        self.head.extend_from_slice(self.time.as_bytes());
        if let Some(log_source) = self.log_sources.get(log_source) {
            // A name has no character that JSON would escape (`TypeName::allows`); a Vec cannot fail.
            let _ = write!(self.head, "\"process\":\"{}\",", log_source.name);
        }
    }
}

impl Sink for Json {
    fn at(&mut self, now: Timestamp) {
        self.time = format!("{{\"time\":\"{now:.3}\",");
    }

    fn rows(&mut self, log_source: usize, lines: &[u8], out: &mut Batch) -> usize {
        self.set_head(log_source);
        let before = self.head.len();
        self.head.extend_from_slice(b"\"text\":\"");
        // Asked once for the whole run: a newline is ASCII, so a run is UTF-8 exactly if all its lines are.
        if std::str::from_utf8(lines).is_ok() {
            if is_plain(lines) {
                return out.join(&self.head, lines, b"\"}\n");
            }
            return each(lines, |line| {
                out.extend_from_slice(&self.head);
                escape(line, out);
                out.extend_from_slice(b"\"}\n");
            });
        }
        each(lines, |line| {
            if std::str::from_utf8(line).is_ok() {
                out.extend_from_slice(&self.head);
                escape(line, out);
            } else {
                out.extend_from_slice(&self.head[..before]);
                out.extend_from_slice(b"\"base64\":\"");
                base64(line, out);
            }
            out.extend_from_slice(b"\"}\n");
        })
    }

    fn notice(&mut self, notice: &Notice, out: &mut Batch) {
        out.extend_from_slice(self.time.as_bytes());
        // Cannot fail: strings and numbers into a Vec. An object begins with the brace that `time` has.
        let object = serde_json::to_vec(notice).unwrap_or_default();
        out.extend_from_slice(object.strip_prefix(b"{").unwrap_or(&object));
        out.push(b'\n');
    }

    fn add(&mut self, log_source: LogSource) {
        self.log_sources.push(log_source);
    }

    fn width(&self, _now: Timestamp) -> usize {
        0
    }
}

/// Every line, without its newline; how many they are.
fn each(lines: &[u8], mut line: impl FnMut(&[u8])) -> usize {
    let (mut start, mut count) = (0, 0);
    for end in ends(lines) {
        line(&lines[start..end]);
        (start, count) = (end + 1, count + 1);
    }
    count
}

/// Whether JSON would escape this byte in a string (RFC 8259 §7).
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// A one in each byte.
const ONES: u64 = u64::MAX / 255;
/// The high bit of each byte.
const HIGH: u64 = 0x80 * ONES;

/// The high bits of those bytes of a word that are `byte`, which is ASCII. Sums of seven bits do not carry over into the
/// next byte, so this is exact.
fn marks_of(word: u64, byte: u8) -> u64 {
    !((((word & !HIGH) ^ (u64::from(byte) * ONES)) + 0x7f * ONES) | word) & HIGH
}

/// The high bits of those bytes of a word that JSON would escape. By hand, eight bytes at a time: a release that is
/// built for size has no SIMD of the compiler's.
fn marks(word: u64) -> u64 {
    let controls = !(((word & !HIGH) + 0x60 * ONES) | word) & HIGH;
    controls | marks_of(word, b'"') | marks_of(word, b'\\')
}

/// Whether nothing in `lines` needs an escape, newlines apart.
fn is_plain(lines: &[u8]) -> bool {
    let (words, rest) = lines.as_chunks::<8>();
    words.iter().all(|word| is_plain_word(*word))
        && !rest.iter().any(|byte| is_special(*byte) && *byte != b'\n')
}

fn is_plain_word(word: [u8; 8]) -> bool {
    let word = u64::from_le_bytes(word);
    let special = marks(word);
    special == 0 || special == marks_of(word, b'\n')
}

/// Where the first byte that needs an escape stands.
fn first_special(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = marks(u64::from_le_bytes(*word));
        if special != 0 {
            return Some(index * 8 + special.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| is_special(*byte)).map(|at| words.len() * 8 + at)
}

/// Appends UTF-8 `text` as the inside of a JSON string.
fn escape(mut text: &[u8], out: &mut Batch) {
    while let Some(at) = first_special(text) {
        out.extend_from_slice(&text[..at]);
        match text[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

/// Appends `bytes` in base64 (RFC 4648 §4, with padding).
fn base64(bytes: &[u8], out: &mut Batch) {
    for piece in bytes.chunks(3) {
        let at = |index: usize| u32::from(piece.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let mut four = [letter(bits >> 18), letter(bits >> 12), letter(bits >> 6), letter(bits)];
        four[piece.len() + 1..].fill(b'=');
        out.extend_from_slice(&four);
    }
}

/// The letter for the last six of `bits`.
fn letter(bits: u32) -> u8 {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    LETTERS[(bits & 63) as usize]
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
