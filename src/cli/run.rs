//! `ganger run`: one command in the stack's environment, in our place.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::args;
use super::failure::Failure;
use super::load::{self, ProcfileNeed};
use super::project::Project;
use super::supervise;
use super::system_env::SystemEnv;
use super::usage;
use crate::config::Settings;
use crate::exit::Outcome;
use crate::plan::Plan;
use crate::process::pipe::pipe;
use crate::process::replace::{self, Replacement};
use crate::supervisor::clock::Clock;
use crate::text::harmless;
use crate::{shell, suggestion};

/// Replaces ganger by the command, so it returns only if that cannot be; or, where it is to end with another process, runs it
/// with ganger around it.
///
/// # Errors
///
/// All that is wrong with the project, or why the command cannot be run.
pub(crate) fn run(run: &args::RunArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    refuse_flags("run", &run.command)?;
    let project = load::project(given, ProcfileNeed::Nothing, system)?;
    let plan = project.plan(system).map_err(Failure::Refused)?;
    project.say_warnings(&[], system);
    let replacement = replacement(&run.command, &project, &plan);
    let parents = supervise::parents(&project.settings, false)?;
    if parents.is_empty() {
        return Err(supervise::cannot_run(&replace::exec(&replacement), &project));
    }
    // There is no stack that could end before the command.
    let (stack, _never_closed) = pipe().map_err(|error| Failure::Failed(error.to_string()))?;
    let returned = supervise::supervise(&replacement, &project, &Clock::start(), &parents, stack)?;
    Ok(returned.0)
}

/// What these words mean: the line of a type with arguments appended, or a command; in its environment.
pub(crate) fn replacement(command: &[OsString], project: &Project, plan: &Plan) -> Replacement {
    let entry = project.entry(&command[0]);
    let words = match entry {
        Some(entry) => with_arguments(&entry.command, &command[1..]),
        None => command.to_vec(),
    };
    let environment = match entry.and_then(|entry| plan.process(entry.name.as_str())) {
        Some(process) => plan.environment_of(process),
        None => plan.environment_of_command(),
    };
    Replacement { words, environment, root: project.root.clone() }
}

/// A first word with a dash is a flag with a slip, not a program: everything after the first word is the
/// command's, so clap takes what it does not know for the command itself.
///
/// # Errors
///
/// There is one.
pub(crate) fn refuse_flags(subcommand: &str, words: &[OsString]) -> Result<(), Failure> {
    let word = words[0].to_string_lossy();
    let word = harmless(&word);
    if !word.starts_with('-') {
        return Ok(());
    }
    let mut command = usage::command();
    command.build();
    let Some(run) = command.find_subcommand_mut(subcommand) else { return Ok(()) };
    let flags: Vec<_> = run.get_arguments().filter_map(clap::Arg::get_long).collect();
    let tip = match suggestion::nearest(word.trim_start_matches('-'), flags) {
        Some(near) => format!("a similar argument exists: '--{near}'"),
        None => format!("a program of that name is run with './{word}'"),
    };
    let message = format!("unexpected argument '{word}' found\n\n  tip: {tip}");
    Err(Failure::Usage(run.error(ErrorKind::UnknownArgument, message)))
}

/// The words that run `command`, with `arguments` appended each as one word, whatever is in it.
fn with_arguments(command: &str, arguments: &[OsString]) -> Vec<OsString> {
    if let Some(words) = shell::simple_words(command) {
        return words.into_iter().map(OsString::from).chain(arguments.iter().cloned()).collect();
    }
    let text = match arguments {
        [] => command.to_owned(),
        [..] => format!("{} \"$@\"", shell::without_comment(command)),
    };
    // The word after the text is the shell's $0, which stands before its own error messages.
    let shell = ["/bin/sh", "-c", "--", &shell::text_for_shell(&text), "sh"].map(OsString::from);
    shell.into_iter().chain(arguments.iter().cloned()).collect()
}
