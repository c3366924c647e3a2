//! ganger runs what a Procfile says.
//!
//! Arguments become [`cli`]'s typed options; Procfile and .env are read ([`procfile`], [`dotenv`]) and,
//! with the options, become a [`plan::Plan`]; the [`machine`] decides what happens, [`process`] and
//! [`output`] do it, and [`supervisor`] is the only loop that joins them. docs/architecture.md tells the
//! rest.
#![cfg_attr(
    not(target_os = "linux"),
    expect(unreachable_pub, reason = "what benches and tests use on Linux, and no other system has")
)]

pub(crate) mod cli;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod doctor;
pub(crate) mod dotenv;
pub(crate) mod duration;
pub(crate) mod escapes;
pub(crate) mod exit;
pub(crate) mod export;
pub(crate) mod formation;
pub(crate) mod location;
pub(crate) mod machine;
pub(crate) mod name;
pub(crate) mod notice;
pub(crate) mod output;
pub(crate) mod plan;
pub(crate) mod process;
pub(crate) mod procfile;
pub(crate) mod shell;
pub(crate) mod signal;
pub(crate) mod suggestion;
pub(crate) mod supervisor;
pub(crate) mod text;
#[cfg(feature = "ui")]
pub(crate) mod ui;
pub(crate) mod watch;

pub mod parts;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments (the first is its own name) and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::main(arguments.into_iter().collect())
}
