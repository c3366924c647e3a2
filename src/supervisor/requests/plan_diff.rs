//! The difference between a plan and the running stack: the index of each instance, and which are in both.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::machine::{Change, InstanceRequest, Machine, Operation, Ticket};
use crate::name::{InstanceName, TypeName};
use crate::plan::Plan;
use crate::plan::spec::{Policy, Spec, Variables};

/// A [`Change`] that has no ticket yet.
pub(super) struct PlanDiff {
    pub(super) operation: Operation,
    pub(super) instances: Vec<usize>,
    pub(super) specs: Vec<(usize, Spec)>,
    pub(super) retired: Vec<usize>,
    pub(super) policy: Option<Policy>,
    /// Further sentences of the answer.
    pub(super) notes: Vec<String>,
}

impl Default for PlanDiff {
    fn default() -> Self {
        Self {
            operation: Operation::Start,
            instances: Vec::new(),
            specs: Vec::new(),
            retired: Vec::new(),
            policy: None,
            notes: Vec::new(),
        }
    }
}

impl PlanDiff {
    /// The indices of all instances that it changes, in rising order.
    pub(super) fn indices(&self) -> Vec<usize> {
        let specs = self.specs.iter().map(|(index, _)| index);
        let mut all: Vec<usize> = specs.chain(&self.instances).chain(&self.retired).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The change, which will be answered with this ticket.
    pub(super) fn change(self, ticket: Ticket) -> Change {
        let Self { operation, instances, specs, retired, policy, .. } = self;
        Change { request: InstanceRequest { ticket, operation, instances }, specs, retired, policy }
    }
}

/// The instances of the machine, by name. A name keeps its index for ever.
pub(super) struct InstanceTable<'a> {
    machine: &'a Machine,
    indices: HashMap<InstanceName, usize>,
}

impl<'a> InstanceTable<'a> {
    /// The instances as they are now.
    pub(super) fn of(machine: &'a Machine) -> Self {
        let named = machine.specs().iter().enumerate();
        Self { machine, indices: named.map(|(index, spec)| (spec.name.clone(), index)).collect() }
    }

    fn members(&self) -> impl Iterator<Item = (usize, &'a Spec)> {
        let all = self.machine.specs().iter().zip(self.machine.instances()).enumerate();
        all.filter(|(_, (_, instance))| !instance.is_retired).map(|(index, (spec, _))| (index, &**spec))
    }

    /// Whether this instance is in the stack, and not only for the time of a rolling restart.
    pub(super) fn contains(&self, name: &InstanceName) -> bool {
        let index = self.indices.get(name);
        index
            .and_then(|index| self.machine.instances().get(*index))
            .is_some_and(|found| !found.is_retired && !found.is_stand_in)
    }

    /// The ports of the stack.
    pub(super) fn ports(&self) -> HashSet<u16> {
        self.members().filter_map(|(_, spec)| spec.port).collect()
    }

    /// The instances that are in the stack and in this plan.
    pub(super) fn present(&self, plan: &[Spec]) -> Vec<usize> {
        let planned: HashSet<&InstanceName> = plan.iter().map(|spec| &spec.name).collect();
        self.members().filter(|(_, spec)| planned.contains(&spec.name)).map(|(index, _)| index).collect()
    }

    /// The instances that are in the stack and not in this plan, the highest number first.
    pub(super) fn absent(&self, plan: &[Spec]) -> Vec<usize> {
        let planned: HashSet<&InstanceName> = plan.iter().map(|spec| &spec.name).collect();
        let mut absent: Vec<_> = self.members().filter(|(_, spec)| !planned.contains(&spec.name)).collect();
        absent.sort_by_key(|(_, spec)| std::cmp::Reverse(spec.name.number));
        absent.into_iter().map(|(index, _)| index).collect()
    }

    /// The index of each of these specs; a new one where the name is new.
    pub(super) fn take(&mut self, specs: Vec<Spec>) -> Vec<(usize, Spec)> {
        let mut taken = Vec::with_capacity(specs.len());
        for spec in specs {
            let next = self.indices.len();
            taken.push((*self.indices.entry(spec.name.clone()).or_insert(next), spec));
        }
        taken
    }

    /// The sentence about edits of the files that are not in effect yet, apart from the `chosen` instances; `None` without such edits.
    /// The counts are those of the stack and those of the files.
    pub(super) fn waiting(
        &self,
        successors: &mut Successors<'_>,
        chosen: &[usize],
        (counts, of_files): (&IndexMap<TypeName, u32>, &IndexMap<TypeName, u32>),
    ) -> Option<String> {
        let of_chosen: HashSet<&TypeName> =
            chosen.iter().map(|index| &self.machine.specs()[*index].name.kind).collect();
        let chosen: HashSet<usize> = chosen.iter().copied().collect();
        let mut waiting: IndexMap<&TypeName, String> = IndexMap::new();
        let is_stand_in = |index: usize| self.machine.instances()[index].is_stand_in;
        for (index, spec) in self.members().filter(|(index, _)| !is_stand_in(*index)) {
            let kind = &spec.name.kind;
            if !of_files.contains_key(kind) {
                waiting.insert(kind, format!("{kind} (gone)"));
            } else if !chosen.contains(&index) && successors.of(spec).is_none_or(|now| now.differs(spec)) {
                let name = if of_chosen.contains(kind) { spec.name.to_string() } else { kind.to_string() };
                waiting.entry(kind).or_insert(name);
            }
        }
        for (kind, count) in of_files {
            match counts.get(kind) {
                None => waiting.insert(kind, format!("{kind} (new)")),
                Some(before) if before != count => waiting.insert(kind, format!("{kind} ({count} of it)")),
                Some(_) => None,
            };
        }
        let all: Vec<String> = waiting.into_values().collect();
        (!all.is_empty()).then(|| format!("edited too, and waiting for `ganger restart`: {}", all.join(", ")))
    }
}

/// The specs of a plan as those of instances that run are replaced by them one by one. Each has the ports and addresses of types
/// that its predecessor has: a type that was added since is known to those only that were started with it or after it.
pub(super) struct Successors<'a> {
    plan: &'a Plan,
    by_name: HashMap<&'a InstanceName, &'a Spec>,
    /// What the instances of the plan share, beside what the running ones share: most share the same.
    shared: Vec<(Variables, Variables)>,
}

impl<'a> Successors<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, by_name: by_name(&plan.instances), shared: Vec::new() }
    }

    /// The spec that takes the place of this one; `None` where the plan has no such instance.
    pub(super) fn of(&mut self, running: &Spec) -> Option<Spec> {
        let mut spec = (*self.by_name.get(&running.name)?).clone();
        let theirs = &running.environment.shared;
        let known = self.shared.iter().find(|(of, _)| Arc::ptr_eq(of, theirs));
        if let Some((_, shared)) = known {
            spec.environment.shared = Arc::clone(shared);
        } else {
            spec.environment.shared = self.plan.shared_with_ports_of(&running.environment);
            self.shared.push((Arc::clone(theirs), Arc::clone(&spec.environment.shared)));
        }
        Some(spec)
    }
}

/// The specs of a plan, by the names of the instances.
pub(super) fn by_name(plan: &[Spec]) -> HashMap<&InstanceName, &Spec> {
    plan.iter().map(|spec| (&spec.name, spec)).collect()
}
