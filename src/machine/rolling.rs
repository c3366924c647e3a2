//! Rolling restarts: one more instance of each type is started first, then one instance after the other is restarted, each when
//! the one before is ready, and the extra one is stopped. So the number of instances that serve never drops.
//!
//! Not two processes of one instance at once: index, mark and name are those of the instance, and could not tell them apart.

use std::collections::VecDeque;

use super::instance::Instance;
use super::stack::{Actions, Stack};
use super::state::{Intent, State};

/// How far an instance is with a new generation.
enum RollProgress {
    Ready,
    Pending,
    Failed,
}

fn progress(instance: &Instance, generation: u32) -> RollProgress {
    let is_new = instance.generation > generation;
    if is_new && instance.ready.is_some() {
        return RollProgress::Ready;
    }
    let is_over = match instance.state {
        State::Idle | State::Ended | State::Clearing | State::Purging => !instance.will_start(),
        // Stopped as not ready in time: it has failed already.
        State::Stopping | State::Killing => instance.late.is_some(),
        State::Starting | State::Running => false,
    };
    if is_over { RollProgress::Failed } else { RollProgress::Pending }
}

/// All rolling restarts under way.
#[derive(Debug, Default)]
pub(super) struct RollingRestarts {
    all: Vec<RollingRestart>,
}

impl RollingRestarts {
    /// Restarts these instances, while the extra ones, which start now, stand in.
    pub(super) fn begin(&mut self, instances: &[usize], extras: Vec<usize>) {
        self.all.push(RollingRestart { extras, queue: instances.iter().copied().collect(), current: None });
    }

    /// Whether this instance waits for its restart, or is being restarted.
    pub(super) fn contain(&self, index: usize) -> bool {
        self.all.iter().any(|roll| {
            roll.queue.contains(&index) || roll.current.is_some_and(|(current, _)| current == index)
        })
    }

    /// Takes the next steps of each that can go on; whether one has ended. A stop of the stack ends all.
    pub(super) fn advance(&mut self, stack: &mut Stack, is_stopping: bool, actions: &mut Actions) -> bool {
        let before = self.all.len();
        if is_stopping {
            self.all.clear();
            return false;
        }
        self.all.retain_mut(|roll| !roll.take_steps(stack, actions));
        self.all.len() < before
    }
}

/// One rolling restart.
#[derive(Clone, Debug)]
struct RollingRestart {
    /// The instances that stand in until it is done.
    extras: Vec<usize>,
    /// The instances that are still to be restarted.
    queue: VecDeque<usize>,
    /// The instance that is being restarted, and its generation before.
    current: Option<(usize, u32)>,
}

impl RollingRestart {
    /// As many steps as can be taken now; whether it is done.
    fn take_steps(&mut self, stack: &mut Stack, actions: &mut Actions) -> bool {
        if self.current.is_none() {
            let extras = || self.extras.iter().map(|index| progress(&stack.instances[*index], 0));
            if extras().any(|progress| matches!(progress, RollProgress::Failed)) {
                self.break_off(stack, actions);
                return true;
            }
            if extras().any(|progress| matches!(progress, RollProgress::Pending)) {
                return false;
            }
        }
        loop {
            match self.current.map(|(index, generation)| progress(&stack.instances[index], generation)) {
                Some(RollProgress::Pending) => return false,
                Some(RollProgress::Failed) => {
                    self.break_off(stack, actions);
                    return true;
                }
                Some(RollProgress::Ready) | None => self.current = None,
            }
            let Some(next) = self.queue.pop_front() else {
                self.retire_extras(stack, actions);
                return true;
            };
            let instance = &stack.instances[next];
            // An instance that was stopped or scaled away meanwhile stays so.
            if instance.intent != Intent::Down && !instance.is_retired {
                self.current = Some((next, instance.generation));
                stack.request_up(next, true, actions);
            } else {
                // It waits for nothing any more, which a request that does has to see.
                stack.instances.edit(next, |_| ());
            }
        }
    }

    /// A new generation has failed: the instances that were not restarted yet are left as they are.
    fn break_off(&self, stack: &mut Stack, actions: &mut Actions) {
        for index in self.queue.iter().copied().chain(self.current.map(|(index, _)| index)) {
            let reason = "a new instance did not become ready, so the rest is as it was".to_owned();
            stack.instances.edit(index, |instance| instance.failure.get_or_insert(reason).len());
        }
        self.retire_extras(stack, actions);
    }

    fn retire_extras(&self, stack: &mut Stack, actions: &mut Actions) {
        for extra in &self.extras {
            stack.retire(*extra, actions);
        }
    }
}
