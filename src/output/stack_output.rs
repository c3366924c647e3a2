//! The output of a running stack: streams that are read, one stream that is written.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use regex_lite::Regex;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, spawn_local};

use super::console_handle::ConsoleHandle;
use super::descriptor;
use super::history::History;
use super::line_matcher::LineMatcher;
use super::log::Log;
use super::log_files::{FileWriter, LogFileOptions};
use super::options::OutputOptions;
use super::prefix::LogSource;
use super::reader::StreamReader;
use super::reader_control::ReaderControl;
use super::rows::mux;
use super::screen::Screen;
use super::shared::Shared;
use super::stdout_sink::StdoutSink;
use crate::notice::Notice;

/// Where an instance's output is read from. Both are set not to block, which affects no other process: the
/// read end of a pipe is an open file of its own, and so is the master of a terminal.
#[derive(Debug)]
pub enum StreamSource {
    /// The read end of a pipe or a socket.
    Pipe(OwnedFd),
    /// The master of a pseudo-terminal: CR LF becomes LF.
    Terminal(OwnedFd),
}

/// How [`Output::finish`] went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishResult {
    /// Everything is written, or was dropped because the reader is gone.
    Complete,
    /// The reader of our output stood still: something is lost.
    Abandoned,
}

/// The output of a stack. Lives on one thread, in a tokio `LocalSet` of a `current_thread` runtime.
pub struct Output {
    shared: Rc<Shared>,
    /// For each source its streams: mostly one; an earlier one may still be held open by a descendant.
    control: RefCell<Vec<Vec<Rc<ReaderControl>>>>,
    /// For each source the terminal that it has had, if any.
    screens: RefCell<Vec<Option<Rc<Screen>>>>,
    tasks: Vec<JoinHandle<()>>,
    /// Printed at the very end.
    last: RefCell<Vec<Notice>>,
}

impl Output {
    /// Opens the stream on `stdout`, a duplicate of descriptor 1, and starts the thread that writes where it may block. The error
    /// that ends standard output goes to `closed`, once; what comes after it is read and dropped, so that
    /// the instances can go on to their end.
    ///
    /// # Errors
    /// The thread cannot be started, or the descriptor is not open.
    pub fn open(
        options: OutputOptions,
        stdout: OwnedFd,
        closed: UnboundedSender<io::Error>,
    ) -> io::Result<Self> {
        let clock = options.clock;
        let mux = mux(options);
        let shared = Rc::new(Shared::new(mux, StdoutSink::open(stdout, closed)?, clock));
        let mut tasks = vec![spawn_local(Rc::clone(&shared).flush_all())];
        if let Some(watched) = shared.watched() {
            let watched = descriptor::watch(watched, Interest::READABLE | Interest::ERROR)?;
            tasks.push(spawn_local(Rc::clone(&shared).watch(watched)));
        }
        Ok(Self {
            shared,
            control: RefCell::default(),
            screens: RefCell::default(),
            tasks,
            last: RefCell::default(),
        })
    }

    /// From now on the rows of each instance are also written to a file of its own.
    ///
    /// # Errors
    /// The thread that writes them cannot be started.
    pub fn write_files(&mut self, options: LogFileOptions) -> io::Result<()> {
        self.shared.write_files(FileWriter::start(options)?);
        self.tasks.push(spawn_local(Rc::clone(&self.shared).flush_files()));
        Ok(())
    }

    /// Reads `source` as the output of this log source, until it ends. May be called again for the next process
    /// of the same instance.
    ///
    /// # Errors
    /// The descriptor cannot be watched.
    pub fn attach(&self, log_source: usize, source: StreamSource) -> io::Result<()> {
        let (descriptor, terminal) = match source {
            StreamSource::Pipe(descriptor) => (descriptor, false),
            StreamSource::Terminal(descriptor) => (descriptor, true),
        };
        descriptor::unblock(&descriptor)?;
        let descriptor = Rc::new(descriptor::watch(descriptor, Interest::READABLE)?);
        let control = Rc::new(ReaderControl::default());
        let screen = terminal.then(|| self.new_life(log_source, &descriptor));
        let mut reader =
            StreamReader::new(Rc::clone(&self.shared), Rc::clone(&control), log_source, screen, descriptor);
        let mut all = self.control.borrow_mut();
        if all.len() <= log_source {
            all.resize(log_source + 1, Vec::new());
        }
        all[log_source].retain(|earlier| !earlier.ended.get());
        all[log_source].push(control);
        self.shared.reader_began();
        // A method that takes the reader itself would make a future that holds it twice.
        spawn_local(async move { reader.run().await });
        Ok(())
    }

