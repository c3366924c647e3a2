//! Signals to processes that may be gone by now, or run as another user.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::process::Process;
use super::{children, descendants, send};
use crate::process::reaper::{Reaped, reap};
use crate::signal::Signal;

/// A process that may not be signalled (EPERM): it runs as another user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignalRefusal {
    /// Its id.
    pub pid: i32,
    /// Its name, as the kernel has it.
    pub name: String,
}

/// Sends to a group that an unreaped child of ours leads; one that is empty by now is no error.
pub(crate) fn send_to_group(leader: i32, signal: Signal) {
    if let Some(known) = signal.known() {
        // ESRCH: all are gone. EPERM: none of them may be signalled; the scan that follows names them.
        let _ = killpg(Pid::from_raw(leader), known);
    }
}

/// How often [`kill_orphans`] looks again before it lets others have their turn.
const ROUNDS: usize = 64;

/// SIGKILL to everything below us: see [`kill_orphans`] for processes that the scan misses. And why none could be
/// seen, if so.
pub(crate) fn kill_all() -> (Reaped, Option<io::Error>) {
    let found = descendants(std::process::id().cast_signed());
    for process in found.iter().flat_map(|scan| &scan.processes) {
        // Another user's is named at the end, if still there.
        let _ = send_to(process, Signal::KILL);
    }
    // Without a scan there are still our own children, and each one's orphans after it.
    (kill_orphans(|_| true), found.err())
}

/// SIGKILL to each child of ours that `is_meant`, again and again without a pause, reaping in between: a
/// process that forks and ends within a millisecond, and its child too, is gone before a scan of all of /proc
/// is over. Orphans fall to us, so the latest link of such a chain is soon a child of ours; and a process with
/// SIGKILL pending cannot fork any more (fork(2) is started again, and meets it), so one hit ends the chain.
pub(crate) fn kill_orphans(mut is_meant: impl FnMut(i32) -> bool) -> Reaped {
    let mut all = Reaped::default();
    for _ in 0..ROUNDS {
        let reaped = reap();
        all.ended.extend(reaped.ended);
        (all.is_empty, all.failure) = (reaped.is_empty, reaped.failure);
        let children = if all.is_empty { Ok(Vec::new()) } else { children() };
        let children = children.unwrap_or_else(|error| {
            all.failure.get_or_insert(error);
            Vec::new()
        });
        let mut is_over = true;
        // The latest first: it has not forked yet, those before it have.
        for child in children.into_iter().rev().filter(|child| is_meant(*child)) {
            is_over = false;
            // A child that is not reaped yet: no other process can have its pid.
            let _ = kill(Pid::from_raw(child), nix::sys::signal::SIGKILL);
        }
        if is_over || all.failure.is_some() {
            break;
        }
    }
    all
}

/// Sends to one process as a scan found it.
///
/// # Errors
/// [`SignalRefusal`] if it is another user's. That it is gone is no error.
pub(crate) fn send_to(process: &Process, signal: Signal) -> Result<(), SignalRefusal> {
    let Some(known) = signal.known() else { return Ok(()) };
    match send(process, known) {
        Err(Errno::EPERM) => Err(SignalRefusal { pid: process.pid, name: process.name.clone() }),
        Ok(()) | Err(_) => Ok(()),
    }
}
