//! What is to run, in the words that engines use: a plan seen by type, and what an export may say of it.

use std::time::Duration;

use super::options::{ExportOptions, RestartPolicy};
use crate::config::{DeploymentSettings, ScaleRange};
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::plan::Plan;
use crate::plan::addresses::name_of_port;
use crate::plan::environment::{INSTANCE, Origin, PORT, PS, RUN};
use crate::plan::options::RELEASE;
use crate::plan::spec::{OutsideCheck, ProbePort, ServicePolicy, Spec};
use crate::shell::{is_replaced, names_variable, text_for_shell};
use crate::signal::Signal;

/// A plan as an engine sees it.
pub(super) struct ExportedStack<'a> {
    /// What was asked for.
    pub(super) options: &'a ExportOptions,
    /// Where commands run: an absolute path.
    pub(super) root: &'a str,
    /// The types that run, in the order of the Procfile, without a `release`.
    pub(super) kinds: Vec<ExportedType<'a>>,
    /// What runs once before all others.
    pub(super) release: Option<ExportedType<'a>>,
    /// What .env files and app.json set. Their values go where secrets go.
    pub(super) values: Vec<ExportedVariable<'a>>,
    /// What is no secret and the same for all instances: `GANGER_PORT_…`, `GANGER_ADDRESS_…` and `GANGER_URL_…`.
    pub(super) ports: Vec<ExportedVariable<'a>>,
}

/// A type and its instances.
pub(super) struct ExportedType<'a> {
    /// What it is called.
    pub(super) name: &'a TypeName,
    /// Where its command stands: `Procfile:3`.
    pub(super) place: Location,
    /// What the shell is given: the Procfile's text, with `exec` in it where the shell would only wait for the program.
    pub(super) text: String,
    /// The Procfile's text.
    pub(super) command: &'a str,
    /// Whether the program replaces the shell, so that a signal to the first process reaches it.
    pub(super) is_replaced: bool,
    /// At least one.
    pub(super) instances: Vec<&'a Spec>,
    /// PORT of the first instance. Engines that give each instance an address of its own give all this one.
    pub(super) port: Option<u16>,
    /// Whether others connect to that port: then it gets a Service, a published port, a probe.
    pub(super) is_exposed: bool,
    /// What only some engines have a use for.
    pub(super) deployment: Option<&'a DeploymentSettings>,
    /// The host under which the world reaches it, if one is named.
    pub(super) host: Option<&'a str>,
    /// Whether its end with status 0 is what it is for.
    pub(super) is_once: bool,
    /// The types that it waits for, whether they run or not: [`ExportedStack::before`] knows.
    pub(super) after: &'a [TypeName],
    /// What shows that it is ready, and what else ganger does for it.
    pub(super) service: &'a ServicePolicy,
    /// What asks it to end.
    pub(super) stop_signal: Signal,
    /// How long it has then.
    pub(super) grace: Duration,
    /// What happens when it ends; `None`: the engine's habit.
    pub(super) restart: Option<RestartPolicy>,
}

/// A variable and where it was said.
#[derive(Clone, Copy)]
pub(super) struct ExportedVariable<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its value. It may be a secret: no message holds it.
    pub(super) value: &'a [u8],
    /// The line that sets it; `None`: ganger itself.
    pub(super) place: Option<&'a Location>,
}

impl<'a> ExportedStack<'a> {
    /// `plan` as an engine sees it.
    ///
    /// # Errors
    ///
    /// A root that is not UTF-8, a variable whose name is not, a type of `--expose` or `--set` that does not
    /// run, or that nothing runs at all.
    pub(super) fn of(plan: &'a Plan, options: &'a ExportOptions) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = unknown_kinds(plan, options);
        let folder = options.working_directory.as_deref().unwrap_or(&plan.root);
        let root = folder.to_str().filter(|root| !root.contains(char::is_control));
        if root.is_none() {
            let message = "the folder's name has characters that no engine takes".to_owned();
            let hint = Some("name the one that it has there: --working-directory DIR".to_owned());
            errors.push(about(&folder.display().to_string(), message, hint));
        }
        let (mut kinds, mut release) = (Vec::new(), None);
        for process in plan.processes.iter().filter(|process| process.count > 0) {
            let instances: Vec<&Spec> =
                plan.instances.iter().filter(|spec| spec.name.kind == process.name).collect();
            let Some(first) = instances.first() else { continue };
            let kind = ExportedType::of(&process.name, first, options, instances.clone());
            if kind.is_release() {
                release = Some(kind);
            } else {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() && release.is_none() {
            let hint = Some("say how many of each: -m all=1".to_owned());
            errors.push(about("formation", "there is nothing to export: 0 instances of every type", hint));
        }
        let (values, ports) = variables(plan, &mut errors);
        match root {
            Some(root) if errors.is_empty() => Ok(Self { options, root, kinds, release, values, ports }),
            Some(_) | None => Err(errors),
        }
    }

    /// All types, the release first.
    pub(super) fn all(&self) -> impl Iterator<Item = &ExportedType<'a>> {
        self.release.iter().chain(&self.kinds)
    }

