//! The protocol of the control socket: one JSON object a line. docs/protocol.md is the same in words.
//! [`super::request`] has what clients ask, [`super::incoming`] reads it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use super::event::{EventKind, LifecycleEvent};
use super::payload::Payload;
pub(crate) use super::request::{Goal, LogsWanted, Request};
pub(crate) use super::status::{
    EndCause, InstanceStatus, Phase, RunEnd, StackState, StartTimes, Status, Unresponsive,
};
use super::terminal::{AttachedState, TerminalOutput};

/// The version of the protocol. A request of another is refused by name.
pub(crate) const VERSION: u32 = 1;
/// The version of the documents that commands print with `--json`.
pub(crate) const SCHEMA: u32 = 1;
/// The most bytes of a request's line. A thousand names of instances have 70 KB.
pub(crate) const LONGEST: usize = 256 << 10;

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Envelope {
    /// [`VERSION`].
    pub version: u32,
    /// Comes back with every answer to it.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// An answer as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`].
    pub version: u32,
    /// Of the request; 0 where that could not be read.
    pub id: u64,
    /// What is answered.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What is answered. [`Answer::Done`] and [`Answer::Failed`] end the request; they are boxed, as a client that does not read holds up
/// thousands of lines, each of which would have the size of a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done: how things stand now, of those that were named.
    Done(Box<Status>),
    /// A line of a log.
    Line(LogLine),
    /// What has become of an instance.
    Event(Box<LifecycleEvent>),
    /// A piece of a terminal.
    Screen(TerminalOutput),
    /// The state of an attached client.
    Attached(AttachedState),
    /// Lines of a log that were wanted and cannot be had.
    Lost(LostLines),
    /// From now on the stack is held.
    Held(LeaseState),
    /// It is not done.
    Failed(Box<RequestRefusal>),
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        Self::Done(Box::new(status))
    }
}

impl From<RequestRefusal> for Answer {
    fn from(refusal: RequestRefusal) -> Self {
        Self::Failed(Box::new(refusal))
    }
}

/// Lines that were forgotten, or events that were left out, before they could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostLines {
    /// How many, of the instances that were named; what was in them is not known any more.
    pub lines: u64,
}

/// What a hold means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseState {
    /// Whether the stack ends with its last lease; else it goes on without.
    pub ends_with_last: bool,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRefusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people: one sentence.
    pub message: String,
    /// Whether the whole stack is being stopped.
    #[serde(default)]
    pub is_ending: bool,
    /// The latest lines of the instance that is the reason, if one is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LogLine>,
    /// That instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Its exit status, as a shell reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u8>,
}

/// The kinds of a [`RequestRefusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The request cannot be read.
    BadRequest,
    /// It is of another version of ganger.
    BadVersion,
    /// It is too long.
    TooLong,
    /// Too many are connected.
    TooMany,
    /// It comes from another user.
    Forbidden,
    /// No instance has that name.
    UnknownName,
    /// The files of the project are wrong: the message is all that is to be said, as a command would print it.
    Refused,
    /// It was tried and did not succeed.
    Failed,
}

/// A line of a log: the object that `start --json` prints too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was read.
    pub time: String,
    /// The instance that printed it.
    pub process: String,
    /// Its text, without the newline.
    #[serde(flatten)]
    pub payload: Payload,
}

impl LogLine {
    /// A line that `process` said at `time`.
    pub fn new(time: Timestamp, process: String, text: &[u8]) -> Self {
        Self { time: format!("{time:.3}"), process, payload: Payload(text.to_vec()) }
    }
}

impl RequestRefusal {
    /// The refusal of a stack that is being stopped.
    pub fn ending() -> Self {
        Self { is_ending: true, ..Self::new(RefusalKind::Failed, "the stack is being stopped") }
    }

    /// A refusal of this kind.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            is_ending: false,
            lines: Vec::new(),
            process: None,
            exit_status: None,
        }
    }
}

impl Reply {
    /// The line that is sent, with its newline.
    pub fn to_line(&self) -> Vec<u8> {
        // Cannot fail: strings and numbers into a Vec.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
