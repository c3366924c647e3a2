//! The inbox: one channel for signals, exits of children, clients, and the ends of the life-line and of standard output.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::panic;

use futures_util::StreamExt;
use signal_hook_tokio::Signals;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};
use tokio::task::spawn_local;

use crate::control::protocol::Request;
use crate::control::server::{self, Server};
use crate::exit::defect;
use crate::machine::Event;
use crate::process::log_stderr::Stderr;
use crate::process::signals::Inherited;
use crate::signal::Signal;
use crate::supervisor::channel::arrival::Arrival;

/// The receiving end of the channel.
pub(super) struct Inbox {
    receiver: UnboundedReceiver<Arrival>,
    /// Weak, so that the receiver finds out when all senders are gone.
    sender: WeakUnboundedSender<Arrival>,
}

impl Inbox {
    /// Opens the inbox: from now on signals, the end of the life-line and the end of standard output (errors on the returned
    /// sender) arrive in it. Needs a `LocalSet`.
    ///
    /// # Errors
    /// When a descriptor cannot be watched or a handler cannot be installed.
    pub(super) fn open(
        lifeline: OwnedFd,
        inherited: &Inherited,
    ) -> io::Result<(Self, UnboundedSender<io::Error>)> {
        let (sender, receiver) = unbounded_channel();
        let weak = sender.downgrade();
        report_panics(sender.clone());
        let signals = Signals::new(inherited.handled())?;
        spawn_local(receive_signals(signals, sender.clone()));
        let lifeline = Receiver::from_owned_fd(lifeline)?;
        spawn_local(watch_lifeline(lifeline, sender.clone()));
        let (closed, closings) = unbounded_channel();
        spawn_local(watch_stdout(closings, sender));
        Ok((Self { receiver, sender: weak }, closed))
    }

    /// From now on requests of clients arrive too.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub(super) fn serve(&self, listener: UnixListener) -> io::Result<Server> {
        let sender = self.sender.upgrade().ok_or(io::ErrorKind::NotConnected)?;
        server::open(listener, sender)
    }

    /// A sender, which works as long as the inbox is open.
    pub(super) fn sender(&self) -> WeakUnboundedSender<Arrival> {
        self.sender.clone()
    }

    /// The next arrival; waits for it.
    pub(super) async fn next(&mut self) -> Arrival {
        match self.receiver.recv().await {
            Some(arrival) => arrival,
            // All tasks that send have failed: nothing would ever arrive again.
            None => Arrival::Event(Event::Broken("ganger cannot receive signals any more".into())),
        }
    }

    /// Waits for a request to stop, and drops everything else: the stack is over.
    pub(super) async fn wait_for_stop(&mut self) {
        loop {
            match self.next().await {
                Arrival::Event(Event::Signal(signal)) if signal.is_stop_request() => return,
                Arrival::Event(Event::MonitorGone | Event::Broken(_)) => return,
                Arrival::Call(call) if matches!(call.request, Request::Down { .. }) => return,
                Arrival::Event(_)
                | Arrival::Child
                | Arrival::Call(_)
                | Arrival::Released(_)
                | Arrival::Ready { .. }
                | Arrival::Notified(_)
                | Arrival::RecordDue
                | Arrival::Recorded(_)
                | Arrival::Hook(_)
                | Arrival::FilesChanged => {}
            }
        }
    }

    /// Whether nothing has arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// The next arrival, if there is one.
    pub(super) fn try_next(&mut self) -> Option<Arrival> {
        self.receiver.try_recv().ok()
    }
}

/// A panic of one task would only end that task, and the stack would run on without signals or without a reader. So it is an event,
/// which stops the stack. A panic of the event loop itself ends the worker: then the monitor stops what is left, and this line is
/// the last of the worker.
fn report_panics(inbox: UnboundedSender<Arrival>) {
    let stderr = Stderr::open();
    panic::set_hook(Box::new(move |panic| {
        let line = format!("ganger: {}\n", defect(panic));
        let _ = inbox.send(Arrival::Event(Event::Broken("a part of ganger failed".into())));
        stderr.write_soon(line.as_bytes());
    }));
}

async fn receive_signals(mut signals: Signals, inbox: UnboundedSender<Arrival>) {
    while let Some(number) = signals.next().await {
        let signal = Signal(number);
        let arrival =
            if signal == Signal::CHILD { Arrival::Child } else { Arrival::Event(Event::Signal(signal)) };
        if inbox.send(arrival).is_err() {
            return;
        }
    }
}

/// Nothing is written into the life-line: it becomes readable when its other end is closed, because the monitor is gone.
async fn watch_lifeline(lifeline: Receiver, inbox: UnboundedSender<Arrival>) {
    while lifeline.readable().await.is_ok() {
        match lifeline.try_read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => break,
        }
    }
    let _ = inbox.send(Arrival::Event(Event::MonitorGone));
}

async fn watch_stdout(mut closings: UnboundedReceiver<io::Error>, inbox: UnboundedSender<Arrival>) {
    if let Some(error) = closings.recv().await {
        // A reader that went away asks for the end; a full disk is an error.
        let error = (error.kind() != io::ErrorKind::BrokenPipe).then(|| error.to_string());
        let _ = inbox.send(Arrival::Event(Event::OutputClosed { error }));
    }
}
