//! Which instance starts next, which waits for which, and, with an ordered stop, which is stopped next.

use std::time::Duration;

use super::action::Action;
use super::dependency::DependencyState;
use super::facts::Facts;
use super::instance::Instance;
use super::ready::missing;
use super::stack::{Actions, Stack};
use super::state::{InstanceEvent, Intent, State};
use super::target::Target;
use crate::name::TypeName;
use crate::notice::Notice;
use crate::plan::spec::Observation;

/// How long an instance is blocked by others before that is reported.
const REPORT_AFTER: Duration = Duration::from_secs(1);

/// The state of all that an instance waits for.
fn dependency_of(stack: &Stack, index: usize) -> DependencyState {
    let has_run = stack.instances[index].generation > 0;
    let of_type = |kind: &TypeName| match stack.instances.sets().dependency(kind) {
        // `after` orders the start only, it does not tie lifetimes: a restart waits for dependencies that will become ready, and
        // goes on without the others.
        DependencyState::Stopped(_) | DependencyState::Gone(_) if has_run => DependencyState::Satisfied,
        state @ (DependencyState::Satisfied
        | DependencyState::Pending(_)
        | DependencyState::Stopped(_)
        | DependencyState::Gone(_)) => state,
    };
    stack.next_spec(index).after.iter().map(of_type).max().unwrap_or_default()
}

/// Starts the first instance that is due and has its dependencies satisfied; whether others failed, because a dependency
/// will not come.
///
/// One start at a time: signals and exits are handled between two of them, so a stop in the middle of a thousand starts is
/// immediate.
pub(super) fn start_next(stack: &mut Stack, actions: &mut Actions) -> bool {
    let mut has_failed = false;
    // Not all that are due: those for which something has changed. What fails is looked at by those that wait for it.
    while let Some(index) = stack.instances.sets_mut().take_unexamined() {
        match dependency_of(stack, index) {
            DependencyState::Satisfied => {
                stack.instances.edit(index, Instance::unblock);
                stack.instances.sets_mut().set_startable(index);
            }
            DependencyState::Stopped(other) if stack.instances[index].is_requested => {
                has_failed = true;
                fail_dependent(stack, index, other, actions);
            }
            DependencyState::Gone(other) => {
                has_failed = true;
                fail_dependent(stack, index, other, actions);
            }
            DependencyState::Pending(_) | DependencyState::Stopped(_) => {
                stack.instances.edit(index, |instance| instance.block(actions.now + REPORT_AFTER));
            }
        }
    }
    let sets = stack.instances.sets();
    // Where ports have moved, the next instance to get one waits until it is free.
    let next = sets
        .startable()
        .find(|index| stack.next_spec(*index).port.is_none_or(|port| !sets.is_held(port)))
        .filter(|_| !sets.is_one_starting());
    if let Some(next) = next {
        stack.instances.edit(next, |instance| (instance.is_due, instance.intent) = (false, Intent::Up));
        stack.is_emptied = false;
        stack.use_next_spec(next, actions);
        stack.apply(Target::Instance(next), InstanceEvent::Start, actions);
    }
    has_failed
}

/// The kept sets are those of a fresh look at all instances, and what can start is what a look at all that are due finds.
#[cfg(test)]
pub(super) fn assert_complete(stack: &Stack) {
    let kept = stack.instances.sets();
    assert_eq!(kept.counted(), stack.instances.sets_of_all().counted());
    for (index, instance) in stack.instances.iter().enumerate() {
        let is_due = instance.is_due && instance.state.is_down();
        let expected = is_due && dependency_of(stack, index) == DependencyState::Satisfied;
        assert!(kept.is_startable(index).is_none_or(|kept| kept == expected), "{index}: {stack:?}");
    }
}

