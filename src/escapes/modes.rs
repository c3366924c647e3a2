//! Which modes of a terminal a program has changed, and how to take that back.

use std::collections::BTreeMap;

use super::scanner::{EscapeScanner, Sequence};

/// Private modes that a terminal has on from the beginning: autorepeat, wrapping, cursor. (DECARM, DECAWM, DECTCEM.)
const ON: [u16; 3] = [7, 8, 25];
/// The other screen, without a scrollback, of programs that use all of it.
const OTHER_SCREEN: [u16; 3] = [47, 1047, 1049];
/// Updates that are shown together: a later client must not wait for the end of one.
const TOGETHER: u16 = 2026;
/// As many changed modes are kept; no honest program has more.
const MOST: usize = 64;

/// What a program has changed of a terminal's modes, by what it has written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modes {
    scanner: EscapeScanner,
    changed: ChangedMode,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ChangedMode {
    /// `CSI ? n h` and `l`, where they differ from a terminal's beginning.
    private: BTreeMap<u16, bool>,
    /// `CSI n h`: insert mode and the like.
    ansi: BTreeMap<u16, bool>,
    /// `ESC =`: the keypad sends sequences.
    keypad: bool,
    /// `CSI t ; b r`: only these rows scroll.
    region: Option<Vec<u8>>,
    /// `CSI n SP q`.
    shape: Option<Vec<u8>>,
    /// `CSI > n u`: kitty's keyboard flags, a stack.
    keyboard: Vec<Vec<u8>>,
    /// `CSI > n ; v m`: xterm's keyboard resources (4: modifyOtherKeys).
    resources: BTreeMap<u16, Vec<u8>>,
    /// `ESC ( 0`: letters that draw lines.
    charset: bool,
}

impl Modes {
    /// Learns from what was written. Says whether anything changed.
    pub(crate) fn take(&mut self, mut piece: &[u8]) -> bool {
        let mut has_changed = false;
        while !piece.is_empty() {
            if !self.scanner.is_inside() {
                piece = after_colours(piece);
            }
            let step = self.scanner.step(piece);
            has_changed |= step.sequence.is_some_and(|sequence| self.changed.on(sequence));
            piece = &piece[step.taken..];
        }
        has_changed
    }

    /// Whether the program uses the whole screen, the one that has no scrollback.
    pub(crate) fn is_full_screen(&self) -> bool {
        OTHER_SCREEN.iter().any(|mode| self.changed.private.contains_key(mode))
    }

    /// What makes a terminal as it was before the program.
    pub(crate) fn undo(&self) -> Vec<u8> {
        let ChangedMode { private, ansi, keypad, region, shape, keyboard, resources, charset } =
            &self.changed;
        // A sequence that has begun would swallow what follows.
        let mut text = if self.scanner.is_inside() { b"\x18".to_vec() } else { Vec::new() };
        let mut add = |sequence: &str| text.extend_from_slice(sequence.as_bytes());
        if !keyboard.is_empty() {
            add(&format!("\x1b[<{}u", keyboard.len()));
        }
        for resource in resources.keys() {
            add(&format!("\x1b[>{resource}m"));
        }
        for mode in ansi.keys() {
            add(&format!("\x1b[{mode}l"));
        }
        // Leaving the other screen comes last: it restores the cursor.
        let (screens, others): (Vec<&u16>, Vec<&u16>) =
            private.keys().partition(|mode| OTHER_SCREEN.contains(*mode));
        for mode in others.into_iter().chain(screens) {
            add(&format!("\x1b[?{mode}{}", if ON.contains(mode) { 'h' } else { 'l' }));
        }
        for (is_changed, sequence) in [
            // It moves the cursor, which has to stay.
            (region.is_some(), "\x1b7\x1b[r\x1b8"),
            (shape.is_some(), "\x1b[0 q"),
            (*keypad, "\x1b>"),
            (*charset, "\x1b(B"),
            // Colours, and the second set of letters, are always taken back.
            (true, "\x0f\x1b[0m"),
        ] {
            if is_changed {
                add(sequence);
            }
        }
        text
    }

