//! Leases: claims of clients that keep the stack up. A stack that was started for its leases ends with the last of them. A lease is a
//! connection, which the kernel closes for a process that was killed.

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};

use crate::control::call::ReplySender;
use crate::control::protocol::{Answer, LeaseState, Status};
use crate::supervisor::channel::arrival::Arrival;

/// All leases.
pub(crate) struct Leases {
    ends_with_last: bool,
    count: usize,
    tasks: Vec<JoinHandle<()>>,
    inbox: WeakUnboundedSender<Arrival>,
}

impl Leases {
    /// No lease yet, which alone does not end the stack. The end of each arrives in `inbox`.
    pub(crate) fn new(ends_with_last: bool, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self { ends_with_last, count: 0, tasks: Vec::new(), inbox }
    }

    /// Gives a client a lease, until its side of the connection is closed.
    pub(crate) fn take(&mut self, caller: ReplySender) {
        self.count += 1;
        self.tasks.retain(|task| !task.is_finished());
        let (state, inbox) = (LeaseState { ends_with_last: self.ends_with_last }, self.inbox.clone());
        self.tasks.push(spawn_local(async move {
            caller.say(vec![Answer::Held(state)]).await;
            caller.half_closed().await;
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Arrival::Released(caller));
            }
        }));
    }

    /// The stack goes on without leases from now on; the answer to that is how it stands.
    pub(crate) fn keep(&mut self, stands: Status) -> Status {
        self.ends_with_last = false;
        stands
    }

    /// A lease has ended; whether the stack ends with it.
    pub(crate) fn release(&mut self) -> bool {
        self.count -= 1;
        self.ends_with_last && self.count == 0
    }

    /// The stack is over: the ends of leases do not matter any more.
    pub(crate) fn close(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
