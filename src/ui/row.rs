//! A row of the log as lines of the screen: wrapped, or cut at both margins.

use ratatui_core::style::{Modifier, Style};
use ratatui_core::text::{Line, Span};
use regex_lite::Regex;
use unicode_width::UnicodeWidthStr;

use super::log::LogRow;
use super::text::{TerminalLooks, spans};

/// How rows become lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineFormat {
    /// Columns for the text.
    pub width: usize,
    /// Whether a row that is wider takes several lines.
    pub is_wrapped: bool,
    /// Columns that are left out at the left margin, where rows are cut.
    pub left: usize,
    /// What the terminal can show.
    pub looks: TerminalLooks,
}

impl LineFormat {
    /// How many lines this row takes.
    pub(super) fn height(&self, row: &LogRow<'_>) -> usize {
        if !self.is_wrapped || self.width == 0 {
            return 1;
        }
        if row.cut == 0 && row.text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            return row.text.len().div_ceil(self.width).max(1);
        }
        self.lines(row, None).len()
    }

    /// The lines of this row, in which matches of `search` stand out.
    pub(super) fn lines(&self, row: &LogRow<'_>, search: Option<&Regex>) -> Vec<Line<'static>> {
        let mut pieces = spans(row.text, self.looks);
        if row.cut > 0 {
            pieces.push(Span::styled(
                format!(" [{} bytes more]", row.cut),
                Style::new().add_modifier(Modifier::DIM),
            ));
        }
        let pieces = match search {
            Some(search) => highlighted(pieces, search),
            None => pieces,
        };
        if self.is_wrapped { self.wrap(&pieces) } else { vec![self.cut(&pieces)] }
    }

    fn wrap(&self, pieces: &[Span<'static>]) -> Vec<Line<'static>> {
        let mut lines = vec![LineBuilder::default()];
        for (symbol, style) in graphemes(pieces) {
            let width = symbol.width();
            let is_full = lines.last().is_some_and(|line| line.width > 0 && line.width + width > self.width);
            if is_full {
                lines.push(LineBuilder::default());
            }
            if let Some(line) = lines.last_mut() {
                line.push(symbol, width, style);
            }
        }
        lines.into_iter().map(LineBuilder::line).collect()
    }

    fn cut(&self, pieces: &[Span<'static>]) -> Line<'static> {
        let (mut line, mut column) = (LineBuilder::default(), 0);
        for (symbol, style) in graphemes(pieces) {
            let width = symbol.width();
            if column >= self.left + self.width {
                break;
            }
            if column >= self.left && column + width <= self.left + self.width {
                line.push(symbol, width, style);
            } else if column + width > self.left {
                // Half of a wide character stands on a margin.
                line.push(" ", 1, style);
            }
            column += width;
        }
        line.line()
    }
}

fn graphemes<'a>(pieces: &'a [Span<'static>]) -> impl Iterator<Item = (&'a str, Style)> {
    pieces.iter().flat_map(|piece| piece.styled_graphemes(Style::new())).map(|it| (it.symbol, it.style))
}

#[derive(Default)]
struct LineBuilder {
    spans: Vec<Span<'static>>,
    width: usize,
}

impl LineBuilder {
    fn push(&mut self, symbol: &str, width: usize, style: Style) {
        self.width += width;
        match self.spans.last_mut().filter(|span| span.style == style) {
            Some(span) => span.content.to_mut().push_str(symbol),
            None => self.spans.push(Span::styled(symbol.to_owned(), style)),
        }
    }

    fn line(self) -> Line<'static> {
        Line::from(self.spans)
    }
}

/// `text` in pieces of so many columns at most.
pub(super) fn folded(text: &str, width: usize) -> Vec<String> {
    let format =
        LineFormat { width, is_wrapped: true, left: 0, looks: TerminalLooks { color: false, unicode: true } };
    let lines = format.wrap(&[Span::raw(text.to_owned())]);
    lines.iter().map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect()).collect()
}

/// The pieces with each match in reverse.
fn highlighted(pieces: Vec<Span<'static>>, search: &Regex) -> Vec<Span<'static>> {
    let text: String = pieces.iter().map(|piece| piece.content.as_ref()).collect();
    let found: Vec<_> =
        search.find_iter(&text).map(|found| found.range()).filter(|it| !it.is_empty()).collect();
    if found.is_empty() {
        return pieces;
    }
    let mut out = Vec::new();
    let mut begin = 0;
    for piece in pieces {
        let end = begin + piece.content.len();
        let bounds = found.iter().flat_map(|range| [range.start, range.end]);
        let mut cuts: Vec<usize> =
            bounds.filter(|at| (begin..end).contains(at)).chain([begin, end]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        for pair in cuts.windows(2) {
            let part = piece.content[pair[0] - begin..pair[1] - begin].to_owned();
            let is_match = found.iter().any(|range| range.contains(&pair[0]));
            let style = if is_match { piece.style.add_modifier(Modifier::REVERSED) } else { piece.style };
            out.push(Span::styled(part, style));
        }
        begin = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::ui::log::RowSource;

    const LOOKS: TerminalLooks = TerminalLooks { color: true, unicode: true };

    fn row(text: &[u8]) -> LogRow<'_> {
        LogRow { source: RowSource::Screen, at: Timestamp::UNIX_EPOCH, text, cut: 0 }
    }

    fn lines(text: &str, width: usize, is_wrapped: bool, left: usize) -> Vec<String> {
        let format = LineFormat { width, is_wrapped, left, looks: LOOKS };
        let lines = format.lines(&row(text.as_bytes()), None);
        assert!(!is_wrapped || format.height(&row(text.as_bytes())) == lines.len());
        lines.iter().map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect()).collect()
    }

    #[test]
    fn rows_are_wrapped_or_cut_by_columns_and_no_character_is_torn() {
        assert_eq!(lines("abcdefgh", 3, true, 0), ["abc", "def", "gh"]);
        assert_eq!(lines("", 3, true, 0), [""]);
        assert_eq!(lines("日本語", 5, true, 0), ["日本", "語"]);
        assert_eq!(lines("a👩‍👩‍👧b", 3, true, 0), ["a👩‍👩‍👧", "b"]);
        assert_eq!(lines("日", 1, true, 0), ["日"]);
        assert_eq!(lines("abcdefgh", 3, false, 2), ["cde"]);
        assert_eq!(lines("日本語", 4, false, 1), [" 本 "]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen(text in "[a-z日👩\t ]{0,60}", width in 2_usize..20, left in 0_usize..10) {
            for is_wrapped in [true, false] {
                for line in lines(&text, width, is_wrapped, left) {
                    prop_assert!(line.width() <= width, "{line:?}");
                }
            }
        }
    }

    #[test]
    fn matches_stand_out_across_colours() {
        let format = LineFormat { width: 80, is_wrapped: false, left: 0, looks: LOOKS };
        let found = format.lines(&row(b"an er\x1b[31mror here"), Some(&Regex::new("error").unwrap()));
        let shown =
            |span: &Span<'_>| (span.content.to_string(), span.style.add_modifier == Modifier::REVERSED);
        let shown: Vec<_> = found[0].spans.iter().map(shown).collect();
        let expected = [("an ", false), ("er", true), ("ror", true), (" here", false)];
        assert_eq!(shown, expected.map(|(text, is_match)| (text.to_owned(), is_match)));
    }
}
