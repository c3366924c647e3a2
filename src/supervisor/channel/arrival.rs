//! What arrives in the inbox of the loop.

use crate::control::server::{Call, ReplySender};
use crate::machine::Event;

/// One thing in the inbox.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// An event, ready for the machine.
    Event(Event),
    /// A child changed its state: somebody has to reap.
    Child,
    /// A client asks for something.
    Call(Call),
    /// The process with this id, an instance's own, has said what shows that it is ready.
    Heard(usize, i32),
    /// There are messages in the NOTIFY_SOCKET of this instance.
    Notified(usize),
    /// The control socket or its lock may have been removed.
    SocketRemoved,
    /// Files have changed that somebody watches.
    FilesChanged,
    /// A client does not need the stack any more.
    Released(ReplySender),
}

impl From<Call> for Arrival {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}
