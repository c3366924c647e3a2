//! What can be typed: clap's view of the command line and of the `GANGER_…` variables, and nothing else.
//! What it means is decided in [`super::settings`] and [`super::load`].
//!
//! The texts here are the help and the manual page. `-h` shows the first sentence of each.

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use super::args_project::ProjectFlags;
pub use super::args_stack::{
    AttachArgs, DownArgs, ExecArgs, KillArgs, LogsArgs, PortArgs, PsArgs, RestartArgs, ScaleArgs, StackFlags,
    StopArgs, WaitArgs,
};
use super::examples;
use super::values::{WHEN, of, span, timestamps, types};

/// Runs what a Procfile says
///
/// Reads Procfile and .env, starts every process with a PORT of its own, prints what they say as one
/// stream, and stops all of them together.
#[derive(Debug, Parser)]
#[command(name = "ganger", version, max_term_width = 80, after_long_help = examples::GANGER)]
#[command(subcommand_required = true, arg_required_else_help = true)]
// A script may end in "$@": what the person adds wins over what the script says, as in foreman.
#[command(args_override_self = true)]
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
    Start(Box<StartArgs>),
    /// Run one command with the stack's environment
    ///
    /// ganger is replaced by the command: same terminal, exact arguments, its exit status. A single word
    /// that is a type of the Procfile runs that line, with further arguments appended.
    #[command(after_long_help = examples::RUN)]
    Run(RunArgs),
    /// Run one command beside the stack, starting it where needed
    ///
    /// Waits until the instances are ready, then runs the command as `ganger run` does, and ends with its
    /// status. A stack that it started ends with it, or with the last of several that use it: also if
    /// ganger is killed. What the command leaves behind is stopped too. The status is 1 if the stack does
    /// not come up, 124 if that takes too long.
    #[command(after_long_help = examples::EXEC)]
    Exec(ExecArgs),
    /// Say what would run, or all that is wrong with it
    ///
    /// Reads everything that `start` reads and starts nothing. The status is 1 where there are errors.
    #[command(after_long_help = examples::CHECK)]
    Check(CheckArgs),
    /// Show the environment and where each variable comes from
    ///
    /// Lists the variables that the project sets: .env files, app.json and ganger's own. Values are
    /// masked unless --show-values is there.
    #[command(after_long_help = examples::ENV)]
    Env(EnvArgs),
    /// Show what runs here
    ///
    /// One row an instance. The status is 0 if all are up, 1 if not, 3 if nothing runs.
    #[command(after_long_help = examples::PS)]
    Ps(PsArgs),
    /// Show what the running stack has said
    ///
    /// The latest lines are kept in memory: 10,000 lines, 16 MiB a stack. Does not follow unless asked to.
    #[command(after_long_help = examples::LOGS)]
    Logs(LogsArgs),
    /// Stop instances of the running stack and start them again
    ///
    /// Procfile, .env and ganger.toml are read again, with the flags of the start. Without names the whole stack
    /// follows them: types that went are stopped, types that came are started. Returns when the new processes
    /// exist.
    #[command(after_long_help = examples::RESTART)]
    Restart(RestartArgs),
    /// Stop instances of the running stack
    ///
    /// Returns when nothing of them is left. The rest goes on; `ganger start NAME` starts them again.
    #[command(after_long_help = examples::STOP)]
    Stop(StopArgs),
    /// Run more or fewer instances of a type
    ///
    /// Who comes has the port that the rule gives it; of who goes, the highest number is stopped first. Nobody else is
    /// touched. Without words it prints how many there are, in words that it takes.
    #[command(after_long_help = examples::SCALE)]
    Scale(ScaleArgs),
    /// Send a signal to instances of the running stack
    ///
    /// To the whole process group of each.
    #[command(after_long_help = examples::KILL)]
    Kill(KillArgs),
    /// Wait until instances are ready, have ended, or have said something
    ///
    /// The status is 0 if they are, 1 if they cannot get there any more, 124 if the time is over, 3 if
    /// nothing runs.
    #[command(after_long_help = examples::WAIT)]
    Wait(WaitArgs),
    /// Have the terminal of an instance in this one
    ///
    /// Every key goes to the program, Ctrl-C too; it has this terminal's size and colours. Ctrl-] leaves, and the
    /// program goes on. What it writes goes to the log as before.
    #[command(after_long_help = examples::ATTACH)]
    Attach(AttachArgs),
    /// Print the port of an instance
    #[command(after_long_help = examples::PORT)]
    Port(PortArgs),
    /// Stop the running stack and wait until nothing is left
    #[command(after_long_help = examples::DOWN)]
    Down(DownArgs),
    /// Write the same formation for another engine
    ///
    /// Types, instances, ports, grace and stop signals as systemd, Compose, Kubernetes and others have them.
    /// Values of .env are references, unless --secrets inline is there. What cannot be carried over is said
    /// on standard error.
    #[command(after_long_help = examples::EXPORT)]
    Export(Box<super::export::arguments::ExportArgs>),
    /// Print the script that completes words in a shell
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_long_help = examples::MAN)]
    Man,
    /// Print the version
    Version,
}

