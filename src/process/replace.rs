//! Replacing ganger by a command: same pid, terminal and parent, so its status and signals are its own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::program::{MissingProgram, Program, of_words};
use crate::exit::{FAILED, NOT_EXECUTABLE};
use crate::plan::spec::Environment;

/// What is to run in our place.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The program and its arguments, as separate words.
    pub words: Vec<OsString>,
    /// Its whole environment.
    pub environment: Environment,
    /// Its directory.
    pub root: PathBuf,
}

/// Replaces this process. Returns only if that failed: 127 for a program that is not found, 126 for one that
/// cannot be run.
pub(crate) fn exec(replacement: &Replacement) -> MissingProgram {
    // Relative names and PATH entries mean the root, as they do for the instances.
    if let Err(error) = std::env::set_current_dir(&replacement.root) {
        let program = replacement.root.display().to_string();
        return MissingProgram { program, reason: error.to_string(), status: FAILED };
    }
    let program = match of_words(&replacement.words, replacement.environment.get(b"PATH")) {
        Ok(program) => program,
        Err(missing) => return missing,
    };
    let mut error = become_program(&program, &replacement.environment);
    if error.raw_os_error() == Some(libc::ENOEXEC) {
        error = become_program(&program.as_script(), &replacement.environment);
    }
    let name = replacement.words.first().map(|word| word.to_string_lossy().into_owned());
    MissingProgram { program: name.unwrap_or_default(), reason: error.to_string(), status: NOT_EXECUTABLE }
}

/// std's exec puts SIGPIPE back to its default and the signal mask to empty; no handler of ours is installed
/// on this path, so all else is as our parent left it.
fn become_program(program: &Program, environment: &Environment) -> io::Error {
    let words = program.arguments.iter().map(|word| OsStr::from_bytes(word.as_bytes()));
    let mut command = Command::new(&program.path);
    let mut words = words;
    if let Some(own_name) = words.next() {
        command.arg0(own_name);
    }
    command.args(words).env_clear();
    for (name, value) in environment.variables() {
        command.env(OsStr::from_bytes(name), OsStr::from_bytes(value));
    }
    command.exec()
}
