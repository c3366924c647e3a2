//! Which processes came from which instance, and signals to all of them.
//!
//! A session and group of its own reaches most of an instance's tree with one call, but not what called
//! setsid. Those are found by a scan (Linux: one pass over /proc; elsewhere none are found and the group
//! has to do).

#[cfg(target_os = "linux")]
mod linux;
pub mod main_processes;
#[cfg(not(target_os = "linux"))]
mod other;
mod send;
mod tracker;

#[cfg(target_os = "linux")]
pub(in crate::process) use linux::{children, environment, facts, is_running, look_at, pids};
#[cfg(target_os = "linux")]
pub use linux::{descendants, is_shell, is_stopped};
#[cfg(not(target_os = "linux"))]
pub(in crate::process) use other::{children, environment, facts, is_running, look_at, pids};
#[cfg(not(target_os = "linux"))]
pub use other::{descendants, is_shell, is_stopped};
pub use send::{SignalRefusal, kill_all, kill_orphans, send_to, send_to_group};
pub use tracker::{ProcessSnapshot, ProcessTracker};

use main_processes::{SignalPurpose, main_processes};

use crate::plan::environment::{INSTANCE, RUN};
use crate::signal::Signal;

/// The variable that marks every process of a run; its value is the run's id.
pub const RUN_MARK: &[u8] = RUN.as_bytes();
/// The variable that tells which instance a process came from.
pub const INSTANCE_MARK: &[u8] = INSTANCE.as_bytes();

/// A process below us, as one scan found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// Its group's.
    pub group: i32,
    /// Its session's.
    pub session: i32,
    /// When it was made, in clock ticks since boot: with `pid`, it names a process for ever.
    pub born: u64,
    /// Its name, as the kernel has it.
    pub name: String,
}

/// A process for ever: its id alone may be given to another.
pub type Identity = (i32, u64);

impl Process {
    /// What names it for ever.
    pub fn identity(&self) -> Identity {
        (self.pid, self.born)
    }
}

/// What one pass over all processes saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Every living descendant, parents before their children.
    pub processes: Vec<Process>,
    /// Whether no process can have been overlooked. A pass goes by rising numbers, so a chain of processes that
    /// each fork and end can jump behind it. It cannot without a trace: a process that ends during the scan, and leaves
    /// an orphan to us, is our child, and stays as a zombie until we reap it. So a pass that saw no zombie
    /// of ours saw all.
    pub is_certain: bool,
}

/// The main processes among `members` of the instance whose own process is `own`, for this signal.
pub fn mains(own: i32, members: &[Process], signal: (Signal, SignalPurpose)) -> Vec<Process> {
    let mains = main_processes(own, members, signal, &facts);
    let process = |identity: &Identity| members.iter().find(|process| process.identity() == *identity);
    mains.iter().filter_map(process).cloned().collect()
}

/// One process; `None` if it is gone, a zombie, or cannot be looked at.
pub fn process(pid: i32) -> Option<Process> {
    look_at(pid).ok().flatten()
}

/// The value of `name` in an environment as the kernel shows it: entries that end with a NUL.
pub fn variable_of<'a>(environment: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    (environment.split(|byte| *byte == 0)).find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
}
