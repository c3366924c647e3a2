//! What comes from the stack: a thread that asks for its status once a second, one that follows its log, and one for each request.
//!
//! The client of the control socket blocks, as every command needs it; a thread for each connection keeps it so. A log that comes
//! faster than frames are drawn waits in the socket, and what the stack does not keep meanwhile is counted as lost.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::update::{Event, LogEntry, NotDone, StackEnd};
use crate::control::address::Address;
use crate::control::client::{Client, ServerMessage, Unanswered};
use crate::control::protocol::{LogsWanted, Request};

/// The time between two looks at the status.
const LOOK: Duration = Duration::from_secs(1);
/// How long one look may take before the stack counts as silent.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rows of the log in one piece. With [`PIECES`] of them, a frame takes four screens of rows, and a second 7,700; each row more is one
/// that the worker has to make a document of while it relays a flood.
const PIECE: usize = 64;
/// Pieces of the log that wait for a frame, and that one frame takes.
pub(super) const PIECES: usize = 4;

/// What the thread of the status is told.
enum Look {
    /// Look now.
    Now,
    /// Do not look until the next one.
    Pause,
}

/// How the stack ended, as the caller knows it.
pub(crate) type EndReport = Arc<dyn Fn() -> StackEnd + Send + Sync>;

/// Events to the session, and the socket that wakes it.
#[derive(Clone)]
struct EventSender {
    events: Sender<Event>,
    wake: Arc<UnixStream>,
}

impl EventSender {
    /// Whether the session is still there.
    fn send(&self, event: Event) -> bool {
        let is_sent = self.events.send(event).is_ok();
        self.wake();
        is_sent
    }

    fn wake(&self) {
        // A socket that takes nothing is full of wake-ups.
        let _ = (&*self.wake).write(&[0]);
    }
}

/// What comes from the stack at this address.
pub(super) struct Feed {
    address: Address,
    sender: EventSender,
    events: Receiver<Event>,
    log: Receiver<Vec<LogEntry>>,
    looks: Sender<Look>,
    woken: UnixStream,
}

impl Feed {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system has no socket or thread left.
    pub(super) fn start(address: &Address, ended: EndReport) -> io::Result<Self> {
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let (events_sender, events) = channel();
        let (log_sender, log) = sync_channel(PIECES);
        let (looks, orders) = channel();
        let sender = EventSender { events: events_sender, wake: Arc::new(wake) };
        let (to, of) = (sender.clone(), address.clone());
        thread::Builder::new().name("status".into()).spawn(move || look_at(&of, &orders, &to, &ended))?;
        let (to, of) = (sender.clone(), address.clone());
        thread::Builder::new().name("log".into()).spawn(move || follow_log(&of, &log_sender, &to))?;
        Ok(Self { address: address.clone(), sender, events, log, looks, woken })
    }

    /// What wakes the session.
    pub(super) fn waker(&self) -> impl Fn() + Send + Sync + use<> {
        let sender = self.sender.clone();
        move || sender.wake()
    }

    /// The next event that is there, but for the log.
    pub(super) fn next(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The next piece of the log that is there.
    pub(super) fn next_of_log(&self) -> Option<Vec<LogEntry>> {
        self.log.try_recv().ok()
    }

    /// Takes the wake-ups that have come.
    pub(super) fn take_wake_ups(&self) {
        let mut bytes = [0; 256];
        while (&self.woken).read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
    }

    /// Looks at the stack now, and once a second from then on.
    pub(super) fn look(&self) {
        let _ = self.looks.send(Look::Now);
    }

    /// Looks at nothing until [`Feed::look`].
    pub(super) fn pause(&self) {
        let _ = self.looks.send(Look::Pause);
    }

    /// Sends a request; its answer is an event.
    pub(super) fn ask(&self, request: Request, what: String) {
        let (sender, address) = (self.sender.clone(), self.address.clone());
        let to = sender.clone();
        let asked = what.clone();
        let thread = thread::Builder::new().spawn(move || {
            let answer = match Client::connect(&address) {
                Some(mut client) => client.ask(request).map(|status| status.notes).map_err(NotDone::from),
                None => Err(NotDone::Ended),
            };
            to.send(Event::Answered(asked, answer));
        });
        if let Err(error) = thread {
            sender.send(Event::Answered(what, Err(NotDone::Refused(error.to_string()))));
        }
    }

    /// Does this in a thread of its own; its answer is an event.
    pub(super) fn run(&self, work: impl FnOnce() -> Event + Send + 'static) {
        let sender = self.sender.clone();
        // Without a thread there is no answer, as there would be none in time.
        let _ = thread::Builder::new().spawn(move || sender.send(work()));
    }
}

impl AsFd for Feed {
    /// Readable when something has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl From<Unanswered> for NotDone {
    fn from(error: Unanswered) -> Self {
        match error {
            Unanswered::Refused(refusal) => Self::Refused(refusal.message),
            Unanswered::Late => Self::Late,
            Unanswered::Ended | Unanswered::OutputClosed => Self::Ended,
            Unanswered::Strange(what) => Self::Refused(format!("invalid answer of the stack: {what}")),
        }
    }
}

fn look_at(address: &Address, orders: &Receiver<Look>, to: &EventSender, ended: &EndReport) {
    let mut connection: Option<Client> = None;
    loop {
        let Some(mut client) = connection.take().or_else(|| Client::connect(address)) else {
            to.send(Event::Ended(ended()));
            return;
        };
        client.set_patience(Some(PATIENCE));
        let is_heard = match client.ask(Request::Status) {
            Ok(status) => {
                connection = Some(client);
                to.send(Event::Status(Duration::ZERO, Box::new(status)))
            }
            Err(Unanswered::Late) => to.send(Event::Silent),
            Err(Unanswered::Ended) => {
                to.send(Event::Ended(ended()));
                return;
            }
            Err(error @ (Unanswered::Refused(_) | Unanswered::Strange(_) | Unanswered::OutputClosed)) => {
                to.send(Event::Told(Err(NotDone::from(error))))
            }
        };
        if !is_heard || !is_next_look_due(orders) {
            return;
        }
    }
}

/// Waits for the next look; whether there is one.
fn is_next_look_due(orders: &Receiver<Look>) -> bool {
    let mut order = orders.recv_timeout(LOOK);
    loop {
        order = match order {
            Ok(Look::Now) | Err(RecvTimeoutError::Timeout) => return true,
            Ok(Look::Pause) => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Err(RecvTimeoutError::Disconnected) => return false,
        };
    }
}

fn follow_log(address: &Address, log: &SyncSender<Vec<LogEntry>>, to: &EventSender) {
    let Some(mut client) = Client::connect(address) else { return };
    let mut piece = Vec::new();
    let send = |piece: &mut Vec<LogEntry>| {
        to.wake();
        let is_sent = log.send(std::mem::take(piece)).is_ok();
        to.wake();
        if is_sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let wanted = LogsWanted { follow: true, ..LogsWanted::default() };
    let heard = client.listen(Request::Logs(wanted), |heard| {
        let is_more_there = match heard {
            ServerMessage::Line { line, is_more_there } => {
                piece.push(LogEntry::Line(line));
                is_more_there
            }
            ServerMessage::Lost(lost) => {
                piece.push(LogEntry::Lost(lost.lines));
                false
            }
        };
        if is_more_there && piece.len() < PIECE { ControlFlow::Continue(()) } else { send(&mut piece) }
    });
    // The status tells that the stack has ended; what came before is shown.
    if heard.is_err() && !piece.is_empty() {
        let _ = send(&mut piece);
    }
}
