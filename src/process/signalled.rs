//! Stop signals: one for each process.

use std::collections::HashSet;

use super::tree::{Identity, Process, send_to};
use crate::signal::Signal;

/// The processes that have had the stop signal: for many programs a second one means "at once".
#[derive(Debug, Default)]
pub(crate) struct Signalled(HashSet<Identity>);

impl Signalled {
    /// Whether this process has not had it. From now on it has.
    pub(crate) fn is_first(&mut self, process: &Process) -> bool {
        self.0.insert(process.identity())
    }

    /// A child of ours has been made with this id, which an earlier one may have had.
    pub(crate) fn forget(&mut self, child: i32) {
        self.0.remove(&Process::leader(child).identity());
    }

    /// Sends `signal` to each of these processes that has not had it.
    pub(crate) fn stop<'a>(&mut self, processes: impl IntoIterator<Item = &'a Process>, signal: Signal) {
        for process in processes {
            if self.is_first(process) {
                for signal in stop_sequence(signal) {
                    // A process that may not be signalled is reported at the end, if it is still there.
                    let _ = send_to(process, signal);
                }
            }
        }
    }
}

/// SIGCONT follows the stop signal, so that a suspended process can handle it (as in systemd.kill(5)).
pub(crate) fn stop_sequence(signal: Signal) -> [Signal; 2] {
    [signal, Signal::CONTINUE]
}
