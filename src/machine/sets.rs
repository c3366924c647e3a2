//! Sets of instances, by what is asked about all of them.
//!
//! An event concerns one instance, and what follows from it must not cost a look at a thousand others: which is to start next,
//! whether all are down, which timer is the first. So an instance is filed in these sets whenever it changes, in one place
//! (`instances`).

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::{BTreeSet, HashMap};
use std::mem::discriminant;
use std::time::Duration;

use super::dependency::DependencyState;
use super::filing::{DueInstance, Filing};
use crate::name::TypeName;

/// What is known of the instances of a type that others come after.
#[derive(Debug, Default, PartialEq, Eq)]
struct TypeSets {
    /// Those that are not ready.
    unsatisfied: BTreeSet<DependencyState>,
    /// The instances that are due and come after this type.
    waiting: BTreeSet<usize>,
    /// How many instances that are not down came after this type.
    users: usize,
}

/// All sets.
#[derive(Debug, Default)]
pub(super) struct Sets {
    running: BTreeSet<usize>,
    clearing: BTreeSet<usize>,
    ended_for_restart: BTreeSet<usize>,
    deadlines: BTreeSet<(Duration, usize)>,
    starting: usize,
    up: usize,
    unfinished: usize,
    /// Those that an instance comes after, or has come after: of no other is asked.
    types: HashMap<TypeName, TypeSets>,
    held_ports: HashMap<u16, usize>,
    /// Those that are due and can start, as far as it is up to their dependencies.
    startable: BTreeSet<usize>,
    /// Those that are due, and that something has changed for since their dependencies were looked at.
    unexamined: BTreeSet<usize>,
    /// Those that have changed since [`Sets::take_changed`], some more than once.
    changed: Vec<usize>,
    /// Whether an instance may be stopped now that was needed before, or that did not run.
    is_stop_due: bool,
}

