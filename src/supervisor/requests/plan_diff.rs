//! From a plan to a change of the stack that runs: which instance has which index, who is there, who is not.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::machine::{Change, InstanceRequest, Machine, Operation, Ticket};
use crate::name::{InstanceName, TypeName};
use crate::plan::spec::{Policy, Spec};

/// A [`Change`] before anybody is told of it.
pub(crate) struct PlanDiff {
    pub operation: Operation,
    pub instances: Vec<usize>,
    pub specs: Vec<(usize, Spec)>,
    pub retired: Vec<usize>,
    pub policy: Option<Policy>,
    /// What the person should know though it is done.
    pub notes: Vec<String>,
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
    /// All whom it concerns, by rising index.
    pub(crate) fn concerned(&self) -> Vec<usize> {
        let specs = self.specs.iter().map(|(index, _)| index);
        let mut all: Vec<usize> = specs.chain(&self.instances).chain(&self.retired).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The change, which will be answered with this ticket.
    pub(crate) fn change(self, ticket: Ticket) -> Change {
        let Self { operation, instances, specs, retired, policy, .. } = self;
        Change { request: InstanceRequest { ticket, operation, instances }, specs, retired, policy }
    }
}

/// The instances of the machine, by name: a name has its index for ever.
pub(crate) struct InstanceTable<'a> {
    machine: &'a Machine,
    indices: HashMap<InstanceName, usize>,
}

impl<'a> InstanceTable<'a> {
    /// As they are now.
    pub(crate) fn of(machine: &'a Machine) -> Self {
        let named = machine.specs().iter().enumerate();
        Self { machine, indices: named.map(|(index, spec)| (spec.name.clone(), index)).collect() }
    }

    fn there(&self) -> impl Iterator<Item = (usize, &'a Spec)> {
        let all = self.machine.specs().iter().zip(self.machine.instances()).enumerate();
        all.filter(|(_, (_, instance))| !instance.is_retired).map(|(index, (spec, _))| (index, &**spec))
    }

    /// Whether it is in the stack.
    pub(crate) fn is_there(&self, name: &InstanceName) -> bool {
        let index = self.indices.get(name);
        index.and_then(|index| self.machine.instances().get(*index)).is_some_and(|found| !found.is_retired)
    }

    /// The ports that the stack has.
    pub(crate) fn ports(&self) -> HashSet<u16> {
        self.there().filter_map(|(_, spec)| spec.port).collect()
    }

    /// Who is in the stack and in this plan.
    pub(crate) fn present(&self, plan: &[Spec]) -> Vec<usize> {
        let planned: HashSet<&InstanceName> = plan.iter().map(|spec| &spec.name).collect();
        self.there().filter(|(_, spec)| planned.contains(&spec.name)).map(|(index, _)| index).collect()
    }

    /// Who is in the stack and not in this plan, the highest number first.
    pub(crate) fn absent(&self, plan: &[Spec]) -> Vec<usize> {
        let planned: HashSet<&InstanceName> = plan.iter().map(|spec| &spec.name).collect();
        let mut absent: Vec<_> = self.there().filter(|(_, spec)| !planned.contains(&spec.name)).collect();
        absent.sort_by_key(|(_, spec)| std::cmp::Reverse(spec.name.number));
        absent.into_iter().map(|(index, _)| index).collect()
    }

    /// Gives each of these specs its index, a new one where the name is new.
    pub(crate) fn take(&mut self, specs: Vec<Spec>) -> Vec<(usize, Spec)> {
        let mut taken = Vec::with_capacity(specs.len());
        for spec in specs {
            let next = self.indices.len();
            taken.push((*self.indices.entry(spec.name.clone()).or_insert(next), spec));
        }
        taken
    }

    /// What else the files say by now than what runs, apart from the `chosen` ones, in a
    /// sentence; nothing if all is as it runs. `counts` are those of the stack and those of the files.
    pub(crate) fn waiting(
        &self,
        plan: &[Spec],
        chosen: &[usize],
        (counts, of_files): (&IndexMap<TypeName, u32>, &IndexMap<TypeName, u32>),
    ) -> Option<String> {
        let has_chosen =
            |kind: &TypeName| chosen.iter().any(|index| self.machine.specs()[*index].name.kind == *kind);
        let planned: HashMap<&InstanceName, &Spec> = plan.iter().map(|spec| (&spec.name, spec)).collect();
        let mut waiting: IndexMap<&TypeName, String> = IndexMap::new();
        for (index, spec) in self.there() {
            let kind = &spec.name.kind;
            if !of_files.contains_key(kind) {
                waiting.insert(kind, format!("{kind} (gone)"));
            } else if !chosen.contains(&index) && planned.get(&spec.name).is_none_or(|now| now.differs(spec))
            {
                let name = if has_chosen(kind) { spec.name.to_string() } else { kind.to_string() };
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
