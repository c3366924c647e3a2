//! What a project or a user can set: the same [`Settings`] for flags, `GANGER_…` variables and files.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::deployment::{Resource, ScaleRange};
use super::detach_keys::DetachKeys;
use super::export_choices::{CheckMode, Secrets};
use super::probe::{Probe, ReadySetting};
use super::service_policy::RestartPolicy;
use crate::formation::Formation;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::signal::{Reach, Signal};

/// A value and where it was given, so that a mistake that shows only later still names its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// A line of a file; or the flag or variable as it was written, without a line.
    pub place: Location,
}

impl<T> Located<T> {
    /// A value that was given outside any file, by a flag (`-m web=2`) or a variable (`GANGER_FORMATION=web=2`).
    pub fn given(value: T, origin: &str) -> Self {
        Self { value, place: Location { file: origin.into(), line: None, column: None } }
    }

    /// A value of a file, on `line` (from 1).
    pub fn on_line(value: T, file: &Arc<str>, line: u32) -> Self {
        Self { value, place: Location { file: Arc::clone(file), line: Some(line), column: None } }
    }
}

/// The first port of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasePort {
    /// This one, 1 to 65535.
    At(u16),
    /// `auto`: 5000, or the next free hundred.
    Auto,
}

/// `auto`, `always` or `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// If standard output is a terminal.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// Whether and how a line of output carries its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timestamps {
    /// Not at all: a flag can take back what a file asks for.
    Off,
    /// As `15:04:05`.
    Plain,
    /// In this `strftime` format.
    Format(String),
}

/// The process with which the stack ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentToWatch {
    /// None.
    None,
    /// The parent of ganger.
    Parent,
    /// This one.
    Process(i32),
}

/// What one layer (flags, variables or a file) sets. What it does not set is `None` or empty.
///
/// [`super::table`] has the entry of each field: its name, its help, how it is parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The Procfile, as named: `-` is standard input.
    pub procfile: Option<Located<PathBuf>>,
    /// The folder where commands run, as named.
    pub root: Option<Located<PathBuf>>,
    /// The .env files, in order; empty: the layer names none.
    pub env: Vec<Located<PathBuf>>,
    /// How many of each type.
    pub formation: Option<Located<Formation>>,
    /// The first port.
    pub port: Option<Located<BasePort>>,
    /// From one type's first port to the next one's.
    pub port_step: Option<Located<u16>>,
    /// Whether instances get no PORT.
    pub no_port: Option<bool>,
    /// The grace between the stop signal and SIGKILL.
    pub timeout: Option<Located<Duration>>,
    /// `any`, `failure`, `never` or a type; the plan knows the types and judges it.
    pub exit_on: Option<Located<String>>,
    /// The type of which the status becomes the exit status.
    pub exit_code_from: Option<Located<String>>,
    /// The signal that stops an instance.
    pub stop_signal: Option<Located<Signal>>,
    /// The processes of an instance that get it first.
    pub stop_to: Option<Located<Reach>>,
    /// The commands of the command line, which take the place of a Procfile.
    pub commands: Vec<String>,
    /// Scripts of package.json, which do so too: names, or patterns with a `*`.
    pub npm: Vec<Located<String>>,
    /// Types that do not run.
    pub except: Vec<Located<String>>,
    /// Types of which an exit does not end the stack.
    pub can_die: Vec<Located<String>>,
    /// Whether types that the named ones come `after` are left out.
    pub no_deps: Option<bool>,
    /// Whether lines carry their time.
    pub timestamps: Option<Located<Timestamps>>,
    /// Whether lines carry their instance's name.
    pub prefix: Option<bool>,
    /// Whether notices about starts and clean exits are hidden.
    pub quiet: Option<bool>,
    /// When colours are used.
    pub color: Option<ColorChoice>,
    /// Whether each line is a JSON object.
    pub json: Option<bool>,
    /// Whether output passes as the programs wrote it, terminal controls included.
    pub raw: Option<bool>,
    /// The keys that end an attachment.
    pub detach_keys: Option<DetachKeys>,
    /// When instances get a pseudo-terminal.
    pub pty: Option<ColorChoice>,
    /// Whether the `release` line runs first.
    pub release: Option<Located<bool>>,
    /// Whether types are stopped in reverse start order, one after the other.
    pub ordered_stop: Option<bool>,
    /// Which exits are followed by another start.
    pub restart: Option<Located<RestartPolicy>>,
    /// The time that an instance has to become ready.
    pub ready_timeout: Option<Located<Duration>>,
    /// The files of which a change restarts every type.
    pub watch: Vec<Located<String>>,
    /// The command that is run when an instance has failed.
    pub on_crash: Option<Located<String>>,
    /// The command that is run when an instance is ready.
    pub on_ready: Option<Located<String>>,
    /// How long such a command may run.
    pub hook_timeout: Option<Located<Duration>>,
    /// Whether no hook is run.
    pub no_hooks: Option<bool>,
    /// Whether processes that an earlier run left are stopped first.
    pub sweep: Option<bool>,
    /// Whether the stack runs in its own PID namespace.
    pub isolate: Option<bool>,
    /// The process with which the stack ends.
    pub die_with_parent: Option<Located<ParentToWatch>>,
    /// The folder of the files that each instance's output is written to.
    pub log_dir: Option<Located<PathBuf>>,
    /// Bytes after which such a file is rotated.
    pub log_size: Option<Located<u64>>,
    /// Whether the run is not recorded.
    pub no_keep: Option<bool>,
    /// Where instances send what OpenTelemetry collects.
    pub otel: Option<Located<String>>,
    /// Whether .env files win over the shell's environment.
    pub env_wins: Option<bool>,
    /// Whether `app.json` is read as for a deployment: its variables are set, and those that it requires must be.
    pub app_json: Option<bool>,
    /// Whether the stack runs in the background.
    pub detach: Option<bool>,
    /// How long `start -D` waits until all are ready.
    pub wait: Option<Located<Duration>>,
    /// The name of the stack, where several run in one folder.
    pub name: Option<Located<String>>,
    /// What is set for one type. It wins over the same setting for all types of the same layer.
    pub processes: IndexMap<TypeName, ProcessSettings>,
    /// Variables that the project declares (`app.json`).
    pub variables: Vec<DeclaredVariable>,
    /// The codes of `ganger doctor` that `[doctor.silence]` silences, with the reasons.
    pub silenced: IndexMap<String, Located<String>>,
    /// What is asked of an export.
    pub export: ExportSettings,
    /// The word of the format that is exported to, whose tables in files count; `None`: this is no export.
    pub exported_to: Option<&'static str>,
    /// The tables of a file that are about exports.
    pub exports: Option<Box<ExportTables>>,
    /// The types of each group (`[group.back]`), as named.
    pub groups: IndexMap<String, Vec<Located<String>>>,
}

