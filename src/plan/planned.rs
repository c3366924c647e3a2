//! A plan, and how it is fitted to a stack that runs already.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::addresses::{self, Addresses};
use super::environment::{self, Provenance};
use super::spec::{Environment, Policy, Spec, Variables};
use crate::config::Groups;
use crate::location::Diagnostic;
use crate::name::{InstanceName, TypeName};

/// Everything that a start needs to know. Nothing in it refers to the outside world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where commands run: an absolute path.
    pub root: PathBuf,
    /// Every line of the Procfile, in its order, those with no instance too.
    pub processes: Vec<PlannedType>,
    /// What will run: a `release` first, the rest in the order of the file.
    pub instances: Vec<Spec>,
    /// The groups of types.
    pub groups: Groups,
    /// What decides about the end.
    pub policy: Policy,
    /// The first port of all; `None` with `--no-port`. It is the PORT of a one-off command.
    pub base_port: Option<u16>,
    /// From one type's ports to the next one's; `None` with `--no-port`.
    pub port_step: Option<u16>,
    /// Where each variable comes from.
    pub provenance: IndexMap<Vec<u8>, Provenance>,
    /// What is worth a warning in any case.
    pub warnings: Vec<Diagnostic>,
    /// Lines of files that have no effect: worth a warning in `check` and `env --explain` only.
    pub shadowed: Vec<Diagnostic>,
    /// Warnings: nothing is wrong, one sentence each.
    pub notes: Vec<String>,
    /// Whether each type has its name as OTEL_SERVICE_NAME.
    pub(super) names_services: bool,
    /// Where the types find each other.
    pub(super) addresses: Addresses,
    /// The variables that all instances share.
    pub(super) shared: Environment,
}

/// A line of the Procfile and how often it runs.
#[derive(Clone, Debug)]
pub struct PlannedType {
    /// What stands before the colon.
    pub name: TypeName,
    /// What stands after it.
    pub command: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
    /// How many instances of it are in the plan.
    pub count: u32,
    /// The port of its first instance, whether or not one runs; `None` with `--no-port`, or for a type
    /// that does not run and would have a port above 65535.
    pub port: Option<u16>,
}

impl Plan {
    /// The formation, in the order of the Procfile.
    pub fn counts(&self) -> IndexMap<TypeName, u32> {
        self.processes.iter().map(|PlannedType { name, count, .. }| (name.clone(), *count)).collect()
    }

    /// Gives every instance the ports and addresses of types that this environment of a running instance has: only a part of the plan is to be
    /// used, and all others keep their ports.
    pub fn use_ports_of(&mut self, running: &Environment) {
        self.share(self.shared_with_ports_of(running));
    }

    /// What all instances of this plan share, with the ports and addresses of types that this environment of a running instance has.
    pub fn shared_with_ports_of(&self, running: &Environment) -> Variables {
        let is_address = |(name, _): &&(Vec<u8>, Vec<u8>)| addresses::is_one(name);
        let others = self.shared.shared.iter().filter(|variable| !is_address(variable));
        others.chain(running.shared.iter().filter(is_address)).cloned().collect()
    }

    /// The same where types have these ports, whatever was planned for them.
    #[must_use]
    pub fn with_ports(mut self, ports: &[(TypeName, u16)]) -> Self {
        if ports.is_empty() {
            return self;
        }
        let mut variables = self.shared.shared.to_vec();
        for (kind, port) in ports {
            for (name, value) in addresses::variables(kind, *port, Some(addresses::local_address(*port))) {
                variables.retain(|(known, _)| known != name.as_bytes());
                variables.push((name.into_bytes(), value.into_bytes()));
            }
        }
        self.share(variables.into());
        self
    }

    /// Gives every instance this id of the run as its mark, in place of the one that it was planned with: the
    /// whole id is known only when the process that makes the instances is there.
    pub fn mark(&mut self, run: &str) {
        let mut variables = self.shared.shared.to_vec();
        for (name, value) in &mut variables {
            if name == environment::RUN.as_bytes() {
                *value = run.into();
            }
        }
        self.share(variables.into());
    }

    fn share(&mut self, variables: Variables) {
        for spec in &mut self.instances {
            spec.environment.shared = Arc::clone(&variables);
        }
        self.shared.shared = variables;
    }

    /// The line of the Procfile called `name`.
    pub fn process(&self, name: &str) -> Option<&PlannedType> {
        self.processes.iter().find(|process| process.name.as_str() == name)
    }

    /// The environment of a one-off command (`ganger run bin/migrate`): the stack's, with the base as
    /// PORT and `run.1` as PS, which is what Heroku calls a one-off dyno. It has the ports and addresses of all types, also where there are so
    /// many that instances are not told them: a line of .env that names one finds it here.
    pub fn environment_of_command(&self) -> Environment {
        let name = TypeName::new("run").map(|kind| InstanceName { kind, number: 1 });
        let own = name.map(|name| environment::own(&name, self.base_port, self.names_services));
        Environment { shared: self.with_all_addresses(), own: own.unwrap_or_default() }
    }

    /// What all instances share, and what they are not told of the types that run.
    fn with_all_addresses(&self) -> Variables {
        let mut all: IndexMap<Vec<u8>, Vec<u8>> = self.shared.shared.iter().cloned().collect();
        for PlannedType { name, port, .. } in self.processes.iter().filter(|process| process.count > 0) {
            let Some(port) = *port else { continue };
            for (name, value) in addresses::variables(name, port, self.addresses.of(name, port)) {
                all.entry(name.into_bytes()).or_insert_with(|| value.into_bytes());
            }
        }
        all.into_iter().collect()
    }

    /// The environment of a type that is run by itself (`ganger run web`): that of its first instance,
    /// for which it stands.
    pub fn environment_of(&self, process: &PlannedType) -> Environment {
        let name = InstanceName { kind: process.name.clone(), number: 1 };
        let own = environment::own(&name, process.port.or(self.base_port), self.names_services);
        Environment { shared: Arc::clone(&self.shared.shared), own }
    }
}

impl Spec {
    /// The same instance with another PORT, or none.
    #[must_use]
    pub fn with_port(mut self, port: Option<u16>) -> Self {
        self.environment.own = environment::own_beside(&self.environment, &self.name, port);
        self.port = port;
        self
    }

    /// Whether it would be another process than `other`: another command, environment, port or end.
    pub fn differs(&self, other: &Self) -> bool {
        let sorted = |spec: &Self| {
            let mut variables: Vec<_> =
                spec.environment.variables().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            variables.sort_unstable();
            variables
        };
        (&self.command, self.port, self.stop_signal, self.stop_to, self.grace)
            != (&other.command, other.port, other.stop_signal, other.stop_to, other.grace)
            || (self.once, &self.after, &self.service) != (other.once, &other.after, &other.service)
            || sorted(self) != sorted(other)
    }
}
