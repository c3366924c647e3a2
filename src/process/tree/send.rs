//! Signals to processes that may be gone by now, or be somebody else's.

use nix::errno::Errno;
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::Process;
use crate::signal::Signal;

/// A process that may not be signalled (EPERM): it runs as another user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who.
    pub pid: i32,
    /// Its name, as the kernel has it.
    pub name: String,
}

/// Sends to a group that an unreaped child of ours leads; one that is empty by now is no error.
pub fn send_to_group(leader: i32, signal: Signal) {
    if let Some(known) = signal.known() {
        // ESRCH: all are gone. EPERM: none of them may be signalled; the look that follows names them.
        let _ = killpg(Pid::from_raw(leader), known);
    }
}

/// Sends to one process as a look saw it.
///
/// # Errors
/// [`Refusal`] if it is another user's. That it is gone is no error.
pub fn send_to(process: &Process, signal: Signal) -> Result<(), Refusal> {
    let Some(known) = signal.known() else { return Ok(()) };
    match kill(Pid::from_raw(process.pid), known) {
        Err(Errno::EPERM) => Err(Refusal { pid: process.pid, name: process.name.clone() }),
        Ok(()) | Err(_) => Ok(()),
    }
}
