//! The making of a plan.

use std::sync::Arc;
use std::time::Duration;

use super::entries::EnvEntries;
use super::environment::{self, Merged};
use super::error::{Error, index_of};
use super::options::{Inputs, PlanOptions, RELEASE};
use super::order::StartOrder;
use super::ports::{self, DEFAULT_BASE, DEFAULT_STEP, Holder, KeptPorts, Layout, PortChoice};
use super::service_policy;
use super::spec::{Environment, Spec, Variables};
use super::{Plan, PlannedType};
use crate::config::{BasePort, Groups, Located};
use crate::location::{Diagnostic, Location};
use crate::name::InstanceName;
use crate::signal::{Reach, Signal};

/// The grace between the stop signal and SIGKILL by default (foreman's).
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// The most ports that others hold and that get a warning each.
const MOST_WARNINGS: usize = 5;

impl Plan {
    /// The plan for `inputs`. `taken` tells the holder of a port, and is the only thing that a plan asks of
    /// the world: `|_| None` where ports do not matter (`check`, `env`, `run`).
    ///
    /// # Errors
    ///
    /// All that is wrong, each with its place: a flag's is the flag itself, without a line.
    pub fn build(
        inputs: &Inputs<'_>,
        taken: impl FnMut(u16) -> Option<Holder>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (options, mut errors) = PlanOptions::resolve(inputs);
        let merged = Merged::of(inputs);
        let has_ports = inputs.settings.no_port != Some(true);
        let order = StartOrder::of(inputs).map_err(|wrong| errors.extend(wrong)).unwrap_or_default();
        if !has_ports {
            errors.extend(service_policy::without_ports(inputs));
        }
        errors.extend(service_policy::without_variable(inputs, &merged));
        let mut own = vec![environment::PS, environment::INSTANCE];
        if has_ports {
            own.insert(0, environment::PORT);
        }
        let names_services = merged.names_services(inputs);
        own.extend(names_services.then_some(environment::OTEL_SERVICE));
        errors.extend(merged.unset(inputs, |name| own.contains(&name)));
        let mut words = PlanWarnings::default();
        let layout = if has_ports {
            place_ports(inputs, &merged, &options, taken, &mut words)
                .map_err(|error| errors.push(*error))
                .ok()
        } else {
            None
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        words.about_types(inputs, &options);
        words.warnings.extend(service_policy::behind_a_shell(inputs));
        let processes = processes(inputs, &options, layout.as_ref());
        let running = processes.iter().filter(|process| process.count > 0);
        let ports = running.filter_map(|process| Some((process.name.clone(), process.port?)));
        let (rules, late) = environment::common_rules(inputs, ports);
        let (shared, provenance) = merged.share(rules, &own);
        for process in processes.iter().filter(|process| late.contains(&process.name)) {
            words.about_late(inputs, process);
        }
        Ok(Self {
            root: inputs.root.to_path_buf(),
            instances: instances(inputs, (&processes, &order), (&shared, names_services), layout.as_ref()),
            processes,
            groups: Groups::of(inputs.settings, |name| index_of(name, inputs.procfile).is_ok()),
            policy: options.policy,
            base_port: layout.as_ref().map(|layout| layout.base),
            port_step: layout.map(|layout| layout.step),
            provenance,
            warnings: words.warnings,
            shadowed: words.shadowed.into_iter().chain(options.idle).collect(),
            notes: words.notes,
            names_services,
            addresses: inputs.addresses.clone(),
            shared: Environment { shared, own: EnvEntries::default() },
        })
    }
}

/// What a plan has to say besides itself.
#[derive(Default)]
struct PlanWarnings {
    warnings: Vec<Diagnostic>,
    shadowed: Vec<Diagnostic>,
    notes: Vec<String>,
}

/// The ports: laid out, tried, and moved if that is allowed.
fn place_ports(
    inputs: &Inputs<'_>,
    merged: &Merged<'_>,
    options: &PlanOptions<'_>,
    taken: impl FnMut(u16) -> Option<Holder>,
    words: &mut PlanWarnings,
) -> Result<Layout, Box<Diagnostic>> {
    let (given, nothing) = (merged.base_port(inputs)?, KeptPorts::default());
    // A running stack never moves its ports.
    let (base, kept) = match (given, inputs.running.and_then(|running| running.base)) {
        (Some(BasePort::At(port)), _) => (port, None),
        (Some(BasePort::Auto) | None, Some(base)) => (base, None),
        (Some(BasePort::Auto), None) => (DEFAULT_BASE, Some(inputs.kept.unwrap_or(&nothing))),
        (None, None) => (DEFAULT_BASE, Some(&nothing)),
    };
    let step = inputs.settings.port_step.as_ref();
    let running = inputs.running.and_then(|running| running.step);
    let layout = Layout::new(base, running.or(step.map(|given| given.value)), options.counts.clone());
    let layout = layout.map_err(|error| {
        let place = match &error {
            ports::PortError::Step { .. } => {
                step.map(|given| given.place.clone()).filter(|_| running.is_none())
            }
            ports::PortError::NoRoom { .. } => inputs.settings.port.as_ref().map(|given| given.place.clone()),
        };
        let error = match error {
            ports::PortError::Step { step, .. } if running.is_some() => Error::Apart { step },
            ports::PortError::Step { .. } | ports::PortError::NoRoom { .. } => Error::from(error),
        };
        let place = place.unwrap_or_else(|| Location {
            file: Arc::clone(&inputs.procfile.file),
            line: None,
            column: None,
        });
        Box::new(error.at(&place))
    })?;
    if step.is_none() && running.is_none() && layout.step != DEFAULT_STEP {
        let step = layout.step;
        words.notes.push(format!("ports of two types are {step} apart, not {DEFAULT_STEP}, so that all fit"));
    }
    let choice = ports::choose(layout, kept, taken);
    words.about_ports(inputs, &choice);
    Ok(choice.layout)
}

/// Every line of the Procfile with its count and port.
fn processes(inputs: &Inputs<'_>, options: &PlanOptions<'_>, layout: Option<&Layout>) -> Vec<PlannedType> {
    inputs
        .procfile
        .entries
        .iter()
        .zip(&options.counts)
        .enumerate()
        .map(|(line, (entry, &count))| PlannedType {
            name: entry.name.clone(),
            command: Arc::clone(&entry.command),
            line: entry.line,
            count,
            port: layout.and_then(|layout| layout.first(line)),
        })
        .collect()
}

/// What will run: a release first, the rest in the order of the file, whatever the start order.
fn instances(
    inputs: &Inputs<'_>,
    (processes, order): (&[PlannedType], &StartOrder),
    (shared, names_services): (&Variables, bool),
    layout: Option<&Layout>,
) -> Vec<Spec> {
    let mut instances = Vec::with_capacity(processes.iter().map(|process| process.count as usize).sum());
    let mut lines: Vec<(usize, &PlannedType)> = processes.iter().enumerate().collect();
    lines.sort_by_key(|(_, process)| process.name.as_str() != RELEASE);
    for (line, process) in lines {
        let once = service_policy::is_once(inputs, process);
        let place: Arc<str> = format!("{}:{}", inputs.procfile.file, process.line).into();
        let (stop_signal, stop_to, grace) = ending(inputs, process);
        let service = service_policy::of_line(inputs, line, order, layout.is_some(), shared);
        let after = order.before(line, inputs);
        for number in 1..=process.count {
            let name = InstanceName { kind: process.name.clone(), number };
            // A passed socket is shared by all instances of its type.
            let own_or_shared = if service.listen.is_some() { 1 } else { number };
            let port = layout.and_then(|layout| layout.port(line, own_or_shared));
            let own = environment::own(&name, port, names_services);
            instances.push(Spec {
                name,
                command: Arc::clone(&process.command),
                place: Arc::clone(&place),
                environment: Environment { shared: Arc::clone(shared), own },
                port,
                stop_signal,
                stop_to,
                grace,
                once,
                after: Arc::clone(&after),
                service: service.clone(),
            });
        }
    }
    instances
}

/// The stop signal of a type, how far it goes, and the grace: its own, else those of all.
fn ending(inputs: &Inputs<'_>, process: &PlannedType) -> (Signal, Reach, Duration) {
    let settings = inputs.settings;
    let own = settings.processes.get(&process.name);
    let signal = own.and_then(|own| own.stop_signal.as_ref()).or(settings.stop_signal.as_ref());
    let grace = own.and_then(|own| own.timeout.as_ref()).or(settings.timeout.as_ref());
    let reach = own.and_then(|own| own.stop_to.as_ref()).or(settings.stop_to.as_ref());
    (
        signal.map_or(Signal::TERMINATE, |given| given.value),
        reach.map_or(Reach::Main, |given| given.value),
        grace.map_or(DEFAULT_GRACE, |given| given.value),
    )
}

impl PlanWarnings {
    /// What was found when the ports were tried.
    fn about_ports(&mut self, inputs: &Inputs<'_>, choice: &PortChoice) {
        if let Some((port, holder)) = &choice.moved {
            let base = choice.layout.base;
            self.notes.push(format!("port {port} is in use by {holder}: ports begin at {base} instead"));
        }
        let said = inputs.settings.port.as_ref().map(|given: &Located<BasePort>| given.place.clone());
        for (port, line, number, holder) in choice.taken.iter().take(MOST_WARNINGS) {
            let entry = &inputs.procfile.entries[*line];
            let of_line =
                Location { file: Arc::clone(&inputs.procfile.file), line: Some(entry.line), column: None };
            self.warnings.push(Diagnostic {
                location: said.clone().unwrap_or(of_line),
                message: format!("port {port} of {}.{number} is in use by {holder}", entry.name),
                hint: Some("stop that program, choose another base with -p, or let it move: -p auto".into()),
                excerpt: None,
            });
        }
        if let Some(more) = choice.taken.len().checked_sub(MOST_WARNINGS).filter(|more| *more > 0) {
            self.notes.push(format!("{more} more ports are in use"));
        }
    }

