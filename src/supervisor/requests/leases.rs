//! Who needs the stack. One that was started for those who hold it ends with the last of them, however that
//! one goes: a hold is a connection, and the kernel closes it for a process that was killed.

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};

use crate::control::protocol::{Answer, LeaseState};
use crate::control::server::ReplySender;
use crate::supervisor::channel::arrival::Arrival;

/// All holds.
pub(crate) struct Leases {
    ends_with_last: bool,
    count: usize,
    tasks: Vec<JoinHandle<()>>,
    inbox: WeakUnboundedSender<Arrival>,
}

impl Leases {
    /// Nobody holds the stack yet: that alone does not end it. Whoever lets go is put into `inbox`.
    pub(crate) fn new(ends_with_last: bool, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self { ends_with_last, count: 0, tasks: Vec::new(), inbox }
    }

    /// One more holds it, until its side of the connection is closed.
    pub(crate) fn take(&mut self, caller: ReplySender) {
        self.count += 1;
        self.tasks.retain(|task| !task.is_finished());
        let (held, inbox) = (LeaseState { ends_with_last: self.ends_with_last }, self.inbox.clone());
        self.tasks.push(spawn_local(async move {
            caller.say(vec![Answer::Held(held)]).await;
            caller.half_closed().await;
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Arrival::Released(caller));
            }
        }));
    }

    /// One of them has let go: whether the stack is to end.
    pub(crate) fn release(&mut self) -> bool {
        self.count -= 1;
        self.ends_with_last && self.count == 0
    }

    /// The stack is over: nobody has to be told who lets go now.
    pub(crate) fn close(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
