//! What an instance is for those that come after it.

use super::instance::Instance;
use super::state::{Intent, State};

/// The state of all that an instance waits for: the worst of them counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DependencyState {
    /// All are ready, or one-shots that have succeeded.
    #[default]
    Satisfied,
    /// This instance is not ready yet.
    Pending(usize),
    /// This instance was stopped by a request, and may be started by another.
    Stopped(usize),
    /// This instance will not become ready any more.
    Gone(usize),
}

impl DependencyState {
    /// What the instance with this index is for the others.
    pub(super) fn of_instance(index: usize, is_once: bool, instance: &Instance) -> Self {
        // A one-shot that is asked for again is done when it has succeeded again: what its last generation did does not count.
        let is_latest =
            !instance.will_start() && instance.state != State::Starting && instance.failure.is_none();
        let is_done = is_once && is_latest && instance.ended.is_some_and(|(exit, _)| exit.is_success());
        // One that waits for its own stop or restart is as good as stopped.
        let is_ready = instance.ready.is_some() && instance.intent == Intent::Up;
        // One that has left the stack runs somewhere else, or is not needed any more.
        if is_done || is_ready || instance.is_retired {
            return Self::Satisfied;
        }
        if instance.is_requested && instance.intent == Intent::Down && !instance.is_due {
            return Self::Stopped(index);
        }
        match instance.state {
            State::Starting | State::Running | State::Stopping | State::Killing => Self::Pending(index),
            State::Idle | State::Ended | State::Clearing | State::Purging => {
                if instance.will_start() || instance.awaits_change {
                    Self::Pending(index)
                } else {
                    Self::Gone(index)
                }
            }
        }
    }
}
