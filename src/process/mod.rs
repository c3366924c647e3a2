//! Processes: making them, finding what came from them, reaping them, and the pair that watches over all.
//!
//! One file for each idea of the operating system. Nothing here decides; [`crate::machine`] does.

pub mod at_rest;
pub mod calls;
pub mod cgroup;
pub mod isolation;
mod keyboard;
pub mod leftovers;
pub mod limits;
pub mod log_stderr;
pub mod monitor;
pub mod name;
pub mod parents;
mod patience;
pub mod pidfd;
pub mod pipe;
pub mod ports_in_use;
pub mod program;
pub mod pty;
pub mod ready;
pub mod reaper;
pub mod replace;
pub mod run;
pub mod run_file;
pub mod runtime_folder;
pub mod session;
pub mod signal_receiver;
pub mod signalled;
pub mod signals;
#[cfg(target_os = "linux")]
mod sock_diag;
pub mod spawn;
pub mod supervised_command;
pub mod sweep;
pub mod terminal;
pub mod tree;
pub mod usage;
pub mod worker_exit;
