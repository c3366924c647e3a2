//! The language of these tests: a stack in a folder of its own, started for real, listened to, signalled,
//! and looked for afterwards.
//!
//! Nothing here waits for time to pass: it waits for a line, an exit, or the end of a pipe, and gives up
//! after [`PATIENCE`]. Whatever a test leaves is killed when its [`Running`] is dropped.

mod cgroup;
mod mark;
mod needs;
mod ports;
mod programs;
mod project;
mod running;
mod terminal;
mod tmux;

pub(crate) use cgroup::Cgroup;
pub(crate) use mark::Mark;
pub(crate) use needs::{are_there, can, holds, python_has, say_skipped, sees_every_process};
pub(crate) use ports::Ports;
pub(crate) use programs::{install, write_program};
pub(crate) use project::Project;
pub(crate) use running::Running;
pub(crate) use terminal::{Screen, Start};
pub(crate) use tmux::Pane;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use ganger::parts::process::calls::is_ignored;
use ganger::parts::signal::Signal;

/// How long anything may take before a test fails. Far more than needed: it is no measurement.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Held from the making of a descriptor that a child is to inherit until that child is there: tests run side
/// by side in one process, and another's child must not inherit it too.
fn one_start_at_a_time() -> std::sync::MutexGuard<'static, ()> {
    static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A command that runs `program` with the signals of an ordinary shell. Tests that a script has put into the
/// background have SIGINT ignored (POSIX XCU 2.11), and ganger would rightly leave it so.
fn with_default_signals(program: &str) -> Command {
    let ignored = [Signal::HANGUP, Signal::INTERRUPT, Signal::QUIT, Signal::TERMINATE];
    if !ignored.into_iter().any(is_ignored) {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal", program]);
    command
}

/// PATH with our child program first.
pub(crate) fn search_path() -> String {
    let probe = PathBuf::from(env!("CARGO_BIN_EXE_probe"));
    let rest = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
    format!("{}:{rest}", probe.parent().unwrap().display())
}
