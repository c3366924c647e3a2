//! The piece of a line that is shown.

use std::ops::Range;

use crate::location::Excerpt;

/// The most characters of a line that are shown.
const WIDTH: usize = 120;
/// How many of them come before the place, at most.
const BEFORE: usize = 40;

/// `line`, or the part of a long one around `mark` (a range of bytes in it), fit for a diagnostic. What was
/// cut off is shown as `…`. Control characters are left as they are: the renderer knows its screen.
pub(crate) fn excerpt(line: &str, mark: Range<usize>) -> Excerpt {
    let start = floor(line, mark.start);
    let end = floor(line, mark.end).max(start);
    let from = line[..start].char_indices().rev().take(BEFORE).last().map_or(start, |(at, _)| at);
    // A line that fits is shown whole, wherever the mark is.
    let from = if line.chars().nth(WIDTH).is_none() { 0 } else { from };
    let to = line[from..].char_indices().nth(WIDTH).map_or(line.len(), |(at, _)| from + at);
    let mut text = String::with_capacity(to - from + 6);
    if from > 0 {
        text.push('…');
    }
    let shift = text.len();
    text.push_str(&line[from..to]);
    if to < line.len() {
        text.push('…');
    }
    let place = |at: usize| at.clamp(from, to) - from + shift;
    Excerpt { mark: place(start)..place(end), text }
}

/// The last boundary of a character at or before `at`.
fn floor(line: &str, at: usize) -> usize {
    (0..=at.min(line.len())).rev().find(|index| line.is_char_boundary(*index)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_shown_whole() {
        assert_eq!(excerpt("web a", 4..5), Excerpt { text: "web a".into(), mark: 4..5 });
        assert_eq!(excerpt("", 0..0), Excerpt { text: String::new(), mark: 0..0 });
        assert_eq!(excerpt("é", 1..9).mark, 0..2, "a mark is moved to the boundaries of characters");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}X{}", "é".repeat(500), "b".repeat(10_000_000));
        let shown = excerpt(&line, 1000..1001);
        assert_eq!(&shown.text[shown.mark.clone()], "X");
        assert_eq!(shown.text.chars().count(), WIDTH + 2);
        assert!(shown.text.starts_with("…é") && shown.text.ends_with("b…"), "{}", shown.text);
        let all = excerpt(&line, 0..line.len());
        assert_eq!(all.text.chars().count(), WIDTH + 1);
        assert!(all.text.is_char_boundary(all.mark.end));
    }
}
