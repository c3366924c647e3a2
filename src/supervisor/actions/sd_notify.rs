//! The NOTIFY_SOCKETs of instances that report themselves that they are ready (sd_notify(3)).

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;

use tokio::sync::mpsc::WeakUnboundedSender;

use crate::process::ready::NotifyMessage;
use crate::process::ready::notify::NotifySocket;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::readable::Readable;

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

    /// The next message to this instance's socket.
    pub(super) fn next(&self, index: usize) -> Option<NotifyMessage> {
        let (socket, _) = self.sockets.get(&index)?;
        socket.next().ok().flatten()
    }

    /// There may be more messages, which are read when the loop has had a turn: any user can send as many as it likes.
    pub(super) fn read_on(&self, index: usize) {
        if let Some(inbox) = self.inbox.upgrade() {
            let _ = inbox.send(Arrival::Notified(index));
        }
    }

    /// All messages were read and their senders found: a client that waits for that (`BARRIER=1`) goes on.
    pub(super) fn all_read(&self, index: usize) {
        if let Some((_, readable)) = self.sockets.get(&index) {
            readable.all_read();
        }
    }
}
