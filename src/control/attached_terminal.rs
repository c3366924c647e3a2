//! The state of an attachment on the side of the client, for `ganger attach` and for `a NAME` in the foreground alike. Pure: answers
//! and keys in; bytes for the terminal and messages for the stack out.

use super::protocol::Answer;
use super::terminal::{TerminalInput, TerminalOutput};
use crate::escapes::Modes;

/// Ctrl-], as a terminal sends it: by itself, in the protocol of kitty, and in that of xterm (modifyOtherKeys, which vim turns on).
const DETACH: [&[u8]; 3] = [b"\x1d", b"\x1b[93;5u", b"\x1b[27;5;93~"];

/// The keys of one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PressedKeys {
    /// The message with those for the program, if there are any.
    pub input: Option<TerminalInput>,
    /// Whether Ctrl-] followed. What follows it in the same read is dropped.
    pub is_detach: bool,
}

/// Finds Ctrl-] in what was read at once: a terminal sends a key as a whole.
pub fn pressed(read: &[u8]) -> PressedKeys {
    let found = |key: &&[u8]| read.windows(key.len()).position(|window| window == *key);
    let detach = DETACH.iter().filter_map(found).min();
    let keys = &read[..detach.unwrap_or(read.len())];
    let input = (!keys.is_empty()).then(|| TerminalInput::keys(keys));
    PressedKeys { input, is_detach: detach.is_some() }
}

/// What an answer of the session asks of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachStep {
    /// Write these bytes to the terminal.
    Show(Vec<u8>),
    /// The session is over.
    Over,
    /// The session has ended with this error.
    Refused(String),
}

/// A terminal that shows an instance.
#[derive(Debug, Default)]
pub struct AttachedTerminal {
    modes: Modes,
    /// The restore sequence that was given out last.
    restore: Vec<u8>,
    name: String,
}

impl AttachedTerminal {
    /// The name of the instance, once the session has sent it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Handles one answer of the session.
    pub fn on_answer(&mut self, answer: Answer) -> AttachStep {
        match answer {
            Answer::Screen(output) => AttachStep::Show(self.show(&output)),
            Answer::Attached(attached) => {
                self.name = attached.name;
                // A program on the whole screen would be overwritten.
                let message = attached.message.filter(|_| !self.modes.is_full_screen());
                let line = message.map(|message| format!("\x1b[0m\r\n[{message}]\r\n").into_bytes());
                AttachStep::Show(line.unwrap_or_default())
            }
            Answer::Line(_) | Answer::Lost(_) | Answer::Held(_) => AttachStep::Show(Vec::new()),
            Answer::Done(_) => AttachStep::Over,
            Answer::Failed(refusal) => AttachStep::Refused(refusal.message),
        }
    }

    fn show(&mut self, output: &TerminalOutput) -> Vec<u8> {
        let bytes = &output.payload.0;
        let mut text = if output.anew { self.undo() } else { Vec::new() };
        self.modes.take(bytes);
        text.extend_from_slice(bytes);
        text
    }

    /// The bytes that restore the terminal.
    pub fn undo(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.modes).undo()
    }

    /// The same bytes for the process that restores the terminal if this one cannot, if they have changed since the last call.
    pub fn new_restore_sequence(&mut self) -> Option<&[u8]> {
        let sequence = self.modes.undo();
        if sequence == self.restore {
            return None;
        }
        self.restore = sequence;
        Some(&self.restore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::terminal::AttachedState;

    #[test]
    fn control_bracket_detaches_in_every_form_and_keys_before_it_are_passed_on() {
        for (read, passed, is_detach) in [
            (&b"abc"[..], &b"abc"[..], false),
            (b"\x1d", b"", true),
            (b"ab\x1dcd", b"ab", true),
            (b"x\x1b[93;5u", b"x", true),
            (b"\x1b[27;5;93~", b"", true),
            (b"]\x1b[A", b"]\x1b[A", false),
        ] {
            let input = (!passed.is_empty()).then(|| TerminalInput::keys(passed));
            assert_eq!(pressed(read), PressedKeys { input, is_detach });
        }
    }

    #[test]
    fn the_screen_is_restored_before_it_is_shown_again_and_at_the_end() {
        let mut terminal = AttachedTerminal::default();
        assert!(terminal.new_restore_sequence().is_some());
        terminal.show(&TerminalOutput::new(b"\x1b[?1049h\x1b[?25l", true));
        assert!(terminal.new_restore_sequence().is_some_and(|sequence| sequence.ends_with(b"\x1b[0m")));
        assert_eq!(terminal.new_restore_sequence(), None, "it has not changed");
        let attached = Answer::Attached(AttachedState {
            name: "web.1".into(),
            has_input: true,
            is_running: true,
            message: Some("x".into()),
        });
        assert_eq!(terminal.on_answer(attached.clone()), AttachStep::Show(Vec::new()), "a full screen");
        assert_eq!(terminal.name(), "web.1");
        let again = terminal.show(&TerminalOutput::new(b"text", true));
        assert!(again.starts_with(b"\x1b[?25h\x1b[?1049l"), "{}", again.escape_ascii());
        assert!(again.ends_with(b"text"));
        assert_eq!(terminal.on_answer(attached), AttachStep::Show(b"\x1b[0m\r\n[x]\r\n".to_vec()));
        assert_eq!(terminal.undo(), b"\x0f\x1b[0m");
    }
}
