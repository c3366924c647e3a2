//! The formation and the specs of a running stack: its plan is made again when it is scaled, or restarted after its files were edited.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};

use crate::config::Groups;
use crate::control::protocol::{RefusalKind, RequestRefusal};
use crate::control::scaling::ScaleStep;
use crate::location::Diagnostic;
use crate::machine::{Machine, Operation};
use crate::name::TypeName;
use crate::plan::Plan;
use crate::plan::running::Running;
use crate::process::limits::OpenFiles;
use crate::suggestion;
use crate::supervisor::requests::plan_diff::{InstanceTable, PlanDiff, Successors, by_name};

/// Makes plans of a project as its files were read once.
pub(crate) type Planner = Rc<dyn Fn(&Running) -> Result<Plan, RequestRefusal>>;

/// Where the plans of a running stack come from. The supervisor reads no files itself.
pub(crate) struct PlanSource {
    /// Plans from what was read at the start.
    pub planner: Planner,
    /// Reads all files again, with the flags of the start.
    pub read: Box<dyn Fn() -> Result<Planner, RequestRefusal>>,
}

/// The formation of a running stack.
pub(crate) struct Replanner {
    read: Box<dyn Fn() -> Result<Planner, RequestRefusal>>,
    /// The project as it was when all types were last started from it.
    planner: Planner,
    /// The project as it was when only these types were started from it since.
    newer: HashMap<TypeName, Planner>,
    /// The formation of files and flags.
    planned: IndexMap<TypeName, u32>,
    /// The counts that were set by scaling.
    scaled: IndexMap<TypeName, u32>,
    /// Every type that there has been.
    known: IndexSet<TypeName>,
    groups: Groups,
    base: Option<u16>,
    step: Option<u16>,
    /// The warnings that were reported, so that each is reported once.
    reported: Vec<Diagnostic>,
    /// The id of the run, which is the mark of every process.
    run: String,
    limit: OpenFiles,
}

impl Replanner {
    /// For a stack that is started from `plan`.
    pub(crate) fn new(source: PlanSource, plan: &Plan, run: String, limit: OpenFiles) -> Self {
        let PlanSource { planner, read } = source;
        Self {
            read,
            planner,
            newer: HashMap::new(),
            planned: plan.counts(),
            scaled: IndexMap::new(),
            known: plan.processes.iter().map(|process| process.name.clone()).collect(),
            groups: plan.groups.clone(),
            base: plan.base_port,
            step: plan.port_step,
            reported: plan.warnings.clone(),
            run,
            limit,
        }
    }

    /// The present formation, in the order of the Procfile.
    pub(super) fn counts(&self) -> IndexMap<TypeName, u32> {
        self.planned
            .iter()
            .map(|(name, count)| (name.clone(), self.scaled.get(name).copied().unwrap_or(*count)))
            .collect()
    }

    /// The present groups of types.
    pub(super) fn groups(&self) -> Groups {
        self.groups.clone()
    }

