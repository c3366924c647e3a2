//! The task that reads one stream.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use nix::unistd::read;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::descriptor::{capacity, grow};
use super::lines::Limits;
use super::mux::Stream;
use super::shared::{READ, Shared};
use crate::notice::Notice;

/// A line that is older than this is shown unfinished (SPEC §6).
const PROMPT: Duration = Duration::from_millis(100);
/// An ended instance whose stream is silent for this long has said its last words.
const RETIRED: Duration = Duration::from_millis(100);
/// With every process gone, a stream that is silent for this long will not end: an outsider holds it.
const FINISHED: Duration = Duration::from_millis(300);
/// Chunks in a row before everyone else has a turn. One: 10 to 20 % slower. Eight: a timer waits 10 ms.
const TURN: u32 = 4;
/// A read below this found a program that writes line by line…
const SMALL: usize = 4096;
/// …and after this many in quick succession it is worth waiting for more.
const STREAK: u32 = 16;
/// How long, and what "quick" is.
const PAUSE: Duration = Duration::from_millis(1);
/// A read of this size means that the default pipe (64 KiB) was full: a larger one more than doubles what a
/// writer of blocks can pass.
const FULL: usize = 60 << 10;
const LARGE_PIPE: i32 = 256 << 10;
/// As many pipes are made larger: 8 MiB of the 64 MiB that one user may have (pipe-user-pages-soft). Past
/// that, every new pipe of the user gets one or two pages only.
const LARGE_PIPES: u32 = 32;

/// What the rest of the program says to a reader.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// What to say when the stream has nothing more of its process.
    pub obituary: RefCell<Option<Notice>>,
    /// End when nothing comes.
    pub finish: Cell<bool>,
    /// The reader is gone.
    pub ended: Cell<bool>,
    /// One of these was changed.
    pub changed: Notify,
}

/// Reads one stream until it ends.
pub(super) struct Reader {
    shared: Rc<Shared>,
    orders: Rc<Orders>,
    descriptor: AsyncFd<OwnedFd>,
    terminal: bool,
    stream: Stream,
    /// When the unfinished line began.
    unfinished: Option<Instant>,
    /// When the process was said to be gone, and what has been read since.
    retired: Option<(Instant, usize)>,
    enlarged: bool,
    turn: u32,
    streak: u32,
    last: Instant,
}

enum Wake {
    Chunk,
    Nothing,
    Orders,
    Silence,
    End,
}

impl Reader {
    /// A reader that has not begun. The descriptor does not block.
    pub(super) fn new(
        shared: Rc<Shared>,
        orders: Rc<Orders>,
        speaker: usize,
        terminal: bool,
        descriptor: AsyncFd<OwnedFd>,
    ) -> Self {
        let stream = Stream::new(speaker, terminal, Limits::OUTPUT);
        Self {
            shared,
            orders,
            descriptor,
            terminal,
            stream,
            unfinished: None,
            retired: None,
            enlarged: false,
            turn: 0,
            streak: 0,
            last: Instant::now(),
        }
    }

    /// Reads until the stream ends, or is as good as ended.
    pub(super) async fn run(mut self) {
        while !self.turn().await {}
        self.end_line();
        self.announce();
        self.orders.ended.set(true);
        if self.enlarged {
            self.shared.large_pipes.set(self.shared.large_pipes.get() - 1);
        }
        self.shared.reader_ended();
    }

    /// One thing that happens; says whether it was the end.
    async fn turn(&mut self) -> bool {
        match self.wait().await {
            Wake::Chunk => {
                self.announce_after_flood();
                self.make_room_for_others().await;
                false
            }
            Wake::Orders => {
                if self.retired.is_none() && self.orders.obituary.borrow().is_some() {
                    self.retired = Some((Instant::now(), 0));
                }
                false
            }
            Wake::Nothing => false,
            Wake::Silence => self.on_silence(),
            Wake::End => true,
        }
    }

