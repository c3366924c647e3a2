//! Clients that wait until instances have reached a goal.

use std::time::Duration;

use crate::control::call::ReplySender;
use crate::control::protocol::{Goal, RefusalKind, RequestRefusal};
use crate::exit::Exit;
use crate::machine::state::State;
use crate::supervisor::status::report::View;

/// How often instances are checked that a client waits for to become ready.
const INTERVAL: Duration = Duration::from_millis(250);

/// All clients that wait.
#[derive(Default)]
pub(super) struct Waits {
    pending: Vec<PendingWait>,
    reviewed: Duration,
}

/// The wait of one client.
struct PendingWait {
    caller: ReplySender,
    goal: Goal,
    /// The instances that have to reach it.
    instances: Vec<usize>,
    /// Whether the client has named them.
    is_named: bool,
}

/// The state of a wait.
enum WaitProgress {
    Reached,
    Pending,
    /// This instance cannot reach the goal any more.
    Never(usize),
}

impl Waits {
    pub(super) fn add(&mut self, caller: ReplySender, goal: Goal, instances: Vec<usize>, is_named: bool) {
        self.pending.push(PendingWait { caller, goal, instances, is_named });
    }

    /// Forgets clients that are gone.
    pub(super) fn retain_connected(&mut self) {
        self.pending.retain(|wait| !wait.caller.is_gone());
    }

    /// When the next review is due though nothing happens: readiness is no event where nothing probes for it.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.pending.iter().any(|wait| wait.goal == Goal::Ready).then_some(self.reviewed + INTERVAL)
    }

    /// Answers the clients that have reached their goal; those that cannot reach it any more, with the instance that prevents it.
    pub(super) fn review(&mut self, view: &mut View<'_>) -> Vec<(ReplySender, usize)> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        self.reviewed = view.now;
        view.refresh();
        let mut failed = Vec::new();
        for wait in std::mem::take(&mut self.pending) {
            match wait.progress(view) {
                WaitProgress::Reached => wait.caller.answer(view.status(&wait.instances)),
                WaitProgress::Pending if wait.caller.is_gone() => {}
                WaitProgress::Pending => self.pending.push(wait),
                WaitProgress::Never(index) => failed.push((wait.caller, index)),
            }
        }
        failed
    }
}

impl PendingWait {
    /// How far the instances are, all together.
    fn progress(&self, view: &mut View<'_>) -> WaitProgress {
        let mut is_reached = true;
        for &index in &self.instances {
            let instance = &view.machine.instances()[index];
            let has_run = instance.generation > 0 && !instance.has_own_process();
            let spec = &view.machine.specs()[index];
            let is_done =
                has_run && (spec.once || spec.service.can_die) && instance.ended.is_some_and(is_success);
            let is_lost = (instance.state.is_down() || instance.state.is_clearing())
                && !instance.will_start()
                && !instance.awaits_change;
            let has_reached = match self.goal {
                Goal::Up => instance.state == State::Running || is_done,
                Goal::Ready => is_done || view.is_ready_for(index, self.is_named),
                Goal::Exited => is_lost,
            };
            if !has_reached && (is_lost || view.machine.is_stopping() && self.goal != Goal::Exited) {
                // Where the whole stack stops, the instance that exited first is the reason.
                return WaitProgress::Never(view.machine.first_exit().unwrap_or(index));
            }
            is_reached &= has_reached;
        }
        if is_reached { WaitProgress::Reached } else { WaitProgress::Pending }
    }
}

fn is_success((exit, _): (Exit, Duration)) -> bool {
    exit.is_success()
}

/// What a client is told that waits for an instance which has exited, or will not start; without its lines.
pub(super) fn refusal(index: usize, view: &View<'_>) -> RequestRefusal {
    let instance = &view.machine.instances()[index];
    let how = match (&instance.failure, &instance.late, instance.ended) {
        (Some(reason), ..) => format!("cannot start: {reason}"),
        (None, Some(reason), _) => reason.clone(),
        (None, None, Some((exit, _))) => exit.to_string(),
        (None, None, None) => "is stopped".into(),
    };
    let name = view.name(index);
    RequestRefusal {
        is_ending: view.machine.is_stopping(),
        exit_status: instance.ended.map(|(exit, _)| exit.status()),
        process: Some(name.clone()),
        ..RequestRefusal::new(RefusalKind::Failed, format!("{name} {how}"))
    }
}
