//! The last run of a stack that does not run: what the commands that ask a running stack tell of it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::failure::{Failure, Sentence};
use super::system_env::SystemEnv;
use crate::control::address::Address;
use crate::control::last_run::{LastRun, LastRunFile};
use crate::control::protocol::{EndCause, SCHEMA, Status};
use crate::control::stacks::running_by_record;
use crate::exit::NOTHING_RUNS;
use crate::supervisor::clock;

/// How many lines of the instance that ended the stack come with a failure.
const LINES: usize = 20;

/// How long a stack may take to end that has closed its socket.
const ENDING: Duration = Duration::from_secs(2);

/// The record of the stack at this address.
pub(crate) fn file(address: &Address, system: &SystemEnv) -> LastRunFile {
    LastRunFile::of(address, system.state_folder().as_deref())
}

/// The record of a run that begins. A run that is not kept leaves no record of an earlier one: it would be taken for the last.
pub(crate) fn to_write(address: &Address, is_kept: bool, system: &SystemEnv) -> Option<LastRunFile> {
    let file = file(address, system);
    if !is_kept {
        file.remove();
    }
    is_kept.then_some(file)
}

/// The failure of a command where no stack runs.
pub(crate) fn nothing_runs(address: &Address, system: &SystemEnv) -> Failure {
    let near = near(address.root(), system);
    let Some(run) = file(address, system).read() else {
        let usual = || "`ganger start` starts one; -d DIR and --name select another one".into();
        return Failure::Sentence(Box::new(Sentence {
            message: "no stack runs here".into(),
            hint: Some(near.unwrap_or_else(usual)),
            status: NOTHING_RUNS,
            stack: Some(Box::new(nothing())),
            ..Sentence::default()
        }));
    };
    let message = format!("no stack runs here; the last run {}", how_it_ended(&run));
    let usual = "`ganger logs` shows its last lines, `ganger start` starts it again";
    failure(&run, message, NOTHING_RUNS, near.as_deref().unwrap_or(usual))
}

/// How a stack is selected that runs in `root` by another name, or in a folder below.
fn near(root: &Path, system: &SystemEnv) -> Option<String> {
    let (runtime, state) = (system.runtime_folder(), system.state_folder());
    let stacks = running_by_record(runtime.as_deref(), state.as_deref());
    let here = stacks.iter().find(|stack| Path::new(&stack.root) == root);
    if let Some(stack) = here {
        return Some(match &stack.name {
            Some(name) => format!("the stack `{name}` runs here: --name {name} selects it"),
            None => "the stack that runs here has no name: without --name it is selected".into(),
        });
    }
    let stack = stacks.iter().find(|stack| Path::new(&stack.root).starts_with(root))?;
    let folder = system.folder.as_ref().and_then(|folder| Path::new(&stack.root).strip_prefix(folder).ok());
    let folder = folder.unwrap_or(Path::new(&stack.root)).display();
    let name = stack.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
    Some(format!("a stack runs in {folder}: -d {folder}{name} selects it"))
}

/// The failure of a command whose stack ended before it answered.
pub(crate) fn ended_meanwhile(address: &Address, system: &SystemEnv, status: u8) -> Failure {
    // The record is complete when the lock is free.
    address.lock_wait().wait_within(ENDING);
    match file(address, system).read() {
        Some(run) => {
            let message = format!("the stack {}", how_it_ended(&run));
            failure(&run, message, status, "`ganger logs` shows its last lines")
        }
        None => Failure::sentence(status, "the stack ended meanwhile", None),
    }
}

/// The document of a stack that does not run.
pub(crate) fn nothing() -> Status {
    Status { schema: SCHEMA, ..Status::default() }
}

fn failure(run: &LastRun, message: String, status: u8, hint: &str) -> Failure {
    let process = run.status.ended.as_ref().and_then(|end| end.process.clone());
    let row = process.as_ref().and_then(|name| run.status.instances.iter().find(|row| row.name == *name));
    Failure::Sentence(Box::new(Sentence {
        message,
        hint: Some(hint.into()),
        status,
        exit_status: row.and_then(|row| row.exit_status),
        lines: process.as_ref().map(|name| run.lines_of(name, LINES)).unwrap_or_default(),
        process,
        stack: Some(Box::new(run.status.clone())),
        code: None,
    }))
}

/// `ended at 18:04:11: web.1 exited with status 7 after 2.0 s`
pub(crate) fn how_it_ended(run: &LastRun) -> String {
    let Some(end) = &run.status.ended else { return "ended".into() };
    let at = end.at.as_ref().and_then(|at| at.parse().ok()).unwrap_or(run.written);
    let when = if end.cause == EndCause::Killed { "after" } else { "at" };
    format!("ended {when} {}: {}", local(at), end.message)
}

/// The time on the clock of the user, with the day if that is another one.
pub(crate) fn local(at: Timestamp) -> String {
    let zone = SystemEnv::zone();
    let (at, now) = (at.to_zoned(zone.clone()), clock::wall().to_zoned(zone));
    let format = if at.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    at.strftime(format).to_string()
}
