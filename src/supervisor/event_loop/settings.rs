//! The settings of a start that are not part of the plan.

use std::os::unix::net::UnixListener;

use crate::config::DetachKeys;
use crate::control::last_run::LastRunFile;
use crate::control::presence::Presence;
use crate::notice::Notice;
use crate::output::Bounds;
use crate::output::{self, LogSource};
use crate::process::parents::WatchedParents;
use crate::process::run::RunId;
use crate::supervisor::channel::clock;

/// How a stack is run, beside its plan.
#[expect(clippy::struct_excessive_bools, reason = "they are independent answers, each named")]
pub(crate) struct StartSettings {
    /// The form of a row of output.
    pub format: output::RowFormat,
    /// Whether prefixes are coloured.
    pub color: bool,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
    /// Whether notices about starts and clean exits are hidden.
    pub quiet: bool,
    /// Whether output passes as the programs wrote it.
    pub raw: bool,
    /// Whether each instance gets a pseudo-terminal.
    pub pseudo_terminals: bool,
    /// Whether lines that are typed are read.
    pub keyboard: bool,
    /// The keys that end an attachment in the foreground.
    pub detach_keys: DetachKeys,
    /// Whether the stack runs in its own PID namespace.
    pub isolate: bool,
    /// The processes with which the stack ends.
    pub parents: WatchedParents,
    /// The id that marks every process of this run.
    pub run: RunId,
    /// The notices to print first.
    pub notices: Vec<Notice>,
    /// The `--name` of the stack.
    pub name: Option<String>,
    /// The files of the instances' output, if such are written.
    pub log_files: Option<output::LogFileOptions>,
    /// Where the run is recorded; `None` if it is not.
    pub record: Option<LastRunFile>,
    /// The control socket; `None` where there is none.
    pub listener: Option<UnixListener>,
    /// The files by which clients find it.
    pub presence: Option<Presence>,
    /// Whether the stack ends with the last lease.
    pub ends_with_last_lease: bool,
    /// Whether the process that started the stack asks over the socket how the start went.
    pub is_background: bool,
}

impl StartSettings {
    pub(super) fn output(&self, log_sources: Vec<LogSource>) -> output::OutputOptions {
        output::OutputOptions {
            format: self.format.clone(),
            color: self.color,
            terminal: self.is_terminal,
            quiet: self.quiet,
            raw: self.raw,
            history: Some(Bounds::default()),
            log_sources,
            clock: clock::wall,
        }
    }
}
