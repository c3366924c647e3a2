//! The document of a stack that runs, or has run: docs/schema/status.json.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::config::{Groups, ProbeKind};
use crate::suggestion;

/// A stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// [`SCHEMA`](super::protocol::SCHEMA).
    pub schema: u32,
    /// Where commands run.
    pub root: String,
    /// Its `--name`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The pid that the user sees; `null` if nothing runs.
    pub pid: Option<i32>,
    /// Why it does not answer; nothing for a stack that runs and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StackState>,
    /// How it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Box<RunEnd>>,
    /// Since when it runs.
    pub started_at: Option<String>,
    /// How long it runs, or has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<f64>,
    /// How many of each type there should be.
    #[serde(default)]
    pub formation: IndexMap<String, u32>,
    /// The types of each group.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
    /// One for each instance.
    pub instances: Vec<InstanceStatus>,
    /// Notes for the user, though it is done.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Status {
    /// The instances that `names` (types, instances, groups, globs) name; all of them if there are no names.
    pub fn named(&self, names: &[String]) -> impl Iterator<Item = &InstanceStatus> {
        let pattern = |name: &String| self.groups.pattern(name).unwrap_or_else(|_| name.clone());
        let patterns: Vec<String> = names.iter().map(pattern).collect();
        self.instances.iter().filter(move |row| {
            patterns.is_empty()
                || patterns.iter().any(|pattern| {
                    [&row.name, &row.r#type].iter().any(|name| fast_glob::glob_match(pattern, name.as_str()))
                })
        })
    }

    /// The type or instance that was meant by a name that none has.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        let known = self.instances.iter().flat_map(|row| [row.r#type.as_str(), row.name.as_str()]);
        suggestion::nearest(name, known)
    }
}

/// Why a stack does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackState {
    /// A signal has stopped it (Ctrl-Z): SIGCONT lets it go on.
    Suspended,
    /// It hangs for another reason.
    Unresponsive,
    /// It has ended.
    Ended,
}

impl StackState {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Unresponsive => "unresponsive",
            Self::Ended => "ended",
        }
    }
}

/// Why a stack that runs does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresponsive {
    /// [`StackState::Suspended`].
    Suspended,
    /// [`StackState::Unresponsive`].
    Unresponsive,
}

impl From<Unresponsive> for StackState {
    fn from(state: Unresponsive) -> Self {
        match state {
            Unresponsive::Suspended => Self::Suspended,
            Unresponsive::Unresponsive => Self::Unresponsive,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// When; `null` where both processes of ganger were killed, as neither could record it.
    pub at: Option<String>,
    /// Why.
    pub cause: EndCause,
    /// The same as a sentence: `web.1 exited with status 7 after 2.0 s`.
    pub message: String,
    /// The instance that ended the stack, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The exit status of ganger, as a shell reports it; `null` where it is not known.
    pub exit_status: Option<u8>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// ganger received a signal.
    Signal,
    /// `ganger down`, or `q` in the foreground.
    Down,
    /// An instance ended, and the stack with it.
    InstanceEnded,
    /// An instance could not be started.
    CannotStart,
    /// All instances had ended.
    AllEnded,
    /// Standard output was closed, or could not be written to.
    OutputClosed,
    /// The monitor of ganger was killed.
    MonitorKilled,
    /// The worker of ganger was killed.
    WorkerKilled,
    /// Both were, or the machine went down.
    Killed,
    /// A part of ganger failed.
    Internal,
}

/// The state of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// `web.1`.
    pub name: String,
    /// `web`.
    pub r#type: String,
    /// 1.
    pub number: u32,
    /// `waiting`, `starting`, `running`, `stopping`, `stopped`, `exited`, `restarting`, `given_up`, `failed` or `unknown`.
    pub state: Phase,
    /// Whether it serves, as far as can be seen.
    pub ready: bool,
    /// What it lacks to be ready, while it runs and is not: a clause such as `nothing of it listens on port 5000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// What shows that it is ready.
    #[serde(default)]
    pub ready_by: ProbeKind,
    /// Whether ending with status 0 is what it is for (`release`).
    pub one_shot: bool,
    /// The types that it waits for before its first start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Its first start, which restarts do not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_start: Option<StartTimes>,
    /// Its process, while it lives.
    pub pid: Option<i32>,
    /// What PORT is set to.
    pub port: Option<u16>,
    /// The port on which it listens, where that is not its PORT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_port: Option<u16>,
    /// `http://localhost:5000`, where a process listens on its PORT or the other one.
    pub url: Option<String>,
    /// When its process was made.
    pub started_at: Option<String>,
    /// How long it lives.
    pub uptime_seconds: Option<f64>,
    /// How often it was started again.
    pub restarts: u32,
    /// Processor time of its whole tree.
    pub cpu_seconds: Option<f64>,
    /// Resident memory of its whole tree.
    pub memory_bytes: Option<u64>,
    /// How its latest process ended, if it has: the status that a shell would report.
    pub exit_status: Option<u8>,
    /// The signal that ended it.
    pub signal: Option<String>,
}

impl InstanceStatus {
    /// The port on which it serves: its own where that is known, else its PORT.
    pub fn serving_port(&self) -> Option<u16> {
        self.other_port.or(self.port)
    }

    /// Whether it is ready, or has done what it is for.
    pub fn is_ready_or_done(&self) -> bool {
        self.ready || self.one_shot && self.exit_status == Some(0)
    }
}

/// The times of a start, in seconds since the start of the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the fields of a document have their units in their names")]
pub struct StartTimes {
    /// When it was to start: 0, or when a request added the instance.
    pub due_seconds: f64,
    /// When its process was made, after all that it waits for were ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_seconds: Option<f64>,
    /// When it was ready, or had succeeded if it is a one-shot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_seconds: Option<f64>,
}

/// Where an instance is in its life, in a user's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It has not been started yet.
    Waiting,
    /// Its process is being made.
    Starting,
    /// Its process lives.
    Running,
    /// It is being ended.
    Stopping,
    /// A command has stopped it.
    Stopped,
    /// It ended by itself.
    Exited,
    /// It ended, and starts again after a pause.
    Restarting,
    /// It failed too often to be started again.
    GivenUp,
    /// It could not be started.
    Failed,
    /// It ran when ganger was killed, and its exit was not recorded.
    Unknown,
}

impl Phase {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Exited => "exited",
            Self::Restarting => "restarting",
            Self::GivenUp => "given up",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}
