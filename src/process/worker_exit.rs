//! The report of the worker to the monitor at its end: three bytes through a pipe.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use crate::exit::Outcome;
use crate::signal::Signal;

/// How the run ended. Without a report the worker did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkerExit {
    /// How ganger is to end.
    pub outcome: Outcome,
    /// Whether processes are left that could not be ended, and have been named.
    pub has_survivors: bool,
}

impl WorkerExit {
    /// Writes it.
    ///
    /// # Errors
    /// As write(2). A missing reader is none: the monitor is gone then, and needs no report.
    pub(super) fn send(self, pipe: OwnedFd) -> io::Result<()> {
        match std::fs::File::from(pipe).write_all(&self.to_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Reads it when the worker is gone, so this ends at once: with the bytes, or with the end of the pipe. A
    /// process that inherited the write end is not possible: it is closed on exec.
    pub(super) fn receive(pipe: OwnedFd) -> Option<Self> {
        let mut bytes = [0; 3];
        std::fs::File::from(pipe).read_exact(&mut bytes).ok()?;
        Some(Self::from_bytes(bytes))
    }

    fn to_bytes(self) -> [u8; 3] {
        let survivors = u8::from(self.has_survivors);
        match self.outcome {
            Outcome::Status(status) => [0, status, survivors],
            Outcome::DieBy(signal) => [1, u8::try_from(signal.0).unwrap_or(0), survivors],
        }
    }

    fn from_bytes([kind, value, survivors]: [u8; 3]) -> Self {
        let outcome =
            if kind == 0 { Outcome::Status(value) } else { Outcome::DieBy(Signal(i32::from(value))) };
        Self { outcome, has_survivors: survivors != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_arrives_as_it_was_sent() {
        for outcome in [Outcome::Status(0), Outcome::Status(255), Outcome::DieBy(Signal::TERMINATE)] {
            for has_survivors in [false, true] {
                let worker_exit = WorkerExit { outcome, has_survivors };
                assert_eq!(WorkerExit::from_bytes(worker_exit.to_bytes()), worker_exit);
            }
        }
    }
}
