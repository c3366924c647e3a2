//! Processes: making them, finding what came from them, reaping them, and the pair that watches over all.
//!
//! One file for each idea of the operating system. Nothing here decides; [`crate::machine`] does.

mod at_rest;
pub mod calls;
pub mod cgroup;
pub mod ears;
pub mod escort;
pub mod isolation;
mod keyboard;
pub mod leftovers;
pub mod limits;
pub mod log_stderr;
pub mod monitor;
pub mod name;
pub mod pipe;
pub mod ports_in_use;
pub mod program;
pub mod pty;
pub mod ready;
pub mod reaper;
pub mod replace;
pub mod run;
pub mod runtime_folder;
pub mod signals;
pub mod spawn;
pub mod sweep;
pub mod terminal;
pub mod trace;
pub mod tree;
pub mod usage;
pub mod verdict;