    /// What does not run, and which lines have no effect.
    fn about_types(&mut self, inputs: &Inputs<'_>, options: &PlanOptions<'_>) {
        let is_empty = options.counts.iter().all(|count| *count == 0);
        let release = inputs.procfile.entries.iter().position(|entry| entry.name.as_str() == RELEASE);
        // Where types are named one by one, no other is expected.
        let expects_all = inputs.selection.is_empty()
            && inputs.settings.formation.as_ref().is_none_or(|formation| formation.value.all.is_some())
            && !inputs.settings.except.iter().any(|except| except.value == RELEASE);
        if expects_all && release.is_some_and(|index| options.counts[index] == 0) {
            self.notes.push("release is not run; --release runs it first".into());
        }
        let added = inputs.procfile.entries.iter().zip(&options.counts).filter(|(entry, count)| {
            let name = entry.name.as_str();
            **count > 0
                && !inputs.selection.is_empty()
                && !inputs.selection.types.contains_key(name)
                && options.needed.contains(name)
        });
        for (entry, _) in added {
            self.notes.push(format!(
                "{0} is run too, as a named type comes after it (--no-deps leaves it out)",
                entry.name
            ));
        }
        if is_empty && !inputs.procfile.entries.is_empty() {
            self.notes.push("nothing runs: there are 0 instances of every type".into());
        }
        self.about_policy(inputs, options);
        for (is_urgent, warning) in environment::shadowed(inputs) {
            let list = if is_urgent { &mut self.warnings } else { &mut self.shadowed };
            list.push(warning);
        }
    }