    /// What brings a terminal that is as in the beginning to where the program has it, but for the other screen.
    pub(crate) fn assert(&self) -> Vec<u8> {
        let ChangedMode { private, ansi, keypad, region, shape, keyboard, resources, charset } =
            &self.changed;
        let mut text = Vec::new();
        let mut add = |parts: &[&[u8]]| parts.iter().for_each(|part| text.extend_from_slice(part));
        for (mode, is_on) in
            private.iter().filter(|(mode, _)| !OTHER_SCREEN.contains(mode) && **mode != TOGETHER)
        {
            add(&[format!("\x1b[?{mode}{}", if *is_on { 'h' } else { 'l' }).as_bytes()]);
        }
        for mode in ansi.keys() {
            add(&[format!("\x1b[{mode}h").as_bytes()]);
        }
        if let Some(region) = region {
            add(&[b"\x1b7\x1b[", region, b"r\x1b8"]);
        }
        if let Some(shape) = shape {
            add(&[b"\x1b[", shape, b" q"]);
        }
        for flags in keyboard {
            add(&[b"\x1b[>", flags, b"u"]);
        }
        for (resource, value) in resources {
            add(&[format!("\x1b[>{resource};").as_bytes(), value, b"m"]);
        }
        if *keypad {
            add(&[b"\x1b="]);
        }
        if *charset {
            add(&[b"\x1b(0"]);
        }
        text
    }
}

impl ChangedMode {
    fn on(&mut self, sequence: Sequence<'_>) -> bool {
        let before = self.clone();
        match sequence {
            Sequence::Escape(b"c") => *self = Self::default(),
            Sequence::Escape(b"=") => self.keypad = true,
            Sequence::Escape(b">") => self.keypad = false,
            Sequence::Escape([b'(', set]) => self.charset = *set == b'0',
            // The colours of a line are most of all sequences.
            Sequence::Control([b'0'..=b'9' | b';', .., b'm'] | b"m")
            | Sequence::Escape(_)
            | Sequence::Text(..) => return false,
            Sequence::Control(text) => self.on_control(text),
        }
        before != *self
    }

    fn on_control(&mut self, text: &[u8]) {
        let Some((last, parameters)) = text.split_last() else { return };
        match (parameters, last) {
            ([b'?', modes @ ..], b'h' | b'l') => {
                for mode in numbers(modes) {
                    set(&mut self.private, mode, *last == b'h', ON.contains(&mode));
                }
            }
            ([b'!'], b'p') => {
                *self = Self { keyboard: std::mem::take(&mut self.keyboard), ..Self::default() }
            }
            ([b'>', flags @ ..], b'u') if self.keyboard.len() < MOST => self.keyboard.push(flags.to_vec()),
            ([b'<', count @ ..], b'u') => {
                let count = numbers(count).next().unwrap_or(1).max(1);
                self.keyboard.truncate(self.keyboard.len().saturating_sub(usize::from(count)));
            }
            ([b'>', rest @ ..], b'm') => self.on_resource(rest),
            ([shape @ .., b' '], b'q') => self.shape = (!matches!(shape, b"" | b"0")).then(|| shape.to_vec()),
            (region, b'r') if region.iter().all(|byte| byte.is_ascii_digit() || *byte == b';') => {
                self.region = (!region.is_empty()).then(|| region.to_vec());
            }
            (modes, b'h' | b'l') if modes.iter().all(|byte| byte.is_ascii_digit() || *byte == b';') => {
                for mode in numbers(modes) {
                    set(&mut self.ansi, mode, *last == b'h', false);
                }
            }
            _ => {}
        }
    }