    /// Calls `tell` once, when this source has printed a line in which `expression` is found. Replaces an earlier call for this
    /// source.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn listen(
        &self,
        log_source: usize,
        expression: &str,
        tell: Box<dyn FnOnce()>,
    ) -> Result<(), regex_lite::Error> {
        let expression = Regex::new(expression)?;
        self.shared.with_mux(|mux| mux.listen(LineMatcher::new(log_source, expression, tell)));
        Ok(())
    }

    fn new_life(&self, log_source: usize, master: &Rc<AsyncFd<OwnedFd>>) -> Rc<Screen> {
        let mut screens = self.screens.borrow_mut();
        if screens.len() <= log_source {
            screens.resize(log_source + 1, None);
        }
        let screen = screens[log_source].get_or_insert_default();
        screen.begin(master);
        Rc::clone(screen)
    }

    /// The terminal of this source, if it has had one.
    pub fn screen(&self, log_source: usize) -> Option<Rc<Screen>> {
        self.screens.borrow().get(log_source).cloned().flatten()
    }

    /// One more source, for a stack that grows; its index is the next.
    pub fn add(&self, log_source: LogSource) {
        self.shared.with_mux(|mux| mux.add(log_source));
    }

    /// Prints a line of ganger's own, in order with what has been printed.
    pub fn notice(&self, notice: &Notice) {
        self.shared.notice(notice);
    }

    /// The same, but it need not be seen before [`Output::flush`].
    pub fn notice_soon(&self, notice: &Notice) {
        self.shared.notice_soon(notice);
    }

    /// The terminal on standard output has so many columns from now on, as far as that is known.
    pub fn resize(&self, columns: Option<usize>) {
        self.shared.with_mux(|mux| mux.resize(columns));
        self.shared.flush();
    }

    /// Prints a line about the end of the stack, behind the remaining output of all.
    pub fn conclude(&self, notice: Notice) {
        self.last.borrow_mut().push(notice);
    }

    /// Hands what was printed so far to the writer.
    pub fn flush(&self) {
        self.shared.flush();
    }

    /// The process of this source is gone: `exit_notice` follows its remaining output. That is when its stream has ended,
    /// or after 100 ms of silence if a descendant holds it open. A second one follows the first.
    pub fn retire(&self, log_source: usize, exit_notice: Notice) {
        if let Some(screen) = self.screen(log_source) {
            screen.set_exit_notice(exit_notice.to_string());
        }
        match self.control.borrow().get(log_source).and_then(|streams| streams.last()) {
            Some(control) if !control.ended.get() => {
                control.exit_notices.borrow_mut().push(exit_notice);
                control.changed.notify_one();
            }
            Some(_) | None => self.shared.exit_notice(log_source, exit_notice),
        }
    }

    /// Calls `then` when the exit notice that [`Output::retire`] was just given is printed, and all before it.
    pub fn after_exit(&self, log_source: usize, then: Box<dyn FnOnce()>) {
        match self.control.borrow().get(log_source).and_then(|streams| streams.last()) {
            Some(control) if !control.ended.get() => control.after_exit.borrow_mut().push(then),
            Some(_) | None => then(),
        }
    }

    /// The last lines of this source as text, without colours: ten at most, each of a thousand characters at most.
    pub fn last_lines(&self, log_source: usize) -> Vec<String> {
        self.shared.last_lines(log_source)
    }

    /// A view of the history for readers while the output goes on.
    pub fn log(&self) -> Log {
        Log { shared: Rc::clone(&self.shared) }
    }

    /// The terminal on standard output, for the console.
    pub fn console_handle(&self) -> ConsoleHandle {
        ConsoleHandle::new(Rc::clone(&self.shared))
    }

    /// Looks at the history, if one is kept.
    pub fn with_history<T>(&self, look: impl FnOnce(&History) -> T) -> Option<T> {
        self.log().with_history(look)
    }

    /// Columns that stand before the text: what the screen of an instance is narrower by.
    pub fn prefix_width(&self) -> usize {
        self.shared.with_mux(|mux| mux.width(self.shared.now()))
    }

    /// Waits until every stream has ended of itself.
    pub async fn ended(&self) {
        while !self.shared.is_silent() {
            self.shared.progress().await;
        }
    }

    /// Writes all that is still to be read, once every process is gone: until each stream has ended, or has
    /// been silent for 300 ms because an outsider holds it. Gives up when standard output has taken
    /// nothing for `patience`; a thread that writes is then left behind, as it cannot be interrupted.
    pub async fn finish(self, patience: Duration) -> FinishResult {
        for control in self.control.borrow().iter().flatten() {
            control.finish.set(true);
            control.changed.notify_one();
        }
        self.shared.flush();
        let mut taken = self.shared.taken();
        let mut finish = FinishResult::Complete;
        loop {
            if self.shared.is_silent() {
                self.last.take().into_iter().for_each(|notice| self.shared.conclude(notice));
            }
            if self.shared.is_done() {
                break;
            }
            if tokio::time::timeout(patience, self.shared.progress()).await.is_err() {
                let now = self.shared.taken();
                if now == taken && !self.shared.is_written() {
                    finish = FinishResult::Abandoned;
                    break;
                }
                taken = now;
            }
        }
        for task in &self.tasks {
            task.abort();
        }
        if finish == FinishResult::Complete {
            self.shared.close();
        }
        finish
    }
}

#[cfg(test)]
#[path = "stack_output_tests.rs"]
mod tests;
