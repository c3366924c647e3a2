//! Text of others on a terminal of ours.

use std::borrow::Cow;

/// `text` in which a terminal obeys nothing: a control character is shown as its picture (`␛`), as excerpts of files
/// show it; the second set of controls (U+009B is what ESC `[` is) and characters that turn the direction of writing
/// are replaced by U+FFFD. Ends of lines and tabs stay.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| visible(character) == character) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(visible).collect())
}

/// What is shown for `character`; itself where it does no harm.
pub(crate) fn visible(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        // U+2400 to U+241F are their pictures, in the same order.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_the_rest_stays() {
        assert_eq!(
            harmless("\u{1b}[2J\r\u{7}a\u{9b}2J\u{7f}\u{202e}x\u{2069}"),
            "␛[2J␍␇a\u{fffd}2J␡\u{fffd}x\u{fffd}"
        );
        for text in ["", "a\tb\nc", "café 👩‍👩‍👧", "a\u{a0}b"] {
            assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }
}
