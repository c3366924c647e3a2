//! What ganger itself says in the stream of its instances.

mod json;
mod text;
mod words;

use std::time::Duration;

use serde::Serialize;

use crate::exit::Exit;
use crate::name::InstanceName;
use crate::signal::Signal;
pub(crate) use words::Elapsed;

/// One line of ganger's own. `Display` is the text that follows the prefix `ganger | `; `Serialize` is
/// the object that `--json` prints, without its `time`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Notice {
    /// An instance runs.
    Started {
        /// Which.
        process: InstanceName,
        /// Its process id, which is its group's and its session's too.
        pid: i32,
        /// What it was given as PORT.
        port: Option<u16>,
    },
    /// An instance's own process ended, and all of its output has been printed.
    Exited {
        /// Which.
        process: InstanceName,
        /// How.
        #[serde(flatten, serialize_with = "json::exit_fields")]
        exit: Exit,
        /// How long it lived.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        lived: Duration,
        /// After which time it is started again, if it is.
        #[serde(
            rename = "again_in_seconds",
            serialize_with = "json::some_seconds",
            skip_serializing_if = "Option::is_none"
        )]
        again: Option<Duration>,
        /// Whether it is started again when a file changes.
        #[serde(skip_serializing_if = "json::is_no")]
        awaits_change: bool,
        /// Whether it failed, and was not asked to end.
        #[serde(skip)]
        is_failure: bool,
    },
    /// An instance is ready.
    Ready {
        /// Which.
        process: InstanceName,
        /// Where it serves, if it serves its PORT.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// Where it listens, if that is another port.
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// How long it took.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        took: Duration,
    },
    /// An instance is not ready in time: it is being stopped.
    NotReady {
        /// Which.
        process: InstanceName,
        /// What is missing.
        reason: String,
        /// How long it had.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        within: Duration,
    },
    /// Others wait for an instance.
    Awaited {
        /// For which.
        process: InstanceName,
        /// What is missing.
        reason: String,
        /// The instances that wait.
        waiting: Vec<InstanceName>,
    },
    /// Watched files changed: these are being restarted.
    Changed {
        /// One of the files, relative to the root; `None` where there were too many to know.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// How many more.
        others: usize,
        /// The instances that are restarted.
        processes: Vec<InstanceName>,
    },
    /// An instance failed too often to be started again.
    GivenUp {
        /// Which.
        process: InstanceName,
        /// How often in a row.
        failures: u32,
        /// The last that it said.
        lines: Vec<String>,
    },
    /// A command could not be started.
    CannotStart {
        /// Which.
        process: InstanceName,
        /// The command's first word, or what else was tried.
        program: String,
        /// Why, and where it stands: `not found (Procfile:3)`.
        reason: String,
        /// The exit status that stands for it: 127, 126 or 125.
        status: u8,
    },
    /// An instance's own process is gone, but some that it started are not: they are being stopped.
    Leftovers {
        /// Which.
        process: InstanceName,
        /// How many, at the time of looking. 0 where no look could be sure that none is left until the grace was over.
        count: usize,
    },
    /// The stack is being stopped.
    Stopping {
        /// Why.
        reason: String,
        /// How long the instances have before SIGKILL.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        grace: Duration,
    },
    /// The grace is over, or a second signal came: SIGKILL.
    Killing {
        /// The instances; none means all that are left.
        #[serde(skip_serializing_if = "Option::is_none")]
        process: Option<InstanceName>,
        /// Why.
        reason: String,
    },
    /// Something that could not be ended.
    Survivor {
        /// Its process id.
        pid: i32,
        /// Its name, as the kernel has it.
        name: String,
        /// Why it could not be ended.
        reason: String,
    },
    /// At the end: the instance that failed, how, after how long, and its last lines.
    Failed {
        /// The instance.
        process: InstanceName,
        /// How.
        #[serde(flatten, serialize_with = "json::exit_fields")]
        exit: Exit,
        /// After how long.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        lived: Duration,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// The last line: the instance that ended first, how, and after how long.
    Ended {
        /// The instance.
        process: InstanceName,
        /// How.
        #[serde(flatten, serialize_with = "json::exit_fields")]
        exit: Exit,
        /// After how long.
        #[serde(rename = "seconds", serialize_with = "json::seconds")]
        lived: Duration,
    },
    /// A line of what a hook prints.
    Hook {
        /// The instance that it is about.
        process: InstanceName,
        /// `on-crash` or `on-ready`.
        hook: &'static str,
        /// The line.
        text: String,
    },
    /// Something worth knowing that is not an error.
    Info {
        /// The sentence.
        text: String,
    },
    /// Something that the user should mend.
    Warning {
        /// The sentence.
        text: String,
    },
    /// Lines that a reader of the history was too slow for.
    Lost {
        /// How many.
        lines: u64,
    },
    /// An instance has begun a line, wants single keys, and says nothing more.
    Waiting {
        /// Which.
        process: InstanceName,
        /// Whether the user can type to it from here.
        #[serde(skip)]
        here: bool,
    },
    /// The answer to a typed line.
    Answer {
        /// The sentence, or several lines.
        text: String,
    },
    /// A signal that was passed on.
    Forwarded {
        /// Which.
        #[serde(serialize_with = "json::signal_name")]
        signal: Signal,
    },
}

