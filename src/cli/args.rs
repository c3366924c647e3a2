//! The commands, and their arguments that are no settings. [`super::flags`] adds the flags of settings to them.
//!
//! The texts here are the help and the manual page. `-h` shows the first sentence of each.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

#[cfg(feature = "ui")]
pub(crate) use super::args_stack::UiArgs;
pub(crate) use super::args_stack::{
    AttachArgs, DownArgs, ExecArgs, KillArgs, LogsArgs, PortArgs, PsArgs, RestartArgs, ScaleArgs, StopArgs,
    WaitArgs,
};
use super::examples;
use super::values::types;

/// Runs the processes of a Procfile
///
/// Reads Procfile and .env, starts every process with its own PORT, prints their output as one stream, and stops all of
/// them together.
#[derive(Debug, Parser)]
#[command(name = "ganger", version, max_term_width = 80, after_long_help = examples::GANGER)]
#[command(subcommand_required = true, arg_required_else_help = true)]
// A script may end in "$@": the flags that a user adds win over those of the script, as in foreman.
#[command(args_override_self = true)]
pub(crate) struct Arguments {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the stack here, in the foreground
    ///
    /// Starts one instance of each type of the Procfile (or the --formation), and stops all when one exits, or at Ctrl-C.
    /// The exit status is that of the instance that caused the stop.
    #[command(after_long_help = examples::START)]
    Start(StartArgs),
    /// Run one command with the stack's environment
    ///
    /// ganger is replaced by the command: same terminal, exact arguments, its exit status. If the first word is a type of
    /// the Procfile, that line runs, with the further arguments appended.
    #[command(after_long_help = examples::RUN)]
    Run(RunArgs),
    /// Run one command beside the stack, starting it if needed
    ///
    /// Waits until the instances are ready, runs the command as `ganger run` does, and exits with its status. A stack that
    /// it started is stopped when the last command that uses it has exited, also if ganger is killed. Processes that the
    /// command leaves behind are stopped too. The status is 1 if the stack does not start, 124 after the --timeout.
    #[command(after_long_help = examples::EXEC)]
    Exec(ExecArgs),
    /// Show what would run, or all errors
    ///
    /// Reads all that `start` reads and starts nothing. The status is 1 if there are errors.
    #[command(after_long_help = examples::CHECK)]
    Check,
    /// Hold the project against the twelve factors
    ///
    /// Reads its files and what git tracks. Prints a line for each factor of 12factor.net, and what is wrong with the way
    /// out. On a terminal it asks whether it may also run the stack, on ports of its own, and end it: --yes and --static
    /// answer that. The status is 1 if something is broken. [doctor.silence] in ganger.toml silences a code.
    #[command(after_long_help = examples::DOCTOR)]
    Doctor(super::doctor::DoctorArgs),
    /// Show the environment and where each variable comes from
    ///
    /// Lists the variables that the project sets: .env files, app.json and ganger's own. Values are masked without
    /// --show-values.
    #[command(after_long_help = examples::ENV)]
    Env(EnvArgs),
    /// Show the instances of the running stack
    ///
    /// One row for each. The status is 0 if all are up and ready, 5 if not all are ready yet, 1 if not all are up, 3 if no
    /// stack runs here: the rows are then those of the last run.
    // overmind's name.
    #[command(alias = "status", after_long_help = examples::PS)]
    Ps(PsArgs),
    /// List the stacks of this user
    ///
    /// Root, name, state, since when, instances that are up, and ports of each; a stack that is suspended or does not answer
    /// is shown as such. With --all those that have ended too, as their records have them.
    #[command(after_long_help = examples::LS)]
    Ls(super::ls::LsArgs),
    /// Show the log of the running stack
    ///
    /// The latest lines are kept in memory: 10,000 lines or 16 MiB. Of a stack that has ended, the last ones are kept on
    /// disk: 200 lines or 32 KiB of each instance.
    #[command(after_long_help = examples::LOGS)]
    Logs(LogsArgs),
    /// Restart instances of the running stack
    ///
    /// Reads Procfile, .env and ganger.toml again, with the flags of the start. Without names the whole stack follows the
    /// files: removed types are stopped, new ones are started. Returns when the new processes exist.
    #[command(after_long_help = examples::RESTART)]
    Restart(RestartArgs),
    /// Stop instances of the running stack
    ///
    /// Returns when none of their processes is left. The others go on; `ganger start NAME` starts them again.
    #[command(after_long_help = examples::STOP)]
    Stop(StopArgs),
    /// Run more or fewer instances of a type
    ///
    /// New instances get the next port; the highest-numbered instance is stopped first. Other instances are not touched.
    /// Without arguments it prints the formation, in the form that it takes.
    #[command(after_long_help = examples::SCALE)]
    Scale(ScaleArgs),
    /// Send a signal to instances of the running stack
    ///
    /// To the main process of each; with --group to its whole process group.
    #[command(after_long_help = examples::KILL)]
    Kill(KillArgs),
    /// Wait until instances are ready, have exited or log a line
    ///
    /// The status is 0 if they do, 1 if they cannot any more, 124 after the --timeout, 3 if no stack runs here.
    #[command(after_long_help = examples::WAIT)]
    Wait(WaitArgs),
    /// Connect this terminal to an instance
    ///
    /// Every key goes to the program, Ctrl-C too; it has this terminal's size and colours. Ctrl-] detaches, and the program
    /// goes on. Its output still goes to the log.
    // overmind's name.
    #[command(alias = "connect", after_long_help = examples::ATTACH)]
    Attach(AttachArgs),
    /// Show the stack on the whole screen, and drive it by keys
    ///
    /// The instances, the log of those that are chosen, and keys for what the other commands do: ? lists them. Leaving the screen
    /// leaves the stack as it is. If none runs here, it is started, and ends with the screen.
    #[cfg(feature = "ui")]
    #[command(after_long_help = examples::UI)]
    Ui(UiArgs),
    /// Print the port of an instance
    #[command(after_long_help = examples::PORT)]
    Port(PortArgs),
    /// Stop the running stack and wait until it is gone
    // overmind's name.
    #[command(alias = "quit", after_long_help = examples::DOWN)]
    Down(DownArgs),
    /// Write the stack for another engine
    ///
    /// Types, instances, ports, grace and stop signals as systemd, Compose, Kubernetes and others have them. Values of .env
    /// are references, unless --secrets inline is given. What the format cannot express is listed on standard error.
    #[command(after_long_help = examples::EXPORT)]
    Export(super::export::arguments::ExportArgs),
    /// Serve the stack to agents over the Model Context Protocol
    ///
    /// On standard input and output: tools to start, look, wait, read logs, restart, scale, run and stop. Each answers with
    /// the JSON of the command of that name. A stack that it starts ends with it, unless the call says otherwise.
    #[command(after_long_help = examples::MCP)]
    Mcp(super::mcp::McpArgs),
    /// Print what an agent should know, as SKILL.md
    Skill(super::skill::SkillArgs),
    /// Print the completion script of a shell
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_long_help = examples::MAN)]
    Man,
    /// Print the version
    Version(VersionArgs),
}

