//! The service settings of each type: what is set for it, and the defaults.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::PlannedType;
use super::environment::Merged;
use super::error::Error;
use super::options::Inputs;
use super::order::StartOrder;
use super::spec::{Probe, ProbePort, ServicePolicy, Variables};
use crate::config::{Hooks, Located, ProcessSettings, ReadySetting, Settings};
use crate::location::Diagnostic;
use crate::procfile::Entry;
use crate::shell::{is_replaced, names_variable};

/// How long an instance has to become ready where its readiness is configured or awaited.
pub(crate) const READY_WITHIN: Duration = Duration::from_mins(1);

/// The service settings of the line of the Procfile with this index. `has_ports`: whether ports are assigned.
pub(super) fn of_line(
    inputs: &Inputs<'_>,
    line: usize,
    order: &StartOrder,
    has_ports: bool,
    shared: &Variables,
) -> ServicePolicy {
    let entry = &inputs.procfile.entries[line];
    let (settings, none) = (inputs.settings, ProcessSettings::default());
    let own = settings.processes.get(&entry.name).unwrap_or(&none);
    let listen = own.listen.as_ref().and_then(|given| given.value);
    let given = own.ready.as_ref().map(|given| {
        given.value.probe(|name| {
            shared.iter().find(|(of, _)| *of == name.as_bytes()).and_then(|(_, value)| port_in(value))
        })
    });
    let limit = own.ready_timeout.as_ref().or(settings.ready_timeout.as_ref()).map(|given| given.value);
    let (is_implied, is_awaited) = (given.is_none(), order.is_awaited(line));
    let restart = own.restart.as_ref().or(settings.restart.as_ref());
    let watch = if own.watch.is_empty() { &settings.watch } else { &own.watch };
    ServicePolicy {
        probe: given.unwrap_or_else(|| implied(entry.name.as_str(), &entry.command, has_ports, listen)),
        is_implied,
        is_awaited,
        ready_within: limit.or((!is_implied || is_awaited).then_some(READY_WITHIN)),
        liveness: own.liveness.as_ref().map(|given| given.value.clone()),
        restart: restart.map(|given| given.value),
        can_die: settings.can_die.iter().any(|given| given.value == entry.name.as_str()),
        watch: watch.iter().map(|given| given.value.clone()).collect(),
        listen,
        hooks: hooks(own, settings),
    }
}

/// The hooks of a type; an empty command takes back what is set for all.
fn hooks(own: &ProcessSettings, all: &Settings) -> Option<Arc<Hooks>> {
    let command = |own: &Option<Located<String>>, all: &Option<Located<String>>| {
        let given = own.as_ref().or(all.as_ref()).map(|given| given.value.trim());
        given.filter(|command| !command.is_empty()).map(Arc::from)
    };
    let limit = own.hook_timeout.as_ref().or(all.hook_timeout.as_ref()).map(|given| given.value);
    let (on_crash, on_ready) = (command(&own.on_crash, &all.on_crash), command(&own.on_ready, &all.on_ready));
    let is_set = all.no_hooks != Some(true) && (on_crash.is_some() || on_ready.is_some());
    is_set.then(|| Arc::new(Hooks { on_crash, on_ready, limit: limit.unwrap_or(Hooks::LIMIT) }))
}

/// The default readiness of an instance. Every instance has a PORT, but only a `web`, or a command that names PORT, is known
/// to use it (another one may, see `machine::ready`). An instance that is handed a socket holds it from the beginning, so that
/// it listens shows nothing.
fn implied(name: &str, command: &str, has_ports: bool, listen: Option<IpAddr>) -> Probe {
    let serves = has_ports && listen.is_none() && (name == "web" || names_variable("PORT", command));
    Probe::implied(serves)
}

/// The port that a variable has.
fn port_in(value: &[u8]) -> Option<u16> {
    str::from_utf8(value).ok()?.parse().ok().filter(|port| *port > 0)
}

/// `ready = "listen:$NAME"` of which the variable has no port.
pub(super) fn without_variable(inputs: &Inputs<'_>, merged: &Merged<'_>) -> Vec<Diagnostic> {
    inputs
        .procfile
        .entries
        .iter()
        .filter_map(|entry| {
            let given = inputs.settings.processes.get(&entry.name)?.ready.as_ref()?;
            let ReadySetting::ListenOn(name) = &given.value else { return None };
            let port = merged.get(name).and_then(|(value, _)| port_in(value));
            port.is_none().then(|| Error::NoPortIn { name: name.to_string() }.at(&given.place))
        })
        .collect()
}

/// What is set for types that have no PORT and cannot do without one.
pub(super) fn without_ports(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    inputs
        .procfile
        .entries
        .iter()
        .filter_map(|entry| {
            let own = inputs.settings.processes.get(&entry.name)?;
            let ready = own.ready.as_ref().filter(|given| is_on_own_port(&given.value));
            let listen = own.listen.as_ref().filter(|given| given.value.is_some());
            let place = ready.map(|given| &given.place).or(listen.map(|given| &given.place))?;
            Some(Error::Portless { name: entry.name.to_string() }.at(place))
        })
        .collect()
}

fn is_on_own_port(setting: &ReadySetting) -> bool {
    match setting {
        ReadySetting::Probe(probe) => probe.port() == ProbePort::Own,
        ReadySetting::ListenOn(_) => false,
    }
}

/// Whether a `once` of this process is its end with status 0.
pub(super) fn is_once(inputs: &Inputs<'_>, process: &PlannedType) -> bool {
    let own = inputs.settings.processes.get(&process.name);
    process.name.as_str() == super::options::RELEASE
        || own.and_then(|own| own.once.as_ref()).is_some_and(|given| given.value)
}

/// Types that are handed a socket and may not find it: LISTEN_PID is the shell's id where a shell stays in between.
pub(super) fn behind_a_shell(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    let of_type = |entry: &Entry| {
        let own = inputs.settings.processes.get(&entry.name)?;
        let listen = own.listen.as_ref().filter(|given| given.value.is_some())?;
        // In an `if`, say, it is not known whether it is the last command.
        let is_replaced =
            is_replaced(&entry.command) || entry.command.split_whitespace().any(|word| word == "exec");
        (!is_replaced).then(|| Diagnostic {
            location: listen.place.clone(),
            message: format!(
                "a shell runs the line of `{}`, and the socket is passed to the shell",
                entry.name
            ),
            hint: Some(
                "write `exec` before the server in that line, so that the shell is replaced by it".into(),
            ),
            excerpt: None,
        })
    };
    inputs.procfile.entries.iter().filter_map(of_type).collect()
}
