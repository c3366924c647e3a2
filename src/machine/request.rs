//! What clients ask of a running stack, and what came of it.

use crate::signal::{Reach, Signal};

/// The number of a request, chosen by the caller; the answer carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Instances run; those that run already are left alone.
    Start,
    /// Instances do not run, until another request starts them.
    Stop,
    /// Instances end and run again.
    Restart,
    /// Instances end and run again, one after the other, each when the one before is ready. Only with a
    /// [`Change`](super::Change), whose new instances stand in meanwhile.
    Roll,
    /// Instances get this signal.
    Signal(Signal, Reach),
}

impl Operation {
    /// Whether it ends the generations that run, all of them in its own time.
    pub(super) fn ends_instances(self) -> bool {
        matches!(self, Self::Stop | Self::Restart)
    }
}

/// One operation on some instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRequest {
    /// What the answer will carry.
    pub ticket: Ticket,
    /// The operation.
    pub operation: Operation,
    /// The instances, by their index.
    pub instances: Vec<usize>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestResult {
    /// All instances have reached what was asked for.
    Done,
    /// This instance could not be started.
    CannotStart {
        /// Its index.
        instance: usize,
        /// Program and reason.
        reason: String,
    },
    /// Another request asked for the opposite of this instance before this one was done.
    Overruled {
        /// Its index.
        instance: usize,
    },
    /// A rolling restart was broken off, as the new generation of this instance did not become ready.
    RollFailed {
        /// Its index.
        instance: usize,
        /// What became of it, as a clause: "exited with status 1".
        how: String,
    },
    /// A rolling restart has not restarted all, as another request stopped this instance, or restarted it in its own way.
    RollOverruled {
        /// Its index.
        instance: usize,
    },
    /// This instance does not run, so it cannot be signalled.
    NotRunning {
        /// Its index.
        instance: usize,
    },
    /// The whole stack is being stopped.
    Ending,
    /// The stack is stopped, but processes are left that cannot be ended.
    Survivors,
}

impl RequestResult {
    /// Why the request was not done, as a sentence without its end; `None` if it was.
    pub fn into_refusal(self, name: impl Fn(usize) -> String) -> Option<String> {
        Some(match self {
            Self::Done => return None,
            Self::CannotStart { instance, reason } => format!("{} cannot start: {reason}", name(instance)),
            Self::Overruled { instance } => {
                format!("another request about {} came in between", name(instance))
            }
            Self::RollFailed { instance, how } => {
                format!(
                    "{} {how}: the rolling restart is broken off, and the rest is as it was",
                    name(instance)
                )
            }
            Self::RollOverruled { instance } => {
                let name = name(instance);
                format!("the rolling restart is broken off: another request stopped or restarted {name}")
            }
            Self::NotRunning { instance } => format!("{} does not run", name(instance)),
            Self::Ending => "the stack is being stopped".into(),
            Self::Survivors => "processes are left that cannot be ended".into(),
        })
    }
}
