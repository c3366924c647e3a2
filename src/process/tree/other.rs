//! Systems without /proc: no process is found, and an instance's group has to do. A daemon that left its group
//! is not stopped there; docs/reliability.md says so.

use std::io;

use super::main_processes::ProcessFacts;
use super::process::{Identity, Process, Scan};

/// None are found.
///
/// # Errors
/// None.
pub(in crate::process) fn children() -> io::Result<Vec<i32>> {
    Ok(Vec::new())
}

/// None are found.
///
/// # Errors
/// None.
pub(crate) fn descendants(_root: i32) -> io::Result<Scan> {
    Ok(Scan { processes: Vec::new(), is_certain: true })
}

/// There are no lists of children.
///
/// # Errors
/// None.
pub(in crate::process) fn walk(_root: i32) -> io::Result<Option<Vec<Process>>> {
    Ok(None)
}

/// None are found.
pub(in crate::process) fn pids() -> io::Result<Vec<i32>> {
    Ok(Vec::new())
}

/// None is found.
///
/// # Errors
/// None.
pub(in crate::process) fn look_at(_pid: i32) -> io::Result<Option<Process>> {
    Ok(None)
}

/// No process is ever seen.
pub(in crate::process) fn is_gone(_identity: Identity) -> bool {
    true
}

/// Not known.
pub(in crate::process) fn is_running(_identity: Identity) -> bool {
    false
}

/// Not known: a signal goes to the instance's own process alone.
pub(crate) fn is_shell(_process: &Process) -> bool {
    false
}

/// Nothing is known: a signal goes to the instance's own process alone.
pub(in crate::process) fn facts(_process: &Process) -> ProcessFacts {
    ProcessFacts::default()
}

/// Not known.
///
/// # Errors
/// None.
pub(in crate::process) fn environment(_pid: i32) -> io::Result<Option<Vec<u8>>> {
    Ok(None)
}

/// Not known.
pub fn is_stopped(_pid: i32) -> bool {
    false
}
