//! What arrives in the inbox of the event loop.

use std::io;

use crate::control::call::{Call, ReplySender};
use crate::machine::Event;

/// One thing in the inbox.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// An event, ready for the machine.
    Event(Event),
    /// A child has changed its state (SIGCHLD).
    Child,
    /// A client has sent a request.
    Call(Call),
    /// The own process of this instance, with this id, has printed the line that shows that it is ready.
    Ready {
        /// The index of the instance.
        instance: usize,
        /// The process.
        pid: i32,
    },
    /// There are messages in the NOTIFY_SOCKET of this instance.
    Notified(usize),
    /// Files that an instance watches may have changed.
    FilesChanged,
    /// The record of the run is to be brought up to date.
    RecordDue,
    /// That is done, or failed.
    Recorded(io::Result<()>),
    /// A client has given up its lease of the stack.
    Released(ReplySender),
}

impl From<Call> for Arrival {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}
