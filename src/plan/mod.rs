//! From what was read and asked to what will run: values in, values out.

pub mod options;
pub mod ports;
pub mod selection;
pub mod spec;

use std::path::PathBuf;
use std::sync::Arc;

use crate::location::Diagnostic;
use crate::name::TypeName;
use options::Inputs;
use ports::Holder;
use spec::{Policy, Spec};

/// Everything that a start needs to know. Nothing in it refers to the outside world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where commands run: an absolute path.
    pub root: PathBuf,
    /// Every line of the Procfile, in its order, those with no instance too.
    pub processes: Vec<Process>,
    /// What will run, in the order of the file.
    pub instances: Vec<Spec>,
    /// Who decides about the end.
    pub policy: Policy,
    /// The first port of all; `None` with `--no-port`. It is the PORT of a one-off command.
    pub base_port: Option<u16>,
    /// What is worth a warning in any case.
    pub warnings: Vec<Diagnostic>,
    /// Lines of .env files that have no effect: worth a warning in `check` and `env --explain` only.
    pub shadowed: Vec<Diagnostic>,
    /// What a person should know though nothing is wrong, one sentence each.
    pub notes: Vec<String>,
}

impl Plan {
    /// x
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name.as_str() == name)
    }

    /// x
    pub fn environment_of_command(&self) -> spec::Environment { spec::Environment::default() }

    /// x
    pub fn environment_of(&self, _process: &Process) -> spec::Environment { spec::Environment::default() }

    /// The plan for `inputs`. `taken` says who holds a port, and is the only thing that a plan asks of
    /// the world: `|_| None` where ports do not matter (`check`, `env`, `run`).
    ///
    /// # Errors
    ///
    /// All that is wrong, each with its place: a flag's is the flag itself, without a line.
    pub fn build(
        _inputs: &Inputs<'_>,
        _taken: impl FnMut(u16) -> Option<Holder>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}

/// A line of the Procfile and how often it runs.
#[derive(Clone, Debug)]
pub struct Process {
    /// What stands before the colon.
    pub name: TypeName,
    /// What stands after it.
    pub command: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
    /// How many instances of it are in the plan.
    pub count: u32,
    /// The port of its first instance, whether or not one runs; `None` with `--no-port`.
    pub port: Option<u16>,
}
