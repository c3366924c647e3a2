//! The environment that instances get, and where each variable of it comes from.

use std::collections::HashSet;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::{Serialize, Serializer};

use super::addresses;
use super::entries::EnvEntries;
use super::error::Error;
use super::options::Inputs;
use super::spec::{Environment, Variables};
use crate::config::{BasePort, DeclaredVariable};
use crate::dotenv::Assignment;
use crate::location::{Diagnostic, Location};
use crate::name::{InstanceName, TypeName};

/// The variable that says which instance of the stack a program is, as foreman names it. Not `DYNO`:
/// programs take that to mean that they run on Heroku.
pub(crate) const PS: &str = "PS";
/// The variable with an instance's port.
pub(crate) const PORT: &str = "PORT";
/// The mark of the run that an instance belongs to.
pub(crate) const RUN: &str = "GANGER_RUN";
/// The name of the instance, `web.1`, under a name that no program sets for itself.
pub(crate) const INSTANCE: &str = "GANGER_INSTANCE";
/// The variable with the address that OpenTelemetry's exporters send to.
const OTEL_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// The variable with the name under which a program's data stands there.
pub(super) const OTEL_SERVICE: &str = "OTEL_SERVICE_NAME";
/// The variable in which a project can name that too, as `service.name=…`; the one above would win over it.
const OTEL_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// With more types than this, an instance is told the ports and addresses of those alone that a command of the Procfile names: of a thousand
/// types each instance would carry 24 KiB of them through every exec, which was a third of all CPU time of such a start (docs/design/0003).
const TOLD_UNNAMED: usize = 50;

/// Where a variable's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The environment that ganger was given.
    Shell,
    /// A line of a .env file.
    Line(Location),
    /// The default that app.json declares, or that --otel sets.
    Declared(Location),
    /// ganger's own rule: PORT, PS and the `GANGER_…` variables.
    Rule,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell => f.write_str("shell"),
            Self::Line(place) | Self::Declared(place) => place.fmt(f),
            Self::Rule => f.write_str("ganger"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where one variable's value comes from, and what else would have set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// What sets it.
    pub origin: Origin,
    /// What would have set it otherwise, the next in line first.
    pub hides: Vec<Origin>,
}

/// All variables of the layers below ganger's own rules, each from its highest layer.
pub(super) struct Merged<'a> {
    variables: IndexMap<&'a [u8], (&'a [u8], Provenance)>,
}

impl<'a> Merged<'a> {
    /// app.json's defaults (with `--app-json`) and the address of --otel under the .env files under the shell's environment; the latter two the other
    /// way round with `--env-wins`.
    pub(super) fn of(inputs: &Inputs<'a>) -> Self {
        let capacity = inputs.ambient.len() + inputs.dotenv.len();
        let mut merged = Self { variables: IndexMap::with_capacity(capacity) };
        for declared in declared(inputs) {
            if let Some(value) = &declared.value {
                merged.set(
                    declared.name.as_bytes(),
                    value.as_bytes(),
                    Origin::Declared(declared.place.clone()),
                );
            }
        }
        if let Some(given) = &inputs.settings.otel {
            let origin = Origin::Declared(given.place.clone());
            merged.set(OTEL_ENDPOINT.as_bytes(), given.value.as_bytes(), origin);
        }
        if inputs.settings.env_wins == Some(true) {
            merged.set_from_shell(inputs.ambient);
            merged.set_from_files(inputs.dotenv);
        } else {
            merged.set_from_files(inputs.dotenv);
            merged.set_from_shell(inputs.ambient);
        }
        merged.move_to(inputs.root);
        merged
    }

    /// PWD says where a shell was; a program that runs in the root without a shell would believe it (POSIX XBD 8.3).
    fn move_to(&mut self, root: &'a Path) {
        if let Some((held, provenance)) = self.variables.get_mut(b"PWD".as_slice())
            && provenance.origin == Origin::Shell
        {
            *held = root.as_os_str().as_bytes();
        }
    }

    fn set(&mut self, name: &'a [u8], value: &'a [u8], origin: Origin) {
        let slot = self.variables.entry(name);
        let (held, provenance) =
            slot.or_insert_with(|| (value, Provenance { origin: Origin::Rule, hides: Vec::new() }));
        let hidden = std::mem::replace(&mut provenance.origin, origin);
        // A name that is new here hides nothing: what was swapped out is the filling of a line above.
        if hidden != Origin::Rule {
            provenance.hides.insert(0, hidden);
        }
        *held = value;
    }

