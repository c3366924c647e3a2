//! `ganger restart`, `stop`, `kill`, and `start NAME` of a running stack: one request, answered when it is
//! done.

use super::args::{KillArgs, RestartArgs, StopArgs};
use super::failure::Failure;
use super::settings::ArgSource;
use super::stack;
use super::system_env::SystemEnv;
use crate::control::client::Client;
use crate::control::protocol::Request;
use crate::exit::Outcome;

/// Stops and starts again.
///
/// # Errors
///
/// Nothing runs here, nobody has that name, or it cannot be started.
pub fn restart(restart: RestartArgs, said: ArgSource<'_>, system: &SystemEnv) -> Result<Outcome, Failure> {
    let mut client = stack::connect(&restart.stack, said, system)?;
    let names = restart.names;
    let request = if restart.rolling { Request::Roll { names } } else { Request::Restart { names } };
    stack::tell(&stack::ask(&mut client, request)?, restart.stack.json)
}

/// Stops.
///
/// # Errors
///
/// Nothing runs here, or nobody has that name.
pub fn stop(stop: StopArgs, said: ArgSource<'_>, system: &SystemEnv) -> Result<Outcome, Failure> {
    let mut client = stack::connect(&stop.stack, said, system)?;
    let request = Request::Stop { names: stop.names };
    stack::tell(&stack::ask(&mut client, request)?, stop.stack.json)
}

/// Sends a signal.
///
/// # Errors
///
/// Nothing runs here, nobody has that name, or one of them does not run.
pub fn kill(kill: KillArgs, said: ArgSource<'_>, system: &SystemEnv) -> Result<Outcome, Failure> {
    let mut client = stack::connect(&kill.stack, said, system)?;
    let request = Request::Kill { names: kill.names, signal: kill.signal, group: kill.group };
    stack::tell(&stack::ask(&mut client, request)?, kill.stack.json)
}

/// Starts what does not run.
///
/// # Errors
///
/// Nobody has that name, or it cannot be started.
pub fn start(client: &mut Client, names: Vec<String>, json: bool) -> Result<Outcome, Failure> {
    stack::tell(&stack::ask(client, Request::Start { names })?, json)
}