    /// Changes the numbers of instances, with the project as it was read: nothing else changes, and no port moves.
    ///
    /// # Errors
    /// There is no such type, or there cannot be so many instances.
    pub(super) fn scale(
        &mut self,
        steps: &[ScaleStep],
        machine: &Machine,
    ) -> Result<PlanDiff, RequestRefusal> {
        let mut counts = self.counts();
        for step in steps {
            let (_, count) = (counts.iter_mut())
                .find(|(name, _)| name.as_str() == step.r#type)
                .ok_or_else(|| RequestRefusal::new(RefusalKind::UnknownName, self.unknown(&step.r#type)))?;
            *count = step
                .apply(*count)
                .map_err(|error| RequestRefusal::new(RefusalKind::Failed, error.to_string()))?;
        }
        let mut table = InstanceTable::of(machine);
        let running = Running { counts, step: self.step, ..self.running(&table) };
        let mut plan = self.plan(&self.planner, &running)?;
        for (kind, newer) in &self.newer {
            // The other instances of this type were started from newer files; only the ports are those of the whole plan.
            let mut newer = self.plan(newer, &Running { step: None, ..running.clone() })?;
            let mut siblings = plan.instances.iter_mut().filter(|spec| spec.name.kind == *kind).peekable();
            if let Some(any) = siblings.peek() {
                newer.use_ports_of(&any.environment);
            }
            let newer = by_name(&newer.instances);
            for spec in siblings {
                if let Some(found) = newer.get(&spec.name) {
                    *spec = (*found).clone().with_port(spec.port);
                }
            }
        }
        let mut diff = PlanDiff {
            operation: Operation::Start,
            notes: self.new_warnings(&plan.warnings),
            ..PlanDiff::default()
        };
        // What stands in for others in a rolling restart leaves at the end of that.
        diff.retired = table.absent(&plan.instances);
        diff.retired.retain(|index| !machine.instances()[*index].is_stand_in);
        plan.instances.retain(|spec| !table.contains(&spec.name));
        diff.specs = table.take(plan.instances);
        self.scaled = running.counts;
        self.scaled.retain(|name, count| self.planned.get(name) != Some(count));
        Ok(diff)
    }

    /// Reads the whole project again: removed instances leave, added ones start, all others restart.
    ///
    /// # Errors
    /// All mistakes in it; then nothing changes.
    pub(super) fn renew_all(&mut self, machine: &Machine) -> Result<PlanDiff, RequestRefusal> {
        let planner = (self.read)()?;
        let mut table = InstanceTable::of(machine);
        let running = self.running(&table);
        let mut plan = self.plan(&planner, &running)?;
        let asked = plan.counts();
        let scaled = self.scaled_beside(&asked);
        if !scaled.is_empty() {
            plan = self.plan(&planner, &Running { counts: scaled.clone(), ..running })?;
        }
        let diff = PlanDiff {
            operation: Operation::Restart,
            instances: table.present(&plan.instances),
            retired: table.absent(&plan.instances),
            specs: table.take(plan.instances),
            policy: Some(plan.policy),
            notes: self.new_warnings(&plan.warnings),
        };
        self.known.extend(asked.keys().cloned());
        (self.planner, self.planned, self.scaled) = (planner, asked, scaled);
        (self.base, self.step) = (plan.base_port, plan.port_step);
        self.groups = plan.groups;
        self.newer.clear();
        Ok(diff)
    }

    /// Reads the project again for these instances; all others, and all ports, stay as they are.
    ///
    /// # Errors
    /// As [`Replanner::renew_all`]; or one of the instances is not in the project any more; or all of them only stand in for others.
    pub(super) fn renew(
        &mut self,
        operation: Operation,
        chosen: &[usize],
        machine: &Machine,
    ) -> Result<PlanDiff, RequestRefusal> {
        let planner = (self.read)()?;
        let counts = self.counts();
        let mut table = InstanceTable::of(machine);
        let running = self.running(&table);
        let mut of_files = self.plan(&planner, &running)?.counts();
        of_files.extend(self.scaled_beside(&of_files));
        let plan = self.plan(&planner, &Running { counts: counts.clone(), ..running })?;
        let mut successors = Successors::new(&plan);
        let present = without_stand_ins(chosen, machine)?;
        let mut renewed = Vec::new();
        for index in &present {
            let (present, instance) = (&machine.specs()[*index], &machine.instances()[*index]);
            let Some(spec) = successors.of(present) else {
                let name = &present.name.kind;
                let message = format!(
                    "`{name}` is not in the Procfile any more: `ganger restart` without a name stops it"
                );
                return Err(RequestRefusal::new(RefusalKind::Failed, message));
            };
            // An instance that runs and is only to be started keeps its spec.
            if operation != Operation::Start || !instance.has_own_process() {
                renewed.push(spec.with_port(present.port));
            }
        }
        // Only now: one that is refused changes nothing.
        let kinds: HashSet<&TypeName> = renewed.iter().map(|spec| &spec.name.kind).collect();
        self.newer.extend(kinds.into_iter().map(|kind| (kind.clone(), Rc::clone(&planner))));
        let mut notes = self.new_warnings(&plan.warnings);
        notes.extend(table.waiting(&mut successors, &present, (&counts, &of_files)));
        let (instances, specs) = (present, table.take(renewed));
        Ok(PlanDiff { operation, instances, specs, notes, ..PlanDiff::default() })
    }

    /// Why one of these names cannot be started though it is a type: it has no instances, or is new in the Procfile.
    pub(super) fn explain(&self, names: &[String], machine: &Machine) -> Option<String> {
        let counts = self.counts();
        let running = self.running(&InstanceTable::of(machine));
        let files = (self.read)().and_then(|planner| self.plan(&planner, &running)).ok();
        names.iter().find_map(|name| {
            let kind = TypeName::new(name)?;
            match counts.get(&kind) {
                Some(0) => Some(format!(
                    "there are no instances of `{name}`: `ganger scale {name}=1` starts one, \
                     `ganger start --name {name} {name}` a stack of its own"
                )),
                Some(_) => None,
                None => files.as_ref().and_then(|plan| plan.process(name)).map(|_| {
                    format!("`{name}` is new in the Procfile: `ganger restart` without a name starts it")
                }),
            }
        })
    }

    /// The message about a name that is no type, with the nearest one.
    fn unknown(&self, name: &str) -> String {
        let known = || self.planned.keys().map(TypeName::as_str);
        match suggestion::nearest(name, known()) {
            Some(near) => format!("there is no type `{name}`: did you mean `{near}`?"),
            None => {
                format!("there is no type `{name}`: there are {}", known().collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The counts that were set by scaling stay, unless files and flags ask for another number than before.
    fn scaled_beside(&self, asked: &IndexMap<TypeName, u32>) -> IndexMap<TypeName, u32> {
        self.scaled
            .iter()
            .filter(|(name, _)| asked.contains_key(*name) && asked.get(*name) == self.planned.get(*name))
            .map(|(name, count)| (name.clone(), *count))
            .collect()
    }

    fn running(&self, table: &InstanceTable<'_>) -> Running {
        Running {
            counts: IndexMap::new(),
            known: self.known.iter().cloned().collect(),
            base: self.base,
            step: None,
            held: table.ports(),
        }
    }

    /// A plan, if its number of instances is within the limits of this system.
    fn plan(&self, planner: &Planner, running: &Running) -> Result<Plan, RequestRefusal> {
        let mut plan = planner(running)?;
        let checked = self.limit.check(plan.instances.len());
        checked.map_err(|error| RequestRefusal::new(RefusalKind::Failed, error.to_string()))?;
        plan.mark(&self.run);
        Ok(plan)
    }

    /// The warnings that were not reported yet, as sentences.
    fn new_warnings(&mut self, warnings: &[Diagnostic]) -> Vec<String> {
        let reported = std::mem::replace(&mut self.reported, warnings.to_vec());
        let new = warnings.iter().filter(|warning| !reported.contains(warning));
        new.map(|Diagnostic { location, message, hint, .. }| {
            let hint = hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{location}: {message}{hint}")
        })
        .collect()
    }
}

/// Those of these instances that do not only stand in for others in a rolling restart: they leave at its end.
///
/// # Errors
/// There is no other among them.
fn without_stand_ins(chosen: &[usize], machine: &Machine) -> Result<Vec<usize>, RequestRefusal> {
    let is_stand_in = |index: &usize| machine.instances()[*index].is_stand_in;
    match chosen.first() {
        Some(index) if chosen.iter().all(is_stand_in) => {
            let name = &machine.specs()[*index].name;
            let message =
                format!("{name} only stands in during a rolling restart, and is stopped at its end");
            Err(RequestRefusal::new(RefusalKind::Failed, message))
        }
        Some(_) | None => Ok(chosen.iter().copied().filter(|index| !is_stand_in(index)).collect()),
    }
}