    fn set_from_shell(&mut self, ambient: &'a [(Vec<u8>, Vec<u8>)]) {
        // From the end, so that of a name that stands there twice the first counts, as for getenv(3);
        // the second belongs to no type, and is not worth a message.
        for (name, value) in ambient.iter().rev() {
            match self.variables.get_mut(name.as_slice()) {
                Some((held, provenance)) if provenance.origin == Origin::Shell => *held = value,
                Some(_) | None => self.set(name, value, Origin::Shell),
            }
        }
    }

    fn set_from_files(&mut self, assignments: &'a [Assignment]) {
        for assignment in assignments {
            self.set(assignment.name.as_bytes(), &assignment.value, Origin::Line(place_of(assignment)));
        }
    }

    /// The value of `name` and where it comes from.
    pub(super) fn get(&self, name: &str) -> Option<(&'a [u8], &Origin)> {
        self.variables.get(name.as_bytes()).map(|(value, provenance)| (*value, &provenance.origin))
    }

    /// Whether each type is to have its own name as OTEL_SERVICE_NAME: with --otel, where nothing names the service.
    pub(super) fn names_services(&self, inputs: &Inputs<'_>) -> bool {
        inputs.settings.otel.is_some()
            && self.get(OTEL_SERVICE).is_none()
            && !self.get(OTEL_ATTRIBUTES).is_some_and(|(value, _)| {
                value.split(|byte| *byte == b',').any(|part| part.trim_ascii().starts_with(b"service.name="))
            })
    }

    /// The port where the stack begins; `None` if none is named.
    ///
    /// Flags and `GANGER_PORT` are first, then the PORT that wins by the rule for all variables, but a
    /// project's own `port` (ganger.toml, .foreman) is above the .env file's.
    ///
    /// # Errors
    ///
    /// A PORT that is none, with the place where it stands. An empty one counts as not set.
    pub(super) fn base_port(&self, inputs: &Inputs<'_>) -> Result<Option<BasePort>, Box<Diagnostic>> {
        let said = inputs.settings.port.as_ref();
        let is_from_file = said.is_some_and(|given| given.place.line.is_some());
        let variable = self.get(PORT).filter(|(value, _)| !value.is_empty());
        let is_from_shell = variable.is_some_and(|(_, origin)| *origin == Origin::Shell);
        let env_wins = inputs.settings.env_wins == Some(true);
        match (said, variable) {
            (Some(given), None) => Ok(Some(given.value)),
            (Some(given), Some(_)) if !is_from_file || !(is_from_shell || env_wins) => Ok(Some(given.value)),
            (_, Some((value, origin))) => port_value(value, origin).map(|port| Some(BasePort::At(port))),
            (None, None) => Ok(None),
        }
    }

    /// The variables that app.json requires and nothing sets.
    pub(super) fn unset(&self, inputs: &Inputs<'_>, is_ruled: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
        let error = |variable: &DeclaredVariable| Error::Unset {
            name: variable.name.clone(),
            description: variable.description.clone(),
            generated: variable.generated,
        };
        declared(inputs)
            .iter()
            .filter(|variable| {
                variable.required && self.get(&variable.name).is_none() && !is_ruled(&variable.name)
            })
            .map(|variable| error(variable).at(&variable.place))
            .collect()
    }

    /// What all instances share: everything that is not in `ruled`, then the rules that are the same for
    /// all. With it, where each variable comes from, those in `own` (which differ between instances) too.
    pub(super) fn share(
        self,
        rules: Vec<(String, String)>,
        own: &[&str],
    ) -> (Variables, IndexMap<Vec<u8>, Provenance>) {
        let mut shared = IndexMap::with_capacity(self.variables.len() + rules.len());
        let mut provenance = IndexMap::with_capacity(self.variables.len() + rules.len() + own.len());
        for (name, (value, from)) in self.variables {
            shared.insert(name.to_vec(), value.to_vec());
            provenance.insert(name.to_vec(), from);
        }
        let names = rules.iter().map(|(name, _)| name.as_str()).chain(own.iter().copied());
        for name in names {
            let below = provenance.get(name.as_bytes()).map(Provenance::whole).unwrap_or_default();
            provenance.insert(name.into(), Provenance { origin: Origin::Rule, hides: below });
        }
        for (name, value) in rules {
            shared.insert(name.into_bytes(), value.into_bytes());
        }
        for name in own {
            shared.shift_remove(name.as_bytes());
        }
        (shared.into_iter().collect(), provenance)
    }
}

