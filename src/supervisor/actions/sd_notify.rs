//! The NOTIFY_SOCKETs of instances that report themselves that they are ready (sd_notify(3)).

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;

use tokio::sync::mpsc::WeakUnboundedSender;

use crate::process::ready::NotifyMessage;
use crate::process::ready::notify::NotifySocket;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::readable::Readable;

/// At most so many messages are read in one turn: each may cost a scan.
const MOST_AT_ONCE: usize = 16;

/// One socket for each such instance, for all of its generations.
pub(super) struct NotifySockets {
    /// The beginning of the name of each.
    run: String,
    sockets: HashMap<usize, (NotifySocket, Readable)>,
    inbox: WeakUnboundedSender<Arrival>,
}

impl NotifySockets {
    /// None yet, of the run with this id.
    pub(super) fn new(run: &str, inbox: WeakUnboundedSender<Arrival>) -> Self {
        // The random part, which no other run has: the name must fit into the 107 bytes of an address.
        let run = run.rsplit('.').next().unwrap_or(run).to_owned();
        Self { run, sockets: HashMap::new(), inbox }
    }

    /// What NOTIFY_SOCKET is for this instance.
    ///
    /// # Errors
    /// As socket(2) and bind(2).
    pub(super) fn address(&mut self, index: usize) -> io::Result<String> {
        if let Some((socket, _)) = self.sockets.get(&index) {
            return Ok(socket.address());
        }
        let socket = NotifySocket::open(format!("ganger-{}-{index}", self.run))?;
        let readable = Readable::watch(socket.as_fd(), self.inbox.clone(), move || Arrival::Notified(index))?;
        let address = socket.address();
        self.sockets.insert(index, (socket, readable));
        Ok(address)
    }

    /// The messages to this instance's socket: so many that a signal does not wait long. If there may be more, they are told of again, when the
    /// loop has had a turn: any user can send as many as it likes.
    pub(super) fn read(&self, index: usize) -> Vec<NotifyMessage> {
        let Some((socket, readable)) = self.sockets.get(&index) else { return Vec::new() };
        let messages: Vec<NotifyMessage> =
            std::iter::from_fn(|| socket.next().ok().flatten()).take(MOST_AT_ONCE).collect();
        if messages.len() < MOST_AT_ONCE {
            readable.all_read();
        } else if let Some(inbox) = self.inbox.upgrade() {
            let _ = inbox.send(Arrival::Notified(index));
        }
        messages
    }
}
