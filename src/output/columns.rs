//! Columns that text takes on a terminal.

use unicode_width::UnicodeWidthChar;

use crate::escapes::EscapeScanner;

/// The distance of two tab stops.
const TAB: usize = 8;

/// The column of the next tab stop.
pub(super) fn next_stop(column: usize) -> usize {
    (column / TAB + 1) * TAB
}

/// The column behind `text` that begins at `column`, if rows had no end. Whole sequences take none.
pub(super) fn column_after(mut column: usize, mut text: &[u8]) -> usize {
    // A flood without newlines passes here too.
    if text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return column + text.len();
    }
    let mut scanner = EscapeScanner::default();
    while !text.is_empty() {
        let step = scanner.step(text);
        for character in String::from_utf8_lossy(&text[..step.start.unwrap_or(step.taken)]).chars() {
            column = match character {
                '\r' | '\n' => 0,
                '\t' => next_stop(column),
                other => column + other.width().unwrap_or(0),
            };
        }
        text = &text[step.taken..];
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_column_and_wide_characters_two() {
        for (column, text, after) in [
            (0, "", 0),
            (3, "abc", 6),
            (0, "\x1b[36mweb.1 | \x1b[0m> ", 10),
            (0, "日本 e\u{301}", 6),
            (2, "\ta", 9),
            (70, "x\rab", 2),
            (0, "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", 4),
        ] {
            assert_eq!(column_after(column, text.as_bytes()), after, "{text:?}");
        }
    }
}
