//! macOS: the tree below a process from a list of all (libproc.h), and `ancestry.rs`. It was never run there; docs/reliability.md has what
//! it can hold.

use std::ffi::CStr;
use std::io;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ancestry::{Ancestry, Listed, environment_in};
use super::main_processes::ProcessFacts;
use super::marks::{RUN_MARK, variable_of};
use super::process::{Identity, Process, SHELLS, Scan};
use crate::process::calls::others;

/// What was found below this process: a worker is forked from the monitor, and begins anew.
static OWN: Mutex<Option<(i32, Ancestry)>> = Mutex::new(None);

/// Our own children, zombies too.
///
/// # Errors
/// As the list of all processes.
pub(in crate::process) fn children() -> io::Result<Vec<i32>> {
    let own = Pid::this().as_raw();
    let is_child =
        |pid: &i32| others::facts(*pid).is_ok_and(|(facts, _)| facts.pbi_ppid.cast_signed() == own);
    Ok(pids()?.into_iter().filter(is_child).collect())
}

/// Every living descendant of `root`, parents before their children.
///
/// # Errors
/// As the list of all processes.
pub(crate) fn descendants(root: i32) -> io::Result<Scan> {
    descendants_of_run(root, b"")
}

/// The same; orphans that have this run as their mark are among them.
///
/// # Errors
/// As the list of all processes.
pub(crate) fn descendants_of_run(root: i32, run: &[u8]) -> io::Result<Scan> {
    let all: Vec<Listed> = pids()?.into_iter().filter_map(listed).collect();
    let is_marked = |process: &Process| {
        let environment = environment(process.pid).ok().flatten().unwrap_or_default();
        !run.is_empty() && variable_of(&environment, RUN_MARK) == Some(run)
    };
    if root != Pid::this().as_raw() {
        return Ok(Ancestry::default().below(root, all, is_marked));
    }
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, ancestry) = match &mut *own {
        Some(known) if known.0 == root => known,
        other => other.insert((root, Ancestry::default())),
    };
    Ok(ancestry.below(root, all, is_marked))
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
/// As [`others::pids`].
pub(in crate::process) fn pids() -> io::Result<Vec<i32>> {
    others::pids()
}

/// One process as it stands in the list; `None` if it is gone or not ours to look at.
fn listed(pid: i32) -> Option<Listed> {
    let (facts, ids) = others::facts(pid).ok()?;
    let session = nix::unistd::getsid(Some(Pid::from_raw(pid))).map_or(0, Pid::as_raw);
    let name: Vec<u8> = facts.pbi_name.iter().map(|byte| byte.cast_unsigned()).collect();
    let name = CStr::from_bytes_until_nul(&name).map(CStr::to_string_lossy).unwrap_or_default();
    let process = Process {
        pid,
        parent: facts.pbi_ppid.cast_signed(),
        group: facts.pbi_pgid.cast_signed(),
        session,
        born: ids.own,
        name: name.into_owned(),
    };
    Some(Listed { process, maker: ids.parent, is_zombie: facts.pbi_status == libc::SZOMB })
}

/// One process; `None` if it is a zombie, gone, or not ours to look at.
///
/// # Errors
/// None.
pub(in crate::process) fn look_at(pid: i32) -> io::Result<Option<Process>> {
    Ok(listed(pid).filter(|listed| !listed.is_zombie).map(|listed| listed.process))
}

/// Whether this process has ended.
pub(in crate::process) fn is_gone((pid, born): Identity) -> bool {
    listed(pid).is_none_or(|listed| listed.is_zombie || listed.process.born != born)
}

/// Whether this process runs.
pub(in crate::process) fn is_running(identity: Identity) -> bool {
    !is_gone(identity)
}

/// Whether this process is a shell, which may wait for children.
pub(crate) fn is_shell(process: &Process) -> bool {
    let program = others::program(process.pid);
    program.is_some_and(|path| path.file_name().is_some_and(|name| SHELLS.iter().any(|shell| name == *shell)))
}

/// What is known of one process: which signals it catches is not, nor what it reads.
pub(in crate::process) fn facts(process: &Process) -> ProcessFacts {
    ProcessFacts { is_shell: is_shell(process), ..ProcessFacts::default() }
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
///
/// # Errors
/// None.
pub(in crate::process) fn environment(pid: i32) -> io::Result<Option<Vec<u8>>> {
    Ok(others::arguments(pid).ok().map(|arguments| environment_in(&arguments)))
}

/// kill(2) to a process, and to no other one that has its number by now: launchd(8) reaps orphans, and numbers are given again. One
/// that is to be killed is stopped first, so that it cannot end between the look and the signal.
///
/// # Errors
/// ESRCH if it is gone, EPERM.
pub(super) fn send(process: &Process, signal: Signal) -> nix::Result<()> {
    let (pid, is_it) = (Pid::from_raw(process.pid), || !is_gone(process.identity()));
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
    others::facts(pid).is_ok_and(|(facts, _)| facts.pbi_status == libc::SSTOP)
}

/// Whether nothing is below this process: two lists that show nothing, as one may be made while another one ends.
pub(in crate::process) fn has_nothing_below() -> bool {
    let is_empty = || descendants(Pid::this().as_raw()).is_ok_and(|scan| scan.processes.is_empty());
    is_empty() && is_empty()
}
