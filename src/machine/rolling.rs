//! Rolling restarts: one more instance of each type is started first, then one instance after the other is restarted, each when
//! the one before is ready, and the extra one is stopped. So the number of instances that serve never drops.
//!
//! Not two processes of one instance at once: index, mark and name are those of the instance, and could not tell them apart.

use std::collections::VecDeque;

use super::instance::Instance;
use super::request::{RequestResult, Ticket};
use super::stack::{Actions, Stack};
use super::state::{Intent, State};

/// How far an instance is with a new generation.
enum RollProgress {
    Ready,
    Pending,
    Failed,
    /// Another request has stopped it.
    Overruled,
}

fn progress(instance: &Instance, generation: u32) -> RollProgress {
    let is_new = instance.generation > generation;
    if is_new && instance.ready.is_some() {
        return RollProgress::Ready;
    }
    if instance.is_retired || instance.is_stopped() {
        return RollProgress::Overruled;
    }
    let is_over = match instance.state {
        State::Idle | State::Ended | State::Clearing | State::Purging => !instance.will_start(),
        // Stopped as not ready in time: it has failed already.
        State::Stopping | State::Killing => instance.late.is_some(),
        State::Starting | State::Running => false,
    };
    if is_over { RollProgress::Failed } else { RollProgress::Pending }
}

/// All rolling restarts under way. Each has a request, which it answers.
#[derive(Debug, Default)]
pub(super) struct RollingRestarts {
    all: Vec<RollingRestart>,
}

impl RollingRestarts {
    /// Restarts these instances, while the extra ones, which start now, stand in. Those without a process start now too.
    pub(super) fn begin(
        &mut self,
        (ticket, extras): (Ticket, Vec<usize>),
        instances: &[usize],
        stack: &mut Stack,
        actions: &mut Actions,
    ) {
        let mut first: Vec<(usize, u32)> = extras.iter().map(|extra| (*extra, 0)).collect();
        let mut queue = VecDeque::new();
        for index in instances.iter().copied() {
            let Some(instance) = stack.instances.get(index) else { continue };
            if instance.is_retired || instance.has_own_process() {
                queue.push_back(index);
            } else {
                first.push((index, instance.generation));
                stack.request_up(index, true, actions);
            }
        }
        let (current, overruled, result) = (None, None, None);
        self.all.push(RollingRestart { ticket, extras, first, queue, current, overruled, result });
    }

    /// Takes the next steps of each that can go on, and answers those that have ended. A stop of the stack ends all.
    pub(super) fn advance(&mut self, stack: &mut Stack, is_stopping: bool, actions: &mut Actions) {
        self.all.retain_mut(|roll| {
            let result = if is_stopping {
                Some(roll.result.take().unwrap_or(RequestResult::Ending))
            } else {
                roll.take_steps(stack, actions)
            };
            let goes_on = result.is_none();
            if let Some(result) = result {
                actions.answer(roll.ticket, result);
            }
            goes_on
        });
    }
}

/// One rolling restart.
#[derive(Clone, Debug)]
struct RollingRestart {
    ticket: Ticket,
    /// The instances that stand in until it is done.
    extras: Vec<usize>,
    /// What has to be ready before one is restarted, with its generation before: the extra instances, and those that did not run.
    first: Vec<(usize, u32)>,
    /// The instances that are still to be restarted.
    queue: VecDeque<usize>,
    /// The instance that is being restarted, and its generation before.
    current: Option<(usize, u32)>,
    /// The first instance that another request had stopped before its turn came.
    overruled: Option<usize>,
    /// What came of it, while the extra instances are being stopped.
    result: Option<RequestResult>,
}

impl RollingRestart {
    /// As many steps as can be taken now; what came of it, if it is over and nothing of the extra instances is left.
    ///
    /// Where it is broken off, the instances that were not restarted yet are left as they are: nothing of them has failed.
    fn take_steps(&mut self, stack: &mut Stack, actions: &mut Actions) -> Option<RequestResult> {
        if self.result.is_none() {
            self.result = Some(self.next_steps(stack, actions)?);
            // One that a change of the formation has made an instance like any other stays.
            for extra in self.extras.iter().copied() {
                if stack.instances[extra].is_stand_in {
                    stack.retire(extra, actions);
                }
            }
        }
        let is_leaving = |extra: &usize| {
            let instance = &stack.instances[*extra];
            instance.is_retired && !instance.state.is_down()
        };
        self.result.take_if(|_| !self.extras.iter().any(is_leaving))
    }

    fn next_steps(&mut self, stack: &mut Stack, actions: &mut Actions) -> Option<RequestResult> {
        if self.current.is_none() {
            let mut is_pending = false;
            for (index, generation) in self.first.iter().copied() {
                match progress(&stack.instances[index], generation) {
                    RollProgress::Ready => {}
                    RollProgress::Pending => is_pending = true,
                    RollProgress::Failed => return Some(failed(stack, index)),
                    RollProgress::Overruled => return Some(self.overruled_by_first(stack, index)),
                }
            }
            if is_pending {
                return None;
            }
        }
        loop {
            if let Some((index, generation)) = self.current {
                match progress(&stack.instances[index], generation) {
                    RollProgress::Pending => return None,
                    RollProgress::Failed => return Some(failed(stack, index)),
                    RollProgress::Overruled => return Some(RequestResult::RollOverruled { instance: index }),
                    RollProgress::Ready => self.current = None,
                }
            }
            let Some(next) = self.queue.pop_front().or_else(|| self.taken_over(stack)) else {
                let overruled = self.overruled.map(|instance| RequestResult::RollOverruled { instance });
                return Some(overruled.unwrap_or(RequestResult::Done));
            };
            let instance = &stack.instances[next];
            // An instance that was stopped or scaled away meanwhile stays so.
            if instance.intent != Intent::Down && !instance.is_retired {
                self.current = Some((next, instance.generation));
                stack.request_up(next, true, actions);
            } else {
                self.overruled.get_or_insert(next);
            }
        }
    }

    /// An extra instance that a change of the formation has made one like any other, and that still runs with what it had to stand in: it
    /// has the port of another.
    fn taken_over(&self, stack: &Stack) -> Option<usize> {
        self.extras.iter().copied().find(|extra| {
            let instance = &stack.instances[*extra];
            let is_other = instance.next.as_ref().is_some_and(|next| next.differs(stack.spec(*extra)));
            is_other && !instance.is_stand_in && !instance.is_retired && instance.intent == Intent::Up
        })
    }

    /// An instance that stands in was stopped, mostly together with those for which it stands in: these are told.
    fn overruled_by_first(&self, stack: &Stack, first: usize) -> RequestResult {
        let is_changed = |index: &usize| stack.instances[*index].intent != Intent::Up;
        let instance = self.queue.iter().copied().find(is_changed).unwrap_or(first);
        RequestResult::RollOverruled { instance }
    }
}

/// A new generation has not become ready.
fn failed(stack: &Stack, index: usize) -> RequestResult {
    let instance = &stack.instances[index];
    match (&instance.failure, &instance.late, instance.ended) {
        (Some(reason), ..) => RequestResult::CannotStart { instance: index, reason: reason.clone() },
        (None, Some(late), _) => RequestResult::RollFailed { instance: index, how: late.clone() },
        (None, None, Some((exit, _))) => RequestResult::RollFailed { instance: index, how: exit.to_string() },
        (None, None, None) => RequestResult::RollFailed { instance: index, how: "does not run".into() },
    }
}
