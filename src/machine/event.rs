//! What happens to the stack.

use std::time::Duration;

use super::change::Change;
use super::request::{InstanceRequest, Ticket};
use super::target::ProcessCounts;
use crate::exit::Exit;
use crate::plan::spec::Observation;
use crate::signal::Signal;

/// One thing that happened. Instances are named by their index, which never changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The stack is to start.
    Begin,
    /// The process that [`Action::Spawn`](super::Action::Spawn) asked for was made.
    Spawned {
        /// The index of its instance.
        instance: usize,
        /// Its process id.
        pid: i32,
    },
    /// It could not be made.
    SpawnFailed {
        /// The index of its instance.
        instance: usize,
        /// The reason.
        failure: SpawnFailure,
    },
    /// The own process of an instance exited and was reaped.
    Exited {
        /// The index of the instance.
        instance: usize,
        /// Its status or signal.
        exit: Exit,
    },
    /// A process was reaped that is the own process of no instance.
    Reaped,
    /// The answer to [`Action::Scan`](super::Action::Scan): how many processes are left.
    Scanned(ProcessCounts),
    /// As `Scanned`, but processes ended during the scan: it may have missed others.
    PartlyScanned(ProcessCounts),
    /// A probe found that an instance is ready.
    Ready {
        /// Its index.
        instance: usize,
        /// Its own process at the time: a late event may be about an earlier generation.
        pid: i32,
        /// The port on which it was seen to listen, if that is the probe.
        port: Option<u16>,
    },
    /// A probe found that an instance is not ready, for another reason than before.
    ProbeFailed {
        /// Its index.
        instance: usize,
        /// As in `Ready`.
        pid: i32,
        /// How the request or the command of the probe failed, as a clause.
        failure: String,
    },
    /// The answer to [`Action::Inspect`](super::Action::Inspect).
    Inspected {
        /// The index of the instance.
        instance: usize,
        /// As in `Ready`.
        pid: i32,
        /// What is seen of it.
        seen: Observation,
    },
    /// Files that these instances watch have changed.
    Changed(Vec<usize>),
    /// No child is left at all (waitpid(2) fails with ECHILD).
    AllGone,
    /// ganger has received a signal.
    Signal(Signal),
    /// A client asks for an operation on some instances; [`Action::Answer`](super::Action::Answer) will follow.
    Request(InstanceRequest),
    /// Instances are added, leave, or get another spec; [`Action::Answer`](super::Action::Answer) will follow.
    Change(Change),
    /// A client asks for the end of the stack; the answer follows when nothing is left.
    Down {
        /// What the answer carries.
        ticket: Ticket,
        /// The grace of every instance, instead of its own.
        grace: Option<Duration>,
    },
    /// The monitor is gone, and with it the process that passes stop signals on.
    MonitorGone,
    /// Standard output has no reader any more, or cannot be written to.
    OutputClosed {
        /// The error of the system; `None` for a reader that went away, which is no error.
        error: Option<String>,
    },
    /// Something of ganger's own failed: the stack cannot go on.
    Broken(String),
    /// The time of [`Machine::deadline`](super::Machine::deadline) has come.
    Timeout,
}

/// Why a process could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnFailure {
    /// The program that was to be run.
    pub program: String,
    /// The reason, with the place in the Procfile.
    pub reason: String,
    /// The exit status that stands for the reason: 127, 126 or 125.
    pub status: u8,
}
