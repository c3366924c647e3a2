//! The files of the control socket: when they are removed while the stack runs, they are made again.
//!
//! They are checked at SIGWINCH and SIGCONT. A command that finds the stack by its lock or its marks, and no socket, sends
//! SIGWINCH ([`crate::process::monitor::check_socket`]). inotify(7) would report a removal at once, but closing it waits for the
//! other readers of the kernel (SRCU), which made the end of each stack 20 ms later.

use crate::control::presence::{Presence, RestoreResult};
use crate::control::server::Server;
use crate::machine::Event;
use crate::signal::Signal;
use crate::supervisor::event_loop::inbox::Inbox;

/// The server of the control socket, and the files by which clients find it.
pub(super) struct ControlSocket {
    server: Option<Server>,
    files: Option<Presence>,
    /// The pid that clients see.
    monitor: i32,
}

impl ControlSocket {
    /// The socket of the stack whose monitor has this pid.
    pub(super) fn open(server: Option<Server>, files: Option<Presence>, monitor: i32) -> Self {
        Self { files: files.filter(|_| server.is_some()), server, monitor }
    }

    /// Whether clients can connect, or could.
    pub(super) fn is_open(&self) -> bool {
        self.server.is_some()
    }

    /// Makes the files again that are missing, if this event is a reason to check; the warning to print, if one was.
    pub(super) fn check(&mut self, event: &Event, inbox: &Inbox) -> Option<String> {
        let is_reason = matches!(event, Event::Signal(Signal::RESIZE | Signal::CONTINUE));
        let files = self.files.as_mut().filter(|_| is_reason)?;
        match files.restore(self.monitor) {
            Ok(RestoreResult::Intact) => None,
            Ok(RestoreResult::Anew(listener)) => {
                let folder = files.folder().display();
                let text = format!("the control socket was removed, and made again in {folder}");
                // The earlier server goes on for clients that are connected.
                let served = inbox.serve(listener);
                let failure = served
                    .as_ref()
                    .err()
                    .map(|error| format!("the control socket cannot be watched: {error}"));
                self.server = served.ok().or(self.server.take());
                Some(failure.unwrap_or(text))
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