/// `ganger start`.
#[derive(Args, Debug)]
pub(crate) struct StartArgs {
    /// Only these types; with `=N`, N instances of each
    #[arg(value_name = "TYPE[=N]", value_parser = types, index = 1)]
    pub types: Vec<String>,
    /// Commands to run, each as one word, without a Procfile
    ///
    /// `ganger start -- 'npm run css' 'node server.js'`: types are called after their programs.
    #[arg(value_name = "COMMAND", last = true, index = 2)]
    pub commands: Vec<String>,
    /// Show the stack on the whole screen, as `ganger ui` does
    ///
    /// It runs in the background, and ends with the screen, unless `d` leaves it there.
    #[cfg(feature = "ui")]
    #[arg(long, conflicts_with_all = ["detach", "json"])]
    pub ui: bool,
}

/// `ganger run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A type of the Procfile, or a command, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "TYPE|COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// `ganger env`.
#[derive(Args, Debug)]
pub(crate) struct EnvArgs {
    /// The type of the environment; by default that of a command
    #[arg(value_name = "TYPE")]
    pub of: Option<String>,
    /// Show the file and line of each variable, and what it overrides
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
    /// Show values
    ///
    /// Quoted as a shell reads them, byte for byte. On a terminal control characters are written as in $'\033[2J', which a
    /// shell reads too.
    #[arg(long)]
    pub show_values: bool,
    /// Show the whole environment, not only what the project sets
    #[arg(short = 'a', long)]
    pub all: bool,
}

/// `ganger version`.
#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    /// Print also build, target and kernel, for a bug report
    #[arg(long)]
    pub verbose: bool,
}

/// `ganger completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that can complete our words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
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
