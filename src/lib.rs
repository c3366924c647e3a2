//! ganger runs what a Procfile says.
//!
//! Arguments become [`cli`]'s typed options; Procfile and .env are read ([`procfile`], [`dotenv`]) and,
//! with the options, become a [`plan::Plan`]; the [`machine`] decides what happens, [`process`] and
//! [`output`] do it, and [`supervisor`] is the only loop that joins them. docs/architecture.md tells the
//! rest.

pub mod cli;
pub mod config;
pub mod control;
pub mod doctor;
pub mod dotenv;
pub(crate) mod duration;
pub mod escapes;
pub mod exit;
pub mod export;
pub(crate) mod formation;
pub mod location;
pub mod machine;
pub mod name;
pub mod notice;
pub mod output;
pub mod plan;
pub mod process;
pub mod procfile;
pub mod shell;
pub mod signal;
pub(crate) mod suggestion;
pub mod supervisor;
pub(crate) mod text;
#[cfg(feature = "ui")]
pub(crate) mod ui;
pub(crate) mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments (the first is its own name) and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::main(arguments.into_iter().collect())
}