/// `ganger start`.
#[derive(Args, Debug)]
pub struct StartArgs {
    /// Only these types; with `=N`, so many of each
    #[arg(value_name = "TYPE[=N]", value_parser = types)]
    pub types: Vec<String>,
    /// Run in the background; return when all are up
    ///
    /// Nothing of this terminal is kept. `ganger logs`, `ps`, `restart` and `down` reach the stack.
    #[arg(short = 'D', long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_DETACH", hide_env = true)]
    pub detach: bool,
    /// With -D: return when all are ready
    ///
    /// Not later than SECS, 60 without it; the status is 124 then, and the stack goes on.
    #[arg(long, value_name = "SECS", num_args = 0..=1, require_equals = true, default_missing_value = "60")]
    #[arg(value_parser = span, requires = "detach")]
    pub wait: Option<f64>,
    /// A name, to run several stacks in one folder
    #[arg(long, value_name = "NAME", env = "GANGER_NAME", hide_env = true)]
    pub name: Option<String>,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: ProjectFlags,
    /// How the stack ends.
    #[command(flatten)]
    pub ending: EndFlags,
    /// How the stack speaks.
    #[command(flatten)]
    pub output: OutputFlags,
}

/// Which instances run and how they end.
#[derive(Args, Debug)]
#[command(next_help_heading = "Running and stopping")]
pub struct EndFlags {
    /// All types but these
    #[arg(short = 'x', long, value_name = "TYPE")]
    #[arg(env = "GANGER_EXCEPT", hide_env = true, action = ArgAction::Append)]
    pub except: Vec<String>,
    /// Run the `release` line to its end first
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_RELEASE", hide_env = true)]
    pub release: bool,
    /// Grace before SIGKILL: `10`, `500ms`, `2m`
    ///
    /// The time from the stop signal to SIGKILL; 5 seconds without it.
    #[arg(short = 't', long, value_name = "SECS", value_parser = of("timeout"), allow_negative_numbers = true)]
    #[arg(env = "GANGER_TIMEOUT", hide_env = true)]
    pub timeout: Option<String>,
    /// Stop first what an earlier run left
    ///
    /// Where ganger was killed with SIGKILL as a whole, processes of that run may still be there. A start in
    /// the same root finds them by their mark and says so; on a terminal it asks, with this flag it does not.
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_SWEEP", hide_env = true)]
    pub sweep: bool,
    /// Give the stack process ids of its own
    ///
    /// A namespace of process ids (Linux): the kernel ends everything in it when ganger is gone, however that
    /// happened. Needs root, or user namespaces, in which sudo does not work. Refused where it cannot be.
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_ISOLATE", hide_env = true)]
    pub isolate: bool,
    /// Which end stops all: any, failure, never, TYPE
    ///
    /// The end of any instance (so it is without the flag), of one whose status is not 0, of none (ganger
    /// goes on until all have ended), or of an instance of TYPE.
    #[arg(long, value_name = "WHICH", env = "GANGER_EXIT_ON", hide_env = true)]
    pub exit_on: Option<String>,
    /// Exit with the status of this type
    #[arg(long, value_name = "TYPE")]
    #[arg(env = "GANGER_EXIT_CODE_FROM", hide_env = true)]
    pub exit_code_from: Option<String>,
    /// Stop with this signal: `INT`, `web=QUIT`
    ///
    /// TERM without it. Separated by commas, or repeated, for several types.
    #[arg(long, value_name = "SIGNAL", value_parser = of("stop-signal"))]
    #[arg(env = "GANGER_STOP_SIGNAL", hide_env = true, action = ArgAction::Append)]
    pub stop_signal: Vec<String>,
    /// Stop in reverse start order: true, false
    ///
    /// `true` without it where ganger.toml has `after` anywhere: a type stops when all that came `after` it have ended, and
    /// has its whole grace then. `--ordered-stop=false` stops all at once.
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    #[arg(env = "GANGER_ORDERED_STOP", hide_env = true)]
    pub ordered_stop: Option<bool>,
    /// Start again what ends: never, on-failure, always
    ///
    /// Or `web=always` for one type. After 0.5 s, then twice as long each time, up to 30 s; five failures in a
    /// row are the end.
    #[arg(long, value_name = "WHEN", value_parser = of("restart"))]
    #[arg(env = "GANGER_RESTART", hide_env = true, action = ArgAction::Append)]
    pub restart: Vec<String>,
    /// Restart a type when its files change: `web=src,*.py`
    #[arg(long, value_name = "TYPE=PATTERN", value_parser = of("watch"))]
    #[arg(env = "GANGER_WATCH", hide_env = true, action = ArgAction::Append)]
    pub watch: Vec<String>,
    /// Give instances a terminal: auto, always, never
    ///
    /// `auto`, without it: if standard output is one.
    #[arg(
        long,
        value_name = "WHEN",
        value_parser = WHEN,
        hide_possible_values = true,
        env = "GANGER_PTY",
        hide_env = true
    )]
    pub pty: Option<String>,
}

