//! The record of the run: what `logs`, `ps` and `wait` read when the stack is gone.
//!
//! It is written at the end, and while the stack runs at most once a second, so that a SIGKILL of both processes loses a second.
//! When nothing happens, nothing is written. Each write is a thread that ends with it: a disk that is slow holds up neither the
//! event loop nor, beyond [`PATIENCE`], the end of the stack.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::control::last_run::{LastRunFile, RecordEntry};
use crate::control::protocol::{LogLine, Status};
use crate::machine::Machine;
use crate::notice::Notice;
use crate::output::Bounds;
use crate::output::Log;
use crate::output::history::{History, HistoryLine, HistoryPosition};
use crate::output::thread::spawn_without_signals;
use crate::process::at_rest::give_back_memory;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::status::report::View;

/// The pause between two writes, but for [`DELAY`].
const INTERVAL: Duration = Duration::from_millis(950);
/// How long lines and changes gather before they are written.
const DELAY: Duration = Duration::from_millis(50);
/// How long after the start of a run its record begins: the start is not disturbed by it.
const BEGIN: Duration = Duration::from_millis(200);
/// How long the end of the stack waits for the last write.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most that is kept of one instance.
const EACH: Bounds = Bounds { lines: 200, bytes: 32 << 10 };
/// The most that is kept of all instances.
const ALL: Bounds = Bounds { lines: 10_000, bytes: 512 << 10 };
/// The most bytes of lines that are added at once. Where more has come, the record is written anew, with the latest.
const ADDED: usize = 64 << 10;
/// The size at which the record is written anew.
const SIZE: usize = 2 << 20;

/// Writes the record.
pub(super) struct Recorder {
    file: LastRunFile,
    log: Log,
    changes: Rc<Changes>,
    inbox: WeakUnboundedSender<Arrival>,
    /// Bytes in the file; `None` before it is begun, and after a failure.
    size: Option<usize>,
    has_begun: bool,
    has_failed: bool,
    thread: Option<JoinHandle<()>>,
}

/// What is not in the record yet.
struct Changes {
    /// Whether the state of the stack has changed.
    of_stack: Cell<bool>,
    /// Behind the lines that are there.
    place: RefCell<HistoryPosition>,
    /// Something has changed, or a write has ended.
    notify: Notify,
    is_writing: Cell<bool>,
}

impl Changes {
    fn are_there(&self, log: &Log) -> bool {
        self.of_stack.get()
            || log.with_history(|history| !history.is_end(&self.place.borrow())).unwrap_or(false)
    }
}

impl Recorder {
    /// A recorder of this file, which puts [`Arrival::RecordDue`] into the inbox when something is to be written.
    pub(super) fn open(file: LastRunFile, log: Log, inbox: WeakUnboundedSender<Arrival>) -> Self {
        let place = log.with_history(History::end).unwrap_or_else(|| History::default().end());
        let changes = Rc::new(Changes {
            of_stack: Cell::new(true),
            place: RefCell::new(place),
            notify: Notify::new(),
            is_writing: Cell::new(false),
        });
        spawn_local(watch(Rc::clone(&changes), log.clone(), inbox.clone()));
        let (size, has_begun, has_failed, thread) = (None, false, false, None);
        Self { file, log, changes, inbox, size, has_begun, has_failed, thread }
    }

    /// The state of the stack may have changed.
    pub(super) fn stack_changed(&self) {
        self.changes.of_stack.set(true);
        self.changes.notify.notify_one();
    }

