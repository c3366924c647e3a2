//! Keys and the mouse, from the bytes that a terminal sends. Pure.
//!
//! crossterm's reader was left: it never returns where the terminal is gone or has sent half of a sequence, and no other part of the
//! program can have the keys meanwhile (docs/design/0022).

use crate::escapes::{EscapeScanner, Sequence};

/// What a key is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyCode {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Escape,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// A key that was pressed. Of a character Shift is in the character itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub code: KeyCode,
    pub is_shift: bool,
    pub is_control: bool,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MouseKind {
    Press,
    Drag,
    Release,
    WheelUp,
    WheelDown,
}

/// The mouse, at this column and row, which begin at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mouse {
    pub kind: MouseKind,
    pub column: u16,
    pub row: u16,
}

/// What a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A key.
    Key(Key),
    /// A character of a text that is pasted: no key.
    Pasted(char),
    /// The mouse.
    Mouse(Mouse),
}

impl Key {
    pub(super) const fn new(code: KeyCode) -> Self {
        Self { code, is_shift: false, is_control: false }
    }

    pub(super) const fn control(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), is_shift: false, is_control: true }
    }

    pub(super) const fn shift(code: KeyCode) -> Self {
        Self { code, is_shift: true, is_control: false }
    }

    /// The character that it types, if it types one.
    pub(super) fn character(self) -> Option<char> {
        let KeyCode::Char(character) = self.code else { return None };
        (!self.is_control).then_some(character)
    }
}

/// Reads what a terminal sends, in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct InputReader {
    scanner: EscapeScanner,
    /// Bytes of a character that is not complete.
    partial: Vec<u8>,
    /// Whether ESC came, and nothing after it.
    is_after_escape: bool,
    /// Whether the next character names a key, as `ESC O` came before.
    names_key: bool,
    is_pasting: bool,
}

impl InputReader {
    /// What these bytes are.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Input> {
        bytes.iter().filter_map(|byte| self.take_byte(*byte)).collect()
    }

    /// Whether an ESC may be the key, or the first byte of a sequence of which the rest is on its way.
    pub(super) fn is_undecided(&self) -> bool {
        self.is_after_escape
    }

    /// Nothing more has come: an ESC is the key.
    pub(super) fn decide(&mut self) -> Option<Input> {
        let is_key = std::mem::take(&mut self.is_after_escape);
        self.scanner.cancel();
        is_key.then_some(Input::Key(Key::new(KeyCode::Escape)))
    }

    fn take_byte(&mut self, byte: u8) -> Option<Input> {
        if self.scanner.is_inside() || byte == b'\x1b' {
            // Two of them: the first is the key.
            if byte == b'\x1b' && self.is_after_escape {
                let key = self.decide();
                self.take_byte(byte);
                return key;
            }
            self.is_after_escape = byte == b'\x1b';
            return self.take_sequence_byte(byte);
        }
        let character = self.whole_character(byte)?;
        if std::mem::take(&mut self.names_key) {
            return cursor_key(byte).map(|code| Input::Key(Key::new(code)));
        }
        if self.is_pasting {
            return Some(Input::Pasted(character));
        }
        Some(Input::Key(match character {
            '\r' | '\n' => Key::new(KeyCode::Enter),
            '\t' => Key::new(KeyCode::Tab),
            '\x7f' | '\x08' => Key::new(KeyCode::Backspace),
            '\x01'..='\x1a' => Key::control(char::from(byte | 0x60)),
            other if other.is_control() => return None,
            other => Key::new(KeyCode::Char(other)),
        }))
    }

    fn whole_character(&mut self, byte: u8) -> Option<char> {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let character = text.chars().next();
                self.partial.clear();
                character
            }
            Err(error) => {
                if error.error_len().is_some() {
                    self.partial.clear();
                }
                None
            }
        }
    }

    fn take_sequence_byte(&mut self, byte: u8) -> Option<Input> {
        let bytes = [byte];
        match self.scanner.step(&bytes).sequence? {
            Sequence::Escape(b"O") => {
                self.names_key = true;
                None
            }
            Sequence::Control(b"200~") => {
                self.is_pasting = true;
                None
            }
            Sequence::Control(b"201~") => {
                self.is_pasting = false;
                None
            }
            Sequence::Control([b'<', mouse @ .., end @ (b'M' | b'm')]) => {
                read_mouse(mouse, *end == b'm').map(Input::Mouse)
            }
            Sequence::Control([parameters @ .., last]) => read_key(parameters, *last).map(Input::Key),
            Sequence::Control([]) | Sequence::Escape(_) | Sequence::Text(..) => None,
        }
    }
}

