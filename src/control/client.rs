//! The asking end: a plain, blocking connection.

use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::address::Address;
use super::protocol::{Answer, Envelope, Line, Refusal, Reply, Request, Status, VERSION};

/// A connection to a running stack.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    next: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The stack said no.
    Refused(Refusal),
    /// The time was over.
    Late,
    /// The stack ended before it answered.
    Ended,
    /// What came is no answer: another program, or another version.
    Strange(String),
}

impl Client {
    /// Connects to the stack at `address`; `None` if none runs there.
    pub fn connect(address: &Address) -> Option<Self> {
        address.connect().map(|stream| Self { stream: BufReader::new(stream), next: 1 })
    }

    /// Waits no longer than this for each line of an answer.
    pub fn set_patience(&mut self, patience: Option<Duration>) {
        // Zero would mean for ever.
        let patience = patience.map(|patience| patience.max(Duration::from_millis(1)));
        // It is a socket, and no error but a bad argument is possible.
        let _ = self.stream.get_ref().set_read_timeout(patience);
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn ask(&mut self, request: Request) -> Result<Status, Unanswered> {
        match self.listen(request, |_, _| ControlFlow::Continue(()))? {
            Some(status) => Ok(status),
            None => Err(Unanswered::Ended),
        }
    }

    /// Asks, gives every line of a log to `hear` (with whether more is there already), and waits for the end of the answer; `None` if `hear` broke
    /// it off.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn listen(
        &mut self,
        request: Request,
        mut hear: impl FnMut(Line, bool) -> ControlFlow<()>,
    ) -> Result<Option<Status>, Unanswered> {
        let id = self.next;
        self.next += 1;
        let mut line = serde_json::to_vec(&Envelope { version: VERSION, id, request })
            .map_err(|error| Unanswered::Strange(error.to_string()))?;
        line.push(b'\n');
        // A refusal may be there though nobody read what we sent.
        let sent = self.stream.get_mut().write_all(&line);
        loop {
            let reply = self.reply().map_err(|error| match (error, &sent) {
                (Unanswered::Strange(_), Err(_)) => Unanswered::Ended,
                (error, _) => error,
            })?;
            match reply.answer {
                Answer::Failed(refusal) => return Err(Unanswered::Refused(refusal)),
                // An answer to what was broken off before.
                Answer::Done(_) | Answer::Line(_) if reply.id != id => {}
                Answer::Done(status) => return Ok(Some(status)),
                Answer::Line(line) => {
                    let is_more_there = !self.stream.buffer().is_empty();
                    if hear(line, is_more_there).is_break() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn reply(&mut self) -> Result<Reply, Unanswered> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(0) => Err(Unanswered::Ended),
            Ok(_) => serde_json::from_slice(&line).map_err(|error| Unanswered::Strange(error.to_string())),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Unanswered::Late)
            }
            Err(_) => Err(Unanswered::Ended),
        }
    }
}
