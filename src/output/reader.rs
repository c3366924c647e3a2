//! The task that reads one stream.

use std::future::pending;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use nix::errno::Errno;
use nix::unistd::{read, write};
use rustix::termios::tcgetwinsize;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

use super::history::Part;
use super::lines::Limits;
use super::mux_stream::MuxStream;
use super::pipe::{capacity, grow};
use super::reader_control::{Drain, ReaderControl};
use super::screen::{KeyInput, Screen};
use super::shared::{READ, Shared};

/// A line that is older than this is shown unfinished (SPEC §6).
const PROMPT: Duration = Duration::from_millis(100);
/// A drawing that was shown, and is not the latest row any more, is shown again after this time.
const MOVING: Duration = Duration::from_secs(1);
/// Bytes in a row before all others have a turn: one full chunk. Four made a quiet instance beside floods wait
/// longer, for no throughput that could be seen (docs/design/0003).
const TURN: usize = READ;
/// A chunk of this size is not copied into the history: most of the buffer is lines.
const SWAPPED: usize = READ / 2;

/// A read of this size means that the default pipe (64 KiB) was full: a larger one is filled in one go while we are
/// elsewhere. One that holds more than a read takes brings nothing more.
const FULL: usize = 60 << 10;
const LARGE_PIPE: i32 = 128 << 10;
/// As many pipes are made larger. With more floods at once there is always one that is full: larger pipes then add
/// no throughput, but make each pass over the floods longer, and a quiet instance waits for a pass.
const LARGE_PIPES: u32 = 4;

/// Bytes that a pseudo-terminal is asked for at once. It holds 4 KiB, and a kernel thread refills it: a reader that takes
/// all of it waits for that thread, and the thread for the reader; of a quarter, the rest is refilled meanwhile.
const PIECE: usize = 1 << 10;

/// Bytes of a pseudo-terminal that are joined in a batch: each piece alone would cost a write. A pipe gives more at once.
const TERMINAL_TURN: usize = READ / 2;

/// Reads one stream until it ends.
pub(super) struct StreamReader {
    shared: Rc<Shared>,
    control: Rc<ReaderControl>,
    descriptor: Rc<AsyncFd<OwnedFd>>,
    /// The watchers, where it is a terminal.
    screen: Option<Rc<Screen>>,
    stream: MuxStream,
    /// When the unfinished line began.
    unfinished: Option<Instant>,
    /// Since the process is gone, or the end was asked for.
    drain: Option<Drain>,
    enlarged: bool,
    turn: usize,
}

/// What ends a wait.
enum ReaderWake {
    Readable,
    Orders,
    Silence,
    Failure,
}

/// One read.
struct Chunk {
    count: usize,
    after: ChunkResult,
}

/// What a stream has after a chunk.
enum ChunkResult {
    More,
    Nothing,
    End,
}

impl StreamReader {
    /// A reader that has not begun. The descriptor does not block.
    pub(super) fn new(
        shared: Rc<Shared>,
        control: Rc<ReaderControl>,
        log_source: usize,
        screen: Option<Rc<Screen>>,
        descriptor: Rc<AsyncFd<OwnedFd>>,
    ) -> Self {
        let stream = MuxStream::new(log_source, screen.is_some(), Limits::OUTPUT);
        Self {
            shared,
            control,
            descriptor,
            screen,
            stream,
            unfinished: None,
            drain: None,
            enlarged: false,
            turn: 0,
        }
    }

    /// Reads until the stream ends, or is as good as ended.
    pub(super) async fn run(&mut self) {
        while !self.turn().await {}
        self.end_line();
        if let Some(screen) = &self.screen {
            screen.end();
        }
        self.announce();
        self.control.ended.set(true);
        if self.enlarged {
            self.shared.large_pipes.set(self.shared.large_pipes.get() - 1);
        }
        self.shared.reader_ended();
    }

