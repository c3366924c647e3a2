//! What can happen to the stack.

use std::time::Duration;

use super::change::Change;
use super::request::{InstanceRequest, Ticket};
use super::target::ProcessCounts;
use crate::exit::Exit;
use crate::signal::Signal;

/// One thing that happened. Instances are named by their index, which is theirs for ever.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The stack is to start.
    Begin,
    /// The process that [`Action::Spawn`](super::Action::Spawn) asked for exists.
    Spawned {
        /// Whose.
        instance: usize,
        /// Its id, which is its group's too.
        pid: i32,
    },
    /// It could not be made.
    SpawnFailed {
        /// Whose.
        instance: usize,
        /// Why.
        failure: SpawnFailure,
    },
    /// An instance's own process ended and was reaped.
    Exited {
        /// Whose.
        instance: usize,
        /// How.
        exit: Exit,
    },
    /// A process was reaped that is no instance's own.
    Reaped,
    /// The answer to [`Action::Scan`](super::Action::Scan): how many processes are there.
    Scanned(ProcessCounts),
    /// As `Scanned`, but processes ended while somebody looked: who was not seen may be there all the same.
    PartlyScanned(ProcessCounts),
    /// Somebody found out that an instance is ready.
    Ready {
        /// Which.
        instance: usize,
        /// The process whose life that is: what comes late is about an earlier one.
        pid: i32,
    },
    /// What these instances watch has changed.
    Changed(Vec<usize>),
    /// There is no child left at all (`waitpid` says ECHILD).
    AllGone,
    /// A signal came.
    Signal(Signal),
    /// A person asks for something of some instances; [`Action::Answer`](super::Action::Answer) will follow.
    Request(InstanceRequest),
    /// Instances come, go, or become something else; [`Action::Answer`](super::Action::Answer) will follow.
    Change(Change),
    /// A person wants the end of all; the answer follows when nothing is left.
    Down {
        /// What the answer carries.
        ticket: Ticket,
        /// The grace for all, instead of each one's own.
        grace: Option<Duration>,
    },
    /// The monitor is gone: nobody is left who could ask for a stop.
    MonitorGone,
    /// Nobody reads our standard output any more, or it cannot be written to.
    OutputClosed {
        /// What the system said; `None` for a reader that went away, which is no error.
        error: Option<String>,
    },
    /// Something of our own failed: the stack cannot go on.
    Broken(String),
    /// The time that [`Machine::deadline`](super::Machine::deadline) named has come.
    Timeout,
}

/// Why a process could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnFailure {
    /// What was to be run.
    pub program: String,
    /// Why it was not, with the place in the Procfile.
    pub reason: String,
    /// 127, 126 or 125.
    pub status: u8,
}