    /// That the end of the stack waits for a type that does not run.
    fn about_policy(&mut self, inputs: &Inputs<'_>, options: &PlanOptions<'_>) {
        let given = [&inputs.settings.exit_on, &inputs.settings.exit_code_from];
        for given in given.into_iter().flatten() {
            let entries = inputs.procfile.entries.iter().zip(&options.counts);
            let mut idle = entries.filter(|(_, count)| **count == 0).map(|(entry, _)| entry.name.as_str());
            if idle.any(|name| name == given.value) {
                self.warnings.push(Diagnostic {
                    location: given.place.clone(),
                    message: format!("no instance of `{}` runs, so its end will not come", given.value),
                    hint: Some("run one, or name another type".into()),
                    excerpt: None,
                });
            }
        }
    }

    /// That a type's port has no variable of its own.
    fn about_late(&mut self, inputs: &Inputs<'_>, process: &PlannedType) {
        self.shadowed.push(Diagnostic {
            location: Location {
                file: Arc::clone(&inputs.procfile.file),
                line: Some(process.line),
                column: None,
            },
            message: format!("GANGER_PORT_{} holds another type's port", process.name.to_variable()),
            hint: Some(format!(
                "rename `{}` so that it differs by more than `-`, `_` and case",
                process.name
            )),
            excerpt: None,
        });
    }
}
