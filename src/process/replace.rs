//! Stub until the machine room is merged.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

/// What takes our place.
#[derive(Debug)]
pub struct Replacement {
    /// The words.
    pub words: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where it runs.
    pub root: PathBuf,
}

/// Replaces this process; returns only if it cannot.
pub fn exec(command: Replacement) -> std::io::Error {
    let mut made = std::process::Command::new(&command.words[0]);
    made.args(&command.words[1..]).env_clear().current_dir(&command.root);
    for (name, value) in command.environment {
        made.env(OsString::from_vec(name), OsString::from_vec(value));
    }
    made.exec()
}
