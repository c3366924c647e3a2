//! The serving end: takes what clients ask, and hands it over as a [`Call`]. It decides nothing.
//!
//! A client can cost a bounded buffer and a place among `MOST`, and nothing else: what it sends is read up
//! to the longest line, what it does not read waits in a channel of `AHEAD` pieces, and whoever fills that
//! channel waits for it alone.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener as Bound;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::geteuid;
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::protocol::{Answer, LONGEST, RefusalKind, Reply, Request, RequestRefusal, VERSION};
use super::request::{read, read_typed};
use super::terminal::TerminalInput;

/// The most clients at once. One more is told so.
const MOST: usize = 128;
/// How many pieces of an answer may wait for a client that does not read.
const AHEAD: usize = 4;
/// How long a client may take to send one line.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the server rests when it cannot accept: no descriptor is free, and asking at once again would
/// only burn time.
const REST: Duration = Duration::from_millis(100);
/// How often one is looked after that has closed its writing side: that it goes away for good wakes nobody.
const SILENCE: Duration = Duration::from_secs(1);
/// How long the last answers may take to be written.
const LAST: Duration = Duration::from_millis(500);
/// Who always holds an [`InFlight`]: the server, and the task that accepts.
const CONSTANT: usize = 2;

/// One question, and the way back.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Who asks.
    pub caller: ReplySender,
    /// What is typed afterwards, by one who attaches; closed when no more will come.
    pub typed: Option<Receiver<TerminalInput>>,
}

/// The way back to who asked. Dropping it ends the request.
#[derive(Clone, Debug)]
pub struct ReplySender {
    id: u64,
    replies: Sender<AnswerPart>,
    in_flight: InFlight,
    /// Whether its side of the connection is closed.
    is_half_closed: watch::Receiver<bool>,
}

/// A piece of an answer on its way to the client.
#[derive(Debug)]
struct AnswerPart {
    bytes: Vec<u8>,
    /// Until it is written.
    _in_flight: InFlight,
}

/// Held by all that is still to be answered or written.
#[derive(Clone, Debug)]
struct InFlight(Arc<Notify>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// The server, while it serves.
pub struct Server {
    in_flight: InFlight,
}

impl Server {
    /// Waits until every answer is written, but not for clients that do not read. Whoever has not been
    /// answered never will be, so callers must be dropped before.
    pub async fn finish(self) {
        let written = async {
            while Arc::strong_count(&self.in_flight.0) > CONSTANT {
                self.in_flight.0.notified().await;
            }
        };
        let _ = timeout(LAST, written).await;
    }
}

/// A question from inside of ganger itself: the call, where to type what follows, and what is answered.
pub fn in_process(request: Request) -> (Call, Sender<TerminalInput>, Replies) {
    let (replies, answers) = channel(AHEAD);
    let (typing, typed) = channel(AHEAD);
    // It holds nothing, so nobody asks whether it is silent.
    let is_half_closed = watch::channel(false).1;
    let caller = ReplySender { id: 0, replies, in_flight: InFlight(Arc::new(Notify::new())), is_half_closed };
    (Call { request, caller, typed: Some(typed) }, typing, Replies { answers, read: VecDeque::new() })
}

/// What is answered to a question from inside.
#[derive(Debug)]
pub struct Replies {
    answers: Receiver<AnswerPart>,
    read: VecDeque<Answer>,
}

impl Replies {
    /// The next answer; `None` when no more will come. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = self.read.pop_front() {
                return Some(answer);
            }
            let piece = self.answers.recv().await?;
            let lines = piece.bytes.split(|byte| *byte == b'\n');
            // It is our own, so it can be read.
            self.read.extend(
                lines.filter_map(|line| serde_json::from_slice::<Reply>(line).ok()).map(|it| it.answer),
            );
        }
    }
}

impl ReplySender {
    /// Gives the answer that ends the request. Never waits: there is room for one.
    pub fn answer(self, answer: Answer) {
        // Full or closed: then nobody waits for it any more.
        let _ = self.replies.try_send(self.piece(vec![answer]));
    }

    /// Gives a piece of an answer; waits while the client does not read. `false` when it is gone.
    pub async fn say(&self, answers: Vec<Answer>) -> bool {
        self.replies.send(self.piece(answers)).await.is_ok()
    }

    /// Whether nobody waits for an answer any more.
    pub fn is_gone(&self) -> bool {
        self.replies.is_closed()
    }

    /// Waits until nobody waits for an answer any more.
    pub async fn gone(&self) {
        self.replies.closed().await;
    }

    /// Waits until the client closes its side of the connection, or is gone.
    pub async fn half_closed(&self) {
        // An error says that the connection is gone.
        let _ = self.is_half_closed.clone().wait_for(|is_half_closed| *is_half_closed).await;
    }

    fn piece(&self, answers: Vec<Answer>) -> AnswerPart {
        let lines =
            answers.into_iter().map(|answer| Reply { version: VERSION, id: self.id, answer }.to_line());
        AnswerPart { bytes: lines.collect::<Vec<_>>().concat(), _in_flight: self.in_flight.clone() }
    }
}

/// Serves the listener from now on: every question goes to `calls`, as whatever it makes of it.
///
/// # Errors
/// The listener cannot be watched.
pub fn open<T: From<Call> + 'static>(listener: Bound, calls: UnboundedSender<T>) -> io::Result<Server> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let in_flight = InFlight(Arc::new(Notify::new()));
    spawn_local(accept(listener, calls, in_flight.clone()));
    Ok(Server { in_flight })
}

