//! Rolling restarts: which instances can be restarted so, and which extra instances stand in meanwhile.

use std::collections::BTreeSet;

use crate::control::protocol::{RefusalKind, RequestRefusal};
use crate::machine::{Machine, Operation};
use crate::name::{InstanceName, TypeName};
use crate::plan::environment;
use crate::plan::spec::{ProbePort, Spec};
use crate::shell::names_variable;
use crate::supervisor::requests::plan_diff::{InstanceTable, PlanDiff};
use crate::supervisor::requests::replan::Replanner;

impl Replanner {
    /// Restarts these instances one after the other, with the specs that the project has now. Each type of them that runs has one
    /// more instance until all are done. Those that do not run are started, and one-shots are left out.
    ///
    /// # Errors
    /// As [`Replanner::renew`]; or the instances of a type bind their ports themselves.
    pub(super) fn roll(&mut self, chosen: &[usize], machine: &Machine) -> Result<PlanDiff, RequestRefusal> {
        let specs = machine.specs();
        let instances = machine.instances();
        let is_meant = |index: &usize| !specs[*index].once && !instances[*index].is_stand_in;
        let chosen: Vec<usize> = chosen.iter().copied().filter(is_meant).collect();
        let running = || chosen.iter().filter(|index| instances[**index].has_own_process());
        if let Some(index) = running().find(|index| binds_its_port(&specs[**index])) {
            let kind = &specs[*index].name.kind;
            let message = format!(
                "{kind} binds its PORT itself, which the old and the new one cannot both have: set `listen = true` for \
                 it in ganger.toml, or restart it without --rolling"
            );
            return Err(RequestRefusal::new(RefusalKind::Failed, message));
        }
        let mut diff = self.renew(Operation::Roll, &chosen, machine)?;
        let kinds: BTreeSet<&TypeName> = running().map(|index| &specs[*index].name.kind).collect();
        let extras = kinds.into_iter().filter_map(|kind| {
            let renewed = diff.specs.iter().map(|(_, spec)| spec).find(|spec| spec.name.kind == *kind)?;
            Some(one_more(renewed, machine))
        });
        let extras: Vec<Spec> = extras.collect();
        diff.specs.extend(InstanceTable::of(machine).take(extras));
        Ok(diff)
    }
}

/// Whether two generations of it could not run at once with one port. Its name, its probe and its command line show that.
fn binds_its_port(spec: &Spec) -> bool {
    let serves = spec.service.probe.port() != ProbePort::None
        || spec.name.kind.as_str() == "web"
        || names_variable("PORT", &spec.command);
    spec.service.listen.is_none() && serves && spec.port.is_some()
}

/// The same spec, with the next number that no instance of the stack has.
fn one_more(spec: &Spec, machine: &Machine) -> Spec {
    let all = machine.specs().iter().zip(machine.instances());
    let present = all.filter(|(other, instance)| {
        other.name.kind == spec.name.kind && !(instance.is_retired && instance.state.is_down())
    });
    let last = present.map(|(other, _)| other.name.number).max().unwrap_or_default();
    let name = InstanceName { kind: spec.name.kind.clone(), number: last + 1 };
    let mut more = spec.clone();
    more.environment.own = environment::own_beside(&spec.environment, &name, spec.port);
    more.name = name;
    more
}
