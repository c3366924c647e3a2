//! What the readers have in common. One thread, so `Rc` and cells; no borrow is held over an `await`.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Mutex, Notify};

use super::history::{History, HistoryLine};
use super::log_files::FileWriter;
use super::mux::Mux;
use super::mux_stream::{MuxStep, MuxStream};
use super::password::PasswordPrompts;
use super::stdout_sink::StdoutSink;
use crate::escapes::without_sequences;
use crate::notice::Notice;

/// Bytes that one read asks for. 16 KiB would cost 40 % of the speed.
pub(super) const READ: usize = 128 << 10;
/// A batch of this size is full: readers wait until the writer takes it.
const FULL: usize = 256 << 10;

/// How many of its last lines are told of an instance that failed, and characters of each.
const TOLD: usize = 10;
const LONGEST_TOLD: usize = 1000;

/// The mux, the way out, and one read buffer for all.
pub(super) struct Shared {
    mux: RefCell<Mux>,
    sink: RefCell<StdoutSink>,
    /// Writes a file for each instance, if such are wanted.
    files: RefCell<Option<FileWriter>>,
    /// The one read buffer. tokio's lock is a queue: under back-pressure readers take turns, in order.
    pub(super) buffer: Mutex<Box<[u8]>>,
    /// The batch has become smaller.
    space: Notify,
    /// A reader has ended, or a batch was written.
    progress: Notify,
    /// The history may have grown; only for its waiters.
    grown: Notify,
    /// The batch is to be sent when all tasks that are ready now have had their turn.
    turn_over: Notify,
    readers: Cell<usize>,
    /// Pipes that were made larger.
    pub(super) large_pipes: Cell<u32>,
    /// Whether lines that are typed are read.
    pub(super) has_keyboard: Cell<bool>,
    /// The passwords that instances ask for.
    pub(super) passwords: PasswordPrompts,
    clock: fn() -> Timestamp,
}

impl Shared {
    /// Nothing read, nothing written.
    pub(super) fn new(mux: Mux, sink: StdoutSink, clock: fn() -> Timestamp) -> Self {
        Self {
            mux: RefCell::new(mux),
            sink: RefCell::new(sink),
            files: RefCell::default(),
            buffer: Mutex::new(vec![0; READ].into()),
            space: Notify::new(),
            progress: Notify::new(),
            grown: Notify::new(),
            turn_over: Notify::new(),
            readers: Cell::new(0),
            large_pipes: Cell::new(0),
            has_keyboard: Cell::new(false),
            passwords: PasswordPrompts::default(),
            clock,
        }
    }

    /// The moment, by the clock that the caller gave.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Waits until the batch has room, and what waits for the files.
    pub(super) async fn space(&self) {
        while self.is_full() {
            self.flush();
            if self.is_full() {
                self.space.notified().await;
            }
        }
    }

    fn is_full(&self) -> bool {
        let mut mux = self.mux.borrow_mut();
        mux.outgoing().len() >= FULL || mux.files.as_ref().is_some_and(|files| files.len() >= FULL)
    }

    /// From now on this writes the rows of each instance, too.
    pub(super) fn write_files(&self, files: FileWriter) {
        self.mux.borrow_mut().make_file_rows();
        *self.files.borrow_mut() = Some(files);
    }

    /// For as long as the files are written: gives the writer what has gathered.
    pub(super) async fn flush_files(self: Rc<Self>) {
        loop {
            let written = poll_fn(|context| match &mut *self.files.borrow_mut() {
                Some(files) => files.poll_written(context),
                None => Poll::Pending,
            });
            if let Some(text) = written.await {
                self.notice_soon(&Notice::Warning { text });
            }
            self.flush();
            self.space.notify_one();
            self.progress.notify_one();
        }
    }

    /// Makes rows of some of a chunk.
    pub(super) fn step(&self, stream: &mut MuxStream, chunk: &[u8], swaps: bool, now: Timestamp) -> MuxStep {
        let mut mux = self.mux.borrow_mut();
        mux.at(now);
        mux.step(stream, chunk, swaps)
    }

