//! The state of an attachment on the side of the client, for `ganger attach` and for `a NAME` in the foreground alike. Pure: answers
//! and keys in; bytes for the terminal and messages for the stack out.

use super::protocol::Answer;
use super::terminal::{TerminalInput, TerminalOutput};
use crate::config::DetachKeys;
use crate::escapes::Modes;

/// The keys of one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PressedKeys {
    /// The message with those for the program, if there are any.
    pub input: Option<TerminalInput>,
    /// Whether the detach keys followed. What follows them in the same read is dropped.
    pub is_detach: bool,
}

/// What the beginning of the keys is to the detach keys.
enum KeyMatch {
    /// Those, all of them.
    Whole,
    /// Some of them, and no more keys.
    Begun,
    Other,
}

fn key_match(keys: &DetachKeys, mut read: &[u8]) -> KeyMatch {
    for (at, key) in keys.keys().iter().enumerate() {
        if at > 0 && read.is_empty() {
            return KeyMatch::Begun;
        }
        // A terminal sends a key as a whole.
        let Some(form) = key.forms().into_iter().find(|form| read.starts_with(form)) else {
            return KeyMatch::Other;
        };
        read = &read[form.len()..];
    }
    KeyMatch::Whole
}

/// What an answer of the session asks of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttachStep {
    /// Write these bytes to the terminal.
    Show(Vec<u8>),
    /// The session is over.
    Over,
    /// The session has ended with this error.
    Refused(String),
}

/// Ctrl-C, as a terminal out of line mode gives it.
const INTERRUPT: u8 = 0x03;

/// The end of the sequences with which a screen is shown anew.
const CLEARED: &[u8] = b"\x1b[H\x1b[2J";

/// A terminal that shows an instance.
#[derive(Debug, Default)]
pub(crate) struct AttachedTerminal {
    modes: Modes,
    /// The restore sequence that was given out last.
    restore: Vec<u8>,
    name: String,
    keys: DetachKeys,
    /// Keys that may be the first of the detach keys.
    held: Vec<u8>,
    /// Whether the line about the detach keys was shown.
    is_introduced: bool,
    /// Whether no program gets keys, as the instance does not run: Ctrl-C detaches then too.
    is_idle: bool,
}

impl AttachedTerminal {
    /// Nothing is shown yet, and these keys detach.
    pub(crate) fn new(keys: DetachKeys) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Takes what was read at once: keys for the program, up to the detach keys. The first of several detach keys is held back
    /// until another key follows.
    pub(crate) fn press(&mut self, read: &[u8]) -> PressedKeys {
        let read = [&std::mem::take(&mut self.held)[..], read].concat();
        let (mut end, mut is_detach) = (read.len(), false);
        for at in 0..read.len() {
            match key_match(&self.keys, &read[at..]) {
                KeyMatch::Other if self.is_idle && read[at] == INTERRUPT => is_detach = true,
                KeyMatch::Other => continue,
                KeyMatch::Whole => is_detach = true,
                KeyMatch::Begun => self.held = read[at..].to_vec(),
            }
            end = at;
            break;
        }
        PressedKeys { input: (end > 0).then(|| TerminalInput::keys(&read[..end])), is_detach }
    }

    /// The name of the instance, once the session has sent it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Handles one answer of the session.
    pub(crate) fn on_answer(&mut self, answer: Answer) -> AttachStep {
        match answer {
            Answer::Screen(output) => AttachStep::Show(self.show(&output)),
            Answer::Attached(attached) => {
                self.name = attached.name;
                self.is_idle = !attached.is_running;
                let keys = if self.is_idle { "Ctrl-C or " } else { "" };
                // A program on the whole screen would be overwritten.
                let message = attached.message.filter(|_| !self.modes.is_full_screen());
                let line = message.map(|message| {
                    format!("\x1b[0m\r\n[{message}; {keys}{} detaches]\r\n", self.keys).into_bytes()
                });
                AttachStep::Show(line.unwrap_or_default())
            }
            Answer::Line(_) | Answer::Event(_) | Answer::Lost(_) | Answer::Held(_) => {
                AttachStep::Show(Vec::new())
            }
            Answer::Done(_) => AttachStep::Over,
            Answer::Failed(refusal) => AttachStep::Refused(refusal.message),
        }
    }

