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
