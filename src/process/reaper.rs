//! Reaping: every child that ended, ours or handed down to us.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::wait::WaitPidFlag;
use nix::unistd::Pid;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{WaitOptions, wait};

use crate::exit::Exit;

/// What [`wait_any`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitResult {
    /// This child changed its state (with `WUNTRACED`, a stop too).
    Changed(Pid, ExitStatus),
    /// There are children, but none of them has anything to report.
    Nothing,
    /// There is no child at all (ECHILD).
    NoChild,
}

/// waitpid(-1). nix's own cannot be used: it turns a child that was ended by a real-time signal into an
/// error, after the kernel has reaped it, and its pid is lost.
///
/// # Errors
/// Any but ECHILD, which is an answer, and EINTR, which is tried again.
pub(crate) fn wait_any(flags: WaitPidFlag) -> io::Result<WaitResult> {
    // rustix does not name `__WCLONE`, and passes on what it does not name.
    let options = WaitOptions::from_bits_retain(flags.bits().cast_unsigned());
    match retry_on_intr(|| wait(options)) {
        Ok(None) => Ok(WaitResult::Nothing),
        Ok(Some((pid, status))) => {
            let pid = Pid::from_raw(pid.as_raw_nonzero().get());
            Ok(WaitResult::Changed(pid, ExitStatus::from_raw(status.as_raw())))
        }
        Err(Errno::CHILD) => Ok(WaitResult::NoChild),
        Err(error) => Err(error.into()),
    }
}

/// What one round of reaping found.
#[derive(Debug, Default)]
pub(crate) struct Reaped {
    /// Pid and exit of each child that ended, in the order in which the kernel reports them.
    pub ended: Vec<(i32, Exit)>,
    /// Whether no child is left at all: the tree below us is empty.
    pub is_empty: bool,
    /// The error that broke the round off. Not instead of the rest: the kernel reports each exit once.
    pub failure: Option<io::Error>,
}

/// Reaps all that can be reaped now. SIGCHLD coalesces (500 ends are one signal), so it always loops until
/// there is nothing more. Orphans that fell to this process as a subreaper are reaped too. It fails as
/// waitpid(2), but for ECHILD and EINTR.
///
/// Children that end without a signal (see [`super::session`]) are reaped too, but do not count for whether one is left.
pub(crate) fn reap() -> Reaped {
    let mut reaped = Reaped::default();
    reaped.is_empty = reaped.gather(WaitPidFlag::WNOHANG);
    #[cfg(target_os = "linux")]
    reaped.gather(WaitPidFlag::WNOHANG | WaitPidFlag::__WCLONE);
    #[cfg(any(portable, not(target_os = "linux")))]
    if reaped.is_empty {
        // Orphans have fallen to init.
        reaped.is_empty = super::tree::has_nothing_below();
    }
    reaped
}

/// Whether nothing is below this process, by one question instead of a pass over all processes: it has no child, and as a subreaper
/// would have got the orphans. Nothing is reaped. waitid(2): ECHILD.
#[cfg(all(target_os = "linux", not(portable)))]
pub(crate) fn has_nothing_below() -> bool {
    use nix::sys::wait::{Id, waitid};
    let question = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::All, question) == Err(nix::errno::Errno::ECHILD)
}

/// See above: without a subreaper that is not known.
#[cfg(any(portable, not(target_os = "linux")))]
pub(crate) fn has_nothing_below() -> bool {
    false
}

impl Reaped {
    /// Reaps all of one kind; whether there is none at all.
    fn gather(&mut self, kind: WaitPidFlag) -> bool {
        loop {
            match wait_any(kind) {
                Ok(WaitResult::Changed(pid, status)) => self.ended.push((pid.as_raw(), Exit::from(status))),
                Ok(WaitResult::Nothing) => return false,
                Ok(WaitResult::NoChild) => return true,
                Err(error) => {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
    }
}

/// Makes this process the one to which orphans among its descendants fall (prctl(2),
/// PR_SET_CHILD_SUBREAPER). With it, "the tree is empty" is exactly "waitpid says ECHILD".
///
/// Linux only: elsewhere orphans fall to init, and what has left its group is not found again.
///
/// # Errors
/// As prctl(2).
#[cfg(all(target_os = "linux", not(portable)))]
pub(crate) fn become_subreaper() -> nix::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)
}

/// See above: there is no such thing on this system.
///
/// # Errors
/// None.
#[cfg(any(portable, not(target_os = "linux")))]
pub(crate) fn become_subreaper() -> nix::Result<()> {
    Ok(())
}
