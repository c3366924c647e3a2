//! When a stream has nothing more of a process that is gone.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::notice::Notice;

/// The remaining output of an ended instance is complete when its stream is silent for this long.
const RETIRED: Duration = Duration::from_millis(100);
/// With every process gone, a stream that is silent for this long will not end: an outsider holds it.
const FINISHED: Duration = Duration::from_millis(300);

/// Orders to a reader.
#[derive(Default)]
pub(super) struct ReaderControl {
    /// Printed when the stream has nothing more of its process.
    pub exit_notices: RefCell<Vec<Notice>>,
    /// Called after that.
    pub after_exit: RefCell<Vec<Box<dyn FnOnce()>>>,
    /// End when nothing comes.
    pub finish: Cell<bool>,
    /// The reader is gone.
    pub ended: Cell<bool>,
    /// One of these was changed.
    pub changed: Notify,
}

/// The wait for the remaining output of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    since: Instant,
    /// Bytes that were read meanwhile.
    read: usize,
    patience: Duration,
}

impl Drain {
    /// Begins where the process is gone, or the end is asked for.
    pub(super) fn begin(control: &ReaderControl) -> Option<Self> {
        let is_finish = control.finish.get();
        let is_asked = is_finish || !control.exit_notices.borrow().is_empty();
        let patience = if is_finish { FINISHED } else { RETIRED };
        is_asked.then(|| Self { since: Instant::now(), read: 0, patience })
    }

    /// A silence as long as this ends the wait.
    pub(super) fn patience(self) -> Duration {
        self.patience
    }

    /// So many bytes were read.
    pub(super) fn add(&mut self, count: usize) {
        self.read += count;
    }

    /// Whether a stream that never falls silent for long has nothing more of the process: some time has passed, and either all
    /// that was there was read, or as much as the pipe holds. The line that is being written then belongs to a descendant.
    pub(super) fn is_over(self, is_empty: bool, pipe_size: impl FnOnce() -> usize) -> bool {
        self.since.elapsed() >= self.patience && (is_empty || self.read >= pipe_size())
    }
}
