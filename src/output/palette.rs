//! One colour a type.

use owo_colors::{AnsiColors, OwoColorize, Style};

/// In the order of the file; after the last it begins again. The order is foreman's, without the reds:
/// red is for what went wrong.
const PALETTE: [AnsiColors; 10] = [
    AnsiColors::Cyan,
    AnsiColors::Yellow,
    AnsiColors::Green,
    AnsiColors::Magenta,
    AnsiColors::Blue,
    AnsiColors::BrightCyan,
    AnsiColors::BrightYellow,
    AnsiColors::BrightGreen,
    AnsiColors::BrightMagenta,
    AnsiColors::BrightBlue,
];

/// `text` in red, for what went wrong.
pub(super) fn paint_failure(text: &str) -> String {
    text.style(Style::new().red()).to_string()
}

/// `text` in the colour of the type with this index in the file; `None` is ganger itself, bold.
pub(super) fn paint(kind: Option<usize>, text: &str) -> String {
    let style = match kind {
        Some(kind) => Style::new().color(PALETTE[kind % PALETTE.len()]),
        None => Style::new().bold(),
    };
    text.style(style).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_take_the_colours_in_the_order_of_the_file_and_begin_again() {
        assert_eq!(paint(Some(0), "web.1 |"), "\x1b[36mweb.1 |\x1b[0m");
        assert_eq!(paint(Some(1), "x"), "\x1b[33mx\x1b[0m");
        assert_eq!(paint(Some(10), "x"), paint(Some(0), "x"));
        assert_eq!(paint(None, "x"), "\x1b[1mx\x1b[0m");
    }
}