impl Sets {
    /// Sets with no instance in them, which know these types.
    pub(super) fn knowing<'a>(types: impl Iterator<Item = &'a TypeName>) -> Self {
        Self { types: types.map(|kind| (kind.clone(), TypeSets::default())).collect(), ..Self::default() }
    }

    /// Whether it is known what this type is for others.
    pub(super) fn knows(&self, kind: &TypeName) -> bool {
        self.types.contains_key(kind)
    }

    /// From now on it is known what this type is for others; its instances are in these states.
    pub(super) fn learn(&mut self, kind: &TypeName, states: Vec<DependencyState>) {
        let unsatisfied = &mut self.of_type(kind).unsatisfied;
        unsatisfied.extend(states.into_iter().filter(|state| *state != DependencyState::Satisfied));
    }

    /// Files the instance with this index, of this type, that was filed as `old`.
    pub(super) fn refile(&mut self, index: usize, kind: &TypeName, old: &Filing, new: &Filing) {
        self.changed.push(index);
        if old == new {
            return;
        }
        put(&mut self.running, index, new.is_running);
        put(&mut self.clearing, index, new.is_clearing);
        put(&mut self.ended_for_restart, index, new.is_ended_for_restart);
        count(&mut self.starting, old.is_starting, new.is_starting);
        count(&mut self.up, old.is_up, new.is_up);
        count(&mut self.unfinished, old.is_unfinished, new.is_unfinished);
        self.is_stop_due |= new.is_running && !old.is_running;
        if old.deadline != new.deadline {
            old.deadline.map(|moment| self.deadlines.remove(&(moment, index)));
            self.deadlines.extend(new.deadline.map(|moment| (moment, index)));
        }
        if old.held_port != new.held_port {
            self.refile_port(old.held_port, new.held_port);
        }
        if old.uses != new.uses {
            self.refile_uses(old.uses.as_deref(), new.uses.as_deref());
        }
        if old.due != new.due {
            self.refile_due(index, old.due.as_ref(), new.due.as_ref());
        }
        if old.dependency != new.dependency {
            self.refile_dependency(kind, old.dependency, new.dependency);
        }
    }

    fn refile_port(&mut self, old: Option<u16>, new: Option<u16>) {
        if let Some(count) = old.and_then(|port| self.held_ports.get_mut(&port)) {
            *count -= 1;
        }
        if let Some(port) = new {
            *self.held_ports.entry(port).or_default() += 1;
        }
    }

    fn refile_uses(&mut self, old: Option<&[TypeName]>, new: Option<&[TypeName]>) {
        for kind in new.unwrap_or_default() {
            self.of_type(kind).users += 1;
        }
        for kind in old.unwrap_or_default() {
            let users = &mut self.of_type(kind).users;
            *users -= 1;
            self.is_stop_due |= *users == 0;
        }
    }

    fn refile_due(&mut self, index: usize, old: Option<&DueInstance>, new: Option<&DueInstance>) {
        for kind in old.iter().flat_map(|due| due.after.iter()) {
            self.of_type(kind).waiting.remove(&index);
        }
        for kind in new.iter().flat_map(|due| due.after.iter()) {
            self.of_type(kind).waiting.insert(index);
        }
        self.startable.remove(&index);
        put(&mut self.unexamined, index, new.is_some());
    }

    /// Where that changes what the type is for those that wait for it, they are to be looked at again.
    fn refile_dependency(&mut self, kind: &TypeName, old: DependencyState, new: DependencyState) {
        let Some(of_type) = self.types.get_mut(kind) else { return };
        let before = of_type.state();
        of_type.unsatisfied.remove(&old);
        if new != DependencyState::Satisfied {
            of_type.unsatisfied.insert(new);
        }
        if discriminant(&of_type.state()) != discriminant(&before) {
            for index in &of_type.waiting {
                self.startable.remove(index);
                self.unexamined.insert(*index);
            }
        }
    }

    fn of_type(&mut self, kind: &TypeName) -> &mut TypeSets {
        self.types.entry(kind.clone()).or_default()
    }

    /// What a type is for those that wait for it. One without an instance is satisfied: with `redis=0` it runs somewhere else.
    pub(super) fn dependency(&self, kind: &TypeName) -> DependencyState {
        self.types.get(kind).map_or(DependencyState::Satisfied, TypeSets::state)
    }

    /// Whether an instance that was started after this type is still there.
    pub(super) fn is_used(&self, kind: &TypeName) -> bool {
        self.types.get(kind).is_some_and(|of_type| of_type.users > 0)
    }

    /// Whether an instance that is being stopped has this port.
    pub(super) fn is_held(&self, port: u16) -> bool {
        self.held_ports.get(&port).is_some_and(|count| *count > 0)
    }

    /// An instance that is due, and whose dependencies are to be looked at; each once, in their order.
    pub(super) fn take_unexamined(&mut self) -> Option<usize> {
        self.unexamined.pop_first()
    }

    /// The dependencies of this instance, which is due, are satisfied.
    pub(super) fn set_startable(&mut self, index: usize) {
        self.startable.insert(index);
    }

    /// The instances that can start, as far as it is up to their dependencies.
    pub(super) fn startable(&self) -> impl Iterator<Item = usize> {
        self.startable.iter().copied()
    }

    /// The instances that run and were not asked to stop.
    pub(super) fn running(&self) -> Vec<usize> {
        self.running.iter().copied().collect()
    }

    /// The instances of which only leftovers are waited for.
    pub(super) fn clearing(&self) -> Vec<usize> {
        self.clearing.iter().copied().collect()
    }

    /// The instances that have ended for a restart.
    pub(super) fn ended_for_restart(&self) -> Vec<usize> {
        self.ended_for_restart.iter().copied().collect()
    }

    /// The instances with a timer that is due at `now`, in their order.
    pub(super) fn late(&self, now: Duration) -> Vec<usize> {
        let mut late: Vec<usize> =
            self.deadlines.range(..=(now, usize::MAX)).map(|(_, index)| *index).collect();
        late.sort_unstable();
        late
    }

    /// When the first timer is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(moment, _)| *moment)
    }

    /// Whether an instance is being started.
    pub(super) fn is_one_starting(&self) -> bool {
        self.starting > 0
    }

    /// Whether no instance runs or is being started: each is down or being stopped.
    pub(super) fn are_all_stopped(&self) -> bool {
        self.starting == 0 && self.running.is_empty()
    }

    /// Whether each instance is down.
    pub(super) fn are_all_down(&self) -> bool {
        self.up == 0
    }

    /// Whether each instance is finished.
    pub(super) fn are_all_finished(&self) -> bool {
        self.unfinished == 0
    }

    /// The instances that have changed since the last call, some more than once.
    pub(super) fn take_changed(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.changed)
    }

    /// What has changed so far is of no interest.
    pub(super) fn forget_changed(&mut self) {
        self.changed.clear();
    }

    /// Whether an instance may be stopped now that was needed at the last call, or did not run.
    pub(super) fn take_stop_due(&mut self) -> bool {
        std::mem::take(&mut self.is_stop_due)
    }
}

#[cfg(test)]
impl Sets {
    /// The types of which it is known what they are for others.
    pub(super) fn known(&self) -> impl Iterator<Item = &TypeName> {
        self.types.keys()
    }

    /// All that follows from the instances as they are, to be compared with a fresh count.
    pub(super) fn counted(&self) -> String {
        let types: BTreeMap<&str, &TypeSets> = self
            .types
            .iter()
            .filter(|(_, of_type)| **of_type != TypeSets::default())
            .map(|(kind, of_type)| (kind.as_str(), of_type))
            .collect();
        let ports: BTreeSet<_> = self.held_ports.iter().filter(|(_, count)| **count > 0).collect();
        let Self { running, clearing, ended_for_restart, deadlines, starting, up, unfinished, .. } = self;
        let numbers = (starting, up, unfinished);
        format!(
            "{running:?} {clearing:?} {ended_for_restart:?} {deadlines:?} {numbers:?} {types:?} {ports:?}"
        )
    }

    /// Whether this instance can start, as far as it is up to its dependencies; `None` before they are looked at.
    pub(super) fn is_startable(&self, index: usize) -> Option<bool> {
        (!self.unexamined.contains(&index)).then(|| self.startable.contains(&index))
    }
}

impl TypeSets {
    fn state(&self) -> DependencyState {
        self.unsatisfied.last().copied().unwrap_or_default()
    }
}

fn put(set: &mut BTreeSet<usize>, index: usize, is_member: bool) {
    if is_member {
        set.insert(index);
    } else {
        set.remove(&index);
    }
}

fn count(count: &mut usize, was_one: bool, is_one: bool) {
    *count = *count + usize::from(is_one) - usize::from(was_one);
}
