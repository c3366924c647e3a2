//! The arguments of both halves.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::process::keyboard::KeyChannel;
use crate::process::parents::WatchedParents;

/// A byte of the pulse: a sign of life.
pub(crate) const BEAT: u8 = 1;
/// A byte of the pulse: the stack is suspended, and the worker may be stopped.
pub(crate) const SUSPENDED: u8 = 2;

/// What the monitor needs to know.
pub(crate) struct MonitorOptions<'a> {
    /// The longest grace of any instance.
    pub grace: Duration,
    /// Whether the stack gets a namespace of process ids of its own.
    pub isolate: bool,
    /// Whether keys are read.
    pub keyboard: bool,
    /// The processes with which the stack ends.
    pub parents: &'a WatchedParents,
    /// The time since the start of the run.
    pub now: &'a dyn Fn() -> Duration,
    /// Logs a line on standard error, where the worker cannot any more.
    pub log: &'a dyn Fn(&str),
}

/// What the worker is given of what joins the pair.
#[derive(Debug)]
pub(crate) struct WorkerPipes {
    /// The read end of the life-line.
    pub lifeline: OwnedFd,
    /// Where signs of life go while a stop is under way; it does not block.
    pub pulse: UnixStream,
    /// Where keys come from, and where the monitor is told how to restore the terminal.
    pub keyboard: Option<KeyChannel>,
}
