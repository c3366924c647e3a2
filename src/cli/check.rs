//! `ganger check`: what would run, or all that is wrong.

use std::sync::Arc;

use super::failure::Failure;
use super::load::{self, ProcfileNeed};
use super::peers::variables;
use super::print;
use super::project::Project;
use super::report::{self, Severity};
use super::stack::is_json;
use super::system_env::{StdStream, SystemEnv};
use crate::config::{ColorChoice, Settings};
use crate::exit::{self, Outcome};
use crate::location::{Diagnostic, Location};
use crate::plan::report::{Report, ReportedProcess};
use crate::plan::{self, Plan};
use crate::shell::habits::habits;

/// Prints the plan, and what is worth a warning; or all errors.
///
/// # Errors
///
/// All that would keep the stack from being started.
pub(crate) fn run(given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let findings = match load::project(given, ProcfileNeed::Procfile, system) {
        Ok(project) => examine(project, system),
        // A root that is not there: with --json this is a finding too.
        Err(Failure::Refused(errors)) => CheckFindings { errors, ..CheckFindings::default() },
        Err(failure) => return Err(failure),
    };
    if is_json(given) {
        print::json(&report_of(&findings))?;
        let status = if findings.errors.is_empty() { exit::SUCCESS } else { exit::REFUSED };
        return Ok(Outcome::Status(status));
    }
    let CheckFindings { plan, errors, mut warnings, .. } = findings;
    if let Some(plan) = &plan {
        warnings.extend(plan.warnings.iter().chain(&plan.shadowed).cloned());
    }
    report::say(&report::diagnostics(
        Severity::Warning,
        &warnings,
        system.colors(StdStream::Error, ColorChoice::Auto),
    ));
    let Some(plan) = plan else { return Err(Failure::Refused(errors)) };
    let mut text = plan::report::table(&plan, system.columns);
    for note in &plan.notes {
        text += note;
        text += "\n";
    }
    print::and_succeed(text.as_bytes())
}

/// What a look at a project showed.
#[derive(Default)]
struct CheckFindings {
    project: Option<Project>,
    plan: Option<Plan>,
    errors: Vec<Diagnostic>,
    /// Those of the files that were read; the plan has its own.
    warnings: Vec<Diagnostic>,
}

fn examine(mut project: Project, system: &SystemEnv) -> CheckFindings {
    let mut warnings = std::mem::take(&mut project.warnings);
    warnings.extend(project.disagreements());
    warnings.extend(project.wanted_by_a_deployment(system));
    warnings.extend(variables::without_meaning(system, &project.assignments));
    warnings.extend(unusual(&project));
    match project.plan(system) {
        Ok(plan) => CheckFindings { project: Some(project), plan: Some(plan), errors: Vec::new(), warnings },
        Err(errors) => CheckFindings { project: Some(project), plan: None, errors, warnings },
    }
}

/// Lines of the Procfile that mean something else to /bin/sh than they seem to.
fn unusual(project: &Project) -> impl Iterator<Item = Diagnostic> {
    let file = &project.procfile.file;
    project.procfile.entries.iter().flat_map(|entry| {
        habits(&entry.command).into_iter().map(|habit| {
            let (message, hint) = habit.text();
            let location = Location { file: Arc::clone(file), line: Some(entry.line), column: None };
            Diagnostic { location, message: message.into(), hint: Some(hint.into()), excerpt: None }
        })
    })
}

/// Where there is no plan, the report has the lines that could be read, without instances.
fn report_of(findings: &CheckFindings) -> Report<'_> {
    let CheckFindings { project, plan, errors, warnings } = findings;
    if let Some(plan) = plan {
        return Report::of(plan, warnings);
    }
    let entries = project.iter().flat_map(|project| &project.procfile.entries);
    let processes = entries.map(|entry| ReportedProcess {
        name: &entry.name,
        command: &entry.command,
        line: entry.line,
        instances: Vec::new(),
    });
    Report { processes: processes.collect(), ..Report::refused(errors, warnings) }
}
