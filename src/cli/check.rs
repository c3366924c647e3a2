//! `ganger check`: what would run, or all that is wrong.

use serde::Serialize;

use super::ambient::{Ambient, Stream};
use super::args;
use super::failure::Failure;
use super::load::{self, Need, Project};
use super::print;
use super::report::{self, Severity};
use super::settings::{self, Said};
use crate::config::When;
use crate::exit::{self, Outcome};
use crate::location::Diagnostic;
use crate::name::{InstanceName, TypeName};
use crate::plan::Plan;
use crate::plan::selection::Selection;

/// Prints the plan, and what is worth a warning; or all errors.
///
/// # Errors
///
/// All that would keep the stack from being started.
pub fn run(check: args::Check, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let typed = settings::of_project(check.project, said);
    let findings = match load::project(typed, Need::Procfile, ambient) {
        Ok(project) => examine(project, ambient),
        // A root that is not there: with --json this is a finding too.
        Err(Failure::Refused(errors)) => Findings { errors, ..Findings::default() },
        Err(failure) => return Err(failure),
    };
    if check.json {
        let status = if findings.errors.is_empty() { exit::SUCCESS } else { exit::REFUSED };
        print::json(&Document::of(&findings))?;
        return Ok(Outcome::Status(status));
    }
    report::say(&report::diagnostics(
        Severity::Warning,
        &findings.warnings,
        ambient.colors(Stream::Error, When::Auto),
    ));
    match findings.plan {
        Some(plan) if findings.errors.is_empty() => print::and_succeed(format!("{plan:?}\n").as_bytes()),
        Some(_) | None => Err(Failure::Refused(findings.errors)),
    }
}

/// What a look at a project showed.
#[derive(Default)]
struct Findings {
    project: Option<Project>,
    plan: Option<Plan>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

fn examine(mut project: Project, ambient: &Ambient) -> Findings {
    let mut warnings = std::mem::take(&mut project.warnings);
    match project.plan(&Selection::default(), None, |_| None, ambient) {
        Ok(mut plan) => {
            warnings.append(&mut plan.warnings);
            warnings.append(&mut plan.shadowed);
            Findings { project: Some(project), plan: Some(plan), errors: Vec::new(), warnings }
        }
        Err(errors) => Findings { project: Some(project), plan: None, errors, warnings },
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    processes: Vec<Line<'a>>,
    warnings: &'a [Diagnostic],
    errors: &'a [Diagnostic],
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a TypeName,
    command: &'a str,
    line: u32,
    instances: Vec<Copy<'a>>,
}

#[derive(Serialize)]
struct Copy<'a> {
    name: &'a InstanceName,
    port: Option<u16>,
}

impl<'a> Document<'a> {
    /// Where there is no plan, its lines are those that could be read, without instances.
    fn of(findings: &'a Findings) -> Self {
        let entries = findings.project.iter().flat_map(|project| &project.procfile.entries);
        let instances_of = |name: &TypeName| {
            let all = findings.plan.iter().flat_map(|plan| &plan.instances);
            all.filter(|spec| spec.name.kind == *name)
                .map(|spec| Copy { name: &spec.name, port: spec.port })
                .collect()
        };
        let processes = entries
            .map(|entry| Line {
                name: &entry.name,
                command: &entry.command,
                line: entry.line,
                instances: instances_of(&entry.name),
            })
            .collect();
        Self { schema: 1, processes, warnings: &findings.warnings, errors: &findings.errors }
    }
}