    /// Handles one event; whether it was the end.
    async fn turn(&mut self) -> bool {
        match self.wait().await {
            ReaderWake::Readable => self.on_readable().await,
            ReaderWake::Orders => {
                self.drain = Drain::begin(&self.control);
                false
            }
            ReaderWake::Silence => self.on_silence(),
            ReaderWake::Failure => true,
        }
    }

    /// Waits for bytes, an order, or a time that has come.
    async fn wait(&self) -> ReaderWake {
        let deadline = self.deadline();
        let silence = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // Orders first: a stream that never pauses must not be deaf to them.
            biased;
            () = self.control.changed.notified() => ReaderWake::Orders,
            guard = self.descriptor.readable() => match guard {
                Ok(mut guard) => {
                    guard.retain_ready();
                    ReaderWake::Readable
                }
                Err(_) => ReaderWake::Failure,
            },
            () = silence => ReaderWake::Silence,
        }
    }

    /// Reads and passes on what is there, up to a turn's worth; whether the stream has ended.
    async fn on_readable(&mut self) -> bool {
        let shared = Rc::clone(&self.shared);
        let mut buffer = shared.buffer.lock().await;
        let (now, mut count) = (shared.now(), 0);
        self.follow_size();
        let after = loop {
            let chunk = self.read(&mut buffer).await;
            if chunk.count > 0 {
                let swapped = self.pass_on(&buffer[..chunk.count], now).await;
                if swapped.lines > 0 {
                    shared.with_mux(|mux| mux.exchange(self.stream.log_source(), &mut buffer, swapped));
                }
                count += chunk.count;
            }
            if count >= TERMINAL_TURN || !matches!(chunk.after, ChunkResult::More) {
                break chunk.after;
            }
        };
        if count > 0 {
            shared.flush();
            self.on_count(count);
            drop(buffer);
            if self.turn >= TURN {
                self.turn = 0;
                tokio::task::yield_now().await;
            }
        }
        match after {
            ChunkResult::More => self.is_answered(false),
            ChunkResult::Nothing => self.is_answered(true),
            ChunkResult::End => true,
        }
    }

    /// The size of the terminal as it is now: an attached client changes it, and ours, which may.
    fn follow_size(&mut self) {
        if self.screen.is_some()
            && let Ok(size) = tcgetwinsize(self.descriptor.get_ref())
        {
            self.stream.drawing().set_size(size.ws_row.into(), size.ws_col.into());
        }
    }

    /// Reads once: how much that was, and whether the stream has ended after it.
    ///
    /// A pipe that gave less than was asked for is empty, and the next byte will wake us (epoll is edge-triggered here), so one
    /// call is enough. A pseudo-terminal gives less than it has and must be asked until it has nothing.
    async fn read(&self, buffer: &mut [u8]) -> Chunk {
        let Ok(mut guard) = self.descriptor.readable().await else {
            return Chunk { count: 0, after: ChunkResult::End };
        };
        let piece = if self.screen.is_some() { PIECE } else { buffer.len() };
        let count = loop {
            match read(self.descriptor.get_ref(), &mut buffer[..piece]) {
                Ok(count @ 1..) => break count,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break 0,
                // A pseudo-terminal gives EIO when its last user has closed it, after all that was in it.
                Ok(_) | Err(_) => return Chunk { count: 0, after: ChunkResult::End },
            }
        };
        if count == piece || (count > 0 && self.screen.is_some()) {
            return Chunk { count, after: ChunkResult::More };
        }
        guard.clear_ready();
        Chunk { count, after: ChunkResult::Nothing }
    }

    /// When silence means something.
    fn deadline(&self) -> Option<Instant> {
        let delay = if self.stream.is_moving() { MOVING } else { PROMPT };
        let prompt = self.unfinished.map(|since| since + delay);
        match (self.drain.map(|drain| Instant::now() + drain.patience()), prompt) {
            (Some(end), Some(prompt)) => Some(end.min(prompt)),
            (end, prompt) => end.or(prompt),
        }
    }

    /// Makes rows of a chunk. While the batch is full it waits, with the one read buffer in its hands: so
    /// all others wait too, in order of arrival, and the children are held back by their pipes.
    ///
    /// Of a large chunk the history is to have the buffer itself: returns which part of it.
    async fn pass_on(&mut self, chunk: &[u8], now: Timestamp) -> Part {
        if let Some(screen) = &self.screen {
            screen.show(chunk);
        }
        let shared = Rc::clone(&self.shared);
        let (swaps, mut swapped) = (chunk.len() >= SWAPPED, Part::default());
        let mut taken = 0;
        while taken < chunk.len() {
            shared.space().await;
            let step = shared.step(&mut self.stream, &chunk[taken..], swaps, now);
            if step.swapped > 0 {
                let start = if swapped.lines == 0 { taken } else { swapped.bytes.start };
                swapped = Part { bytes: start..taken + step.taken, lines: swapped.lines + step.swapped };
            }
            taken += step.taken;
            if step.ended {
                self.unfinished = None;
                self.screen.iter().for_each(|screen| screen.on_line());
            }
        }
        self.answer();
        let is_unfinished = shared.has_unfinished(&self.stream)
            || self.screen.as_ref().is_some_and(|screen| screen.may_wait_unseen());
        self.unfinished = is_unfinished.then(|| self.unfinished.unwrap_or_else(Instant::now));
        swapped
    }

    /// Answers what the program has asked its terminal, unless an attached terminal does. What it does not take now is
    /// dropped: it has 4 KiB of input that it has not read.
    fn answer(&mut self) {
        let answers = self.stream.take_answers();
        if !answers.is_empty() && self.screen.as_ref().is_some_and(|screen| !screen.is_watched()) {
            let _ = write(self.descriptor.get_ref(), &answers);
        }
    }

    /// Learns from the size of a read.
    fn on_count(&mut self, count: usize) {
        if let Some(drain) = &mut self.drain {
            drain.add(count);
        }
        if count >= FULL
            && !self.enlarged
            && self.screen.is_none()
            && self.shared.large_pipes.get() < LARGE_PIPES
        {
            self.enlarged = true;
            self.shared.large_pipes.set(self.shared.large_pipes.get() + 1);
            grow(self.descriptor.get_ref(), LARGE_PIPE);
        }
        self.turn += count;
    }

    /// Nothing came until the deadline; whether that is the end.
    fn on_silence(&mut self) -> bool {
        if self.unfinished.take().is_some() {
            self.shared.show_unfinished(&mut self.stream);
            self.tell_of_waiting();
            return false;
        }
        if self.drain.take().is_some() {
            self.end_line();
            self.announce();
        }
        self.control.finish.get()
    }

    /// Tells the user that a debugger, a password or a question waits for keys: once, until a client has attached.
    fn tell_of_waiting(&self) {
        let Some(screen) = &self.screen else { return };
        let input = screen.key_input();
        if input == KeyInput::Secret {
            self.shared.passwords.add(screen);
        }
        if (input != KeyInput::Lines || self.stream.is_question()) && screen.is_news() {
            self.shared.tell_of_waiting(self.stream.log_source());
        }
    }

    /// Tells the end of the process that is gone, if the stream has nothing more of it although it does not fall silent; says
    /// whether that is the end of the stream too.
    fn is_answered(&mut self, is_empty: bool) -> bool {
        let is_over = self.drain.is_some_and(|drain| drain.is_over(is_empty, || self.pipe_size()));
        if !is_over {
            return false;
        }
        self.drain = None;
        self.announce();
        self.control.finish.get()
    }

    fn pipe_size(&self) -> usize {
        capacity(self.descriptor.get_ref()).and_then(|size| size.try_into().ok()).unwrap_or(READ)
    }

    fn end_line(&mut self) {
        self.unfinished = None;
        self.shared.end_line(&mut self.stream);
    }

    fn announce(&self) {
        for exit_notice in self.control.exit_notices.take() {
            self.shared.exit_notice(self.stream.log_source(), exit_notice);
        }
        self.control.after_exit.take().into_iter().for_each(|then| then());
    }
}