    fn on_resource(&mut self, text: &[u8]) {
        let (resource, value) = match memchr::memchr(b';', text) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        let Some(resource) = numbers(resource).next() else { return self.resources.clear() };
        if matches!(value, b"" | b"0") {
            self.resources.remove(&resource);
        } else if self.resources.len() < MOST {
            self.resources.insert(resource, value.to_vec());
        }
    }
}

/// What follows the text and the colours that stand at the beginning: in a log they are nearly all there is, and a
/// scanner takes them byte by byte.
fn after_colours(mut piece: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr(0x1b, piece) {
        let Some(text) = piece[at..].strip_prefix(b"\x1b[") else { break };
        let length =
            text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';').unwrap_or(text.len());
        match text[length..].split_first() {
            Some((b'm', rest)) => piece = rest,
            Some(_) | None => break,
        }
    }
    piece
}

fn set(modes: &mut BTreeMap<u16, bool>, mode: u16, is_on: bool, was_on: bool) {
    if is_on == was_on {
        modes.remove(&mode);
    } else if modes.len() < MOST {
        modes.insert(mode, is_on);
    }
}

fn numbers(text: &[u8]) -> impl Iterator<Item = u16> {
    text.split(|byte| *byte == b';').filter_map(|number| std::str::from_utf8(number).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(text: &[u8]) -> Modes {
        let mut modes = Modes::default();
        modes.take(text);
        modes
    }

    #[test]
    fn what_a_program_changed_is_taken_back_and_no_more() {
        let table: [(&[u8], &[u8]); 11] = [
            (b"plain \x1b[31mred", b""),
            (b"\x1b[1;31mred\x1b[0m\x1b[?25l\x1b[31m", b"\x1b[?25h"),
            (b"\x1b[1;31", b"\x18"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?25l\x1b[?25h", b""),
            (b"\x1b[?1049h\x1b[?1000;1006h\x1b=", b"\x1b[?1000l\x1b[?1006l\x1b[?1049l\x1b>"),
            (b"\x1b[?2004h\x1b[>4;2m", b"\x1b[>4m\x1b[?2004l"),
            (b"\x1b[>1u\x1b[>5u\x1b[<u", b"\x1b[<1u"),
            (b"\x1b[2;20r\x1b[2 q", b"\x1b7\x1b[r\x1b8\x1b[0 q"),
            (b"\x1b[?1049h\x1b[4h\x1bc", b""),
            (b"\x1b[4h\x1b(0", b"\x1b[4l\x1b(B"),
        ];
        for (written, undone) in table {
            let expected = [undone, b"\x0f\x1b[0m"].concat();
            assert_eq!(after(written).undo().escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_vim_does_at_its_start_is_a_full_screen_and_at_its_end_nothing_is_left() {
        let start = b"\x1b[?1049h\x1b[22;0;0t\x1b[>4;2m\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[1;24r\x1b[?12h\x1b[?12l\x1b[?25l";
        let end = b"\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>\x1b[r\x1b[?25h\x1b[>4;m\x1b[?1049l";
        let mut modes = after(start);
        assert!(modes.is_full_screen());
        modes.take(end);
        assert_eq!(modes.undo(), b"\x0f\x1b[0m");
    }

    #[test]
    fn a_sequence_that_was_cut_does_not_swallow_the_way_back() {
        assert!(after(b"\x1b]0;tit").undo().starts_with(b"\x18"));
    }

    proptest! {
        #[test]
        fn after_the_way_back_nothing_is_changed(text in "(\u{1b}\\[[?>]?[0-9;]{0,6}[hlrumq]|\u{1b}[=>c7(]0?|[a-z]){0,20}") {
            let mut modes = after(text.as_bytes());
            let undo = modes.undo();
            modes.take(&undo);
            prop_assert_eq!(modes.undo(), b"\x0f\x1b[0m".to_vec(), "{}", undo.escape_ascii());
            let mut again = after(text.as_bytes());
            let undo = again.undo();
            let assert = again.assert();
            again.take(&undo);
            again.take(&assert);
            prop_assert_eq!(again.assert(), assert);
        }
    }
}
