//! How a process ended, and how ganger itself does.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::panic::PanicHookInfo;
use std::process::ExitStatus;

use crate::signal::Signal;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It called `exit` with this status, 0 to 255.
    Status(u8),
    /// A signal ended it.
    Signal(Signal),
}

impl Exit {
    /// Whether it ended with status 0.
    pub fn is_success(self) -> bool {
        self == Self::Status(0)
    }

    /// The status that a shell would report: 128+n for signal n (POSIX XCU 2.8.2 asks for more than
    /// 128; every shell adds the number).
    pub fn status(self) -> u8 {
        match self {
            Self::Status(status) => status,
            Self::Signal(Signal(number)) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Status(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
            (None, Some(number)) => Self::Signal(Signal(number)),
            (None, None) => Self::Status(u8::MAX),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exited with status {status}"),
            Self::Signal(signal) => write!(f, "killed by {signal}"),
        }
    }
}

/// A panic in one line: `a defect at src/main.rs:7: no such index`.
pub(crate) fn defect(panic: &PanicHookInfo<'_>) -> String {
    let what = panic.payload_as_str().unwrap_or("no reason given");
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    format!("a defect{}: {what}", place.unwrap_or_default())
}

/// How ganger ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an exit status.
    Status(u8),
    /// By this signal, sent to itself, so that a shell loop or make stops too.
    DieBy(Signal),
}

impl Outcome {
    /// The status that a shell reports for it.
    pub fn status(self) -> u8 {
        match self {
            Self::Status(status) => status,
            Self::DieBy(signal) => Exit::Signal(signal).status(),
        }
    }
}

/// All went well.
pub(crate) const SUCCESS: u8 = 0;
/// Input that was refused.
pub(crate) const REFUSED: u8 = 1;
/// A usage error.
pub(crate) const USAGE: u8 = 2;
/// There is no stack that could be asked (LSB's word for a service that is not running).
pub(crate) const NOTHING_RUNS: u8 = 3;
/// `export --check` found no program that could check.
pub(crate) const NOT_CHECKED: u8 = 3;
/// A stack runs and does not answer: it is suspended, or hangs (LSB's word for a service whose status is unknown).
pub(crate) const NOT_ANSWERING: u8 = 4;
/// All instances are up, and not all of them are ready.
pub(crate) const NOT_READY: u8 = 5;
/// The time was over (as timeout(1) says it).
pub(crate) const LATE: u8 = 124;
/// ganger itself failed (as `timeout`, `env` and `docker run` say it).
pub(crate) const FAILED: u8 = 125;
/// A command was found but could not be run (POSIX XCU 2.8.2).
pub(crate) const NOT_EXECUTABLE: u8 = 126;
/// A command was not found (POSIX XCU 2.8.2).
pub(crate) const NOT_FOUND: u8 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_becomes_what_a_shell_would_report() {
        let table = [(0, 0), (7 << 8, 7), (255 << 8, 255), (9, 137), (15, 143), (34, 162)];
        for (raw, status) in table {
            assert_eq!(Exit::from(ExitStatus::from_raw(raw)).status(), status, "raw {raw}");
        }
    }
}
