//! The connection of one client: lines become calls, and answers become lines.

use std::io;
use std::os::fd::AsFd;
use std::sync::Weak;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::call::{AHEAD, AnswerPart, Call, InFlight, ReplySender};
use super::fields::FieldError;
use super::incoming::{read, read_typed};
use super::line_buffer::LineBuffer;
use super::protocol::{LONGEST, RefusalKind, Reply, Request, RequestRefusal, VERSION};
use super::terminal::TerminalInput;

/// How long a client may take to send one line.
const PATIENCE: Duration = Duration::from_secs(10);
/// Poll interval for half-closed clients: the end of the connection wakes no reader then.
const HALF_CLOSED_POLL: Duration = Duration::from_secs(1);

/// The connection of one client.
pub(super) struct Connection {
    stream: UnixStream,
    input: LineBuffer,
    in_flight: Weak<Notify>,
    /// Whether the client has closed its side.
    is_half_closed: watch::Sender<bool>,
}

impl Connection {
    /// On this stream; what is in flight is counted there while the server lives.
    pub(super) fn new(stream: UnixStream, in_flight: Weak<Notify>) -> Self {
        Self { stream, input: LineBuffer::default(), in_flight, is_half_closed: watch::Sender::new(false) }
    }

    /// Answers one line after the other, until the client is gone or has broken the rules.
    pub(super) async fn serve<T: From<Call>>(mut self, calls: &UnboundedSender<T>) -> io::Result<()> {
        loop {
            let line = match self.next_line().await? {
                Some(line) => line,
                None if self.input.rest().len() > LONGEST => {
                    let message = format!("a request has at most {LONGEST} bytes");
                    return self.write(&refused(0, RequestRefusal::new(RefusalKind::TooLong, message))).await;
                }
                None => return Ok(()),
            };
            match read(&line) {
                Err(reply) => self.write(&reply.to_line()).await?,
                Ok(envelope) => {
                    let Some(in_flight) = self.in_flight.upgrade().map(InFlight) else { return Ok(()) };
                    let (id, request) = (envelope.id, envelope.request);
                    let typing = matches!(request, Request::Attach(_)).then(|| channel(AHEAD));
                    let (typing, typed) = typing.unzip();
                    let (caller, answers) = ReplySender::new(in_flight, self.is_half_closed.subscribe());
                    if calls.send(Call { request, caller, typed }.into()).is_err() {
                        return Ok(());
                    }
                    self.pass_on(answers, typing.as_ref(), id).await?;
                }
            }
        }
    }

    /// The next line; `None` at the end, or where the rules are broken.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.input.next_line() {
                return Ok(Some(line.to_vec()));
            }
            if self.input.rest().len() > LONGEST {
                return Ok(None);
            }
            let Ok(waited) = timeout_at(end, self.stream.readable()).await else { return Ok(None) };
            waited?;
            if self.read()? == Some(0) {
                return Ok(None);
            }
        }
    }

    /// Reads what is there: how much, or nothing yet.
    fn read(&mut self) -> io::Result<Option<usize>> {
        match self.input.fill(|piece| self.stream.try_read(piece)) {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the answers to a request, until they end or the client is gone.
    async fn pass_on(
        &mut self,
        mut answers: Receiver<AnswerPart>,
        typing: Option<&Sender<TerminalInput>>,
        id: u64,
    ) -> io::Result<()> {
        loop {
            let answer = tokio::select! {
                answer = answers.recv() => answer,
                wrong = self.read_typing(typing) => {
                    let message = format!("what was typed is refused: {}", wrong?);
                    self.write(&refused(id, RequestRefusal::new(RefusalKind::BadRequest, message))).await?;
                    return Err(io::ErrorKind::InvalidData.into());
                }
            };
            match answer {
                Some(part) => {
                    let lines = part
                        .answers
                        .into_iter()
                        .map(|answer| Reply { version: VERSION, id, answer }.to_line());
                    self.write(&lines.collect::<Vec<_>>().concat()).await?;
                }
                None => return Ok(()),
            }
        }
    }

    /// Passes on the keys of an attached client; for all others waits until the client is gone. Returns the reason why a line is
    /// refused.
    async fn read_typing(&mut self, typing: Option<&Sender<TerminalInput>>) -> io::Result<FieldError> {
        let Some(typing) = typing else { return self.gone().await };
        loop {
            while self.input.has_line() {
                // The answer that ends the request is on its way: keys for it are of no use any more.
                let Ok(room) = typing.reserve().await else { return self.gone().await };
                match read_typed(self.input.next_line().unwrap_or_default()) {
                    Ok(typed) => room.send(typed),
                    Err(error) => return Ok(error),
                }
            }
            if self.input.rest().len() > LONGEST {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.stream.readable().await?;
            if self.read()? == Some(0) {
                return self.gone().await;
            }
        }
    }

    /// Waits until the client is gone. One that has only closed its writing side (`nc -N`) still reads; what it sends before it has
    /// its answer is kept, up to the length of a line.
    async fn gone<T>(&mut self) -> io::Result<T> {
        while self.input.rest().len() <= LONGEST {
            self.stream.readable().await?;
            if self.read()? == Some(0) {
                self.is_half_closed.send_replace(true);
                break;
            }
        }
        while !self.is_hung_up() {
            sleep(HALF_CLOSED_POLL).await;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    }

    fn is_hung_up(&self) -> bool {
        let mut asked = [PollFd::new(self.stream.as_fd(), PollFlags::empty())];
        let answered = poll(&mut asked, PollTimeout::ZERO);
        let [asked] = asked;
        answered.is_err()
            || asked
                .revents()
                .is_some_and(|events| events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
    }

    async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.ready(Interest::WRITABLE).await?;
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The line of a refusal.
pub(super) fn refused(id: u64, refusal: RequestRefusal) -> Vec<u8> {
    Reply { version: VERSION, id, answer: refusal.into() }.to_line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_a_byte_now_and_then_does_not_keep_its_place() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::new(ours, Weak::new());
        let slow = async {
            for _ in 0..5 {
                theirs.try_write(b"x").unwrap();
                sleep(PATIENCE.saturating_sub(Duration::from_secs(1))).await;
            }
        };
        tokio::select! {
            line = connection.next_line() => assert_eq!(line.unwrap(), None),
            () = slow => panic!("it has kept its place"),
        }
    }
}
