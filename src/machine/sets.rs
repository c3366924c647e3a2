//! Sets of instances, by what is asked about all of them.
//!
//! An event concerns one instance, and what follows from it must not cost a look at a thousand others: which is to start next,
//! whether all are down, which timer is the first. So an instance is filed in these sets whenever it changes, in one place
//! (`instances`).

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::{BTreeSet, HashMap};
use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use super::dependency::DependencyState;
use super::instance::Instance;
use super::state::{Intent, State};
use crate::name::TypeName;
use crate::plan::spec::Spec;

/// What the sets have to know of one instance. The default is that of one that is in no set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each set, which do not depend on each other")]
pub(super) struct Filing {
    due: Option<DueInstance>,
    is_running: bool,
    is_starting: bool,
    is_clearing: bool,
    /// Whether it has ended for a restart.
    is_ended_for_restart: bool,
    is_up: bool,
    is_unfinished: bool,
    deadline: Option<Duration>,
    dependency: DependencyState,
    /// The types that it came after, as long as it is not down.
    uses: Option<Arc<[TypeName]>>,
    /// Its port, while it is being stopped. One that is handed a socket shares the port, and holds up no other.
    held_port: Option<u16>,
}

/// An instance that is down and waits for its turn to start: all on which it depends whether it can.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DueInstance {
    after: Arc<[TypeName]>,
    has_run: bool,
    is_requested: bool,
}

impl Filing {
    /// How this instance is to be filed.
    pub(super) fn of(index: usize, instance: &Instance, spec: &Spec) -> Self {
        let is_down = instance.state.is_down();
        let next = instance.next.as_deref().unwrap_or(spec);
        let is_stopped = !is_down && instance.intent != Intent::Up && spec.service.listen.is_none();
        Self {
            due: (is_down && instance.is_due).then(|| DueInstance {
                after: Arc::clone(&next.after),
                has_run: instance.generation > 0,
                is_requested: instance.is_requested,
            }),
            is_running: instance.state == State::Running,
            is_starting: instance.state == State::Starting,
            is_clearing: instance.state.is_clearing(),
            is_ended_for_restart: is_down && instance.intent == Intent::Restart,
            is_up: !is_down,
            is_unfinished: !instance.is_finished(),
            deadline: instance.deadline(),
            dependency: DependencyState::of_instance(index, spec.once, instance),
            uses: (!is_down).then(|| Arc::clone(&spec.after)),
            held_port: spec.port.filter(|_| is_stopped),
        }
    }
}

/// What is known of the instances of one type.
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
        let of_type = self.types.entry(kind.clone()).or_default();
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
