//! The asking end: a plain, blocking connection.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::address::Address;
use super::line_buffer::LineBuffer;
use super::protocol::{
    Answer, Envelope, LifecycleEvent, LogLine, LostLines, Reply, Request, RequestRefusal, Status, VERSION,
};
use super::session::AttachConnection;
use super::terminal::AttachWanted;

/// A connection to a running stack.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    input: LineBuffer,
    next: u64,
    /// Where answers go, if that can be closed while one is waited for.
    output: Option<OwnedFd>,
}

/// A request that was sent.
#[derive(Debug)]
pub(super) struct ClientQuestion {
    id: u64,
    is_sent: bool,
}

/// What comes of a log.
#[derive(Debug)]
pub(crate) enum ServerMessage {
    /// A line.
    Line {
        /// The line.
        line: LogLine,
        /// Whether what follows is there already.
        is_more_there: bool,
    },
    /// Here lines are missing.
    Lost(LostLines),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The stack refused.
    Refused(RequestRefusal),
    /// It timed out.
    Late,
    /// The stack ended before it answered.
    Ended,
    /// What came is no answer: another program, or another version.
    Strange(String),
    /// The reader of [`Client::set_output`] is gone.
    OutputClosed,
}

impl Client {
    /// Connects to the stack at `address`; `None` if none runs there.
    pub(crate) fn connect(address: &Address) -> Option<Self> {
        address.connect().map(|stream| Self { stream, input: LineBuffer::default(), next: 1, output: None })
    }

    /// Waits no longer than this for each line of an answer.
    pub(crate) fn set_patience(&mut self, patience: Option<Duration>) {
        // Zero would mean for ever.
        let patience = patience.map(|patience| patience.max(Duration::from_millis(1)));
        // It is a socket, and no error but a bad argument is possible.
        let _ = self.stream.set_read_timeout(patience);
    }

    /// Stops waiting once nothing reads `output` any more, as `tail -f` does: `logs -f | head -1` ends also where no
    /// further line comes.
    pub(crate) fn set_output(&mut self, output: OwnedFd) {
        self.output = Some(output);
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) fn ask(&mut self, request: Request) -> Result<Status, Unanswered> {
        match self.listen(request, |_| ControlFlow::Continue(()))? {
            Some(status) => Ok(status),
            None => Err(Unanswered::Ended),
        }
    }

    /// Asks, passes each message of a log to `on_message`, and waits for the end of the answer; `None` if
    /// that breaks it off.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) fn listen(
        &mut self,
        request: Request,
        mut on_message: impl FnMut(ServerMessage) -> ControlFlow<()>,
    ) -> Result<Option<Status>, Unanswered> {
        let question = self.send(request);
        loop {
            let message = match self.answer(&question)? {
                Answer::Failed(refusal) => return Err(Unanswered::Refused(*refusal)),
                Answer::Done(status) => return Ok(Some(*status)),
                Answer::Line(line) => {
                    ServerMessage::Line { line, is_more_there: !self.input.rest().is_empty() }
                }
                Answer::Lost(lost) => ServerMessage::Lost(lost),
                // Not an answer to this.
                Answer::Event(_) | Answer::Held(_) | Answer::Screen(_) | Answer::Attached(_) => continue,
            };
            if on_message(message).is_break() {
                return Ok(None);
            }
        }
    }

    /// Asks for events, and passes each to `on_event` until the stack is over; `None` where some were left out.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) fn follow(
        &mut self,
        request: Request,
        mut on_event: impl FnMut(Option<&LifecycleEvent>),
    ) -> Result<(), Unanswered> {
        let question = self.send(request);
        loop {
            match self.answer(&question)? {
                Answer::Event(event) => on_event(Some(&event)),
                Answer::Lost(_) => on_event(None),
                Answer::Done(_) => return Ok(()),
                Answer::Failed(refusal) => return Err(Unanswered::Refused(*refusal)),
                // Not an answer to this.
                Answer::Line(_) | Answer::Held(_) | Answer::Screen(_) | Answer::Attached(_) => {}
            }
        }
    }

    /// Attaches: the session, once the stack has agreed to it.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) fn attach(mut self, wanted: AttachWanted) -> Result<AttachConnection, Unanswered> {
        let question = self.send(Request::Attach(wanted));
        match self.answer(&question)? {
            Answer::Failed(refusal) => Err(Unanswered::Refused(*refusal)),
            Answer::Done(_) | Answer::Event(_) | Answer::Lost(_) | Answer::Held(_) => Err(Unanswered::Ended),
            answer @ (Answer::Line(_) | Answer::Screen(_) | Answer::Attached(_)) => {
                AttachConnection::new(self.stream, answer, self.input).map_err(|_| Unanswered::Ended)
            }
        }
    }

    /// Sends a request, and does not wait.
    pub(super) fn send(&mut self, request: Request) -> ClientQuestion {
        let id = self.next;
        self.next += 1;
        // Cannot fail: strings and numbers into a Vec.
        let mut line = serde_json::to_vec(&Envelope { version: VERSION, id, request }).unwrap_or_default();
        line.push(b'\n');
        // A refusal may be there though the request was not read.
        ClientQuestion { id, is_sent: self.stream.write_all(&line).is_ok() }
    }

    /// The next piece of the answer to this.
    ///
    /// # Errors
    /// [`Unanswered`], but not a refusal, which is an answer.
    pub(super) fn answer(&mut self, question: &ClientQuestion) -> Result<Answer, Unanswered> {
        loop {
            let reply = match self.reply() {
                Err(Unanswered::Strange(_)) if !question.is_sent => return Err(Unanswered::Ended),
                reply => reply?,
            };
            // A refusal may come before the request was read; all else may answer what was broken off before.
            if reply.id == question.id || matches!(reply.answer, Answer::Failed(_)) {
                return Ok(reply.answer);
            }
        }
    }

    /// The socket.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether the reader of the output went away before something came.
    fn is_output_closed(&self) -> bool {
        let Some(output) = self.output.as_ref().filter(|_| self.input.rest().is_empty()) else {
            return false;
        };
        let patience = self.stream.read_timeout().ok().flatten();
        let patience = patience.map_or(PollTimeout::NONE, |it| it.try_into().unwrap_or(PollTimeout::MAX));
        loop {
            let socket = PollFd::new(self.stream.as_fd(), PollFlags::POLLIN);
            // Of a pipe whose reader is gone the kernel tells an error, of a socket a hang-up, unasked.
            let mut waited = [socket, PollFd::new(output.as_fd(), PollFlags::empty())];
            // What fails here fails again at the read, which says why.
            if poll(&mut waited, patience) != Err(Errno::EINTR) {
                let [socket, output] = waited;
                return !socket.any().unwrap_or(false) && output.any().unwrap_or(false);
            }
        }
    }

    fn reply(&mut self) -> Result<Reply, Unanswered> {
        if self.is_output_closed() {
            return Err(Unanswered::OutputClosed);
        }
        let mut is_open = true;
        while is_open && !self.input.has_line() {
            match self.input.fill(|piece| self.stream.read(piece)) {
                Ok(count) => is_open = count > 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(Unanswered::Late);
                }
                Err(_) => return Err(Unanswered::Ended),
            }
        }
        if !is_open && self.input.rest().is_empty() {
            return Err(Unanswered::Ended);
        }
        // Without a whole line it is what another program said last.
        let line = if is_open { self.input.next_line().unwrap_or_default() } else { self.input.rest() };
        serde_json::from_slice(line).map_err(|error| Unanswered::Strange(error.to_string()))
    }
}
