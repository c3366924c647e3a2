//! What is typed into `ganger start`, as the monitor passes it on; shared by lines and by an attachment.

use std::io;
use std::rc::Rc;

use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::config::DetachKeys;
use crate::notice::Notice;
use crate::output::console_handle::ConsoleHandle;
use crate::supervisor::channel::arrival::Arrival;

/// The keys of the console, and where its requests and answers go.
pub(super) struct ConsoleInput {
    /// The socket of the monitor, which sends what is typed.
    pub(super) keys: UnixStream,
    pub(super) inbox: UnboundedSender<Arrival>,
    pub(super) handle: ConsoleHandle,
    /// Notified when the stack is over.
    pub(super) ended: Rc<Notify>,
    /// The keys that end an attachment.
    pub(super) detach_keys: DetachKeys,
    /// Typed, and not handled yet.
    pub(super) typed: Vec<u8>,
}

impl ConsoleInput {
    /// Waits for more keys; `false` if none will come: the monitor is gone.
    pub(super) async fn read_more(&mut self) -> bool {
        let mut piece = [0; 4096];
        loop {
            if self.keys.readable().await.is_err() {
                return false;
            }
            match self.keys.try_read(&mut piece) {
                Ok(0) => return false,
                Ok(count) => {
                    self.typed.extend_from_slice(&piece[..count]);
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }

    /// Prints the answer to a line.
    pub(super) fn answer(&self, text: &str) {
        self.handle.notice(&Notice::Answer { text: text.into() });
    }
}