impl Notice {
    /// Whether `--quiet` leaves it out: all that tells of the expected.
    pub fn is_chatter(&self) -> bool {
        self.nature().0
    }

    /// Whether it tells of an instance that failed: it is printed in red. What was asked to end has not failed.
    pub fn is_failure(&self) -> bool {
        self.nature().1
    }

    /// Whether it tells of the expected, and whether of a failure.
    fn nature(&self) -> (bool, bool) {
        match self {
            Self::Started { .. }
            | Self::Ready { .. }
            | Self::Awaited { .. }
            | Self::Changed { .. }
            | Self::Info { .. }
            | Self::Forwarded { .. }
            | Self::Stopping { .. }
            | Self::Waiting { .. } => (true, false),
            Self::Exited { exit, is_failure, .. } => (exit.is_success(), *is_failure),
            Self::Ended { exit, .. } => (exit.is_success(), !exit.is_success()),
            Self::CannotStart { .. } | Self::NotReady { .. } | Self::GivenUp { .. } | Self::Failed { .. } => {
                (false, true)
            }
            Self::Leftovers { .. }
            | Self::Killing { .. }
            | Self::Survivor { .. }
            | Self::Lost { .. }
            | Self::Answer { .. }
            | Self::Hook { .. }
            | Self::Warning { .. } => (false, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TypeName;

    fn web() -> InstanceName {
        InstanceName { kind: TypeName::new("web").unwrap(), number: 1 }
    }

    #[test]
    fn a_notice_reads_as_a_line_and_as_an_object() {
        let exited = Notice::Exited {
            process: web(),
            exit: Exit::Status(1),
            lived: Duration::from_millis(3210),
            again: None,
            awaits_change: false,
            is_failure: true,
        };
        assert_eq!(exited.to_string(), "web.1 exited with status 1 after 3.2 s");
        assert_eq!(
            serde_json::to_string(&exited).unwrap(),
            r#"{"event":"exited","process":"web.1","status":1,"seconds":3.21}"#
        );
        let killed = Notice::Exited {
            process: web(),
            exit: Exit::Signal(Signal::KILL),
            lived: Duration::from_mins(125),
            again: Some(Duration::from_millis(640)),
            awaits_change: false,
            is_failure: true,
        };
        assert_eq!(killed.to_string(), "web.1 killed by SIGKILL after 2 h 5 min, starts again in 0.6 s");
        assert_eq!(
            serde_json::to_string(&killed).unwrap(),
            r#"{"event":"exited","process":"web.1","signal":"SIGKILL","seconds":7500.0,"again_in_seconds":0.64}"#
        );
        let lost = Notice::Lost { lines: 1234 };
        assert_eq!(lost.to_string(), "1234 lines were forgotten before they could be read");
        assert_eq!(serde_json::to_string(&lost).unwrap(), r#"{"event":"lost","lines":1234}"#);
    }
}