    fn show(&mut self, output: &TerminalOutput) -> Vec<u8> {
        let bytes = &output.payload.0;
        let mut text = if output.anew { self.undo() } else { Vec::new() };
        self.modes.take(bytes);
        if !output.anew || self.is_introduced {
            text.extend_from_slice(bytes);
            return text;
        }
        self.is_introduced = true;
        // A program on the whole screen would overwrite it: above that it stays on the screen of before.
        let begin = memchr::memmem::find(bytes, CLEARED).filter(|_| !self.modes.is_full_screen());
        let (before, screen) = bytes.split_at(begin.map_or(0, |at| at + CLEARED.len()));
        let line = format!("\x1b[2m[attached to {}; {} detaches]\x1b[0m\r\n", self.name, self.keys);
        text.extend([before, line.as_bytes(), screen].concat());
        text
    }

    /// The bytes that restore the terminal.
    pub(crate) fn undo(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.modes).undo()
    }

    /// The same bytes for the process that restores the terminal if this one cannot, if they have changed since the last call.
    pub(crate) fn new_restore_sequence(&mut self) -> Option<&[u8]> {
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

    /// The keys that are passed on at each of these reads, and whether the last detaches.
    fn pressed(keys: &str, reads: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
        let mut terminal = AttachedTerminal::new(DetachKeys::parse(keys).unwrap());
        let mut is_detach = false;
        let passed = reads.iter().map(|read| {
            let pressed = terminal.press(read);
            is_detach = pressed.is_detach;
            pressed.input.map(|input| input.payload.0).unwrap_or_default()
        });
        (passed.collect(), is_detach)
    }

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
            assert_eq!(pressed("ctrl-]", &[read]), (vec![passed.to_vec()], is_detach));
        }
    }

    #[test]
    fn the_first_of_several_detach_keys_is_held_back_until_the_next() {
        type Read<'a> = &'a [u8];
        let table: [(&[Read<'_>], &[Read<'_>], bool); 5] = [
            (&[b"a\x10\x11b"], &[b"a"], true),
            (&[b"a\x10", b"\x11"], &[b"a", b""], true),
            (&[b"\x10", b"x"], &[b"", b"\x10x"], false),
            (&[b"\x10", b"\x10\x11"], &[b"", b"\x10"], true),
            (&[b"\x1d\x11"], &[b"\x1d\x11"], false),
        ];
        for (reads, passed, is_detach) in table {
            let passed: Vec<Vec<u8>> = passed.iter().map(|keys| keys.to_vec()).collect();
            assert_eq!(pressed("ctrl-p,ctrl-q", reads), (passed, is_detach), "{reads:?}");
        }
    }

    #[test]
    fn control_c_is_for_the_program_and_detaches_where_none_runs() {
        let mut terminal = AttachedTerminal::new(DetachKeys::default());
        let attached = |is_running| {
            let message = Some("x".to_owned());
            Answer::Attached(AttachedState { name: "web.1".into(), has_input: true, is_running, message })
        };
        terminal.on_answer(attached(true));
        let pressed = PressedKeys { input: Some(TerminalInput::keys(b"a\x03b")), is_detach: false };
        assert_eq!(terminal.press(b"a\x03b"), pressed);
        let told = terminal.on_answer(attached(false));
        assert_eq!(told, AttachStep::Show(b"\x1b[0m\r\n[x; Ctrl-C or Ctrl-] detaches]\r\n".to_vec()));
        assert!(terminal.press(b"\x03").is_detach);
    }

    #[test]
    fn a_line_above_the_screen_tells_how_to_detach_once() {
        let mut terminal = AttachedTerminal::new(DetachKeys::default());
        let picture = TerminalOutput::new(b"\n\n\x1b[0m\x1b[H\x1b[2J(Pdb) ", true);
        let shown = String::from_utf8(terminal.show(&picture)).unwrap();
        assert!(
            shown.ends_with("\x1b[2J\x1b[2m[attached to ; Ctrl-] detaches]\x1b[0m\r\n(Pdb) "),
            "{shown:?}"
        );
        assert!(!String::from_utf8(terminal.show(&picture)).unwrap().contains("detaches"));
        let full_screen = TerminalOutput::new(b"\x1b[0m\x1b[H\x1b[2J\x1b[?1049hvim", true);
        let shown = AttachedTerminal::new(DetachKeys::default()).show(&full_screen);
        let (before, _) = std::str::from_utf8(&shown).unwrap().split_once("\x1b[?1049h").unwrap();
        assert!(before.contains("[attached to ; Ctrl-] detaches]"), "{before:?}");
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
        assert_eq!(
            terminal.on_answer(attached),
            AttachStep::Show(b"\x1b[0m\r\n[x; Ctrl-] detaches]\r\n".to_vec())
        );
        assert_eq!(terminal.undo(), b"\x0f\x1b[0m");
    }
}
