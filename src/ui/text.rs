//! A row of the log as styled text: colours that programs have written are kept, and nothing that a terminal obeys is.
//!
//! The stack's own scanner of escape sequences finds them ([`EscapeScanner`]). A parser that makes text of colours (ansi-to-tui)
//! would leave tabs, carriage returns and other controls to us all the same: docs/design/0022.

use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::Span;

use crate::escapes::{EscapeScanner, Sequence, without_sequences};
use crate::text::visible;

/// The distance of two tab stops.
const TAB: usize = 8;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TerminalLooks {
    /// Whether it gets colours.
    pub color: bool,
    /// Whether it gets characters beyond ASCII.
    pub unicode: bool,
}

/// `text` as pieces of one look.
pub(super) fn spans(text: &[u8], looks: TerminalLooks) -> Vec<Span<'static>> {
    let mut row = Row { looks, pieces: Vec::new(), style: Style::new(), column: 0 };
    let mut scanner = EscapeScanner::default();
    let mut rest = text.strip_suffix(b"\r").unwrap_or(text);
    while !rest.is_empty() {
        let step = scanner.step(rest);
        let plain = step.start.unwrap_or(step.taken);
        row.write(&rest[..plain]);
        if let Some(Sequence::Control([parameters @ .., b'm'])) = step.sequence {
            row.style = styled(row.style, parameters);
        }
        rest = &rest[step.taken..];
    }
    row.pieces
}

/// The text of a row as it is searched: without sequences.
pub(super) fn plain(text: &[u8]) -> String {
    if memchr::memchr(0x1b, text).is_none() {
        return String::from_utf8_lossy(text).into_owned();
    }
    String::from_utf8_lossy(&without_sequences(text)).into_owned()
}

struct Row {
    looks: TerminalLooks,
    pieces: Vec<Span<'static>>,
    style: Style,
    column: usize,
}

impl Row {
    fn write(&mut self, text: &[u8]) {
        let mut piece = String::new();
        for character in String::from_utf8_lossy(text).chars() {
            match character {
                // What stood there is written over.
                '\r' => {
                    piece.clear();
                    self.pieces.clear();
                    self.column = 0;
                }
                '\t' => {
                    let stop = (self.column / TAB + 1) * TAB;
                    piece.extend(std::iter::repeat_n(' ', stop - self.column));
                    self.column = stop;
                }
                other => {
                    let other = shown_character(other, self.looks);
                    piece.push(other);
                    self.column += unicode_width::UnicodeWidthChar::width(other).unwrap_or(0);
                }
            }
        }
        if !piece.is_empty() {
            let style = if self.looks.color { self.style } else { without_color(self.style) };
            self.pieces.push(Span::styled(piece, style));
        }
    }
}

/// `text` as the terminal can show it.
pub(super) fn shown(text: &str, looks: TerminalLooks) -> String {
    text.chars().map(|character| shown_character(character, looks)).collect()
}

fn shown_character(character: char, looks: TerminalLooks) -> char {
    if looks.unicode { visible(character) } else { ascii(character) }
}

/// What stands for a character on a terminal that shows ASCII alone.
fn ascii(character: char) -> char {
    match character {
        ' '..='~' => character,
        '•' => '*',
        '·' => '-',
        '…' => '.',
        _ => '?',
    }
}

fn without_color(style: Style) -> Style {
    Style { fg: None, bg: None, ..style }
}

/// `style` after `CSI parameters m` (ECMA-48 8.3.117, and xterm's colours).
fn styled(mut style: Style, parameters: &[u8]) -> Style {
    let text = String::from_utf8_lossy(parameters);
    // `38:2::R:G:B` has an empty place that `38;2;R;G;B` has not.
    let mut codes = text.split(';');
    while let Some(parameter) = codes.next() {
        let mut parts = parameter.split(':').filter(|part| !part.is_empty());
        let code = parts.next().map_or(Some(0), |part| part.parse::<u8>().ok());
        let parts: Vec<&str> = parts.collect();
        match code {
            Some(code @ (38 | 48 | 58)) => {
                let color = if parts.is_empty() { color(&mut codes) } else { color(&mut parts.into_iter()) };
                match (code, color) {
                    (38, Some(color)) => style.fg = Some(color),
                    (48, Some(color)) => style.bg = Some(color),
                    (_, _) => {}
                }
            }
            // `4:0` is no underline.
            Some(4) if parts == ["0"] => style = style.remove_modifier(Modifier::UNDERLINED),
            Some(code) => style = attribute(style, code),
            None => {}
        }
    }
    style
}