impl Provenance {
    /// The origin and all that it hides.
    fn whole(&self) -> Vec<Origin> {
        std::iter::once(&self.origin).chain(&self.hides).cloned().collect()
    }
}

/// The place of a .env file's line.
fn place_of(assignment: &Assignment) -> Location {
    Location {
        file: Arc::clone(&assignment.file),
        line: Some(assignment.line),
        column: Some(assignment.column),
    }
}

/// A port from 1 to 65535.
fn port_value(value: &[u8], origin: &Origin) -> Result<u16, Box<Diagnostic>> {
    let text = std::str::from_utf8(value.trim_ascii()).ok();
    // Not `u16::from_str` alone: it would take `+80`.
    let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let port = text.and_then(|text| text.parse().ok()).filter(|port| *port > 0);
    port.ok_or_else(|| {
        let shell = Location { file: "PORT in the environment".into(), line: None, column: None };
        Box::new(Error::PortValue.at(match origin {
            Origin::Line(place) | Origin::Declared(place) => place,
            Origin::Shell | Origin::Rule => &shell,
        }))
    })
}

/// The rules that are the same for all instances: the run's mark, and the first port, the address and the URL of every type that
/// runs; with more than [`TOLD_UNNAMED`] of those that a command names. Of two types that make the same variable (`a-b`, `a_b`) the first has it, and
/// the other is named in the second list.
pub(super) fn common_rules(
    inputs: &Inputs<'_>,
    ports: impl Iterator<Item = (TypeName, u16)>,
) -> (Vec<(String, String)>, Vec<TypeName>) {
    let mut rules = IndexMap::new();
    let mut late = Vec::new();
    for (name, port) in ports {
        match rules.entry(name.to_variable()) {
            Entry::Occupied(_) => late.push(name),
            Entry::Vacant(variable) => {
                variable.insert((name, port));
            }
        }
    }
    if rules.len() > TOLD_UNNAMED {
        let named: HashSet<&str> =
            inputs.procfile.entries.iter().flat_map(|entry| addresses::named_in(&entry.command)).collect();
        rules.retain(|variable, _| named.contains(variable.as_str()));
    }
    let rules = rules
        .into_values()
        .flat_map(|(name, port)| addresses::variables(&name, port, inputs.addresses.of(&name, port)));
    let mark = inputs.run.map(|run| (RUN.to_owned(), run.to_owned()));
    (mark.into_iter().chain(rules).collect(), late)
}

/// The variables that app.json declares, where they count: it describes a deployment, and not this machine.
fn declared<'a>(inputs: &Inputs<'a>) -> &'a [DeclaredVariable] {
    if inputs.settings.app_json == Some(true) { &inputs.settings.variables } else { &[] }
}

/// The variables that an instance has for itself; among them the name of its type as that of a service, if it `has_service`.
pub(super) fn own(name: &InstanceName, port: Option<u16>, has_service: bool) -> EnvEntries {
    let service = has_service.then(|| (OTEL_SERVICE, name.kind.to_string()));
    let name = name.to_string();
    let port = port.map(|port| (PORT, port.to_string()));
    port.into_iter().chain([(PS, name.clone()), (INSTANCE, name)]).chain(service).collect()
}

/// What an instance of this name and port has for itself beside one that has `environment`.
pub(crate) fn own_beside(environment: &Environment, name: &InstanceName, port: Option<u16>) -> EnvEntries {
    own(name, port, environment.own.variables().any(|(name, _)| name == OTEL_SERVICE.as_bytes()))
}

/// The lines of .env files that have no effect because something else has the name, each with whether it
/// is worth a word at every start: PATH is, since a real file's `PATH=$PATH:bin` is meant.
pub(super) fn shadowed(inputs: &Inputs<'_>) -> Vec<(bool, Diagnostic)> {
    if inputs.settings.env_wins == Some(true) {
        return Vec::new();
    }
    let shell: std::collections::HashSet<&[u8]> =
        inputs.ambient.iter().map(|(name, _)| name.as_slice()).collect();
    let warning = |line: &Assignment| Diagnostic {
        location: place_of(line),
        message: format!("{} has no effect here: the shell's environment has it already", line.name),
        hint: Some("unset it in the shell, or let .env files win with --env-wins".into()),
        excerpt: None,
    };
    inputs
        .dotenv
        .iter()
        .filter(|line| shell.contains(line.name.as_bytes()))
        .map(|line| (line.name == "PATH", warning(line)))
        .collect()
}
