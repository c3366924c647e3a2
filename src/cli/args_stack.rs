//! The arguments of the commands that ask a running stack. A part of [`super::args`].

use std::ffi::OsString;

use clap::{Args, ValueHint};

use super::values::{goal, lines, pattern, signal, span};
use crate::control::scaling::ScaleStep;

/// `ganger exec`.
#[derive(Args, Debug)]
pub(crate) struct ExecArgs {
    /// A command, or a type of the Procfile, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// Wait for these to be ready: types, instances, groups (@back), globs
    ///
    /// All by default. Separate several by commas, or repeat the flag. The whole stack is started in any case.
    #[arg(short = 'w', long, value_name = "NAME", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Wait for the stack this long at most: `60`, `5m`
    ///
    /// The command itself has no time limit.
    #[arg(short = 't', long, value_name = "TIME", value_parser = span, default_value = "60")]
    pub timeout: f64,
}

/// `ganger ps`.
#[derive(Args, Debug)]
pub(crate) struct PsArgs {
    /// When each was started first, what it waited for, and when it was ready
    ///
    /// The chain of instances for which the start took so long is marked. Restarts do not change it. With --json it is added to
    /// the document.
    #[arg(long)]
    pub timeline: bool,
}

/// `ganger logs`.
#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// Only lines of these: types, instances, groups (@back), globs
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Go on with new lines
    #[arg(short = 'f', long)]
    pub follow: bool,
    /// The last lines of the run that has ended
    ///
    /// While a stack runs, of the run before. Without a running stack `ganger logs` shows them too, and exits with 3.
    #[arg(long, conflicts_with = "follow")]
    pub last: bool,
    /// The latest N lines only
    #[arg(short = 'n', long, value_name = "N", value_parser = lines)]
    pub lines: Option<u32>,
    /// Only lines of this time: `30`, `5m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub since: Option<f64>,
    /// Only lines that match this regular expression
    #[arg(short = 'g', long, value_name = "RE", value_parser = pattern)]
    pub grep: Option<String>,
}

/// `ganger restart`.
#[derive(Args, Debug)]
pub(crate) struct RestartArgs {
    /// Types, instances, groups (@back), globs; all by default
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// One after the other, with an extra instance meanwhile
    ///
    /// Starts an extra instance of each type, restarts one instance after the other, each when the one before is ready, and
    /// stops the extra one. For types with `listen` in ganger.toml, and for types that serve no port.
    #[arg(long)]
    pub rolling: bool,
}

/// `ganger scale`.
#[derive(Args, Debug)]
pub(crate) struct ScaleArgs {
    /// The new counts; without any, the formation is printed
    #[arg(value_name = "TYPE=N|TYPE+N|TYPE-N", value_parser = ScaleStep::parse, value_delimiter = ',')]
    pub steps: Vec<ScaleStep>,
}

/// `ganger stop`.
#[derive(Args, Debug)]
pub(crate) struct StopArgs {
    /// Types, instances, groups (@back), globs
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
}

/// `ganger kill`.
#[derive(Args, Debug)]
pub(crate) struct KillArgs {
    /// Types, instances, groups (@back), globs
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// The signal: `HUP`, `SIGUSR1`, `9`
    #[arg(short = 's', long, value_name = "SIGNAL", value_parser = signal, default_value = "TERM")]
    pub signal: i32,
    /// Send it to every process of the group, not to the main processes
    ///
    /// The main process is the program; if a shell stays in front of it, the shell's foreground children and, unless the
    /// signal would only kill the shell, the shell itself.
    #[arg(long)]
    pub group: bool,
}

/// `ganger wait`.
#[derive(Args, Debug)]
pub(crate) struct WaitArgs {
    /// Types, instances, groups (@back), globs; all by default
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Wait for: up, ready, exited, log=RE
    ///
    /// `up`: the processes exist. `ready`, the default: they listen on their ports; those that are not known to use one have
    /// run for a second, or for five seconds where they are named here. `exited`: they have exited. `log=RE`: one of them has printed a line that matches the regular
    /// expression.
    #[arg(long = "for", value_name = "WHAT", value_parser = goal, default_value = "ready")]
    pub goal: String,
    /// Wait this long at most: `60`, `5m`
    #[arg(short = 't', long, value_name = "TIME", value_parser = span, default_value = "60")]
    pub timeout: f64,
}

/// `ganger attach`.
#[derive(Args, Debug)]
pub(crate) struct AttachArgs {
    /// An instance, or a type that has one
    #[arg(value_name = "NAME")]
    pub instance: String,
    /// Only watch: no key reaches the program
    #[arg(short = 'r', long = "read-only", conflicts_with = "take")]
    pub view: bool,
    /// Take the input over from another client
    ///
    /// Of several attached clients the first one has the input, and the others watch.
    #[arg(long)]
    pub take: bool,
}

/// `ganger ui`.
#[cfg(feature = "ui")]
#[derive(Args, Debug)]
pub(crate) struct UiArgs {
    /// Show the log of these first: types, instances, groups (@back), globs
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// `ganger port`.
#[derive(Args, Debug)]
pub(crate) struct PortArgs {
    /// An instance; of a type, the first one
    #[arg(value_name = "NAME")]
    pub instance: String,
}

/// `ganger down`.
#[derive(Args, Debug)]
pub(crate) struct DownArgs {
    /// Grace before SIGKILL, for all: `10`, `500ms`, `2m`
    #[arg(short = 't', long, value_name = "TIME", value_parser = span)]
    pub timeout: Option<f64>,
}
