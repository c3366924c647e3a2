//! Requests under way, and the moment at which each is answered.
//!
//! A request sets intents; the table does the rest. It stays open until each instance that it names has reached what was asked
//! for or cannot reach it, and is then answered once.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::instance::Instance;
use super::request::{Operation, RequestResult, Ticket};
use super::stack::{Actions, Stack};
use super::state::{Intent, State};

/// An instance that a request waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwaitedInstance {
    index: usize,
    operation: Operation,
    /// Its generation at the time of the request.
    generation: u32,
}

/// How far an instance is on its way to what was asked for.
enum RequestProgress {
    Reached,
    Pending,
    Never(RequestResult),
}

impl AwaitedInstance {
    pub(super) fn new(stack: &Stack, index: usize, operation: Operation) -> Self {
        Self { index, operation, generation: stack.instances[index].generation }
    }

    fn progress(&self, instance: &Instance) -> RequestProgress {
        let index = self.index;
        let is_new = instance.generation > self.generation;
        match (self.operation, instance.intent) {
            (Operation::Stop, _) if instance.state.is_down() && !instance.is_due => RequestProgress::Reached,
            (Operation::Stop, Intent::Up) => {
                RequestProgress::Never(RequestResult::Overruled { instance: index })
            }
            (Operation::Start, Intent::Up) if instance.state == State::Running => RequestProgress::Reached,
            // It was started, and may have ended since.
            (Operation::Start | Operation::Restart, _) if is_new => RequestProgress::Reached,
            (Operation::Stop, Intent::Down | Intent::Restart)
            | (Operation::Start | Operation::Restart, Intent::Up | Intent::Restart) => {
                RequestProgress::Pending
            }
            (Operation::Start | Operation::Restart, Intent::Down) => {
                RequestProgress::Never(match &instance.failure {
                    Some(reason) => RequestResult::CannotStart { instance: index, reason: reason.clone() },
                    None => RequestResult::Overruled { instance: index },
                })
            }
            // A rolling restart answers by itself: see `rolling`.
            (Operation::Signal(..) | Operation::Roll, _) => RequestProgress::Reached,
        }
    }
}

/// A request that has not been answered.
#[derive(Clone, Debug)]
struct OpenRequest {
    ticket: Ticket,
    /// By the index of the instance, each with the generation at the time of the request. One may be awaited in two ways.
    awaited: BTreeMap<usize, Vec<AwaitedInstance>>,
    /// Those that have not reached what was asked for. Only an instance that changes is looked at again.
    pending: BTreeSet<usize>,
    is_new: bool,
}

impl OpenRequest {
    fn result(&mut self, stack: &Stack, changed: &[usize]) -> Option<RequestResult> {
        let is_new = std::mem::take(&mut self.is_new);
        let all = self.awaited.keys().filter(|_| is_new);
        let indices: Vec<usize> = all.chain(changed.iter().filter(|_| !is_new)).copied().collect();
        for index in indices {
            let Some(awaited) = self.awaited.get(&index) else { continue };
            self.pending.remove(&index);
            for one in awaited {
                match one.progress(&stack.instances[index]) {
                    RequestProgress::Reached => {}
                    RequestProgress::Pending => {
                        self.pending.insert(index);
                    }
                    RequestProgress::Never(result) => return Some(result),
                }
            }
        }
        self.pending.is_empty().then_some(RequestResult::Done)
    }
}

/// All requests that have not been answered, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct OpenRequests {
    of_instances: Vec<OpenRequest>,
    /// Those for the end of the stack.
    downs: Vec<Ticket>,
}

impl OpenRequests {
    /// Keeps a request open until all of these instances have reached what was asked for.
    pub(super) fn open(&mut self, ticket: Ticket, awaited: Vec<AwaitedInstance>) {
        let mut by_index: BTreeMap<usize, Vec<AwaitedInstance>> = BTreeMap::new();
        for one in awaited {
            by_index.entry(one.index).or_default().push(one);
        }
        let request = OpenRequest { ticket, awaited: by_index, pending: BTreeSet::new(), is_new: true };
        self.of_instances.push(request);
    }

    /// Keeps a request for the end of the stack open.
    pub(super) fn open_down(&mut self, ticket: Ticket) {
        self.downs.push(ticket);
    }

    /// Answers every request that can be answered.
    pub(super) fn answer(&mut self, stack: &mut Stack, is_stopping: bool, actions: &mut Actions) {
        if self.of_instances.is_empty() {
            return stack.instances.sets_mut().forget_changed();
        }
        let changed = stack.instances.sets_mut().take_changed();
        self.of_instances.retain_mut(|request| {
            let result = match request.result(stack, &changed) {
                Some(RequestResult::Done) => RequestResult::Done,
                Some(_) | None if is_stopping => RequestResult::Ending,
                Some(result) => result,
                None => return true,
            };
            actions.answer(request.ticket, result);
            false
        });
    }

    /// The stack is over: answers the requests for its end.
    pub(super) fn answer_downs(&mut self, has_survivors: bool, actions: &mut Actions) {
        let result = if has_survivors { RequestResult::Survivors } else { RequestResult::Done };
        for ticket in self.downs.drain(..) {
            actions.answer(ticket, result.clone());
        }
    }
}

/// The first of these instances that this operation cannot be tried on: a signal needs a process.
pub(super) fn first_without_process(
    stack: &Stack,
    operation: Operation,
    instances: &[usize],
) -> Option<usize> {
    let has_process = |index: &usize| stack.instances.get(*index).is_some_and(Instance::has_own_process);
    let is_signal = matches!(operation, Operation::Signal(..));
    instances.iter().find(|index| is_signal && !has_process(index)).copied()
}

/// Begins an operation on these instances; what is to be waited for. Retired instances are passed over.
pub(super) fn begin(
    stack: &mut Stack,
    operation: Operation,
    instances: &[usize],
    actions: &mut Actions,
) -> Vec<AwaitedInstance> {
    let instances: Vec<usize> = instances
        .iter()
        .copied()
        .filter(|index| stack.instances.get(*index).is_some_and(|instance| !instance.is_retired))
        .collect();
    let awaited = instances.iter().map(|index| AwaitedInstance::new(stack, *index, operation)).collect();
    for index in instances {
        match operation {
            Operation::Start => stack.request_up(index, false, actions),
            Operation::Restart => stack.request_up(index, true, actions),
            Operation::Stop => stack.request_down(index, actions),
            // See `rolling`.
            Operation::Roll => {}
            Operation::Signal(signal, reach) => actions.push(Action::Signal(index, signal, reach)),
        }
    }
    awaited
}

/// Files of these instances have changed: restarts those that run, or wait for that very change.
pub(super) fn on_changed_files(stack: &mut Stack, instances: &[usize], actions: &mut Actions) {
    let is_restarted = |index: &usize| {
        let instance = stack.instances.get(*index);
        let is_restarted = instance.is_some_and(|instance| {
            instance.generation > 0 && !instance.is_retired && !instance.is_stopped()
        });
        // One of which the restart waits for others has it before it.
        is_restarted && !stack.is_held(*index)
    };
    let restarted: Vec<usize> = instances.iter().copied().filter(is_restarted).collect();
    stack.hold_stops(&restarted);
    for index in restarted {
        stack.request_up(index, true, actions);
    }
}
