//! Before a start: processes that an earlier run in the same root left, and whether they are stopped.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::Failure;
use super::report;
use super::system_env::SystemEnv;
use crate::process::run_file::RunFiles;
use crate::process::sweep::{Leftover, Sweep, leftovers};
use crate::supervisor::clock::Clock;

/// The number of processes that are named; the others are counted.
const MOST_NAMED: usize = 5;

/// Looks for them, names them, and stops them with `--sweep`, or if the question on a terminal is answered so.
///
/// # Errors
/// Only if they were to be stopped and could not be.
pub(crate) fn before_start(
    root: &Path,
    wanted: bool,
    grace: Duration,
    system: &SystemEnv,
) -> Result<(), Failure> {
    let run_files = run_files(root, system).of_dead_runs();
    if run_files.is_empty() && !wanted {
        return Ok(());
    }
    let found = match leftovers(root) {
        // Without /proc none can be found, and a start does not need this.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(|error| {
            Failure::Failed(format!("cannot look in /proc for what an earlier run left: {error}"))
        })?,
    };
    if found.is_empty() {
        forget(&run_files);
        return Ok(());
    }
    let is = if found.len() == 1 {
        "process of an earlier run here is"
    } else {
        "processes of an earlier run here are"
    };
    let found_line = format!("{} {is} still alive: {}", found.len(), named(&found));
    // Asked only on a terminal, where the question can be read and answered.
    let may_ask = system.output_is_terminal && system.error_is_terminal && system.input_is_terminal;
    if wanted {
        report::line(&format!("{found_line}: stopping"));
    } else if may_ask {
        report::line(&found_line);
        report::say("Stop them first? [Y/n] ");
        if !is_yes() {
            return Ok(());
        }
    } else {
        report::line(&format!("{found_line}; `ganger start --sweep` stops them first"));
        return Ok(());
    }
    sweep(root, grace)?;
    forget(&run_files);
    Ok(())
}

/// The traces of the runs in this root.
pub(crate) fn run_files(root: &Path, system: &SystemEnv) -> RunFiles {
    RunFiles::of(root, system.variable("XDG_RUNTIME_DIR").as_deref().map(Path::new))
}

fn forget(run_files: &[PathBuf]) {
    for run_file in run_files {
        let _ = std::fs::remove_file(run_file);
    }
}

fn is_yes() -> bool {
    let mut answer = String::new();
    // The end of the input is no answer, and so no consent.
    let is_there = io::stdin().lock().read_line(&mut answer).is_ok_and(|count| count > 0);
    is_there && matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes")
}

fn sweep(root: &Path, grace: Duration) -> Result<(), Failure> {
    let clock = Clock::start();
    let mut sweep = Sweep::begin(root, grace, clock.now());
    loop {
        sweep.advance(clock.now()).map_err(|error| cannot_stop(&error))?;
        if sweep.is_over() {
            break;
        }
        sweep.wait(clock.now());
    }
    match sweep.survivors() {
        [] => Ok(()),
        left => Err(cannot_stop(&io::Error::other(format!("{} does not end", named(left))))),
    }
}

fn cannot_stop(error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot stop what an earlier run left: {error}"))
}

fn named(found: &[Leftover]) -> String {
    let mut names: Vec<String> = found
        .iter()
        .take(MOST_NAMED)
        .map(|Leftover { process, .. }| format!("{} (pid {})", process.name, process.pid))
        .collect();
    if found.len() > MOST_NAMED {
        names.push(format!("{} more", found.len() - MOST_NAMED));
    }
    names.join(", ")
}
