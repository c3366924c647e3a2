//! What can be typed: clap's view of the command line and of the `GANGER_…` variables, and nothing else.
//! What it means is decided in [`super::settings`] and [`super::load`].
//!
//! The texts here are the help and the manual page. `-h` shows the first sentence of each.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::examples;
use super::values::{self, SignalRule};
use crate::config::{BasePort, Timestamps};
use crate::duration;
use crate::formation::Formation;
use crate::name::TypeName;

/// Runs what a Procfile says
///
/// Reads Procfile and .env, starts every process with a PORT of its own, prints what they say as one
/// stream, and stops all of them together.
#[derive(Debug, Parser)]
#[command(name = "ganger", version, max_term_width = 80, after_long_help = examples::GANGER)]
#[command(subcommand_required = true, arg_required_else_help = true, infer_subcommands = false)]
pub struct Arguments {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the stack here, in the foreground
    ///
    /// Starts one instance of each type of the Procfile (or what --formation says), and stops all when
    /// one ends, or at Ctrl-C. Its exit status is that of the instance that decided the end.
    #[command(after_long_help = examples::START)]
    Start(Start),
    /// Run one command with the stack's environment
    ///
    /// ganger is replaced by the command: same terminal, exact arguments, its exit status. A single word
    /// that is a type of the Procfile runs that line, with further arguments appended.
    #[command(after_long_help = examples::RUN)]
    Run(Run),
    /// Say what would run, or all that is wrong with it
    ///
    /// Reads everything that `start` reads and starts nothing. The status is 1 where there are errors.
    #[command(after_long_help = examples::CHECK)]
    Check(Check),
    /// Show the environment and where each variable comes from
    ///
    /// Lists the variables that the project sets: .env files, app.json and ganger's own. Values are
    /// masked unless --show-values is there.
    #[command(after_long_help = examples::ENV)]
    Env(Env),
    /// Print the script that completes words in a shell
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions(Completions),
    /// Print the manual page
    #[command(after_long_help = examples::MAN)]
    Man,
    /// Print the version
    Version,
}

/// What all commands share that read a project.
#[derive(Args, Debug)]
#[command(next_help_heading = "Project")]
pub struct Project {
    /// The Procfile; `-` is standard input [default: Procfile]
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(env = "GANGER_PROCFILE", hide_env = true)]
    pub procfile: Option<PathBuf>,
    /// Where commands run [default: the Procfile's folder]
    #[arg(short = 'd', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(env = "GANGER_ROOT", hide_env = true)]
    pub root: Option<PathBuf>,
    /// Read variables from these files [default: .env]
    ///
    /// Several are separated by commas, or the flag is repeated; a later file wins over an earlier one.
    /// A file named here must be there. /dev/null means none.
    #[arg(short = 'e', long, value_name = "FILE", value_hint = ValueHint::FilePath, value_delimiter = ',')]
    #[arg(env = "GANGER_ENV", hide_env = true, action = ArgAction::Append)]
    pub env: Vec<PathBuf>,
    /// Let .env files win over the environment
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_ENV_WINS", hide_env = true)]
    pub env_wins: bool,
    /// How many of each type: `all=1,web=2`
    ///
    /// Types that are not named do not run, unless all=N is there.
    #[arg(short = 'm', long, visible_alias = "concurrency", value_name = "TYPE=N,…")]
    #[arg(value_parser = values::formation, env = "GANGER_FORMATION", hide_env = true)]
    pub formation: Option<Formation>,
    /// The first port, or `auto` [default: PORT, else 5000]
    ///
    /// A number stays as it is; `auto` takes 5000, or the next free hundred.
    #[arg(short = 'p', long, value_name = "BASE", allow_negative_numbers = true)]
    #[arg(value_parser = values::port, env = "GANGER_PORT", hide_env = true)]
    pub port: Option<BasePort>,
    /// From one type's first port to the next one's [default: 100]
    // Not GANGER_PORT_STEP: an instance of a stack with a type `step` has that one, with a port in it.
    #[arg(long, value_name = "N", value_parser = values::step, allow_negative_numbers = true)]
    #[arg(env = "GANGER_STEP", hide_env = true)]
    pub port_step: Option<u16>,
    /// Give out no ports
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_NO_PORT", hide_env = true)]
    pub no_port: bool,
}

