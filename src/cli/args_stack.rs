//! What can be typed to a running stack. As [`super::args`], of which it is a part.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use super::values::{goal, pattern, signal, span};
use crate::control::scaling::ScaleStep;

/// `ganger exec`.
#[derive(Args, Debug)]
pub struct ExecArgs {
    /// A command, or a type of the Procfile, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// Wait for these to be ready: types, instances, globs
    ///
    /// All without it. Separated by commas, or repeated. The whole stack is started in any case.
    #[arg(short = 'w', long, value_name = "NAME", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Not longer than this: `60`, `5m`
    ///
    /// For the stack only: the command has all the time that it takes.
    #[arg(short = 't', long, value_name = "TIME", value_parser = span, default_value = "60")]
    pub timeout: f64,
}

/// `ganger logs`.
#[derive(Args, Debug)]
pub struct LogsArgs {
    /// Only of these: types, instances, globs
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Go on with what comes
    #[arg(short = 'f', long)]
    pub follow: bool,
    /// At most so many of the latest lines
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<u32>,
    /// Only what was said in this time: `30`, `5m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub since: Option<f64>,
    /// Only lines in which this regular expression is found
    #[arg(short = 'g', long, value_name = "RE", value_parser = pattern)]
    pub grep: Option<String>,
}

/// `ganger restart`.
#[derive(Args, Debug)]
pub struct RestartArgs {
    /// Types, instances, globs; all without any
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// One after the other, with one more meanwhile
    ///
    /// Starts one more of each type first, restarts one instance after the other, each when the one before is ready,
    /// and stops the one too many. For types with `listen` in ganger.toml, and for those that serve no port.
    #[arg(long)]
    pub rolling: bool,
}

/// `ganger scale`.
#[derive(Args, Debug)]
pub struct ScaleArgs {
    /// How many of which; without any, print how many there are
    #[arg(value_name = "TYPE=N|TYPE+N|TYPE-N", value_parser = ScaleStep::parse, value_delimiter = ',')]
    pub steps: Vec<ScaleStep>,
}

/// `ganger stop`.
#[derive(Args, Debug)]
pub struct StopArgs {
    /// Types, instances, globs
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
}

/// `ganger kill`.
#[derive(Args, Debug)]
pub struct KillArgs {
    /// Types, instances, globs
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// The signal: `HUP`, `SIGUSR1`, `9`
    #[arg(short = 's', long, value_name = "SIGNAL", value_parser = signal, default_value = "TERM")]
    pub signal: i32,
    /// Send it to every process of the group, not to the main processes
    ///
    /// The main process is the program; where a shell stays in front of it, its foreground children and, unless it
    /// would die of a signal that does not end the instance, the shell.
    #[arg(long)]
    pub group: bool,
}

/// `ganger wait`.
#[derive(Args, Debug)]
pub struct WaitArgs {
    /// Types, instances, globs; all without any
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// What for: up, ready, exited, log=RE
    ///
    /// `up`: the processes exist. `ready`, without the flag: they serve their ports, or have lived for a
    /// second if they are not known to serve one. `exited`: they have ended. `log=RE`: one of them has said
    /// a line in which the regular expression is found.
    #[arg(long = "for", value_name = "WHAT", value_parser = goal, default_value = "ready")]
    pub goal: String,
    /// No longer than this: `60`, `5m`
    #[arg(short = 't', long, value_name = "TIME", value_parser = span, default_value = "60")]
    pub timeout: f64,
}

/// `ganger attach`.
#[derive(Args, Debug)]
pub struct AttachArgs {
    /// An instance, or a type that has one
    #[arg(value_name = "NAME")]
    pub instance: String,
    /// Only watch: no key reaches the program
    #[arg(short = 'r', long = "read-only", conflicts_with = "take")]
    pub view: bool,
    /// Type, though somebody else does
    ///
    /// Of several who are attached the first one types, and the others watch.
    #[arg(long)]
    pub take: bool,
}

/// `ganger port`.
#[derive(Args, Debug)]
pub struct PortArgs {
    /// An instance; of a type, the first one
    #[arg(value_name = "NAME")]
    pub instance: String,
}

/// `ganger down`.
#[derive(Args, Debug)]
pub struct DownArgs {
    /// Grace before SIGKILL, for all: `10`, `500ms`, `2m`
    #[arg(short = 't', long, value_name = "TIME", value_parser = span)]
    pub timeout: Option<f64>,
}
