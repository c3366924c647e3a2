//! Factor IX: SIGTERM reaches the program, and ends it.

use super::code;
use super::command::{Join, Step};
use super::facts::Facts;
use super::observation::{Observation, RequestResult, StopResult};
use super::report::Finding;
use crate::exit::Exit;
use crate::notice::Elapsed;
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

/// How the instances of a stack that ran have stopped, and come up again.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    let mut found = Vec::new();
    for instance in seen.first_of_each() {
        let Some(entry) = facts.entry(&instance.kind) else { continue };
        if let Some(failure) = instance.again.and_then(|again| again.failure(seen.ready_within)) {
            let message = format!("{} was killed, started again, and {failure}", instance.name);
            found.push(facts.at(entry, &code::NOT_UP_AGAIN, message));
        }
        if instance.request == Some(RequestResult::Dropped) {
            let message = format!("{} had read a request, and ended without an answer", instance.name);
            found.push(facts.at(entry, &code::REQUEST_DROPPED, message));
        }
        let Some(stop) = instance.stop else { continue };
        let (name, StopResult { signal, grace, .. }) = (&instance.name, stop);
        if stop.was_killed {
            let message = format!("{name} was still there {} after {signal}, and was killed", Elapsed(grace));
            found.push(facts.at(entry, &code::NOT_ENDED, message));
        } else if let Some(exit) = stop.exit.filter(|exit| !is_clean(*exit, stop)) {
            found.push(facts.at(entry, &code::FAILS_AT_STOP, format!("{name} {exit} after {signal}")));
        }
    }
    found
}

/// Whether an exit is what a stop asks for: success, or the signal itself, which a shell reports as 128 and its number.
fn is_clean(exit: Exit, stop: StopResult) -> bool {
    exit.is_success() || exit.status() == Exit::Signal(stop.signal).status()
}
