//! The document of what has become of an instance, for hooks and for clients that follow the stack: docs/schema/event.json.

use serde::{Deserialize, Serialize};

/// What has become of an instance. What is not known, or means nothing there, is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifecycleEvent {
    /// [`SCHEMA`](super::protocol::SCHEMA).
    pub schema: u32,
    /// When.
    pub time: String,
    /// What.
    pub event: EventKind,
    /// The instance: `web.1`.
    pub process: String,
    /// Its type.
    pub r#type: String,
    /// Its own process, which may have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// What it was given as PORT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Where it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How often it was started again before.
    pub restarts: u32,
    /// How long it took to become ready, or lived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Its exit status, as a shell reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u8>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Why it could not be started, or what it lacked when it was not ready in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// After which time it is started again, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_in_seconds: Option<f64>,
    /// Whether it is a failure that neither a request nor the stop of the stack explains.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// Whether it has failed too often to be started again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// Whether it has left the stack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Its last lines as text, for hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// What can become of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Its process was made.
    Started,
    /// It is ready.
    Ready,
    /// Its process has exited.
    Exited,
    /// Its process could not be made.
    CannotStart,
}
