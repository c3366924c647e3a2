//! From what was read and asked to what will run: values in, values out.

pub mod spec;

use std::path::PathBuf;
use std::sync::Arc;

use crate::location::Diagnostic;
use crate::name::TypeName;
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
    /// What is worth a warning.
    pub warnings: Vec<Diagnostic>,
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
}
