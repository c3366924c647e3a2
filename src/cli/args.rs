//! The commands, and their arguments that are no settings. [`super::flags`] adds the flags of settings to them.
//!
//! The texts here are the help and the manual page. `-h` shows the first sentence of each.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use super::args_stack::{
    AttachArgs, DownArgs, ExecArgs, KillArgs, LogsArgs, PortArgs, RestartArgs, ScaleArgs, StopArgs, WaitArgs,
};
use super::examples;
use super::values::types;

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
    Start(StartArgs),
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
    Check,
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
    Ps,
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
    Export(super::export::arguments::ExportArgs),
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
    /// Only these types; with `=N`, N instances of each
    #[arg(value_name = "TYPE[=N]", value_parser = types)]
    pub types: Vec<String>,
}

/// `ganger run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// A type of the Procfile, or a command, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "TYPE|COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// `ganger env`.
#[derive(Args, Debug)]
pub struct EnvArgs {
    /// The type whose environment is shown; else what a command has
    #[arg(value_name = "TYPE")]
    pub of: Option<String>,
    /// Show the file and line of each variable, and what it overrides
    #[arg(long, conflicts_with = "json")]
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