/// The key of `CSI …` (xterm's ctlseqs, "PC-Style Function Keys").
fn read_key(parameters: &[u8], last: u8) -> Option<Key> {
    let mut numbers = parameters.split(|byte| *byte == b';').map(number);
    let (first, modifiers) = (numbers.next().flatten(), numbers.next().flatten().unwrap_or(1));
    let code = match (last, first) {
        (b'~', Some(1 | 7)) => KeyCode::Home,
        (b'~', Some(4 | 8)) => KeyCode::End,
        (b'~', Some(5)) => KeyCode::PageUp,
        (b'~', Some(6)) => KeyCode::PageDown,
        // A key as its character, as some terminals send Escape and Ctrl with a letter.
        (b'u', Some(27)) => KeyCode::Escape,
        (b'u', Some(character)) => KeyCode::Char(char::from_u32(u32::from(character))?),
        (last, _) => cursor_key(last)?,
    };
    let bits = modifiers.saturating_sub(1);
    Some(Key { code, is_shift: bits & 1 != 0 && last != b'u', is_control: bits & 4 != 0 })
}

fn cursor_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        _ => return None,
    })
}

/// `B;X;Y` of mode 1006.
fn read_mouse(parameters: &[u8], is_release: bool) -> Option<Mouse> {
    let mut numbers = parameters.split(|byte| *byte == b';').map(number);
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Shift, Alt and Ctrl (4, 8, 16) change nothing.
    let kind = match button & !(4 | 8 | 16) {
        0 if is_release => MouseKind::Release,
        0 => MouseKind::Press,
        32 => MouseKind::Drag,
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse { kind, column: column.saturating_sub(1), row: row.saturating_sub(1) })
}

fn number(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Input> {
        let mut reader = InputReader::default();
        let mut all = reader.take(bytes);
        all.extend(reader.decide());
        all
    }

    fn key(code: KeyCode) -> Input {
        Input::Key(Key::new(code))
    }

    #[test]
    fn keys_are_read_in_every_form_that_terminals_send() {
        let letter = |letter| key(KeyCode::Char(letter));
        let table: [(&[u8], Vec<Input>); 14] = [
            (b"q?", vec![letter('q'), letter('?')]),
            ("é日".as_bytes(), vec![letter('é'), letter('日')]),
            (
                b"\r\t\x7f\x08",
                vec![
                    key(KeyCode::Enter),
                    key(KeyCode::Tab),
                    key(KeyCode::Backspace),
                    key(KeyCode::Backspace),
                ],
            ),
            (b"\x03\x1a", vec![Input::Key(Key::control('c')), Input::Key(Key::control('z'))]),
            (b"\x1b[A\x1bOB\x1b[5~", vec![key(KeyCode::Up), key(KeyCode::Down), key(KeyCode::PageUp)]),
            (b"\x1b[H\x1b[4~\x1bOF", vec![key(KeyCode::Home), key(KeyCode::End), key(KeyCode::End)]),
            (b"\x1b[1;2A", vec![Input::Key(Key::shift(KeyCode::Up))]),
            (b"\x1b[99;5u", vec![Input::Key(Key::control('c'))]),
            (b"\x1b", vec![key(KeyCode::Escape)]),
            (b"\x1b\x1b[B", vec![key(KeyCode::Escape), key(KeyCode::Down)]),
            (
                b"\x1b[200~r\ny\x1b[201~x",
                vec![Input::Pasted('r'), Input::Pasted('\n'), Input::Pasted('y'), letter('x')],
            ),
            (b"\x1b]11;rgb:0/0/0\x07\x1b[?62c\x1b[3~x", vec![letter('x')]),
            (b"\xff\xfex", vec![letter('x')]),
            (b"\x1b[", vec![]),
        ];
        for (bytes, expected) in table {
            assert_eq!(read(bytes), expected, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn the_mouse_is_read() {
        let mouse = |kind, column, row| Input::Mouse(Mouse { kind, column, row });
        assert_eq!(
            read(b"\x1b[<0;1;2M\x1b[<32;300;4M\x1b[<0;3;4m\x1b[<64;9;9M\x1b[<69;9;9M\x1b[<2;9;9M\x1b[<0;1M"),
            [
                mouse(MouseKind::Press, 0, 1),
                mouse(MouseKind::Drag, 299, 3),
                mouse(MouseKind::Release, 2, 3),
                mouse(MouseKind::WheelUp, 8, 8),
                mouse(MouseKind::WheelDown, 8, 8),
            ]
        );
    }

    proptest! {
        #[test]
        fn how_the_keys_are_cut_into_reads_does_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..40), cut in 0_usize..40) {
            let cut = cut.min(bytes.len());
            let mut reader = InputReader::default();
            let mut pieces = reader.take(&bytes[..cut]);
            pieces.extend(reader.take(&bytes[cut..]));
            pieces.extend(reader.decide());
            prop_assert_eq!(pieces, read(&bytes));
        }
    }
}
