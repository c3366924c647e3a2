//! Which instance starts next, which waits for which, and, with an ordered stop, which is stopped next.

use std::time::Duration;

use super::action::Action;
use super::instance::Instance;
use super::ready::missing;
use super::stack::{Actions, Stack};
use super::state::{InstanceEvent, Intent, State};
use super::target::Target;
use crate::name::TypeName;
use crate::notice::Notice;

/// How long an instance is blocked by others before that is reported.
const REPORT_AFTER: Duration = Duration::from_secs(1);

/// The state of all that an instance waits for: the worst of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DependencyState {
    /// All are ready, or one-shots that have succeeded.
    Satisfied,
    /// This instance is not ready yet.
    Pending(usize),
    /// This instance was stopped by a request, and may be started by another.
    Stopped(usize),
    /// This instance will not become ready any more.
    Gone(usize),
}

impl DependencyState {
    fn of_instance(index: usize, is_once: bool, instance: &Instance) -> Self {
        let is_done = is_once && instance.ended.is_some_and(|(exit, _)| exit.is_success());
        if is_done || instance.ready.is_some() {
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

    /// A type without an instance in the stack is satisfied: with `redis=0` it runs somewhere else.
    fn of_type(stack: &Stack, kind: &TypeName) -> Self {
        let all = stack.specs.iter().zip(&stack.instances).enumerate();
        let of_kind = all.filter(|(_, (spec, instance))| spec.name.kind == *kind && !instance.is_retired);
        of_kind
            .map(|(index, (spec, instance))| Self::of_instance(index, spec.once, instance))
            .max()
            .unwrap_or(Self::Satisfied)
    }
}

/// The states of types at one moment. Of many instances that wait for the same type, the first one computes it for all.
#[derive(Default)]
struct Dependencies {
    known: Vec<(TypeName, DependencyState)>,
}

impl Dependencies {
    fn of(&mut self, stack: &Stack, index: usize) -> DependencyState {
        let has_run = stack.instances[index].generation > 0;
        let mut worst = DependencyState::Satisfied;
        for kind in stack.next_spec(index).after.iter() {
            let known = self.known.iter().find(|(name, _)| name == kind).map(|(_, state)| *state);
            let state = known.unwrap_or_else(|| {
                let state = DependencyState::of_type(stack, kind);
                self.known.push((kind.clone(), state));
                state
            });
            worst = worst.max(match state {
                // `after` orders the start only, it does not tie lifetimes: a restart waits for dependencies that will
                // become ready, and goes on without the others.
                DependencyState::Stopped(_) | DependencyState::Gone(_) if has_run => {
                    DependencyState::Satisfied
                }
                DependencyState::Satisfied
                | DependencyState::Pending(_)
                | DependencyState::Stopped(_)
                | DependencyState::Gone(_) => state,
            });
        }
        worst
    }
}

/// Starts the first instance that is due and has its dependencies satisfied; whether others failed, because a dependency
/// will not come.
///
/// One start at a time: signals and exits are handled between two of them, so a stop in the middle of a thousand starts is
/// immediate.
pub(super) fn start_next(stack: &mut Stack, actions: &mut Actions) -> bool {
    let mut dependencies = Dependencies::default();
    let held = ports_of_stopping(stack);
    let (mut next, mut has_failed) = (None, false);
    for index in 0..stack.instances.len() {
        let instance = &stack.instances[index];
        if !instance.is_due || !instance.state.is_down() {
            continue;
        }
        match dependencies.of(stack, index) {
            DependencyState::Satisfied => {
                stack.instances[index].unblock();
                let has_port = |port: u16| !held.contains(&port);
                if next.is_none() && stack.next_spec(index).port.is_none_or(has_port) {
                    next = Some(index);
                }
            }
            DependencyState::Stopped(other) if instance.is_requested => {
                has_failed = true;
                fail_dependent(stack, index, other, actions);
            }
            DependencyState::Gone(other) => {
                has_failed = true;
                fail_dependent(stack, index, other, actions);
            }
            DependencyState::Pending(_) | DependencyState::Stopped(_) => {
                stack.instances[index].block(actions.now + REPORT_AFTER);
            }
        }
    }
    let is_busy = stack.instances.iter().any(|instance| instance.state == State::Starting);
    if let Some(next) = next.filter(|_| !is_busy) {
        let instance = &mut stack.instances[next];
        (instance.is_due, instance.intent) = (false, Intent::Up);
        stack.is_emptied = false;
        stack.use_next_spec(next, actions);
        stack.apply(Target::Instance(next), InstanceEvent::Start, actions);
    }
    has_failed
}

/// The ports of instances that are being stopped: where ports have moved, the next instance to get one waits for it. An
/// instance that is handed a socket shares the port, and holds up no other.
fn ports_of_stopping(stack: &Stack) -> Vec<u16> {
    let all = stack.instances.iter().zip(&stack.specs);
    let stopping = all.filter(|(one, _)| one.intent != Intent::Up && !one.state.is_down());
    let own = stopping.filter(|(_, spec)| spec.care.listen.is_none());
    own.filter_map(|(_, spec)| spec.port).collect()
}

/// An instance cannot start, because `other` will not become ready.
fn fail_dependent(stack: &mut Stack, index: usize, other: usize, actions: &mut Actions) {
    let how = match &stack.instances[other] {
        other if other.is_requested => "is stopped",
        other if other.is_given_up => "is given up",
        other if other.ended.is_some() => "has ended",
        _ => "is not started",
    };
    let reason = format!("{}, which it waits for, {how}", stack.name(other));
    let instance = &mut stack.instances[index];
    instance.unblock();
    (instance.is_due, instance.intent) = (false, Intent::Down);
    if !instance.is_requested {
        stack.is_incomplete = true;
        let text = format!("{} is not started: {reason}", stack.name(index));
        actions.notify(Notice::Warning { text });
    }
    stack.instances[index].failure = Some(reason);
}

/// Reports which instances are blocked: one line for each that they wait for.
pub(super) fn report_blocked(stack: &Stack, blocked: &[usize], actions: &mut Actions) {
    let mut awaited: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut dependencies = Dependencies::default();
    for index in blocked {
        let (DependencyState::Pending(other) | DependencyState::Stopped(other)) =
            dependencies.of(stack, *index)
        else {
            continue;
        };
        match awaited.iter_mut().find(|(known, _)| *known == other) {
            Some((_, all)) => all.push(*index),
            None => awaited.push((other, vec![*index])),
        }
    }
    for (other, blocked) in awaited {
        let spec = &stack.specs[other];
        actions.notify(Notice::Awaited {
            process: spec.name.clone(),
            reason: missing(spec, &stack.instances[other]),
            waiting: blocked.iter().map(|index| stack.specs[*index].name.clone()).collect(),
        });
    }
}

/// While the stack stops: stops the next instances in the order. Without an order that is all of them, at once.
pub(super) fn stop_next(stack: &mut Stack, is_killing: bool, actions: &mut Actions) {
    for index in 0..stack.instances.len() {
        if stack.instances[index].state == State::Running && !is_needed(stack, index) {
            stack.apply(Target::Instance(index), InstanceEvent::Stop, actions);
        }
    }
    // Orphans have the longest grace of all, after which everything is killed: it begins with the last instance.
    let is_stopped = |instance: &Instance| match instance.state {
        State::Starting | State::Running => !stack.policy.ordered_stop,
        State::Idle | State::Stopping | State::Killing | State::Clearing | State::Purging | State::Ended => {
            true
        }
    };
    if stack.orphans.state == State::Idle && stack.instances.iter().all(is_stopped) {
        stack.orphans.clear(actions.now);
        actions.push(Action::Scan);
        if is_killing {
            stack.apply(Target::Orphans, InstanceEvent::Kill, actions);
        }
    }
}

/// Whether an instance that was started after this one is still there.
fn is_needed(stack: &Stack, index: usize) -> bool {
    let kind = &stack.specs[index].name.kind;
    let mut all = stack.specs.iter().zip(&stack.instances);
    stack.policy.ordered_stop
        && all.any(|(spec, instance)| !instance.state.is_down() && spec.after.contains(kind))
}
