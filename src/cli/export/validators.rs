//! `--check`: what the engine's own validator says, where there is one on this machine.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::system_env::SystemEnv;
use crate::exit::{self, Outcome};
use crate::export::Bundle;
use crate::export::format::{ExportFormat, Validator};

/// Asks the first validator that is there, in a folder of its own, and says what it says.
///
/// # Errors
///
/// That the files cannot be laid out for it.
pub(super) fn check(bundle: &Bundle, format: ExportFormat, app: &str) -> Result<Outcome, Failure> {
    let known = format.details().validators;
    if known.is_empty() {
        report::say("not checked: this format has no validator\n");
        return Ok(Outcome::Status(exit::SUCCESS));
    }
    let Some(validator) = known.iter().find(|validator| is_there(validator)) else {
        let names: Vec<&str> = known.iter().map(|validator| validator.program).collect();
        report::say(&format!("not checked: not installed: {}\n", names.join(", ")));
        return Ok(Outcome::Status(exit::SUCCESS));
    };
    let folder = ValidatorFolder::with(bundle, app)
        .map_err(|error| Failure::Failed(format!("cannot write a folder to check: {error}")))?;
    let files: Vec<&str> =
        bundle.files.iter().map(|file| file.path.as_str()).filter(|path| (validator.reads)(path)).collect();
    let groups: Vec<&[&str]> = if format.details().is_checked_one_by_one {
        files.chunks(1).collect()
    } else {
        vec![files.as_slice()]
    };
    let mut is_right = true;
    for files in groups {
        is_right &= ask(validator, &folder.path, files)?;
    }
    let verdict = if is_right { "finds nothing wrong" } else { "refuses it" };
    report::say(&format!("checked: {} {verdict}\n", validator.program));
    Ok(Outcome::Status(if is_right { exit::SUCCESS } else { exit::REFUSED }))
}

fn is_there(validator: &Validator) -> bool {
    let mut command = Command::new(validator.program);
    command.args(validator.probe).stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// Whether it takes `files`, which lie in `folder`.
fn ask(validator: &Validator, folder: &Path, files: &[&str]) -> Result<bool, Failure> {
    let mut command = Command::new(validator.program);
    command.args(validator.arguments).args(files).current_dir(folder).stdin(Stdio::null());
    // systemd-analyze --user asks for one, though it writes nothing there.
    command.env("XDG_RUNTIME_DIR", folder);
    let output = command
        .output()
        .map_err(|error| Failure::Failed(format!("{}: cannot be run: {error}", validator.program)))?;
    // What a validator quotes of a file may be a value: only its errors are shown, and those as they are.
    if !output.status.success() {
        report::say(&String::from_utf8_lossy(&output.stdout));
    }
    report::say(&String::from_utf8_lossy(&output.stderr));
    Ok(output.status.success())
}

/// A folder that goes when it is dropped.
struct ValidatorFolder {
    path: PathBuf,
}

impl ValidatorFolder {
    fn with(bundle: &Bundle, app: &str) -> io::Result<Self> {
        let path = SystemEnv::temporary_folder().join(format!("ganger-export-{}", SystemEnv::mark()));
        DirBuilder::new().mode(0o700).create(&path)?;
        let folder = Self { path };
        for file in &bundle.files {
            let place = folder.path.join(&file.path);
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(place, &file.bytes)?;
        }
        // compose wants the file of values to be there.
        let values = folder.path.join(format!("{app}.env"));
        if !values.exists() {
            fs::write(values, "")?;
        }
        Ok(folder)
    }
}

impl Drop for ValidatorFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
