//! Factor IX: SIGTERM reaches the program.

use super::code;
use super::command::{Join, Step};
use super::facts::Facts;
use super::report::Finding;
use crate::shell::is_replaced;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    // In development ganger stops the processes behind a shell or a runner itself.
    if facts.is_for_development {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (entry, of) in facts.runs().filter(|(entry, _)| entry.name.as_str() != "release") {
        let Some(last) = of.last() else { continue };
        if let Some(runner) = runner(last) {
            found.push(facts.at(entry, &code::SCRIPT_RUNNER, format!("`{}` runs `{runner}`", entry.name)));
        } else if of.iter().rev().nth(1).is_some_and(|step| step.join == Join::Pipe)
            && !is_replaced(&entry.command)
        {
            let message = format!("`{}` is a pipeline, and its shell waits in front of it", entry.name);
            found.push(facts.at(entry, &code::SHELL_STAYS, message));
        }
    }
    found
}

/// The package manager that runs a script: npm and its kin start a shell, and wait.
fn runner(step: &Step) -> Option<String> {
    let (program, arguments) = step.program()?;
    let first = arguments.first()?.as_str();
    let is_script = match program {
        "npm" | "pnpm" => matches!(first, "start" | "run" | "run-script"),
        "yarn" => !first.starts_with('-') && !matches!(first, "node" | "install" | "exec"),
        _ => false,
    };
    is_script.then(|| format!("{program} {first}"))
}
