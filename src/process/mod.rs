//! Processes: making them, finding what came from them, reaping them, and the pair that watches over all.
//!
//! One file for each idea of the operating system. Nothing here decides; [`crate::machine`] does.

pub(crate) mod at_rest;
pub(crate) mod calls;
pub(crate) mod cgroup;
pub(crate) mod isolation;
mod keyboard;
pub(crate) mod leftovers;
#[cfg(not(target_os = "linux"))]
mod libproc;
pub(crate) mod limits;
pub(crate) mod log_stderr;
pub(crate) mod monitor;
pub(crate) mod name;
pub(crate) mod open_files;
pub(crate) mod parents;
mod patience;
pub(crate) mod pidfd;
pub(crate) mod pipe;
pub(crate) mod ports_in_use;
#[cfg(target_os = "linux")]
pub(crate) mod proc_net;
pub(crate) mod program;
pub(crate) mod pty;
pub(crate) mod ready;
pub(crate) mod reaper;
pub(crate) mod replace;
pub(crate) mod run;
pub(crate) mod run_file;
pub(crate) mod runtime_folder;
pub(crate) mod session;
pub(crate) mod signal_pipe;
pub(crate) mod signal_receiver;
pub(crate) mod signalled;
pub(crate) mod signals;
#[cfg(target_os = "linux")]
mod sock_diag;
pub(crate) mod spawn;
#[cfg(any(test, not(target_os = "linux")))]
mod structure;
pub(crate) mod supervised_command;
pub(crate) mod sweep;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod usage;
pub(crate) mod worker_exit;