async fn accept<T: From<Call> + 'static>(
    listener: UnixListener,
    calls: UnboundedSender<T>,
    in_flight: InFlight,
) {
    // Each connection holds one of these for as long as it lives.
    let places = Rc::new(());
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        let refusal = if !is_ours(&stream) {
            Some(RequestRefusal::new(RefusalKind::Forbidden, "this stack belongs to another user"))
        } else if Rc::strong_count(&places) > MOST {
            Some(RequestRefusal::new(RefusalKind::TooMany, format!("{MOST} clients are connected already")))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            // A fresh socket has room for it.
            let _ = stream.try_write(&refused(0, refusal));
            // A socket that is closed with something unread in it takes the answer back (ECONNRESET).
            let _ = stream.try_read(&mut [0; 4096]);
            continue;
        }
        let (place, calls, notify) = (Rc::clone(&places), calls.clone(), Arc::downgrade(&in_flight.0));
        spawn_local(async move {
            let connection = Connection {
                stream,
                input: Vec::new(),
                in_flight: notify,
                is_half_closed: watch::Sender::new(false),
            };
            let _ = connection.serve(&calls).await;
            drop(place);
        });
    }
}

/// The folder keeps others out already; this holds even where somebody opened it. Root may do all anyway.
fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw() || peer.uid() == 0)
}

fn refused(id: u64, refusal: RequestRefusal) -> Vec<u8> {
    Reply { version: VERSION, id, answer: Answer::Failed(refusal) }.to_line()
}

/// One client, between two of its lines.
struct Connection {
    stream: UnixStream,
    /// What was read and not understood yet.
    input: Vec<u8>,
    in_flight: Weak<Notify>,
    /// Whether its side is closed.
    is_half_closed: watch::Sender<bool>,
}

impl Connection {
    /// Answers line after line, one at a time, until the client is gone or has broken the rules.
    async fn serve<T: From<Call>>(mut self, calls: &UnboundedSender<T>) -> io::Result<()> {
        loop {
            let line = match self.next_line().await? {
                Some(line) => line,
                None if self.input.len() > LONGEST => {
                    let message = format!("a request has at most {LONGEST} bytes");
                    return self.write(&refused(0, RequestRefusal::new(RefusalKind::TooLong, message))).await;
                }
                None => return Ok(()),
            };
            match read(&line) {
                Err(reply) => self.write(&reply.to_line()).await?,
                Ok(envelope) => {
                    let (replies, answers) = channel(AHEAD);
                    let Some(in_flight) = self.in_flight.upgrade().map(InFlight) else { return Ok(()) };
                    let (id, request) = (envelope.id, envelope.request);
                    let typing = matches!(request, Request::Attach(_)).then(|| channel(AHEAD));
                    let (typing, typed) = typing.unzip();
                    let caller = ReplySender {
                        id,
                        replies,
                        in_flight,
                        is_half_closed: self.is_half_closed.subscribe(),
                    };
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
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.input) {
                let rest = self.input.split_off(end + 1);
                return Ok(Some(std::mem::replace(&mut self.input, rest)));
            }
            if self.input.len() > LONGEST {
                return Ok(None);
            }
            let Ok(waited) = timeout(PATIENCE, self.stream.readable()).await else { return Ok(None) };
            waited?;
            if self.read()? == Some(0) {
                return Ok(None);
            }
        }
    }

    /// Reads what is there: how much, or nothing yet.
    fn read(&mut self) -> io::Result<Option<usize>> {
        let mut piece = [0; 4096];
        match self.stream.try_read(&mut piece) {
            Ok(count) => {
                self.input.extend_from_slice(&piece[..count]);
                Ok(Some(count))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what is answered, until the answer ends or the client is gone.
    async fn pass_on(
        &mut self,
        mut answers: Receiver<AnswerPart>,
        typing: Option<&Sender<TerminalInput>>,
        id: u64,
    ) -> io::Result<()> {
        loop {
            let answer = tokio::select! {
                answer = answers.recv() => answer,
                wrong = self.hear(typing) => {
                    let message = format!("what was typed is refused: {}", wrong?);
                    self.write(&refused(id, RequestRefusal::new(RefusalKind::BadRequest, message))).await?;
                    return Err(io::ErrorKind::InvalidData.into());
                }
            };
            match answer {
                Some(piece) => self.write(&piece.bytes).await?,
                None => return Ok(()),
            }
        }
    }

    /// Passes on what is typed by one who is attached; for all others just waits until the client is gone. What
    /// is not understood comes back.
    async fn hear(&mut self, typing: Option<&Sender<TerminalInput>>) -> io::Result<String> {
        let Some(typing) = typing else { return self.gone().await };
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.input) {
                // The answer that ends the request is on its way: what is typed for it is of no use any more.
                let Ok(room) = typing.reserve().await else { return self.gone().await };
                let rest = self.input.split_off(end + 1);
                match read_typed(&std::mem::replace(&mut self.input, rest)) {
                    Ok(typed) => room.send(typed),
                    Err(error) => return Ok(error),
                }
            }
            if self.input.len() > LONGEST {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.stream.readable().await?;
            if self.read()? == Some(0) {
                return self.gone().await;
            }
        }
    }

    /// Waits until the client is gone. One that has only closed its writing side (`nc -N`) still listens; and
    /// what one sends before it has its answer is kept, up to a line's length.
    async fn gone<T>(&mut self) -> io::Result<T> {
        while self.input.len() <= LONGEST {
            self.stream.readable().await?;
            if self.read()? == Some(0) {
                self.is_half_closed.send_replace(true);
                break;
            }
        }
        while !self.is_hung_up() {
            sleep(SILENCE).await;
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
