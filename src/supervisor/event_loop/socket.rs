//! The files of the control socket: when they are removed while the stack runs, they are made again.

use tokio::task::JoinHandle;

use crate::control::presence::{Presence, RestoreResult};
use crate::control::server::Server;
use crate::supervisor::event_loop::inbox::Inbox;

/// The server of the control socket, and the files by which clients find it.
pub(super) struct ControlSocket {
    server: Option<Server>,
    files: Option<Presence>,
    watch: Option<JoinHandle<()>>,
}

impl ControlSocket {
    /// Watches the files, for the stack whose monitor has this pid.
    pub(super) fn open(server: Option<Server>, files: Option<Presence>, pid: i32, inbox: &Inbox) -> Self {
        let mut files = files.filter(|_| server.is_some());
        if let Some(files) = &mut files {
            files.set_monitor(pid);
        }
        Self { watch: files.as_ref().and_then(|files| inbox.watch_files_of(files)), server, files }
    }

    /// Whether clients can connect, or could.
    pub(super) fn is_open(&self) -> bool {
        self.server.is_some()
    }

    /// Makes the files again that are missing; the warning to print, if one was.
    pub(super) fn restore(&mut self, inbox: &Inbox) -> Option<String> {
        let files = self.files.as_mut()?;
        let restored = files.restore();
        if self.watch.as_ref().is_none_or(JoinHandle::is_finished) {
            self.watch = inbox.watch_files_of(files);
        }
        match restored {
            Ok(RestoreResult::Intact) => None,
            Ok(RestoreResult::Anew(listener)) => {
                let folder = files.folder().display();
                let text = format!("the control socket was removed, and made again in {folder}");
                // The earlier server goes on for clients that are connected.
                self.server = inbox.serve(listener).or(self.server.take());
                Some(text)
            }
            Ok(RestoreResult::Taken) => {
                self.files = None;
                Some(
                    "the control socket was removed, and another stack has its place: only a signal stops this one"
                        .into(),
                )
            }
            Err(error) => Some(format!("the control socket was removed, and cannot be made again: {error}")),
        }
    }

    /// Answers the clients that are connected to the end.
    pub(super) async fn finish(self) {
        if let Some(server) = self.server {
            server.finish().await;
        }
    }
}