/// An instance cannot start, because `other` will not become ready.
fn fail_dependent(stack: &mut Stack, index: usize, other: usize, actions: &mut Actions) {
    let is_once = stack.spec(other).once;
    let how = match &stack.instances[other] {
        other if other.is_requested => "is stopped",
        other if other.is_given_up => "is given up",
        other if other.ended.is_some() && is_once => "has failed",
        other if other.ended.is_some() => "has ended",
        _ => "is not started",
    };
    let reason = format!("{}, which it waits for, {how}", stack.name(other));
    if !stack.instances[index].is_requested {
        stack.is_incomplete = true;
        let text = format!("{} is not started: {reason}", stack.name(index));
        actions.notify(Notice::Warning { text });
    }
    stack.instances.edit(index, |instance| {
        instance.unblock();
        (instance.is_due, instance.intent) = (false, Intent::Down);
        instance.failure = Some(reason);
    });
}

/// Reports which instances are blocked: one line for each that they wait for.
pub(super) fn report_blocked(stack: &Stack, blocked: &[usize], actions: &mut Actions) {
    let mut awaited: Vec<(usize, Vec<usize>)> = Vec::new();
    for index in blocked {
        let (DependencyState::Pending(other) | DependencyState::Stopped(other)) =
            dependency_of(stack, *index)
        else {
            continue;
        };
        match awaited.iter_mut().find(|(known, _)| *known == other) {
            Some((_, all)) => all.push(*index),
            None => awaited.push((other, vec![*index])),
        }
    }
    for (other, blocked) in awaited {
        let spec = stack.spec(other);
        actions.notify(Notice::Awaited {
            process: spec.name.clone(),
            reason: missing(spec, &stack.instances[other], &Observation::default()),
            waiting: blocked.iter().map(|index| stack.spec(*index).name.clone()).collect(),
        });
    }
}

/// Reports that an instance has exited by itself and has left processes, or may have, which are stopped: once.
pub(super) fn report_leftovers(facts: &mut Facts, index: usize, count: usize, actions: &mut Actions) {
    let stack = &mut facts.stack;
    let instance = &stack.instances[index];
    let is_first = instance.state == State::Clearing && instance.intent == Intent::Up;
    if is_first && facts.shutdown.is_none() {
        actions.notify(Notice::Leftovers { process: stack.spec(index).name.clone(), count });
        stack.instances.edit(index, |instance| instance.intent = Intent::Down);
    }
}

/// Reports which instances are killed as their grace is over: one line, however many they are, after those about what each may have
/// left.
pub(super) fn report_killing(facts: &mut Facts, due: &[(Target, InstanceEvent)], actions: &mut Actions) {
    let expired = due.iter().filter(|(_, event)| *event == InstanceEvent::Expired).map(|(target, _)| *target);
    for index in expired.clone().filter_map(Target::instance) {
        report_leftovers(facts, index, 0, actions);
    }
    // Orphans have the longest grace of all: beside an instance's end of grace, theirs is not reported.
    let mut expired = expired.filter(|target| *target != Target::Orphans || due.len() == 1);
    let Some(first) = expired.next() else { return };
    let is_alone = expired.next().is_none();
    let first = first.instance().filter(|_| is_alone);
    let process = first.map(|index| facts.stack.spec(index).name.clone());
    actions.notify(Notice::Killing { process, reason: "the grace is over".into() });
}

/// While the stack stops: stops the next instances in the order. Without an order that is all of them, at once.
pub(super) fn stop_next(stack: &mut Stack, is_killing: bool, actions: &mut Actions) {
    if stack.instances.sets_mut().take_stop_due() {
        for index in stack.instances.sets().running() {
            if !is_needed(stack, index) {
                stack.apply(Target::Instance(index), InstanceEvent::Stop, actions);
            }
        }
    }
    // Orphans have the longest grace of all, after which everything is killed: it begins with the last instance.
    let is_last = !stack.policy.ordered_stop || stack.instances.sets().are_all_stopped();
    if stack.orphans.state == State::Idle && is_last {
        stack.orphans.clear(actions.now);
        actions.push(Action::Scan);
        if is_killing {
            stack.apply(Target::Orphans, InstanceEvent::Kill, actions);
        }
    }
}

/// Whether an instance that was started after this one is still there.
fn is_needed(stack: &Stack, index: usize) -> bool {
    stack.policy.ordered_stop && stack.instances.sets().is_used(&stack.spec(index).name.kind)
}