    /// Whether the stream has an unfinished line that could be shown.
    pub(super) fn has_unfinished(&self, stream: &MuxStream) -> bool {
        self.mux.borrow().has_unfinished(stream)
    }

    /// Shows an unfinished line.
    pub(super) fn show_unfinished(&self, stream: &mut MuxStream) {
        let now = self.now();
        {
            let mut mux = self.mux.borrow_mut();
            mux.at(now);
            mux.show_unfinished(stream);
        }
        self.flush();
    }

    /// Makes a row of an unfinished line.
    pub(super) fn end_line(&self, stream: &mut MuxStream) {
        let now = self.now();
        {
            let mut mux = self.mux.borrow_mut();
            mux.at(now);
            mux.end(stream);
        }
        self.turn_over.notify_one();
    }

    /// Prints a line of ganger's own.
    pub(super) fn notice(&self, notice: &Notice) {
        self.notice_soon(notice);
        self.flush();
    }

    /// The same, but it stays in the batch until that is sent.
    pub(super) fn notice_soon(&self, notice: &Notice) {
        let now = self.now();
        self.mux.borrow_mut().notice(notice, now);
    }

    /// Prints a line about a source that has ended. Those of a stop come together, and are one write.
    pub(super) fn exit_notice(&self, log_source: usize, mut notice: Notice) {
        if let Notice::GivenUp { lines, .. } = &mut notice {
            *lines = self.last_lines(log_source);
        }
        self.notice_soon(&notice);
        self.turn_over.notify_one();
    }

    /// Prints a line about the end of the stack.
    pub(super) fn conclude(&self, mut notice: Notice) {
        if let Notice::Failed { process, lines, .. } = &mut notice {
            let log_source = self.mux.borrow().index_of(process);
            *lines = log_source.map_or_else(Vec::new, |log_source| self.last_lines_above(log_source));
            if lines.is_empty() {
                return;
            }
        }
        self.notice(&notice);
    }

    /// The last lines of a source as text, without colours.
    pub(super) fn last_lines(&self, log_source: usize) -> Vec<String> {
        self.with_mux(|mux| {
            mux.history()
                .map(|history| history.latest(TOLD, |own| own == log_source).iter().map(told).collect())
        })
        .unwrap_or_default()
    }

    /// The last lines of a source, if lines of others stand below them: else they are the latest that the user sees.
    fn last_lines_above(&self, log_source: usize) -> Vec<String> {
        let lines = self.last_lines(log_source);
        let is_other = |history: &History| {
            history.latest(lines.len(), |_| true).iter().any(|line| line.log_source != log_source)
        };
        if self.with_mux(|mux| mux.history().is_some_and(is_other)) { lines } else { Vec::new() }
    }

    /// Prints that this source waits for keys.
    pub(super) fn tell_of_waiting(&self, log_source: usize) {
        let process = self.mux.borrow().log_source(log_source);
        if let Some(process) = process {
            self.notice(&Notice::Waiting { process, here: self.has_keyboard.get() });
        }
    }

    /// Access to the mux for what is rare.
    pub(super) fn with_mux<T>(&self, action: impl FnOnce(&mut Mux) -> T) -> T {
        action(&mut self.mux.borrow_mut())
    }

    /// Waits until something may have come to the history.
    pub(super) async fn grown(&self) {
        self.grown.notified().await;
    }

    /// Wakes the waiters for growth of the history.
    pub(super) fn wake(&self) {
        self.grown.notify_waiters();
    }

