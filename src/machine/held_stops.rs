//! Stops that wait. With an ordered stop, an instance that a request stops or restarts together with others gets its stop signal when those
//! of them that came after it have ended, as at the end of the stack. Until then it runs, and its grace has not begun.

use std::collections::{BTreeSet, HashMap};

use super::instance::Instance;
use super::instances::Instances;
use super::state::{Intent, State};
use crate::name::TypeName;

/// An instance that is to end first, in its generation at the time of the request.
#[derive(Clone, Copy, Debug)]
struct Blocker {
    index: usize,
    generation: u32,
}

/// The instances of one type that wait in one request, and those of the request that came after that type.
#[derive(Debug)]
struct HeldType {
    instances: Vec<usize>,
    blockers: Vec<Blocker>,
}

/// All stops that wait.
#[derive(Debug, Default)]
pub(super) struct HeldStops {
    types: Vec<HeldType>,
    instances: BTreeSet<usize>,
}

impl Blocker {
    fn new(index: usize, instance: &Instance) -> Self {
        // One that is being started is stopped as soon as it exists.
        let generation = instance.generation + u32::from(instance.state == State::Starting);
        Self { index, generation }
    }

    /// Whether it is still on its way to its end. What goes on running after all is not waited for.
    fn blocks(self, instances: &Instances) -> bool {
        let instance = &instances[self.index];
        let is_same = instance.generation <= self.generation;
        is_same && instance.intent != Intent::Up && !instance.state.is_down()
    }
}

impl HeldStops {
    /// Whether the stop of this instance waits.
    pub(super) fn contain(&self, index: usize) -> bool {
        self.instances.contains(&index)
    }

    /// A request stops or restarts these instances: holds those that others of them came after. One that waits already does not wait any
    /// more.
    pub(super) fn hold(&mut self, instances: &Instances, stopped: &[usize]) {
        let mut blockers: HashMap<&TypeName, Vec<Blocker>> = HashMap::new();
        let is_up = |index: &usize| {
            instances.get(*index).is_some_and(|instance| !instance.is_retired && !instance.state.is_down())
        };
        for index in stopped.iter().copied().filter(is_up) {
            for kind in instances.specs()[index].after.iter() {
                blockers.entry(kind).or_default().push(Blocker::new(index, &instances[index]));
            }
        }
        let mut waiting: HashMap<&TypeName, Vec<usize>> = HashMap::new();
        for index in stopped.iter().copied().filter(is_up) {
            let kind = &instances.specs()[index].name.kind;
            let was_held = self.instances.remove(&index);
            if !was_held && instances[index].state == State::Running && blockers.contains_key(kind) {
                waiting.entry(kind).or_default().push(index);
            }
        }
        for (kind, instances) in waiting {
            self.instances.extend(&instances);
            self.types.push(HeldType { instances, blockers: blockers.remove(kind).unwrap_or_default() });
        }
    }

    /// Takes out the instances that do not wait any more, and are to be stopped now.
    pub(super) fn take_free(&mut self, instances: &Instances) -> Vec<usize> {
        let mut free = Vec::new();
        for held in &mut self.types {
            while held.blockers.last().is_some_and(|blocker| !blocker.blocks(instances)) {
                held.blockers.pop();
            }
        }
        let waits =
            |index: usize| instances[index].state == State::Running && instances[index].intent != Intent::Up;
        self.instances.retain(|index| waits(*index));
        // Two types may each come after the other, one by its present spec and one by that before: then none has to wait.
        let is_held = |blocker: &Blocker| self.instances.contains(&blocker.index);
        let is_circle = self.types.iter().all(|held| {
            held.blockers.iter().filter(|blocker| blocker.blocks(instances)).all(is_held)
                && !held.blockers.is_empty()
        });
        self.types.retain(|held| {
            let is_free = is_circle || held.blockers.is_empty();
            if is_free {
                free.extend(held.instances.iter().filter(|index| self.instances.remove(index)));
            }
            !is_free
        });
        free
    }

    /// The stack stops, in an order of its own: nothing waits any more.
    pub(super) fn clear(&mut self) {
        self.types.clear();
        self.instances.clear();
    }
}
