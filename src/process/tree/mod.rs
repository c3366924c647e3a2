//! Which processes came from which instance, and signals to all of them.
//!
//! A session and group of its own reaches most of an instance's tree with one call, but not what called
//! setsid. Those are found by a scan (Linux: one pass over /proc), or by a walk along the lists of children,
//! which costs less and claims less; on macOS by lists of all, and what is remembered of earlier ones.

#[cfg(any(test, portable, not(target_os = "linux")))]
mod ancestry;
#[cfg(not(target_os = "linux"))]
mod fork_watch;
#[cfg(not(target_os = "linux"))]
mod libproc;
#[cfg(target_os = "linux")]
#[cfg_attr(
    portable,
    expect(dead_code, unreachable_pub, reason = "the lists of all come from here, and little else")
)]
mod linux;
pub(crate) mod main_processes;
mod marks;
#[cfg(any(portable, not(target_os = "linux")))]
mod portable;
#[cfg(all(portable, target_os = "linux"))]
mod proc_list;
mod process;
mod send;
#[cfg(any(test, not(target_os = "linux")))]
mod standard_files;
mod tracker;
#[cfg(all(target_os = "linux", not(portable)))]
mod walk;

#[cfg(all(target_os = "linux", not(portable)))]
use linux as system;
#[cfg(any(portable, not(target_os = "linux")))]
use portable as system;

#[cfg(not(target_os = "linux"))]
pub(in crate::process) use fork_watch::watch_forks;
pub(crate) use marks::{INSTANCE_MARK, RUN_MARK, variable_of};
pub(crate) use process::{Identity, Process, Scan, with_descendants};
pub(crate) use send::{SignalRefusal, kill_all, kill_orphans, send_to, send_to_group};
#[cfg(any(portable, not(target_os = "linux")))]
pub(in crate::process) use system::has_nothing_below;
pub use system::is_stopped;
use system::send;
#[cfg(any(portable, not(target_os = "linux")))]
pub(in crate::process) use system::walk;
pub(in crate::process) use system::{children, environment, facts, is_gone, is_running, look_at, note, pids};
pub(crate) use system::{descendants, is_shell};
pub(crate) use tracker::{ProcessSnapshot, ProcessTracker};
#[cfg(all(target_os = "linux", not(portable)))]
pub(in crate::process) use walk::walk;

use main_processes::{SignalOrder, SignalPurpose, signal_order};

use crate::signal::Signal;

/// In which order the `members` of the instance whose own process is `own` get this signal.
pub(crate) fn order_of(own: i32, members: &[Process], signal: (Signal, SignalPurpose)) -> SignalOrder {
    signal_order(own, members, signal, &facts)
}

/// Which of the `members` of an instance get the stop signal now, in this order of it.
pub(crate) fn due<'a>(order: &mut SignalOrder, members: &'a [Process]) -> Vec<&'a Process> {
    order.due(members, &facts)
}

/// The environment that a process was started with, entries that end with a NUL; `None` if it is gone or cannot be read.
pub(crate) fn environment_of(pid: i32) -> Option<Vec<u8>> {
    environment(pid).ok().flatten()
}

/// One process; `None` if it is gone, a zombie, or cannot be looked at.
pub(crate) fn process(pid: i32) -> Option<Process> {
    look_at(pid).ok().flatten()
}
