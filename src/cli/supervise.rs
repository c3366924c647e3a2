//! A command with ganger around it, for `exec` and for `run --die-with-parent`; and the processes with which a command ends.

use std::os::fd::AsFd;

use super::failure::Failure;
use super::project::Project;
use crate::config::{ParentToWatch, Settings};
use crate::exit::Outcome;
use crate::location::Diagnostic;
use crate::plan::DEFAULT_GRACE;
use crate::process::log_stderr::StderrLog;
use crate::process::parents::WatchedParents;
use crate::process::program::MissingProgram;
use crate::process::replace::Replacement;
use crate::process::supervised_command::{ForkReturn, SupervisedCommand, mirrored, supervise_command};
use crate::suggestion;
use crate::supervisor::clock::Clock;

/// The processes with which ganger ends (`--die-with-parent`). The variable counts only where `heeds_variable`: launchers
/// set it for every command.
///
/// # Errors
///
/// The process does not exist, or cannot be watched here.
pub(crate) fn parents(settings: &Settings, heeds_variable: bool) -> Result<WatchedParents, Failure> {
    let Some(given) = &settings.die_with_parent else { return Ok(WatchedParents::default()) };
    let watched = match given.value {
        _ if !heeds_variable && !given.place.file.starts_with("--") => Ok(WatchedParents::default()),
        ParentToWatch::None => Ok(WatchedParents::default()),
        ParentToWatch::Parent => WatchedParents::parent(),
        ParentToWatch::Process(pid) => WatchedParents::process(pid),
    };
    watched.map_err(|error| {
        let message = if error.raw_os_error() == Some(libc::ESRCH) {
            "this process does not exist".into()
        } else {
            format!("the end of a process cannot be watched: {error}")
        };
        let diagnostic = Diagnostic { location: given.place.clone(), message, hint: None, excerpt: None };
        Failure::Refused(vec![diagnostic])
    })
}

/// Runs the command to its end. Returns in every process that is made on the way: how ganger ends, and in the one that has
/// it, `hold`.
///
/// # Errors
///
/// The command cannot be run.
pub(crate) fn supervise<H: AsFd>(
    replacement: &Replacement,
    project: &Project,
    clock: &Clock,
    parents: &WatchedParents,
    hold: H,
) -> Result<(Outcome, Option<H>), Failure> {
    let log = StderrLog::open();
    let supervised = SupervisedCommand {
        replacement,
        grace: project.settings.timeout.as_ref().map_or(DEFAULT_GRACE, |given| given.value),
        parents,
        now: &|| clock.now(),
        log: &|line| log.log(line),
        lost: &|| log.log("the stack ended before the command"),
    };
    let returned = supervise_command(&supervised, hold);
    log.finish();
    match returned.map_err(|error| Failure::Failed(format!("cannot run a command: {error}")))? {
        ForkReturn::Outer(exit) => Ok((mirrored(exit), None)),
        ForkReturn::Inner(exit, hold) => Ok((mirrored(exit), Some(hold))),
        ForkReturn::Command(missing) => Err(cannot_run(&missing, project)),
    }
}

/// Why there is no such command.
pub(crate) fn cannot_run(missing: &MissingProgram, project: &Project) -> Failure {
    let types = project.procfile.entries.iter().map(|entry| entry.name.as_str());
    let near = suggestion::nearest(&missing.program, types);
    let near = near.map(|near| format!("did you mean `ganger run {near}`?"));
    let is_line = missing.program.contains([' ', '$', '|', ';']);
    let hint =
        near.or_else(|| is_line.then(|| "it is one word; a command line is run by `sh -c LINE`".to_owned()));
    Failure::sentence(missing.status, format!("{}: {}", missing.program, missing.reason), hint)
}