    /// The types that `kind` waits for, of those that run.
    pub(super) fn before(&self, kind: &ExportedType<'a>) -> impl Iterator<Item = &ExportedType<'a>> {
        self.all().filter(|other| kind.after.contains(other.name))
    }

    /// `shop-web`: what a type is called where all stacks share one room.
    pub(super) fn name_of(&self, kind: &ExportedType<'_>) -> String {
        format!("{}-{}", self.options.app, kind.name)
    }

    /// PORT, PS, and the ports and URLs of the others: what an instance has besides the values.
    pub(super) fn own(&self, spec: &'a Spec) -> Vec<ExportedVariable<'a>> {
        let own = spec.environment.own.variables().filter_map(|(name, value)| {
            let name = std::str::from_utf8(name).ok().filter(|name| *name != INSTANCE)?;
            Some(ExportedVariable { name, value, place: None })
        });
        own.chain(self.ports.iter().copied()).collect()
    }

    /// What the instances of `kind` have besides the values where each type has a network of its own: of the others'
    /// ports only those that the command names. The rest lead nowhere there, and would make every edit of the Procfile
    /// a change of every service.
    pub(super) fn own_in_network(&self, kind: &ExportedType<'a>) -> Vec<ExportedVariable<'a>> {
        let Some(first) = kind.instances.first() else { return Vec::new() };
        let own_port = name_of_port(kind.name);
        let is_port = |name: &str| self.ports.iter().any(|port| port.name == name);
        let mut own = self.own(first);
        own.retain(|of| !is_port(of.name) || of.name == own_port || kind.names(of.name));
        own
    }
}

impl<'a> ExportedType<'a> {
    fn of(name: &'a TypeName, first: &'a Spec, options: &'a ExportOptions, instances: Vec<&'a Spec>) -> Self {
        let command: &str = &first.command;
        let mut asked = options.expose.iter().map(|exposed| type_and_host(&exposed.value));
        let exposed = asked.find(|(exposed, _)| *exposed == name.as_str());
        let is_exposed = if options.expose.is_empty() {
            name.as_str() == "web" || names_variable("PORT", command) || says_it_serves(&first.service)
        } else {
            exposed.is_some()
        };
        let (file, line) = first.place.rsplit_once(':').unwrap_or((&first.place, ""));
        Self {
            name,
            place: Location { file: file.into(), line: line.parse().ok(), column: None },
            text: text_for_shell(command).into_owned(),
            command,
            is_replaced: is_replaced(command),
            port: first.port,
            is_exposed: is_exposed && first.port.is_some() && !first.once,
            deployment: options.types.get(name),
            host: exposed.and_then(|(_, host)| host),
            is_once: first.once,
            after: &first.after,
            service: &first.service,
            stop_signal: first.stop_signal,
            grace: first.grace,
            restart: if first.once { Some(RestartPolicy::Never) } else { first.service.restart },
            instances,
        }
    }
}

impl ExportedType<'_> {
    /// How many instances there may be, where an engine is to find that out.
    pub(super) fn scale(&self) -> Option<ScaleRange> {
        let scale = self.deployment?.scale.as_ref()?;
        (!self.is_once).then_some(scale.value)
    }

    /// Whether it says how much of a machine an instance takes.
    pub(super) fn has_resources(&self) -> bool {
        self.deployment.is_some_and(|set| !set.requests.is_empty() || !set.limits.is_empty())
    }

    /// Whether its command, or the one that shows that it is ready, names this variable.
    pub(super) fn names(&self, variable: &str) -> bool {
        let is_in_probe = match self.service.probe.outside() {
            OutsideCheck::Command(command) => names_variable(variable, command),
            OutsideCheck::Runs
            | OutsideCheck::Port(_)
            | OutsideCheck::Http(_)
            | OutsideCheck::Nothing
            | OutsideCheck::Notify => false,
        };
        is_in_probe || names_variable(variable, self.command)
    }

    /// Whether it runs before all others, once.
    pub(super) fn is_release(&self) -> bool {
        self.name.as_str() == RELEASE
    }

    /// Whether its readiness is configured, or awaited by another type. A one-shot has its end instead.
    pub(super) fn is_to_be_ready(&self) -> bool {
        self.service.ready_within.is_some() && !self.is_once
    }
}

/// Whether the project says that something listens on PORT.
fn says_it_serves(service: &ServicePolicy) -> bool {
    let is_on_port = service.probe.port() == ProbePort::Own;
    service.listen.is_some() || (service.ready_within.is_some() && is_on_port)
}

/// The values, and the ports of the types.
fn variables<'a>(
    plan: &'a Plan,
    errors: &mut Vec<Diagnostic>,
) -> (Vec<ExportedVariable<'a>>, Vec<ExportedVariable<'a>>) {
    let (mut values, mut ports) = (Vec::new(), Vec::new());
    let Some(first) = plan.instances.first() else { return (values, ports) };
    for (name, value) in first.environment.shared.iter() {
        let Some(provenance) = plan.provenance.get(name) else { continue };
        let Ok(name) = std::str::from_utf8(name) else {
            let shown = String::from_utf8_lossy(name).into_owned();
            errors.push(about(&shown, "the variable's name is not UTF-8", Some("rename it".into())));
            continue;
        };
        match &provenance.origin {
            Origin::Rule if name == RUN => {}
            Origin::Rule => ports.push(ExportedVariable { name, value, place: None }),
            Origin::Line(place) | Origin::Declared(place) => {
                values.push(ExportedVariable { name, value, place: Some(place) });
            }
            Origin::Shell => values.push(ExportedVariable { name, value, place: None }),
        }
    }
    debug_assert!(values.iter().all(|variable| variable.name != PORT && variable.name != PS));
    (values, ports)
}

/// The two parts of `web=shop.example.com`, and of `web`.
fn type_and_host(exposed: &str) -> (&str, Option<&str>) {
    exposed.split_once('=').map_or((exposed, None), |(name, host)| (name, Some(host)))
}

/// The types of `--expose` and `--set` that do not run.
fn unknown_kinds(plan: &Plan, options: &ExportOptions) -> Vec<Diagnostic> {
    let runs = |name: &str| plan.process(name).is_some_and(|process| process.count > 0);
    let exposed = options.expose.iter().map(|exposed| (type_and_host(&exposed.value).0, &exposed.place));
    let set = options.set.iter().filter_map(|set| Some((set.kind.as_deref()?, &set.place)));
    exposed
        .chain(set)
        .filter(|(name, _)| !runs(name))
        .map(|(name, place)| {
            let running = plan.processes.iter().filter(|process| process.count > 0);
            let names: Vec<&str> = running.map(|process| process.name.as_str()).collect();
            let hint = format!("what runs is {}", names.join(", "));
            Diagnostic::at(place, format!("no instance of `{name}` runs"), Some(hint))
        })
        .collect()
}

/// The message for `place`, which is no file.
pub(super) fn about(place: &str, message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    let location = Location { file: place.into(), line: None, column: None };
    Diagnostic { location, message: message.into(), hint, excerpt: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_its_port_as_a_shell_reads_it() {
        for command in ["puma -p $PORT", "a ${PORT}", "a \"${PORT:-3}\" b", "$PORT"] {
            assert!(names_variable("PORT", command), "{command}");
        }
        for command in ["puma", "a $PORTAL", "a ${PORTS}", "a PORT", "a $PORT_2"] {
            assert!(!names_variable("PORT", command), "{command}");
        }
    }
}
