//! Linux as if it had no subreaper (`--cfg portable`): all processes of /proc as macOS lists them, so that what was written for macOS runs
//! under the tests. Which process made another one is remembered here, where macOS keeps it in the kernel: what was made and left by its
//! parent between two lists has lost it.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::ancestry::Listed;
use super::linux::{self, Stat};
pub(super) use super::linux::{is_stopped, pids};
use super::main_processes::ProcessFacts;
use super::process::Process;

/// Each process that was listed, and the one that made it.
static MAKERS: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);

/// Each process that we may look at.
///
/// # Errors
/// As /proc.
pub(super) fn all() -> io::Result<Vec<Listed>> {
    let mut all: Vec<Listed> = linux::all()?.into_iter().map(as_listed).collect();
    let by_pid: HashMap<i32, u64> = all.iter().map(|of| (of.process.pid, of.process.born)).collect();
    let mut makers = MAKERS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = makers.take().unwrap_or_default();
    for of in &mut all {
        let parent = by_pid.get(&of.process.parent).copied().unwrap_or_default();
        of.maker = before.get(&of.process.born).copied().unwrap_or(parent);
    }
    *makers = Some(all.iter().map(|of| (of.process.born, of.maker)).collect());
    Ok(all)
}

/// One process as it stands in the list, but for the one that made it; `None` if it is gone or not ours to look at.
pub(super) fn listed(pid: i32) -> Option<Listed> {
    linux::stat(pid).ok().flatten().map(as_listed)
}

/// The number of a process is part of the id that no other one has: two may be made within one tick of the clock.
fn as_listed(Stat { process, is_zombie, .. }: Stat) -> Listed {
    let number = u64::from(process.pid.cast_unsigned());
    let process = Process { born: (process.born << 22) | number, ..process };
    Listed { process, maker: 0, is_zombie }
}

/// The file that a process runs.
pub(super) fn program(pid: i32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
pub(super) fn environment(pid: i32) -> Option<Vec<u8>> {
    linux::environment(pid).ok().flatten()
}

/// What is known of the standard streams of a process; on macOS no more is known.
pub(super) fn facts(process: &Process) -> ProcessFacts {
    let ProcessFacts { reads_nothing, input, output, .. } = linux::facts(process);
    ProcessFacts { reads_nothing, input, output, ..ProcessFacts::default() }
}
