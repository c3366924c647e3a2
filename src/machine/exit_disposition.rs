//! What follows the exit of one instance: a restart, the end of the stack, or nothing.

use std::time::Duration;

use super::action::Action;
use super::lifecycle::Lifecycle;
use super::restart::NextStart;
use super::stack::{Actions, Stack};
use super::state::InstanceEvent;
use super::target::Target;
use crate::exit::Exit;
use crate::name::TypeName;
use crate::notice::Notice;
use crate::plan::options::RELEASE;
use crate::plan::spec::{ExitOn, RestartPolicy};

/// What an exit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExitDisposition {
    /// It was asked for, by a request or by the stop of the stack.
    Requested,
    /// It counts as the policy says.
    Counts,
    /// A restart follows, after this time.
    Restarts(Duration),
    /// The instance has failed too often to be restarted, and now its exit counts.
    GivenUp,
    /// The instance failed, and its files are watched: their next change restarts it.
    AwaitsChange,
}

/// The own process of an instance has exited; whether that ends the stack.
pub(super) fn on_exited(
    stack: &mut Stack,
    index: usize,
    exit: Exit,
    is_stopping: bool,
    actions: &mut Actions,
) -> bool {
    let instance = &stack.instances[index];
    let lived = actions.now.saturating_sub(instance.started.unwrap_or(actions.now));
    let is_failure = instance.late.is_some() || !exit.is_success();
    let disposition =
        if is_stopping { ExitDisposition::Requested } else { disposition(stack, index, is_failure, lived) };
    let is_done = stack.spec(index).once && exit.is_success();
    stack.instances.edit(index, |instance| {
        instance.ended = Some((exit, lived));
        if is_done {
            instance.first_start.ready.get_or_insert(actions.now);
        }
        instance.failed = (is_failure && disposition != ExitDisposition::Requested).then_some(actions.now);
        match disposition {
            ExitDisposition::Restarts(wait) => instance.timers.restart = Some(actions.now + wait),
            ExitDisposition::AwaitsChange => instance.awaits_change = true,
            ExitDisposition::GivenUp => instance.is_given_up = true,
            ExitDisposition::Requested | ExitDisposition::Counts => {}
        }
    });
    // An extra instance shows whether the new version works: if it does not, the old one goes on.
    let is_trial = stack.instances[index].is_stand_in && stack.instances[index].ready.is_none();
    let counts = matches!(disposition, ExitDisposition::Counts | ExitDisposition::GivenUp) && !is_trial
        || is_stopping && !stack.instances[index].is_retired;
    if counts {
        stack.exits.push(index);
    }
    stack.apply(Target::Instance(index), InstanceEvent::Exited, actions);
    if disposition == ExitDisposition::GivenUp {
        let process = stack.spec(index).name.clone();
        let failures = stack.instances[index].backoff.failures();
        let notice = Notice::GivenUp { process, failures, lines: Vec::new() };
        actions.push(Action::ReportExit(index, notice));
    }
    let exited = Lifecycle::Exited { is_failure: stack.instances[index].failed.is_some() };
    actions.push(Action::Report(index, exited));
    !is_stopping && counts && ends_the_stack(stack, index, is_failure)
}

/// A start has failed that no request asked for; whether it is tried again, while the stack goes on. The file may be there in
/// a moment, as it is while a compiler writes it.
pub(super) fn retries_start(stack: &mut Stack, index: usize, now: Duration) -> bool {
    let instance = &stack.instances[index];
    if instance.generation == 0 || instance.is_requested {
        return false;
    }
    let ExitDisposition::Restarts(wait) = disposition(stack, index, true, Duration::ZERO) else {
        return false;
    };
    stack.instances.edit(index, |instance| instance.timers.restart = Some(now + wait));
    true
}

fn disposition(stack: &mut Stack, index: usize, is_failure: bool, lived: Duration) -> ExitDisposition {
    let (spec, instance) = (stack.spec(index), &stack.instances[index]);
    if instance.is_retired || !instance.is_wanted() {
        return ExitDisposition::Requested;
    }
    let is_restarted = match spec.service.restart.unwrap_or_default() {
        RestartPolicy::Never => false,
        RestartPolicy::OnFailure => is_failure,
        RestartPolicy::Always => is_failure || !spec.once,
    };
    if is_restarted {
        let random = stack.policy.seed ^ ((index as u64) << 32) ^ u64::from(instance.generation);
        let next = stack.instances.edit(index, |instance| instance.backoff.after(lived, is_failure, random));
        return match next {
            NextStart::Start(wait) => ExitDisposition::Restarts(wait),
            NextStart::GivenUp => ExitDisposition::GivenUp,
        };
    }
    // A mistake in a file that is being edited must not end the stack, unless `exit-on` asks for that.
    let awaits_change = is_failure
        && !spec.service.watch.is_empty()
        && !spec.once
        && matches!(stack.policy.exit_on, ExitOn::Any | ExitOn::Never);
    if awaits_change { ExitDisposition::AwaitsChange } else { ExitDisposition::Counts }
}

fn ends_the_stack(stack: &Stack, index: usize, is_failure: bool) -> bool {
    let spec = stack.spec(index);
    if spec.once {
        // What a one-shot is for is done. A release that fails ends the start, whatever else may go on.
        if !is_failure || spec.name.kind.as_str() == RELEASE {
            return is_failure;
        }
    }
    if spec.service.can_die {
        return false;
    }
    match &stack.policy.exit_on {
        ExitOn::Any => true,
        ExitOn::Failure => is_failure,
        ExitOn::Never => false,
        ExitOn::Type(kind) => {
            spec.name.kind == *kind || spec.once && comes_after(stack, kind, &spec.name.kind)
        }
    }
}

/// Whether one of these types comes after the other, at once or by way of others.
fn comes_after(stack: &Stack, kind: &TypeName, other: &TypeName) -> bool {
    let mut before = vec![kind];
    let mut at = 0;
    while let Some(kind) = before.get(at).copied() {
        let of_kind = stack.instances.specs().iter().filter(|spec| spec.name.kind == *kind);
        for kind in of_kind.flat_map(|spec| spec.after.iter()) {
            if !before.contains(&kind) {
                before.push(kind);
            }
        }
        at += 1;
    }
    before.contains(&other)
}