/// What one layer sets for one type: `[process.web]`, `--stop-signal web=QUIT`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessSettings {
    /// How many instances.
    pub formation: Option<Located<u32>>,
    /// The signal that stops them.
    pub stop_signal: Option<Located<Signal>>,
    /// Their processes that get it first.
    pub stop_to: Option<Located<Reach>>,
    /// The grace between that signal and SIGKILL.
    pub timeout: Option<Located<Duration>>,
    /// What shows that they are ready.
    pub ready: Option<Located<ReadySetting>>,
    /// The time that they have for that.
    pub ready_timeout: Option<Located<Duration>>,
    /// What shows that they still live, for the engines of an export (`app.json`).
    pub liveness: Option<Located<Probe>>,
    /// The types that must be ready, or have ended with 0, before they start.
    pub after: Vec<Located<String>>,
    /// Whether they are one-shots: an exit with status 0 is success.
    pub once: Option<Located<bool>>,
    /// Which of their exits are followed by another start.
    pub restart: Option<Located<RestartPolicy>>,
    /// The files of which a change restarts them.
    pub watch: Vec<Located<String>>,
    /// The command that is run when one of them has failed.
    pub on_crash: Option<Located<String>>,
    /// The command that is run when one of them is ready.
    pub on_ready: Option<Located<String>>,
    /// How long such a command may run.
    pub hook_timeout: Option<Located<Duration>>,
    /// The address where ganger binds their PORT and passes the socket on; `Some(None)`: none.
    pub listen: Option<Located<Option<IpAddr>>>,
    /// What only an export has a use for.
    pub deployment: DeploymentSettings,
}

/// What is set for one type, for engines that share machines out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentSettings {
    /// What is kept free for an instance.
    pub requests: Vec<Located<Resource>>,
    /// The most that an instance may take.
    pub limits: Vec<Located<Resource>>,
    /// How many instances there may be.
    pub scale: Option<Located<ScaleRange>>,
}

/// What one layer asks of an export. [`super::table`] has the entry of each field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportSettings {
    /// The folder that the files are written to; `-` is standard output.
    pub output: Option<Located<PathBuf>>,
    /// Whether what would change is shown, and nothing written.
    pub diff: Option<bool>,
    /// Whether the engine's own validator is asked.
    pub check: Option<Located<CheckMode>>,
    /// What the stack is called there.
    pub app: Option<Located<String>>,
    /// The namespace of its objects.
    pub namespace: Option<Located<String>>,
    /// Where the project lies on the machine of the engine.
    pub working_directory: Option<Located<PathBuf>>,
    /// The container image.
    pub image: Option<Located<String>>,
    /// The user that programs run as.
    pub user: Option<Located<String>>,
    /// The types that listen on their port.
    pub expose: Vec<Located<String>>,
    /// Whether the files are a base of kustomize.
    pub kustomize: Option<bool>,
    /// Where values go.
    pub secrets: Option<Located<Secrets>>,
    /// Changes of single values.
    pub set: Vec<Located<String>>,
}

/// The tables of a file that are about exports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportTables {
    /// `[export]`: for all formats.
    pub common: Settings,
    /// `[export.FORMAT]`, by the word of the format. Whether there is such a format, the reader of the project knows.
    pub formats: IndexMap<String, Located<Settings>>,
}

impl ExportTables {
    /// What is set for an export to `format`.
    pub fn layer(&self, format: &str) -> Settings {
        let own = self.formats.get(format).map(|table| table.value.clone()).unwrap_or_default();
        own.or(self.common.clone())
    }
}

/// A variable that the project declares, as `app.json` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredVariable {
    /// Its name.
    pub name: String,
    /// Its value when nothing else sets it.
    pub value: Option<String>,
    /// Whether a start without it is refused.
    pub required: bool,
    /// What it is for, in the project's words.
    pub description: Option<String>,
    /// Whether Heroku generates a secret for it (`"generator": "secret"`); ganger does not.
    pub generated: bool,
    /// Where it is declared.
    pub place: Location,
}

/// What a file sets, and all that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedSettings {
    /// What it sets, as far as it could be read.
    pub settings: Settings,
    /// Its mistakes, in the order of the file.
    pub errors: Vec<Diagnostic>,
    /// Its warnings.
    pub warnings: Vec<Diagnostic>,
}