    /// Sends the batch on its way, if the way is free.
    pub(super) fn flush(&self) {
        // One atomic load while there is no waiter.
        self.wake();
        if let Some(files) = &mut *self.files.borrow_mut()
            && let Some(rows) = &mut self.mux.borrow_mut().files
        {
            files.write(rows);
        }
        let (mut sink, mut mux) = (self.sink.borrow_mut(), self.mux.borrow_mut());
        let has_taken_back = sink.collect();
        if sink.is_idle() || sink.is_gone() {
            mux.place_input_line();
            sink.flush(mux.outgoing());
        }
        if has_taken_back {
            // The pump is not woken by it any more, and a reader may wait for just this.
            self.space.notify_one();
            self.progress.notify_one();
        }
    }

    /// One reader more.
    pub(super) fn reader_began(&self) {
        self.readers.set(self.readers.get() + 1);
    }

    /// One reader less.
    pub(super) fn reader_ended(&self) {
        self.readers.set(self.readers.get() - 1);
        self.progress.notify_one();
    }

    /// Whether no stream is being read.
    pub(super) fn is_silent(&self) -> bool {
        self.readers.get() == 0
    }

    /// Whether everything is written (or dropped, when the reader is gone).
    pub(super) fn is_done(&self) -> bool {
        self.is_silent() && self.is_written()
    }

    /// Whether everything that was read is written.
    pub(super) fn is_written(&self) -> bool {
        let mut mux = self.mux.borrow_mut();
        let is_in_files = mux.files.as_ref().is_none_or(|files| files.len() == 0)
            && self.files.borrow().as_ref().is_none_or(FileWriter::is_idle);
        is_in_files && !mux.has_outgoing() && self.sink.borrow().is_idle()
    }

    /// Bytes that standard output has taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.sink.borrow().taken()
    }

    /// Waits until [`Shared::is_done`] may have changed.
    pub(super) async fn progress(&self) {
        self.progress.notified().await;
    }

    /// Ends the threads that write, which must be idle.
    pub(super) fn close(&self) {
        self.sink.borrow_mut().close();
        if let Some(files) = self.files.take() {
            files.join();
        }
    }

    /// What to watch for the end of the reader.
    pub(super) fn watched(&self) -> Option<Arc<OwnedFd>> {
        self.sink.borrow().watched()
    }

    /// For as long as the writer runs: takes back what it has written, and gives it what has gathered.
    pub(super) async fn flush_all(self: Rc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|context| self.sink.borrow_mut().poll_written(context)) => {}
                // Woken last, this task runs behind all that are ready.
                () = self.turn_over.notified() => {}
            }
            self.flush();
            self.space.notify_one();
            self.progress.notify_one();
        }
    }

    /// Waits for the reader of our output to go, which no write would show while no instance writes. Costs
    /// nothing: epoll reports an error of a pipe or socket whatever it is watched for.
    pub(super) async fn watch(self: Rc<Self>, stdout: AsyncFd<Arc<OwnedFd>>) {
        while let Ok(mut guard) = stdout.ready(Interest::READABLE | Interest::ERROR).await {
            if is_closed(stdout.get_ref()) {
                self.sink.borrow_mut().fail(io::ErrorKind::BrokenPipe.into());
                self.flush();
                self.space.notify_one();
                self.progress.notify_one();
                return;
            }
            guard.clear_ready();
        }
    }
}

/// A line without colours, and cut at [`LONGEST_TOLD`].
fn told(line: &HistoryLine<'_>) -> String {
    let text = String::from_utf8_lossy(&without_sequences(line.text)).into_owned();
    let end = text.char_indices().nth(LONGEST_TOLD).map_or(text.len(), |(end, _)| end);
    if end < text.len() { format!("{}…", &text[..end]) } else { text }
}

fn is_closed(stdout: &Arc<OwnedFd>) -> bool {
    let mut asked = [PollFd::new(std::os::fd::AsFd::as_fd(stdout), PollFlags::empty())];
    let answered = poll(&mut asked, PollTimeout::ZERO);
    let [asked] = asked;
    answered.is_ok()
        && asked.revents().is_some_and(|events| events.intersects(PollFlags::POLLERR | PollFlags::POLLHUP))
}