    /// Waits for bytes, an order, or a time that has come; reads one chunk.
    async fn wait(&mut self) -> Wake {
        let deadline = self.deadline();
        let silence = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let orders = Rc::clone(&self.orders);
        let guard = tokio::select! {
            biased;
            guard = self.descriptor.readable() => guard,
            () = orders.changed.notified() => return Wake::Orders,
            () = silence => return Wake::Silence,
        };
        let Ok(mut guard) = guard else { return Wake::End };
        let shared = Rc::clone(&self.shared);
        let mut buffer = shared.buffer.lock().await;
        let answer =
            guard.try_io(|descriptor| read(descriptor.get_ref(), &mut buffer).map_err(io::Error::from));
        match answer {
            Err(_would_block) => return Wake::Nothing,
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                return Wake::Nothing;
            }
            // A pseudo-terminal says EIO when its last user has closed it, after all that was in it.
            Ok(Err(_) | Ok(0)) => return Wake::End,
            Ok(Ok(count)) => {
                // A pipe that gave less than was asked for is empty, and the next byte will wake us. A
                // pseudo-terminal gives a page at a time and must be asked again.
                if count < READ && !self.terminal {
                    guard.clear_ready();
                }
                self.pass_on(&buffer[..count]).await;
            }
        }
        Wake::Chunk
    }

    /// When silence means something.
    fn deadline(&self) -> Option<Instant> {
        let silent_for =
            if self.orders.finish.get() { Some(FINISHED) } else { self.retired.map(|_| RETIRED) };
        let prompt = self.unfinished.map(|since| since + PROMPT);
        match (silent_for.map(|span| Instant::now() + span), prompt) {
            (Some(end), Some(prompt)) => Some(end.min(prompt)),
            (end, prompt) => end.or(prompt),
        }
    }

    /// Makes rows of a chunk. While the batch is full it waits, with the one read buffer in its hands: so
    /// everyone else waits too, in the order of their coming, and the children are held back by their pipes.
    async fn pass_on(&mut self, mut chunk: &[u8]) {
        let count = chunk.len();
        let shared = Rc::clone(&self.shared);
        if shared.is_gone() {
            chunk = &[];
        }
        let now = shared.now();
        while !chunk.is_empty() {
            shared.space().await;
            let step = shared.step(&mut self.stream, chunk, now);
            chunk = &chunk[step.taken..];
            if step.ended {
                self.unfinished = None;
            }
        }
        shared.flush();
        if !shared.has_unfinished(&self.stream) {
            self.unfinished = None;
        } else if self.unfinished.is_none() {
            self.unfinished = Some(Instant::now());
        }
        self.on_count(count);
    }

    /// Learns from the size of a read.
    fn on_count(&mut self, count: usize) {
        if let Some((_, since)) = &mut self.retired {
            *since += count;
        }
        if count >= FULL && !self.enlarged && !self.terminal && self.shared.large_pipes.get() < LARGE_PIPES {
            self.enlarged = true;
            self.shared.large_pipes.set(self.shared.large_pipes.get() + 1);
            grow(self.descriptor.get_ref(), LARGE_PIPE);
        }
        self.turn = if count == READ || self.terminal { self.turn + 1 } else { 0 };
        let now = Instant::now();
        let quick = now.duration_since(self.last) < PAUSE;
        self.last = now;
        self.streak = if count < SMALL && quick && !self.terminal { self.streak + 1 } else { 0 };
    }

    /// Lets the others have their turn after a few chunks. After many small reads it waits a little: a
    /// program that writes line by line then costs a third, and no lone line is ever late.
    async fn make_room_for_others(&mut self) {
        if self.streak >= STREAK {
            self.streak = 0;
            sleep(PAUSE).await;
        } else if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }

    /// Nothing came until the deadline; says whether that is the end.
    fn on_silence(&mut self) -> bool {
        if self.unfinished.take().is_some() {
            self.shared.show_unfinished(&mut self.stream);
            return false;
        }
        if self.retired.take().is_some() {
            self.end_line();
            self.announce();
        }
        self.orders.finish.get()
    }

    /// A process that left a descendant behind that never pauses: its own last words are out when as much
    /// was read as a pipe can hold. The line that is being written belongs to the descendant.
    fn announce_after_flood(&mut self) {
        if let Some((since, count)) = self.retired
            && since.elapsed() >= RETIRED
            && count >= capacity(self.descriptor.get_ref()).map_or(READ, |held| held.unsigned_abs() as usize)
        {
            self.retired = None;
            self.announce();
        }
    }

    fn end_line(&mut self) {
        self.unfinished = None;
        self.shared.end_line(&mut self.stream);
    }

    fn announce(&self) {
        let obituary = self.orders.obituary.borrow_mut().take();
        if let Some(obituary) = obituary {
            self.shared.notice(&obituary);
        }
    }
}
