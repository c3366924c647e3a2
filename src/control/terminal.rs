//! The protocol of a client that is attached to the terminal of an instance. docs/protocol.md is the same in words.

use serde::{Deserialize, Serialize};

use super::payload::Payload;

/// The largest terminal that is believed. avt and alacritty's emulators grow without end beyond.
pub(crate) const LARGEST: u16 = 10_000;

/// Which terminal is wanted, and how large the client's is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttachWanted {
    /// An instance, or a type that has one.
    pub name: String,
    /// Rows of the client's terminal.
    pub rows: u16,
    /// Columns of it.
    pub columns: u16,
    /// Whether nothing will be typed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub view: bool,
    /// Whether the input is taken from the client that has it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub take: bool,
}

/// A line that a client sends while it is attached: keys, or another size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TerminalInput {
    /// Keys, as the terminal sends them.
    #[serde(flatten, skip_serializing_if = "Payload::is_empty")]
    pub payload: Payload,
    /// Rows and columns of the client's terminal from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u16, u16)>,
}

/// A piece of what the instance's terminal shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalOutput {
    /// The bytes.
    #[serde(flatten)]
    pub payload: Payload,
    /// Whether it begins with a cleared screen in a terminal's first modes: the client takes back before what
    /// the bytes until now have set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
}

/// How the client stands with the instance. Sent at first, and when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedState {
    /// `web.1`.
    pub name: String,
    /// Whether what this client types reaches it.
    pub has_input: bool,
    /// Whether it has a terminal at the moment; if not, its next life is waited for.
    pub is_running: bool,
    /// What has happened, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl TerminalInput {
    /// These keys.
    pub fn keys(bytes: &[u8]) -> Self {
        Self { payload: Payload(bytes.to_vec()), size: None }
    }
}

impl TerminalOutput {
    /// These bytes.
    pub fn new(bytes: &[u8], anew: bool) -> Self {
        Self { payload: Payload(bytes.to_vec()), anew }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::incoming::read_typed;

    #[test]
    fn keys_and_bytes_of_a_screen_arrive_as_they_were() {
        for bytes in [&b"\x1b[A"[..], b"\xff\x00", b"", "ä".as_bytes(), &"ä".as_bytes()[..1]] {
            let sent = serde_json::to_string(&TerminalInput::keys(bytes)).unwrap();
            assert_eq!(read_typed(sent.as_bytes()).unwrap().payload.0, bytes);
            let sent = serde_json::to_string(&TerminalOutput::new(bytes, true)).unwrap();
            assert_eq!(serde_json::from_str::<TerminalOutput>(&sent).unwrap().payload.0, bytes);
        }
    }
}
