//! The control socket was removed while the stack runs: it is made again.

use tokio::task::JoinHandle;

use super::Supervisor;
use crate::control::presence::{Presence, RestoreResult};
use crate::notice::Notice;
use crate::supervisor::event_loop::inbox::Inbox;

/// The files by which clients find the stack, and what hears of their removal.
pub(super) struct SocketFiles {
    presence: Presence,
    watch: Option<JoinHandle<()>>,
}

impl SocketFiles {
    /// Watches over them, for the stack whose monitor has this pid.
    pub(super) fn open(presence: Option<Presence>, pid: i32, inbox: &Inbox) -> Option<Self> {
        let mut presence = presence?;
        presence.set_monitor(pid);
        Some(Self { watch: inbox.watch_files_of(&presence), presence })
    }
}

impl Supervisor {
    /// Makes again what is missing, and logs what came of it.
    pub(super) fn restore_socket(&mut self) {
        let Some(SocketFiles { presence, watch }) = &mut self.socket else { return };
        let restored = presence.restore();
        if watch.as_ref().is_none_or(JoinHandle::is_finished) {
            *watch = self.inbox.watch_files_of(presence);
        }
        let text = match restored {
            Ok(RestoreResult::Intact) => return,
            Ok(RestoreResult::Anew(listener)) => {
                // The earlier server goes on for clients that are connected.
                self.server = self.inbox.serve(listener).or(self.server.take());
                format!("the control socket was removed, and made again in {}", presence.folder().display())
            }
            Ok(RestoreResult::Taken) => {
                self.socket = None;
                "the control socket was removed, and another stack has its place: only a signal stops this one"
                    .into()
            }
            Err(error) => format!("the control socket was removed, and cannot be made again: {error}"),
        };
        self.executor.say(&Notice::Warning { text });
    }
}
