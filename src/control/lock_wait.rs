//! Waits for the end of the stack that has an address.

use std::fs::{File, TryLockError};
use std::time::Duration;

use nix::poll::{PollTimeout, poll};

use super::witness;

/// How often is looked whether an address is free, where it is not waited for without end.
const STEP: Duration = Duration::from_millis(5);
/// How often the name of a stack is checked after its lock is free: two seconds.
const NAME_CHECKS: usize = 400;

/// The locks of a stack. The files themselves are waited for, and not their names: the next stack has another file.
#[derive(Debug)]
pub(crate) struct LockWait {
    pub(super) locks: Vec<File>,
    pub(super) key: String,
}

impl LockWait {
    /// Waits until it is over.
    pub(crate) fn wait(self) {
        for lock in &self.locks {
            // Shared, so that others can wait too. Whatever fails, there is nothing to wait for.
            let _ = lock.lock_shared().and_then(|()| lock.unlock());
        }
        // A lock that was made again is the worker's alone, and the monitor ends a moment later. Not for ever: any user can hold
        // the name.
        for _ in 0..NAME_CHECKS {
            if !witness::is_held(&self.key) {
                break;
            }
            let _ = poll(&mut [], PollTimeout::try_from(STEP).unwrap_or(PollTimeout::ZERO));
        }
    }

    /// The same, but not longer than this.
    pub(crate) fn wait_within(&self, patience: Duration) {
        // flock(2) knows no time, and a thread that waits for it could not be taken back.
        let rounds = patience.as_millis().div_ceil(STEP.as_millis());
        for _ in 0..rounds {
            if self.is_over() {
                return;
            }
            let _ = poll(&mut [], PollTimeout::try_from(STEP).unwrap_or(PollTimeout::ZERO));
        }
    }

    fn is_over(&self) -> bool {
        let is_over = !self.locks.iter().any(is_held);
        for lock in &self.locks {
            let _ = lock.unlock();
        }
        is_over
    }
}

/// Whether another has this lock. Where none has, we have it from here on, shared.
pub(super) fn is_held(lock: &File) -> bool {
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
