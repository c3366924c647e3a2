//! Clients that wait until instances have reached a goal.

use std::time::Duration;

use crate::control::protocol::Goal;
use crate::control::server::ReplySender;
use crate::exit::Exit;
use crate::machine::state::State;
use crate::supervisor::status::report::View;

/// A client's wait for a goal.
pub(super) struct PendingWait {
    pub(super) caller: ReplySender,
    pub(super) goal: Goal,
    /// The instances that have to reach it.
    pub(super) instances: Vec<usize>,
}

/// What is known of a wait.
pub(super) enum WaitProgress {
    Reached,
    NotYet,
    /// This instance cannot reach the goal any more.
    Never(usize),
}

impl PendingWait {
    /// How far the instances are, all together.
    pub(super) fn progress(&self, view: &mut View<'_>) -> WaitProgress {
        let mut is_reached = true;
        for &index in &self.instances {
            let instance = &view.machine.instances()[index];
            let has_run = instance.generation > 0 && !instance.has_own_process();
            let is_done =
                has_run && view.machine.specs()[index].once && instance.ended.is_some_and(is_success);
            let is_lost = (instance.state.is_down() || instance.state.is_clearing())
                && !instance.will_start()
                && !instance.awaits_change;
            let is_there = match self.goal {
                Goal::Up => instance.state == State::Running || is_done,
                Goal::Ready => is_done || view.is_ready(index),
                Goal::Exited => is_lost,
            };
            if !is_there && (is_lost || view.machine.is_stopping() && self.goal != Goal::Exited) {
                // Where the whole stack stops, the instance that ended first is the reason.
                return WaitProgress::Never(view.machine.first_exit().unwrap_or(index));
            }
            is_reached &= is_there;
        }
        if is_reached { WaitProgress::Reached } else { WaitProgress::NotYet }
    }
}

fn is_success((exit, _): (Exit, Duration)) -> bool {
    exit.is_success()
}
