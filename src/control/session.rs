//! The asking end of an attachment: never waits, so that a key is heard while nothing can be sent or shown.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::line_buffer::LineBuffer;
use super::protocol::{Answer, Reply};
use super::terminal::TerminalInput;

/// What may wait to be sent before no more keys are read.
const AHEAD: usize = 256 << 10;

/// A connection to an instance's terminal.
#[derive(Debug)]
pub(crate) struct AttachConnection {
    stream: UnixStream,
    received: LineBuffer,
    answers: VecDeque<Answer>,
    unsent: Vec<u8>,
}

impl AttachConnection {
    /// A session on `stream`, on which this was answered already, and these bytes have been read.
    pub(super) fn new(stream: UnixStream, first: Answer, received: LineBuffer) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let mut session = Self { stream, received, answers: VecDeque::from([first]), unsent: Vec::new() };
        session.understand()?;
        Ok(session)
    }

    /// Sends keys or a size, now or with the next [`AttachConnection::flush`].
    ///
    /// # Errors
    /// The stack is gone.
    pub(crate) fn send(&mut self, typed: &TerminalInput) -> io::Result<()> {
        serde_json::to_writer(&mut self.unsent, typed)?;
        self.unsent.push(b'\n');
        self.flush()
    }

    /// Sends what is waiting, as far as it goes.
    ///
    /// # Errors
    /// The stack is gone.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether something waits to be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Whether so much waits that no more keys should be read.
    pub(crate) fn is_full(&self) -> bool {
        self.unsent.len() >= AHEAD
    }

    /// Whether answers have been received and not taken.
    pub(crate) fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// The next answer that is there; `None` if none is.
    ///
    /// # Errors
    /// The stack is gone (`UnexpectedEof`), or what it says is not understood.
    pub(crate) fn next_answer(&mut self) -> io::Result<Option<Answer>> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Ok(Some(answer));
            }
            match self.received.fill(|piece| self.stream.read(piece)) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => self.understand()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes answers of the whole lines that have been received.
    fn understand(&mut self) -> io::Result<()> {
        while let Some(line) = self.received.next_line() {
            let reply: Reply = serde_json::from_slice(line)?;
            self.answers.push_back(reply.answer);
        }
        Ok(())
    }
}

impl AsFd for AttachConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
