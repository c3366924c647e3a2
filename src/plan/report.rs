//! What `check` says about a plan: a table for people, a document for programs.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::spec::Spec;
use super::{Plan, PlannedType};
use crate::location::Diagnostic;
use crate::name::{InstanceName, TypeName};
use crate::text::visible;

/// The version of the document: it changes when a reader of an older one would misread it.
pub(crate) const SCHEMA: u32 = 1;

/// The narrowest that a command is cut to, however narrow the terminal.
const LEAST_COMMAND: usize = 20;

/// The document of `check --json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report<'a> {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Every line of the Procfile; empty if there is no plan.
    pub processes: Vec<ReportedProcess<'a>>,
    /// What is worth a warning.
    pub warnings: Vec<&'a Diagnostic>,
    /// Why there is no plan; empty if there is one.
    pub errors: Vec<&'a Diagnostic>,
}

/// A line of the Procfile in a [`Report`].
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReportedProcess<'a> {
    /// What stands before the colon.
    pub name: &'a TypeName,
    /// What stands after it.
    pub command: &'a str,
    /// Its line, from 1.
    pub line: u32,
    /// What would run of it.
    pub instances: Vec<ReportedInstance<'a>>,
}

/// An instance in a [`Report`].
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReportedInstance<'a> {
    /// `web.1`.
    pub name: &'a InstanceName,
    /// Its PORT; `None` with `--no-port`.
    pub port: Option<u16>,
}

impl<'a> Report<'a> {
    /// The report of a plan. `read` are the warnings of the files that were read; the plan's own follow.
    pub(crate) fn of(plan: &'a Plan, read: &'a [Diagnostic]) -> Self {
        let of_types = by_type(plan);
        let instances = |process: &PlannedType| {
            let own = of_types.get(&process.name).into_iter().flatten();
            own.map(|spec| ReportedInstance { name: &spec.name, port: spec.port }).collect()
        };
        Self {
            schema: SCHEMA,
            processes: plan
                .processes
                .iter()
                .map(|process| ReportedProcess {
                    name: &process.name,
                    command: &process.command,
                    line: process.line,
                    instances: instances(process),
                })
                .collect(),
            warnings: read.iter().chain(&plan.warnings).chain(&plan.shadowed).collect(),
            errors: Vec::new(),
        }
    }

    /// The report when there is no plan.
    pub(crate) fn refused(errors: &'a [Diagnostic], warnings: &'a [Diagnostic]) -> Self {
        Self {
            schema: SCHEMA,
            processes: Vec::new(),
            warnings: warnings.iter().collect(),
            errors: errors.iter().collect(),
        }
    }
}

/// A table of the types, a line each: name, count, ports, command. Commands are cut so that a line has
/// `width` characters at most; `None` leaves them whole.
pub(crate) fn table(plan: &Plan, width: Option<usize>) -> String {
    let of_types = by_type(plan);
    let ports = |process: &PlannedType| ports(of_types.get(&process.name).map_or(&[], Vec::as_slice));
    let heading = ["TYPE", "COUNT", "PORT"].map(String::from);
    let cells: Vec<[String; 3]> = std::iter::once(heading)
        .chain(
            plan.processes
                .iter()
                .map(|process| [process.name.to_string(), process.count.to_string(), ports(process)]),
        )
        .collect();
    let widest = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (name, count, port) = (widest(0), widest(1), widest(2));
    let room = width.map(|width| width.saturating_sub(name + count + port + 6).max(LEAST_COMMAND));
    let commands = std::iter::once("COMMAND").chain(plan.processes.iter().map(|process| &*process.command));
    let mut table = String::new();
    for (row, command) in cells.iter().zip(commands) {
        let [a, b, c] = row;
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{a:name$}  {b:>count$}  {c:port$}  {}", shown(command, room));
    }
    table
}

/// The instances of each type: a thousand types would each look at all of them.
fn by_type(plan: &Plan) -> HashMap<&TypeName, Vec<&Spec>> {
    let mut of_types: HashMap<&TypeName, Vec<&Spec>> = HashMap::new();
    for spec in &plan.instances {
        of_types.entry(&spec.name.kind).or_default().push(spec);
    }
    of_types
}

/// The ports of these instances: `5000`, `5000-5001`, or `-` where they have none.
fn ports(instances: &[&Spec]) -> String {
    let own = || instances.iter().filter_map(|spec| spec.port);
    match (own().min(), own().max()) {
        (Some(first), Some(last)) if first < last => format!("{first}-{last}"),
        (Some(first), _) => first.to_string(),
        (None, _) => "-".into(),
    }
}

/// `command` on one line of a terminal: control characters made harmless, cut to `room` characters.
fn shown(command: &str, room: Option<usize>) -> String {
    let room = room.unwrap_or(usize::MAX);
    let mut text: String =
        command.chars().take(room).map(|c| if c == '\t' { ' ' } else { visible(c) }).collect();
    if command.chars().nth(room).is_some() {
        text.pop();
        text.push('…');
    }
    text
}
