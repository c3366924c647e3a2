//! `ganger restart`, `stop`, `kill`, and `start NAME` of a running stack: one request, answered when it is
//! done.

use super::args::{KillArgs, RestartArgs, StopArgs};
use super::failure::Failure;
use super::stack::{self, is_json};
use super::system_env::SystemEnv;
use crate::config::Settings;
use crate::control::client::Client;
use crate::control::protocol::Request;
use crate::exit::{self, Outcome};

/// Stops and starts again.
///
/// # Errors
///
/// No stack runs here, nothing has that name, or it cannot be started.
pub(crate) fn restart(
    restart: RestartArgs,
    given: &Settings,
    system: &SystemEnv,
) -> Result<Outcome, Failure> {
    let names = restart.names;
    let request = if restart.rolling { Request::Roll { names } } else { Request::Restart { names } };
    stack::tell(&stack::ask(given, system, request)?, is_json(given))
}

/// Stops.
///
/// # Errors
///
/// No stack runs here, or nothing has that name.
pub(crate) fn stop(stop: StopArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let request = Request::Stop { names: stop.names };
    stack::tell(&stack::ask(given, system, request)?, is_json(given))
}

/// Sends a signal.
///
/// # Errors
///
/// No stack runs here, nothing has that name, or one of them does not run.
pub(crate) fn kill(kill: KillArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let request = Request::Kill { names: kill.names, signal: kill.signal, group: kill.group };
    stack::tell(&stack::ask(given, system, request)?, is_json(given))
}

/// Starts what does not run.
///
/// # Errors
///
/// Nothing has that name, or it cannot be started.
pub(crate) fn start(client: &mut Client, names: Vec<String>, json: bool) -> Result<Outcome, Failure> {
    let started = client.ask(Request::Start { names });
    stack::tell(&started.map_err(|error| stack::unanswered(error, exit::REFUSED))?, json)
}