/// How the stack speaks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags {
    /// Print the time of each line
    ///
    /// As 15:04:05, or as a strftime FORMAT says.
    #[arg(short = 'T', long, value_name = "FORMAT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = timestamps)]
    #[arg(env = "GANGER_TIMESTAMPS", hide_env = true)]
    pub timestamps: Option<String>,
    /// Print lines without their instance's name
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_NO_PREFIX", hide_env = true)]
    pub no_prefix: bool,
    /// Say nothing of starts and clean ends
    #[arg(short = 'q', long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_QUIET", hide_env = true)]
    pub quiet: bool,
    /// Use colours: auto, always, never
    ///
    /// `auto`, without it: if standard output is a terminal, and NO_COLOR, FORCE_COLOR and CLICOLOR do not
    /// say otherwise. `-c` alone means always.
    #[arg(short = 'c', long, value_name = "WHEN", value_parser = WHEN, num_args = 0..=1, require_equals = true)]
    #[arg(
        hide_possible_values = true,
        default_missing_value = "always",
        env = "GANGER_COLOR",
        hide_env = true
    )]
    pub color: Option<String>,
    /// Print one JSON object a line
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_JSON", hide_env = true)]
    pub json: bool,
}

/// `ganger run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// A type of the Procfile, or a command, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "TYPE|COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: ProjectFlags,
}

/// `ganger check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: ProjectFlags,
}

/// `ganger env`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct EnvArgs {
    /// The type whose environment is shown; else what a command has
    #[arg(value_name = "TYPE")]
    pub of: Option<String>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "explain")]
    pub json: bool,
    /// Say which file and line each variable comes from, and what it hid
    #[arg(long)]
    pub explain: bool,
    /// Show values as they are
    ///
    /// Quoted as a shell reads them, byte for byte. On a terminal control characters are written as in $'\033[2J', which
    /// a shell reads too.
    #[arg(long)]
    pub show_values: bool,
    /// Show the whole environment, not only what the project sets
    #[arg(short = 'a', long)]
    pub all: bool,
    /// What the stack is read from.
    #[command(flatten)]
    pub project: ProjectFlags,
}

/// `ganger completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
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
