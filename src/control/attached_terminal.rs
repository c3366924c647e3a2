//! What one who is attached sees and presses, in `ganger attach` and in the foreground alike. Pure: bytes in,
//! bytes out.

use super::terminal::{AttachedState, TerminalOutput};
use crate::escapes::Modes;

/// Ctrl-], as a terminal sends it: by itself, in kitty's way, and in xterm's (modifyOtherKeys, which vim turns on).
const DETACH: [&[u8]; 3] = [b"\x1d", b"\x1b[93;5u", b"\x1b[27;5;93~"];

/// What a person pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys<'a> {
    /// What is for the program.
    pub passed: &'a [u8],
    /// Whether Ctrl-] followed.
    pub is_detach: bool,
}

/// Looks for Ctrl-] in what was read at once. A terminal sends a key as a whole.
pub fn keys(read: &[u8]) -> Keys<'_> {
    let found = |key: &&[u8]| read.windows(key.len()).position(|window| window == *key);
    match DETACH.iter().filter_map(found).min() {
        Some(at) => Keys { passed: &read[..at], is_detach: true },
        None => Keys { passed: read, is_detach: false },
    }
}

/// A terminal on which an instance is shown.
#[derive(Debug, Default)]
pub struct AttachedTerminal {
    modes: Modes,
}

impl AttachedTerminal {
    /// The bytes for the terminal.
    pub fn show(&mut self, shown: &TerminalOutput) -> Vec<u8> {
        let bytes = shown.bytes();
        let mut text = if shown.anew { self.undo() } else { Vec::new() };
        self.modes.take(&bytes);
        text.extend_from_slice(&bytes);
        text
    }

    /// The bytes that tell what has happened, on a row of their own. Nothing where a program uses all of the
    /// screen: they would spoil it.
    pub fn tell(&self, attached: &AttachedState) -> Vec<u8> {
        match &attached.message {
            Some(message) if !self.modes.is_full_screen() => {
                format!("\x1b[0m\r\n[{message}]\r\n").into_bytes()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// The bytes that make the terminal as it was before.
    pub fn undo(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.modes).undo()
    }

    /// The same bytes, for one who keeps them in case this process does not come to it.
    pub fn restore_sequence(&self) -> Vec<u8> {
        self.modes.undo()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bracket_detaches_in_every_form_and_what_stood_before_it_is_passed_on() {
        for (read, passed, is_detach) in [
            (&b"abc"[..], &b"abc"[..], false),
            (b"\x1d", b"", true),
            (b"ab\x1dcd", b"ab", true),
            (b"x\x1b[93;5u", b"x", true),
            (b"\x1b[27;5;93~", b"", true),
            (b"]\x1b[A", b"]\x1b[A", false),
        ] {
            assert_eq!(keys(read), Keys { passed, is_detach });
        }
    }

    #[test]
    fn the_screen_is_taken_back_before_it_is_shown_anew_and_at_the_end() {
        let mut terminal = AttachedTerminal::default();
        terminal.show(&TerminalOutput::new(b"\x1b[?1049h\x1b[?25l", true));
        let told = |message: &str| AttachedState {
            name: "web.1".into(),
            has_input: true,
            is_running: true,
            message: Some(message.into()),
        };
        assert_eq!(terminal.tell(&told("x")), b"");
        let again = terminal.show(&TerminalOutput::new(b"text", true));
        assert!(again.starts_with(b"\x1b[?25h\x1b[?1049l"), "{}", again.escape_ascii());
        assert!(again.ends_with(b"text"));
        assert_eq!(terminal.tell(&told("x")), b"\x1b[0m\r\n[x]\r\n");
        assert_eq!(terminal.undo(), b"\x0f\x1b[0m");
    }
}
