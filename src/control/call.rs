//! A request and its answers, as values: the socket encodes them, requests of this process do not.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Notify, watch};

use super::protocol::{Answer, Request};
use super::terminal::TerminalInput;

/// How many parts of an answer may wait for a client that does not read.
pub(super) const AHEAD: usize = 4;

/// A request, and the way back to its sender.
#[derive(Debug)]
pub(crate) struct Call {
    /// What is asked.
    pub request: Request,
    /// Its sender.
    pub caller: ReplySender,
    /// Keys and sizes that an attached client sends afterwards; closed when no more will come.
    pub typed: Option<Receiver<TerminalInput>>,
}

/// The way back to the sender of a request. Dropping it ends the request.
#[derive(Clone, Debug)]
pub(crate) struct ReplySender {
    replies: Sender<AnswerPart>,
    in_flight: InFlight,
    /// Whether the client has closed its side of the connection.
    is_half_closed: watch::Receiver<bool>,
}

/// A piece of an answer on its way to the client.
#[derive(Debug)]
pub(super) struct AnswerPart {
    pub(super) answers: Vec<Answer>,
    /// Until it is written.
    _in_flight: InFlight,
}

/// Held by all that is still to be answered or written.
#[derive(Clone, Debug)]
pub(super) struct InFlight(pub(super) Arc<Notify>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A request of this process itself, of which nothing is encoded: the call, where keys go that follow, and the answers.
pub(crate) fn in_process(request: Request) -> (Call, Sender<TerminalInput>, Replies) {
    let (replies, answers) = channel(AHEAD);
    let (typing, typed) = channel(AHEAD);
    // No connection that could be half-closed.
    let is_half_closed = watch::channel(false).1;
    let caller = ReplySender { replies, in_flight: InFlight(Arc::new(Notify::new())), is_half_closed };
    (Call { request, caller, typed: Some(typed) }, typing, Replies { answers, read: VecDeque::new() })
}

/// The answers to a request of this process.
#[derive(Debug)]
pub(crate) struct Replies {
    answers: Receiver<AnswerPart>,
    read: VecDeque<Answer>,
}

impl Replies {
    /// The next answer; `None` when no more will come. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Answer> {
        while self.read.is_empty() {
            self.read.extend(self.answers.recv().await?.answers);
        }
        self.read.pop_front()
    }
}

impl ReplySender {
    /// For a client of the socket, whose answers come out of the receiver.
    pub(super) fn new(
        in_flight: InFlight,
        is_half_closed: watch::Receiver<bool>,
    ) -> (Self, Receiver<AnswerPart>) {
        let (replies, answers) = channel(AHEAD);
        (Self { replies, in_flight, is_half_closed }, answers)
    }

    /// Gives the answer that ends the request. Never waits: there is room for one.
    pub(crate) fn answer(self, answer: impl Into<Answer>) {
        // Full or closed: then it is not waited for any more.
        let _ = self.replies.try_send(self.piece(vec![answer.into()]));
    }

    /// Gives a piece of an answer; waits while the client does not read. `false` when it is gone.
    pub(crate) async fn say(&self, answers: Vec<Answer>) -> bool {
        self.replies.send(self.piece(answers)).await.is_ok()
    }

    /// Whether the client is gone, so that no answer is waited for.
    pub(crate) fn is_gone(&self) -> bool {
        self.replies.is_closed()
    }

    /// Waits until the client is gone.
    pub(crate) async fn gone(&self) {
        self.replies.closed().await;
    }

    /// Waits until the client closes its side of the connection, or is gone.
    pub(crate) async fn half_closed(&self) {
        // An error says that the connection is gone.
        let _ = self.is_half_closed.clone().wait_for(|is_half_closed| *is_half_closed).await;
    }

    fn piece(&self, answers: Vec<Answer>) -> AnswerPart {
        AnswerPart { answers, _in_flight: self.in_flight.clone() }
    }
}