    /// Writes what is new: adds to the record, or writes it anew.
    pub(super) fn write(&mut self, view: &View<'_>) {
        let name = |index: usize| view.machine.specs()[index].name.to_string();
        let mut text = Vec::new();
        if self.changes.of_stack.take() {
            RecordEntry::Status(Box::new(view.recorded())).write_to(&mut text);
        }
        let is_all = self.add_new_lines(&mut text, name);
        let file = self.file.clone();
        let work: Box<dyn FnOnce() -> io::Result<()> + Send> = match self.size {
            Some(size) if is_all && size + text.len() <= SIZE => {
                self.size = Some(size + text.len());
                Box::new(move || file.append(&text))
            }
            _ => {
                let text = self.whole(view.recorded(), name);
                self.size = Some(text.len());
                let has_begun = self.has_begun;
                Box::new(move || if has_begun { file.replace(&text) } else { file.begin(&text) })
            }
        };
        let Some(inbox) = self.inbox.upgrade() else { return };
        self.changes.is_writing.set(true);
        let started = spawn_without_signals("record", move || {
            // There is no receiver any more when the stack is over.
            let _ = inbox.send(Arrival::Recorded(work()));
        });
        match started {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => {
                if let Some(inbox) = self.inbox.upgrade() {
                    let _ = inbox.send(Arrival::Recorded(Err(error)));
                }
            }
        }
    }

    /// A write has ended with this result; the warning to print, if it is the first that failed.
    pub(super) fn on_written(&mut self, result: io::Result<()>) -> Option<Notice> {
        self.changes.is_writing.set(false);
        self.changes.notify.notify_one();
        let Err(error) = result else {
            if !std::mem::replace(&mut self.has_begun, true) {
                // The start is over, and with it the largest use of memory.
                give_back_memory();
            }
            return None;
        };
        self.size = None;
        let is_first = !std::mem::replace(&mut self.has_failed, true);
        is_first.then(|| Notice::Warning {
            text: format!("this run cannot be recorded for `ganger logs`: {error}"),
        })
    }

    /// Writes the record of a run that is over, after the write before.
    pub(super) async fn finish(self, status: Status, machine: &Machine) {
        let text = self.whole(status, |index| machine.specs()[index].name.to_string());
        let Self { file, has_begun, thread, .. } = self;
        let (done, is_done) = oneshot::channel();
        let started = spawn_without_signals("record", move || {
            let has_begun = has_begun || thread.is_some();
            thread.map(JoinHandle::join);
            // There is no place left to report a failure to: the last lines of ganger are out.
            let _ = if has_begun { file.replace(&text) } else { file.begin(&text) };
            let _ = done.send(());
        });
        if started.is_ok() {
            let _ = timeout(PATIENCE, is_done).await;
        }
    }

    /// Adds the lines that are not in the record; whether they are all of those.
    fn add_new_lines(&self, text: &mut Vec<u8>, name: impl Fn(usize) -> String) -> bool {
        let mut place = self.changes.place.borrow_mut();
        self.log
            .with_history(|history| {
                let found = history.from(&mut place, ADDED, |_| true, |_| true);
                add_lines(text, &found.lines, name);
                let is_all = found.lost == 0 && history.is_end(&place);
                *place = history.end();
                is_all
            })
            .unwrap_or(true)
    }

    /// The whole record.
    fn whole(&self, status: Status, name: impl Fn(usize) -> String) -> Vec<u8> {
        let mut text = Vec::new();
        let count = status.instances.len().max(1);
        let each =
            Bounds { lines: EACH.lines.min(ALL.lines / count), bytes: EACH.bytes.min(ALL.bytes / count) };
        RecordEntry::Status(Box::new(status)).write_to(&mut text);
        self.log.with_history(|history| add_lines(&mut text, &history.tail(each), name));
        text
    }
}

fn add_lines(text: &mut Vec<u8>, lines: &[HistoryLine<'_>], name: impl Fn(usize) -> String) {
    for line in lines {
        RecordEntry::Line(LogLine::new(line.time, name(line.log_source), line.text)).write_to(text);
    }
}

/// Asks for a write whenever there is something to write, and the one before has ended a second ago.
async fn watch(changes: Rc<Changes>, log: Log, inbox: WeakUnboundedSender<Arrival>) {
    sleep(BEGIN).await;
    loop {
        while changes.is_writing.get() || !changes.are_there(&log) {
            tokio::select! {
                () = log.grown() => {}
                () = changes.notify.notified() => {}
            }
        }
        sleep(DELAY).await;
        let Some(inbox) = inbox.upgrade() else { return };
        changes.is_writing.set(true);
        if inbox.send(Arrival::RecordDue).is_err() {
            return;
        }
        drop(inbox);
        sleep(INTERVAL).await;
    }
}
