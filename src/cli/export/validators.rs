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
use crate::export::options::ExportFormat;

/// A program that can say whether files are right.
struct Validator {
    program: &'static str,
    /// What it has to answer with status 0 to be there at all: docker may lack compose.
    probe: &'static [&'static str],
    /// What stands before the files.
    arguments: &'static [&'static str],
    /// Which of the files it reads.
    reads: fn(&str) -> bool,
}

const fn validator(
    program: &'static str,
    probe: &'static [&'static str],
    arguments: &'static [&'static str],
    reads: fn(&str) -> bool,
) -> Validator {
    Validator { program, probe, arguments, reads }
}

fn all(_: &str) -> bool {
    true
}

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_none_or(|extension| extension != "conf")
        && !["down", "down-signal", "timeout-kill"].iter().any(|name| path.ends_with(&format!("/{name}")))
}

const SYSTEM: [Validator; 1] =
    [validator("systemd-analyze", &["--version"], &["verify", "--man=no", "--generators=no"], all)];
const USER: [Validator; 1] =
    [validator("systemd-analyze", &["--version"], &["verify", "--user", "--man=no", "--generators=no"], all)];
const PROPERTY_LIST: [Validator; 1] = [validator("plutil", &["-help"], &["-lint"], all)];
const COMPOSE: [Validator; 3] = [
    validator(
        "docker",
        &["compose", "version"],
        &["compose", "--file", "compose.yaml", "config", "--quiet"],
        |_| false,
    ),
    validator("check-jsonschema", &["--version"], &["--builtin-schema", "vendor.compose-spec"], |path| {
        path == "compose.yaml"
    }),
    validator("podman-compose", &["--version"], &["-f", "compose.yaml", "config"], |_| false),
];
const KUBERNETES: [Validator; 2] = [
    validator("kubeconform", &["-v"], &["-strict"], all),
    validator("kubernetes-validate", &["--version"], &["--strict"], all),
];
const NOMAD: [Validator; 1] = [validator("nomad", &["version"], &["job", "validate", "-json"], all)];
const SCRIPTS: [Validator; 1] = [validator("sh", &["-c", ":"], &["-n"], is_script)];

/// The validators of a format, the best first.
fn validators(format: ExportFormat) -> &'static [Validator] {
    match format {
        ExportFormat::Systemd => &SYSTEM,
        ExportFormat::SystemdUser => &USER,
        ExportFormat::Launchd => &PROPERTY_LIST,
        ExportFormat::Compose => &COMPOSE,
        ExportFormat::Kubernetes => &KUBERNETES,
        ExportFormat::Nomad => &NOMAD,
        ExportFormat::Runit | ExportFormat::S6 | ExportFormat::Supervisord => &SCRIPTS,
        ExportFormat::Procfile => &[],
    }
}

/// Whether a validator takes one file at a time.
fn one_by_one(format: ExportFormat) -> bool {
    matches!(format, ExportFormat::Nomad | ExportFormat::Runit | ExportFormat::S6 | ExportFormat::Supervisord)
}

/// Asks the first validator that is there, in a folder of its own, and says what it says.
///
/// # Errors
///
/// That the files cannot be laid out for it.
pub(super) fn check(bundle: &Bundle, format: ExportFormat, app: &str) -> Result<Outcome, Failure> {
    let known = validators(format);
    if known.is_empty() {
        report::say("not checked: this format has no validator\n");
        return Ok(Outcome::Status(exit::SUCCESS));
    }
    let Some(validator) = known.iter().find(|validator| validator.is_there()) else {
        let names: Vec<&str> = known.iter().map(|validator| validator.program).collect();
        report::say(&format!("not checked: not installed: {}\n", names.join(", ")));
        return Ok(Outcome::Status(exit::SUCCESS));
    };
    let folder = ValidatorFolder::with(bundle, app)
        .map_err(|error| Failure::Failed(format!("cannot write a folder to check: {error}")))?;
    let files: Vec<&str> =
        bundle.files.iter().map(|file| file.path.as_str()).filter(|path| (validator.reads)(path)).collect();
    let groups: Vec<&[&str]> =
        if one_by_one(format) { files.chunks(1).collect() } else { vec![files.as_slice()] };
    let mut is_right = true;
    for files in groups {
        is_right &= validator.ask(&folder.path, files)?;
    }
    let verdict = if is_right { "finds nothing wrong" } else { "refuses it" };
    report::say(&format!("checked: {} {verdict}\n", validator.program));
    Ok(Outcome::Status(if is_right { exit::SUCCESS } else { exit::REFUSED }))
}

impl Validator {
    fn is_there(&self) -> bool {
        let mut command = Command::new(self.program);
        command.args(self.probe).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    }

    /// Whether it takes `files`, which lie in `folder`.
    fn ask(&self, folder: &Path, files: &[&str]) -> Result<bool, Failure> {
        let mut command = Command::new(self.program);
        command.args(self.arguments).args(files).current_dir(folder).stdin(Stdio::null());
        // systemd-analyze --user asks for one, though it writes nothing there.
        command.env("XDG_RUNTIME_DIR", folder);
        let output = command
            .output()
            .map_err(|error| Failure::Failed(format!("{}: cannot be run: {error}", self.program)))?;
        // What a validator quotes of a file may be a value: only its errors are shown, and those as they are.
        if !output.status.success() {
            report::say(&String::from_utf8_lossy(&output.stdout));
        }
        report::say(&String::from_utf8_lossy(&output.stderr));
        Ok(output.status.success())
    }
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
