//! What follows the end of one instance: another life, or none.

use std::time::Duration;

use super::instance::Instance;
use super::restart::NextStart;
use super::state::InstanceEvent;
use super::target::Target;
use super::transition::Transition;
use super::{Action, StopCause};
use crate::exit::Exit;
use crate::notice::Notice;
use crate::plan::spec::{ExitOn, RestartPolicy};

/// What an end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExitDisposition {
    /// It was asked for, by a person or because all ends: no more is to be said.
    Wanted,
    /// It counts as the policy says.
    Counts,
    /// It is followed by another life, after this time.
    Again(Duration),
    /// It has failed too often, and now its end counts.
    GivenUp,
    /// It failed, and its files are watched: their next change starts it again.
    Rests,
}

impl Transition<'_> {
    pub(super) fn on_exited(&mut self, index: usize, exit: Exit) {
        let instance = &mut self.machine.instances[index];
        let lived = self.now.saturating_sub(instance.started.unwrap_or(self.now));
        instance.ended = Some((exit, lived));
        let is_failure = instance.is_late || !exit.is_success();
        let disposition = self.disposition(index, is_failure, lived);
        let is_ending = self.machine.shutdown.is_some();
        let instance = &mut self.machine.instances[index];
        match disposition {
            ExitDisposition::Again(wait) => instance.timers.again = Some(self.now + wait),
            ExitDisposition::Rests => instance.is_resting = true,
            ExitDisposition::GivenUp => instance.is_given_up = true,
            ExitDisposition::Wanted | ExitDisposition::Counts => {}
        }
        let counts = matches!(disposition, ExitDisposition::Counts | ExitDisposition::GivenUp)
            || is_ending && !instance.is_retired;
        if counts {
            self.machine.ends.push(index);
        }
        self.apply(Target::Instance(index), InstanceEvent::Exited);
        if disposition == ExitDisposition::GivenUp {
            self.say_that_it_is_given_up(index);
        }
        if !is_ending && counts && self.ends_the_stack(index, is_failure) {
            self.stop(StopCause::Ended(index));
        }
    }

    /// A start that nobody but the policy asked for has failed: the file may be there again in a moment, as it
    /// is while a compiler writes it. Whether that is the case, and so the stack goes on.
    pub(super) fn tries_again(&mut self, index: usize) -> bool {
        let instance = &self.machine.instances[index];
        if instance.generation == 0 || instance.is_requested || self.machine.shutdown.is_some() {
            return false;
        }
        let ExitDisposition::Again(wait) = self.disposition(index, true, Duration::ZERO) else {
            return false;
        };
        self.machine.instances[index].timers.again = Some(self.now + wait);
        true
    }

    fn disposition(&mut self, index: usize, is_failure: bool, lived: Duration) -> ExitDisposition {
        let (spec, instance) = (&self.machine.specs[index], &mut self.machine.instances[index]);
        // Who was asked to end, while the rest was not, has no say in how the stack ends; nor has who left.
        if instance.is_retired || self.machine.shutdown.is_some() || !instance.is_wanted() {
            return ExitDisposition::Wanted;
        }
        let is_followed = match spec.care.restart {
            RestartPolicy::Never => false,
            RestartPolicy::OnFailure => is_failure,
            RestartPolicy::Always => is_failure || !spec.once,
        };
        if is_followed {
            let random = self.machine.policy.seed ^ ((index as u64) << 32) ^ u64::from(instance.generation);
            return match instance.backoff.after(lived, is_failure, random) {
                NextStart::Start(wait) => ExitDisposition::Again(wait),
                NextStart::GivenUp => ExitDisposition::GivenUp,
            };
        }
        // A slip in a file that is being edited must not end the stack; who says `failure` or a type wants it to.
        let waits_for_change = is_failure
            && !spec.care.watch.is_empty()
            && !spec.once
            && matches!(self.machine.policy.exit_on, ExitOn::Any | ExitOn::Never);
        if waits_for_change { ExitDisposition::Rests } else { ExitDisposition::Counts }
    }

    fn ends_the_stack(&self, index: usize, is_failure: bool) -> bool {
        let spec = &self.machine.specs[index];
        if spec.once {
            return is_failure;
        }
        match &self.machine.policy.exit_on {
            ExitOn::Any => true,
            ExitOn::Failure => is_failure,
            ExitOn::Never => false,
            ExitOn::Type(kind) => spec.name.kind == *kind,
        }
    }

    pub(super) fn bury(&mut self, target: Target) {
        let Some(index) = target.instance() else { return };
        let Instance { ended, timers, is_resting, .. } = &self.machine.instances[index];
        let Some((exit, lived)) = *ended else { return };
        let again = timers.again.map(|moment| moment.saturating_sub(self.now));
        let process = self.machine.specs[index].name.clone();
        let notice = Notice::Exited { process, exit, lived, again, awaits_change: *is_resting };
        self.actions.push(Action::ReportExit(index, notice));
    }

    fn say_that_it_is_given_up(&mut self, index: usize) {
        let process = self.machine.specs[index].name.clone();
        let failures = self.machine.instances[index].backoff.failures();
        self.actions
            .push(Action::ReportExit(index, Notice::GivenUp { process, failures, lines: Vec::new() }));
    }
}