/// `ganger start`.
#[derive(Args, Debug)]
pub struct Start {
    /// Only these types; with `=N`, so many of each
    #[arg(value_name = "TYPE[=N]")]
    pub types: Vec<String>,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: Project,
    /// How the stack ends.
    #[command(flatten)]
    pub ending: Ending,
    /// How the stack speaks.
    #[command(flatten)]
    pub output: Output,
}

/// Which instances run and how they end.
#[derive(Args, Debug)]
#[command(next_help_heading = "Running and stopping")]
pub struct Ending {
    /// All types but these
    #[arg(short = 'x', long, value_name = "TYPE", value_delimiter = ',', value_parser = values::type_name)]
    #[arg(env = "GANGER_EXCEPT", hide_env = true, action = ArgAction::Append)]
    pub except: Vec<TypeName>,
    /// Run the `release` line to its end first
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_RELEASE", hide_env = true)]
    pub release: bool,
    /// From the stop signal to SIGKILL: `10`, `500ms`, `2m` [default: 5]
    #[arg(short = 't', long, value_name = "SECS", value_parser = duration::parse, allow_negative_numbers = true)]
    #[arg(env = "GANGER_TIMEOUT", hide_env = true)]
    pub timeout: Option<Duration>,
    /// Which end stops all: any, failure, never, TYPE [default: any]
    #[arg(long, value_name = "WHICH", value_parser = values::exit_on, env = "GANGER_EXIT_ON", hide_env = true)]
    pub exit_on: Option<String>,
    /// Exit with the status of this type
    #[arg(long, value_name = "TYPE", value_parser = values::type_name)]
    #[arg(env = "GANGER_EXIT_CODE_FROM", hide_env = true)]
    pub exit_code_from: Option<TypeName>,
    /// What asks an instance to end: `INT`, `web=QUIT` [default: TERM]
    #[arg(long, value_name = "SIGNAL", value_delimiter = ',', value_parser = values::signal_rule)]
    #[arg(env = "GANGER_STOP_SIGNAL", hide_env = true, action = ArgAction::Append)]
    pub stop_signal: Vec<SignalRule>,
    /// Give instances a terminal of their own [default: auto]
    #[arg(long, value_name = "WHEN", value_enum, env = "GANGER_PTY", hide_env = true)]
    pub pty: Option<When>,
}

/// How the stack speaks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Print the time before each line, as `15:04:05` or in a strftime FORMAT
    #[arg(short = 'T', long, value_name = "FORMAT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", value_parser = values::timestamps)]
    #[arg(env = "GANGER_TIMESTAMPS", hide_env = true)]
    pub timestamps: Option<Timestamps>,
    /// Print lines without the name of their instance
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_NO_PREFIX", hide_env = true)]
    pub no_prefix: bool,
    /// Say nothing of what is expected, as starts and clean ends
    #[arg(short = 'q', long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_QUIET", hide_env = true)]
    pub quiet: bool,
    /// Use colours [default: auto]
    #[arg(short = 'c', long, value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "always", env = "GANGER_COLOR", hide_env = true)]
    pub color: Option<When>,
    /// Print one JSON object a line
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_JSON", hide_env = true)]
    pub json: bool,
}

/// `auto`, `always` or `never`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum When {
    /// If standard output is a terminal.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// `ganger run`.
#[derive(Args, Debug)]
pub struct Run {
    /// A type of the Procfile, or a command, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "TYPE|COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: Project,
}

/// `ganger check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: Project,
}

/// `ganger env`.
#[derive(Args, Debug)]
pub struct Env {
    /// The type whose environment is shown [default: what all share]
    #[arg(value_name = "TYPE")]
    pub of: Option<String>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "explain")]
    pub json: bool,
    /// Say which file and line each variable comes from, and what it hid
    #[arg(long)]
    pub explain: bool,
    /// Show values as they are
    #[arg(long)]
    pub show_values: bool,
    /// Show the whole environment, not only what the project sets
    #[arg(short = 'a', long)]
    pub all: bool,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: Project,
}

/// `ganger completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that can complete our words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Elvish.
    Elvish,
    /// fish.
    Fish,
    /// `PowerShell`.
    Powershell,
    /// Z shell.
    Zsh,
}
