//! The look of text: colours and attributes (SGR, ECMA-48 8.3.117), and links (OSC 8).

use super::scanner::Sequence;

/// What a program has set for the text that follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// The parameters of each attribute as the program wrote them, so that no form is lost (`38:2::1:2:3`).
    attributes: Vec<(Attribute, Vec<u8>)>,
    /// The parameters and the address of OSC 8.
    link: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Bold,
    Faint,
    Italic,
    Underline,
    Blink,
    Inverse,
    Hidden,
    Struck,
    Foreground,
    Background,
    Overline,
    UnderlineColor,
}

use Attribute::{
    Background, Blink, Bold, Faint, Foreground, Hidden, Inverse, Italic, Overline, Struck, Underline,
    UnderlineColor,
};

impl Style {
    /// Takes a sequence, if it is one of colours or of a link.
    pub(crate) fn follow(&mut self, sequence: Sequence<'_>) {
        match sequence {
            Sequence::Control([parameters @ .., b'm']) => self.apply(parameters),
            Sequence::Text(b']', [b'8', b';', link @ ..]) => self.link(link),
            Sequence::Escape(_) | Sequence::Control(_) | Sequence::Text(..) => {}
        }
    }

    /// Takes the parameters of `CSI … m`.
    pub(crate) fn apply(&mut self, parameters: &[u8]) {
        let mut all = parameters.split(|byte| *byte == b';');
        while let Some(parameter) = all.next() {
            let code = parameter.split(|byte| *byte == b':').next().and_then(number).unwrap_or(0);
            let mut text = parameter.to_vec();
            if matches!(code, 38 | 48 | 58) && !parameter.contains(&b':') {
                // `38;5;N` and `38;2;R;G;B` are one attribute.
                let Some(kind) = all.next() else { return };
                let count = if kind == b"2" { 3 } else { 1 };
                for part in std::iter::once(kind).chain(all.by_ref().take(count)) {
                    text.push(b';');
                    text.extend_from_slice(part);
                }
            }
            self.set(code, text);
        }
    }

    fn set(&mut self, code: u16, text: Vec<u8>) {
        let (attribute, is_on) = match code {
            0 => return self.attributes.clear(),
            1 => (Bold, true),
            2 => (Faint, true),
            22 => {
                self.remove(Bold);
                (Faint, false)
            }
            3 | 20 | 23 => (Italic, code != 23),
            4 | 21 | 24 => (Underline, code != 24 && text != b"4:0"),
            5 | 6 | 25 => (Blink, code != 25),
            7 | 27 => (Inverse, code == 7),
            8 | 28 => (Hidden, code == 8),
            9 | 29 => (Struck, code == 9),
            30..=39 | 90..=97 => (Foreground, code != 39),
            40..=49 | 100..=107 => (Background, code != 49),
            53 | 55 => (Overline, code == 53),
            58 | 59 => (UnderlineColor, code == 58),
            _ => return,
        };
        self.remove(attribute);
        if is_on {
            self.attributes.push((attribute, text));
        }
    }

    fn remove(&mut self, attribute: Attribute) {
        self.attributes.retain(|(other, _)| *other != attribute);
    }

    /// Takes what follows `OSC 8 ;`: parameters and an address; without an address the link ends.
    pub(crate) fn link(&mut self, link: &[u8]) {
        self.link = if link.ends_with(b";") { Vec::new() } else { link.to_vec() };
    }

    /// Whether it is that of a terminal in the beginning.
    pub(crate) fn is_plain(&self) -> bool {
        self.attributes.is_empty() && self.link.is_empty()
    }

    /// Appends what changes a terminal from `before` to this.
    pub(crate) fn write(&self, before: &Self, out: &mut Vec<u8>) {
        if self.link != before.link {
            let link: &[u8] = if self.link.is_empty() { b";" } else { &self.link };
            out.extend_from_slice(&[b"\x1b]8;", link, b"\x1b\\"].concat());
        }
        if self.attributes != before.attributes {
            out.extend_from_slice(b"\x1b[0");
            for (_, text) in &self.attributes {
                out.push(b';');
                out.extend_from_slice(text);
            }
            out.push(b'm');
        }
    }
}

fn number(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_what_was_set_and_not_taken_back() {
        let table: [(&[&str], &str); 10] = [
            (&["31"], "0;31"),
            (&["1;31", "22"], "0;31"),
            (&["31", "0"], ""),
            (&["31", ""], ""),
            (&["38;5;208;1"], "0;38;5;208;1"),
            (&["38;2;1;2;3", "48:2::1:2:3"], "0;38;2;1;2;3;48:2::1:2:3"),
            (&["4:3", "4:0"], ""),
            (&["32", "91", "39"], ""),
            (&["7;9", "27"], "0;9"),
            (&["999", "38"], ""),
        ];
        for (sequences, expected) in table {
            let mut style = Style::default();
            for parameters in sequences {
                style.apply(parameters.as_bytes());
            }
            let mut out = Vec::new();
            style.write(&Style::default(), &mut out);
            let expected = if expected.is_empty() { String::new() } else { format!("\x1b[{expected}m") };
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{sequences:?}");
        }
    }

    #[test]
    fn a_link_begins_and_ends() {
        let mut style = Style::default();
        style.link(b";https://example.org");
        let mut out = Vec::new();
        style.write(&Style::default(), &mut out);
        Style::default().write(&style, &mut out);
        assert_eq!(out, b"\x1b]8;;https://example.org\x1b\\\x1b]8;;\x1b\\");
    }
}
