//! Holding a stack: it is needed for as long as this connection is open.
//!
//! The kernel closes the connection of a process that was killed, so a stack that was started for its leases
//! ends without further help. A file with a pid would have to be watched, and pids are reused.

use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::client::{Client, ClientQuestion, Unanswered};
use super::protocol::{Answer, LeaseState, Request, Status};

/// A hold, at least one that was asked for.
#[derive(Debug)]
pub(crate) struct Lease {
    client: Client,
    question: ClientQuestion,
}

impl Lease {
    /// Asks for it. Does not wait: the stack may not answer yet.
    pub(crate) fn ask(mut client: Client) -> Self {
        let question = client.send(Request::Hold);
        Self { client, question }
    }

    /// Waits until the stack is held.
    ///
    /// # Errors
    /// [`Unanswered`]: the stack is being stopped, or has ended, or the time is over.
    pub(crate) fn confirm(&mut self, patience: Option<Duration>) -> Result<LeaseState, Unanswered> {
        self.client.set_patience(patience);
        match self.client.answer(&self.question)? {
            Answer::Held(held) => Ok(held),
            Answer::Failed(refusal) => Err(Unanswered::Refused(*refusal)),
            Answer::Done(_)
            | Answer::Line(_)
            | Answer::Event(_)
            | Answer::Lost(_)
            | Answer::Screen(_)
            | Answer::Attached(_) => Err(Unanswered::Strange("no answer to a hold".into())),
        }
    }

    /// Lets go, and waits until the stack is over if it ends with that; `pid` of the answer is then `None`.
    ///
    /// # Errors
    /// [`Unanswered`]; [`Unanswered::Ended`] if it ended by itself.
    pub(crate) fn release(mut self, patience: Option<Duration>) -> Result<Status, Unanswered> {
        self.client.set_patience(patience);
        // An error says that the other end is gone, as the answer will.
        let _ = self.client.socket().shutdown(Shutdown::Write);
        loop {
            match self.client.answer(&self.question)? {
                Answer::Done(status) => return Ok(*status),
                Answer::Failed(refusal) => return Err(Unanswered::Refused(*refusal)),
                // Not waited for.
                Answer::Held(_)
                | Answer::Line(_)
                | Answer::Event(_)
                | Answer::Lost(_)
                | Answer::Screen(_)
                | Answer::Attached(_) => {}
            }
        }
    }
}

impl AsFd for Lease {
    /// Readable when the stack has something to say: that it ends.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.client.socket().as_fd()
    }
}
