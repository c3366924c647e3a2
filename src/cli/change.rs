//! `ganger restart`, `stop`, `kill`, and `start NAME` of a running stack: one request, answered when it is
//! done.

use super::args::{KillArgs, RestartArgs, StopArgs};
use super::detach::DetachOptions;
use super::failure::{Failure, Sentence};
use super::late;
use super::stack::{self, is_json};
use super::system_env::SystemEnv;
use crate::config::Settings;
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::protocol::{Goal, InstanceStatus, Request, Status};
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

/// Another has the address: starts what is named in its stack, or says what runs.
///
/// # Errors
///
/// It runs already; or what is named cannot be started.
pub(crate) fn beside(
    mut client: Client,
    status: &Status,
    types: &[String],
    wanted: DetachOptions,
    address: &Address,
) -> Result<Outcome, Failure> {
    if !types.is_empty() && types.iter().all(|name| !name.contains('=')) {
        let names: Vec<String> = types.iter().flat_map(|types| types.split(',')).map(String::from).collect();
        return start(&mut client, &names, wanted, address);
    }
    let pid = status.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    let since = status.started_at.as_deref().map(|time| format!(", since {time}")).unwrap_or_default();
    let rows: String = status.instances.iter().map(line_of_instance).collect();
    let hint = "`ganger down` stops it; `--name NAME` starts another one beside it";
    Err(Failure::Sentence(Box::new(Sentence {
        message: format!("a stack runs here already{pid}{since}:{rows}"),
        hint: Some(hint.into()),
        status: exit::REFUSED,
        code: Some("already_running"),
        stack: Some(Box::new(status.clone())),
        ..Sentence::default()
    })))
}

/// An instance of the stack that runs already, on a line of its own.
fn line_of_instance(instance: &InstanceStatus) -> String {
    let url = instance.url.as_ref().map(|url| format!("  {url}")).unwrap_or_default();
    format!("\n  {}{url}", stack::sentence(instance))
}

/// Starts what does not run, in the stack at `address`, and waits until it is ready, if that is wanted.
///
/// # Errors
///
/// Nothing has that name, or it cannot be started, or it is not ready in time.
fn start(
    client: &mut Client,
    names: &[String],
    wanted: DetachOptions,
    address: &Address,
) -> Result<Outcome, Failure> {
    let unanswered = |error| stack::unanswered(error, exit::REFUSED);
    let mut status = client.ask(Request::Start { names: names.to_vec() }).map_err(unanswered)?;
    if let Some(within) = wanted.ready_within {
        client.set_patience(Some(within));
        let ready = client.ask(Request::Wait { names: names.to_vec(), until: Goal::Ready });
        status = ready.map_err(|error| match error {
            Unanswered::Late => late::timed_out(address, Goal::Ready, names, within),
            Unanswered::Refused(_)
            | Unanswered::Ended
            | Unanswered::Strange(_)
            | Unanswered::OutputClosed => unanswered(error),
        })?;
    }
    stack::tell(&status, wanted.json)
}
