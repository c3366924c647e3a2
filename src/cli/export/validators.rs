//! `--check`: what the engine's own validator says, where there is one on this machine.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::system_env::SystemEnv;
use crate::export::Bundle;
use crate::export::format::{ExportFormat, Validator};

/// What a validator found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing wrong.
    Right,
    /// Something that the engine would refuse or ignore.
    Wrong,
    /// There is none on this machine.
    NotChecked,
}

/// Asks the first validator that is there, in a folder of its own, and says what it says.
///
/// # Errors
///
/// That the files cannot be laid out for it.
pub(super) fn check(bundle: &Bundle, format: ExportFormat, app: &str) -> Result<Verdict, Failure> {
    let known = format.details().validators;
    if known.is_empty() {
        report::say("not checked: this format has no validator\n");
        return Ok(Verdict::NotChecked);
    }
    let Some(validator) = known.iter().find(|validator| is_there(validator)) else {
        let names: Vec<&str> = known.iter().map(|validator| validator.program).collect();
        report::say(&format!("not checked: not installed: {}\n", names.join(", ")));
        return Ok(Verdict::NotChecked);
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
    Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
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
    command.env("XDG_RUNTIME_DIR", folder).env("QUADLET_UNIT_DIRS", folder);
    let output = command
        .output()
        .map_err(|error| Failure::Failed(format!("{}: cannot be run: {error}", validator.program)))?;
    let (is_right, said) = judge(validator, output.status.success(), [&output.stdout, &output.stderr], files);
    report::say(&said);
    Ok(is_right)
}

/// Whether nothing is wrong, and what is to be printed of standard output and standard error. systemd-analyze has status 0 where
/// it ignores a key or a value, and lists every unit of the machine: what names one of `files` counts.
fn judge(
    validator: &Validator,
    is_success: bool,
    [stdout, stderr]: [&[u8]; 2],
    files: &[&str],
) -> (bool, String) {
    let text = String::from_utf8_lossy(stderr);
    if validator.program == "systemd-analyze" {
        let ours: Vec<&str> =
            text.lines().filter(|line| files.iter().any(|file| line.contains(file))).collect();
        if !ours.is_empty() {
            return (false, ours.join("\n") + "\n");
        }
        if is_success {
            return (true, String::new());
        }
    }
    // What a validator quotes of a file may be a value: its output is shown only where it finds an error.
    let output = if is_success { String::new() } else { String::from_utf8_lossy(stdout).into_owned() };
    (is_success, output + &text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_says_of_these_units_counts_and_nothing_else() {
        let files = ["shop-web.1.service", "shop.target"];
        let others =
            "/lib/systemd/system/unicorn.service:9: Invalid environment assignment, ignoring: production\n";
        let ignored = "/tmp/x/shop-web.1.service:3: Unknown key 'Foo' in section [Service], ignoring.\n";
        let validator = &ExportFormat::Systemd.details().validators[0];
        let judge = |is_success, text: &str| judge(validator, is_success, [b"", text.as_bytes()], &files);
        assert_eq!(judge(true, others), (true, String::new()));
        assert_eq!(judge(true, &[others, ignored].concat()), (false, ignored.to_owned()));
        assert_eq!(judge(false, &[others, ignored].concat()), (false, ignored.to_owned()));
        assert_eq!(judge(false, "no memory\n"), (false, "no memory\n".to_owned()));
    }
}
