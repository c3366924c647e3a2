//! What arrives in the inbox of the event loop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::control::call::{Call, ReplySender};
use crate::control::event::LifecycleEvent;
use crate::machine::Event;
use crate::notice::Notice;
use crate::plan::spec::Hook;

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
    /// A hook is further.
    Hook(HookProgress),
    /// A client has given up its lease of the stack.
    Released(ReplySender),
}

/// How far a hook is.
#[derive(Debug)]
pub(crate) enum HookProgress {
    /// It is to be run, now that the remaining output of its instance is there.
    Due(Box<HookCall>),
    /// It has printed a line.
    Printed(Notice),
    /// It was this process, which has ended, and all of its output was read.
    Closed(i32),
}

/// A hook that is to be run.
#[derive(Debug)]
pub(crate) struct HookCall {
    /// The index of the instance that it is about.
    pub(crate) index: usize,
    /// Which it is.
    pub(crate) hook: Hook,
    /// Its command.
    pub(crate) command: Arc<str>,
    /// How long it may run.
    pub(crate) limit: Duration,
    /// What has happened.
    pub(crate) event: LifecycleEvent,
}

impl From<Call> for Arrival {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}
