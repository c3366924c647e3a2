//! The tree below a process from lists of all, and `ancestry.rs`: for systems where no process gathers the orphans. docs/reliability.md has
//! what it can hold.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ancestry::Ancestry;
#[cfg(not(target_os = "linux"))]
use super::libproc as source;
use super::main_processes::ProcessFacts;
use super::marks::{RUN_MARK, variable_of};
#[cfg(target_os = "linux")]
use super::proc_list as source;
use super::process::{Identity, Process, SHELLS, Scan};

/// What was found below this process: a worker is forked from the monitor, and begins anew.
static OWN: Mutex<Option<(i32, Ancestry)>> = Mutex::new(None);

/// Our own children, zombies too.
///
/// # Errors
/// As the list of all processes.
pub(in crate::process) fn children() -> io::Result<Vec<i32>> {
    let own = Pid::this().as_raw();
    let mut all = source::all()?;
    all.retain(|listed| listed.process.parent == own);
    Ok(all.into_iter().map(|listed| listed.process.pid).collect())
}

/// Every living descendant of `root`, parents before their children. Of this process, also the orphans in whose mark it stands
/// (`ROOT.MONITOR.WORKER.RANDOM`).
///
/// # Errors
/// As the list of all processes.
pub(crate) fn descendants(root: i32) -> io::Result<Scan> {
    let all = source::all()?;
    let own = Pid::this().as_raw();
    if root != own {
        return Ok(Ancestry::default().below(root, all, |_| None));
    }
    let born = all.iter().find(|listed| listed.process.pid == own).map(|listed| listed.process.born);
    let in_mark = format!(".{own}-{}.", born.unwrap_or_default());
    let is_marked = |process: &Process| {
        let Some(environment) = source::environment(process.pid) else { return Some(false) };
        let mark = variable_of(&environment, RUN_MARK).unwrap_or_default();
        // A process has no environment for a moment while it executes a program.
        (!environment.is_empty()).then(|| memchr::memmem::find(mark, in_mark.as_bytes()).is_some())
    };
    Ok(with_own(|ancestry| ancestry.below(own, all, is_marked)))
}

/// A process that this one has just made.
pub(in crate::process) fn note(pid: i32) {
    if let Some(listed) = source::listed(pid) {
        with_own(|ancestry| ancestry.note(&listed.process));
    }
}

fn with_own<Found>(look: impl FnOnce(&mut Ancestry) -> Found) -> Found {
    let own = Pid::this().as_raw();
    let mut known = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, ancestry) = match &mut *known {
        Some(known) if known.0 == own => known,
        other => other.insert((own, Ancestry::default())),
    };
    look(ancestry)
}

/// There are no lists of children.
///
/// # Errors
/// None.
pub(in crate::process) fn walk(_root: i32) -> io::Result<Option<Vec<Process>>> {
    Ok(None)
}

/// The numbers of all processes.
///
/// # Errors
/// As the list of all processes.
pub(in crate::process) fn pids() -> io::Result<Vec<i32>> {
    source::pids()
}

/// One process; `None` if it is a zombie, gone, or not ours to look at.
///
/// # Errors
/// None.
pub(in crate::process) fn look_at(pid: i32) -> io::Result<Option<Process>> {
    Ok(source::listed(pid).filter(|listed| !listed.is_zombie).map(|listed| listed.process))
}

/// Whether this process has ended.
pub(in crate::process) fn is_gone((pid, born): Identity) -> bool {
    source::listed(pid).is_none_or(|listed| listed.is_zombie || listed.process.born != born)
}

/// Whether this process runs.
pub(in crate::process) fn is_running(identity: Identity) -> bool {
    !is_gone(identity)
}

/// Whether this process is a shell, which may wait for children.
pub(crate) fn is_shell(pid: i32) -> bool {
    let program: Option<PathBuf> = source::program(pid);
    program.is_some_and(|path| path.file_name().is_some_and(|name| SHELLS.iter().any(|shell| name == *shell)))
}

/// What is known of one process: which signals it catches is not.
pub(in crate::process) fn facts(process: &Process) -> ProcessFacts {
    ProcessFacts { is_shell: is_shell(process.pid), ..source::facts(process) }
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
///
/// # Errors
/// None.
pub(in crate::process) fn environment(pid: i32) -> io::Result<Option<Vec<u8>>> {
    Ok(source::environment(pid))
}

/// kill(2) to a process, and to no other one that has its number by now: process 1 reaps orphans, and numbers are given again. One
/// that is to be killed is stopped first, so that it cannot end between the look and the signal.
///
/// # Errors
/// ESRCH if it is gone, EPERM.
pub(super) fn send(process: &Process, signal: Signal) -> nix::Result<()> {
    let (pid, is_it) =
        (Pid::from_raw(process.pid), || process.born == Process::UNREAPED || !is_gone(process.identity()));
    if !is_it() {
        return Err(Errno::ESRCH);
    }
    if signal == Signal::SIGKILL {
        kill(pid, Signal::SIGSTOP)?;
        if !is_it() {
            kill(pid, Signal::SIGCONT)?;
            return Err(Errno::ESRCH);
        }
    }
    kill(pid, signal)
}

/// Whether this process is stopped by a signal.
pub fn is_stopped(pid: i32) -> bool {
    source::is_stopped(pid)
}

/// Whether nothing is below this process: two lists that show nothing, as one may be made while another one ends.
pub(in crate::process) fn has_nothing_below() -> bool {
    lists_nothing() && lists_nothing()
}

fn lists_nothing() -> bool {
    descendants(Pid::this().as_raw()).is_ok_and(|scan| scan.processes.is_empty())
}