/// `5;N` or `2;R;G;B`.
fn color<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<Color> {
    let kind = parts.next()?;
    let mut number = || parts.next()?.parse::<u8>().ok();
    match kind {
        "5" => Some(Color::Indexed(number()?)),
        "2" => Some(Color::Rgb(number()?, number()?, number()?)),
        _ => None,
    }
}

fn attribute(style: Style, code: u8) -> Style {
    match code {
        0 => Style::new(),
        1 => style.add_modifier(Modifier::BOLD),
        2 => style.add_modifier(Modifier::DIM),
        3 => style.add_modifier(Modifier::ITALIC),
        4 | 21 => style.add_modifier(Modifier::UNDERLINED),
        5 | 6 => style.add_modifier(Modifier::SLOW_BLINK),
        7 => style.add_modifier(Modifier::REVERSED),
        8 => style.add_modifier(Modifier::HIDDEN),
        9 => style.add_modifier(Modifier::CROSSED_OUT),
        22 => style.remove_modifier(Modifier::BOLD | Modifier::DIM),
        23 => style.remove_modifier(Modifier::ITALIC),
        24 => style.remove_modifier(Modifier::UNDERLINED),
        25 => style.remove_modifier(Modifier::SLOW_BLINK),
        27 => style.remove_modifier(Modifier::REVERSED),
        28 => style.remove_modifier(Modifier::HIDDEN),
        29 => style.remove_modifier(Modifier::CROSSED_OUT),
        30..=37 => style.fg(Color::Indexed(code - 30)),
        90..=97 => style.fg(Color::Indexed(code - 90 + 8)),
        40..=47 => style.bg(Color::Indexed(code - 40)),
        100..=107 => style.bg(Color::Indexed(code - 100 + 8)),
        39 => Style { fg: None, ..style },
        49 => Style { bg: None, ..style },
        _ => style,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: TerminalLooks = TerminalLooks { color: true, unicode: true };

    fn text(bytes: &[u8], looks: TerminalLooks) -> String {
        spans(bytes, looks).iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_and_tabs_and_returns_have_their_meaning() {
        for (bytes, shown) in [
            (&b"plain"[..], "plain"),
            (b"\x1b[31mred\x1b[0m end\r", "red end"),
            (b"10%\r20%", "20%"),
            (b"a\tb", "a       b"),
            (b"\x1b[2J\x1b]0;title\x07x\x07", "x\u{2407}"),
            (b"\xff\x9b", "\u{fffd}\u{fffd}"),
            ("日本 \u{202e}x".as_bytes(), "日本 \u{fffd}x"),
            (b"cut \x1b[3", "cut "),
        ] {
            assert_eq!(text(bytes, ALL), shown, "{bytes:?}");
        }
        assert_eq!(text("é 日 ok…".as_bytes(), TerminalLooks { unicode: false, ..ALL }), "? ? ok.");
    }

    #[test]
    fn colours_are_those_that_the_program_wrote() {
        let style = |sequence: &str| styled(Style::new(), sequence.as_bytes());
        for (sequence, fg, bg) in [
            ("31", Some(Color::Indexed(1)), None),
            ("1;97;41", Some(Color::Indexed(15)), Some(Color::Indexed(1))),
            ("38;5;208", Some(Color::Indexed(208)), None),
            ("38;2;1;2;3;48:2::4:5:6", Some(Color::Rgb(1, 2, 3)), Some(Color::Rgb(4, 5, 6))),
            ("31;39", None, None),
            ("31;0", None, None),
            ("31;", None, None),
            ("38", None, None),
        ] {
            assert_eq!((style(sequence).fg, style(sequence).bg), (fg, bg), "{sequence}");
        }
        assert_eq!(style("1;4").add_modifier, Modifier::BOLD | Modifier::UNDERLINED);
        assert!(!style("4;4:0").add_modifier.contains(Modifier::UNDERLINED));
        let gray = spans(b"\x1b[1;31mx", TerminalLooks { color: false, ..ALL });
        assert_eq!((gray[0].style.fg, gray[0].style.add_modifier), (None, Modifier::BOLD));
    }
}
