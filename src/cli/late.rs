//! What a command prints whose time is over: which instances have not reached its goal, and what they lack.

use std::ops::ControlFlow;
use std::time::Duration;

use super::failure::Failure;
use super::last_run;
use crate::config::{BUFFERING, ProbeKind};
use crate::control::address::Address;
use crate::control::client::{Client, ServerMessage};
use crate::control::protocol::{Goal, InstanceStatus, LogsWanted, Request, Status};
use crate::exit::LATE;
use crate::machine::ready::LISTENS_WITHIN;
use crate::notice::Elapsed;

/// After this time not all of `names` (all instances, if empty) of the stack at `address` have reached `goal`.
pub(crate) fn timed_out(address: &Address, goal: Goal, names: &[String], after: Duration) -> Failure {
    let status = status(address);
    let missing: Vec<&InstanceStatus> = status
        .named(names)
        .filter(|row| match goal {
            Goal::Up => row.pid.is_none() && row.exit_status.is_none(),
            Goal::Ready => !row.is_ready_or_done() || !names.is_empty() && may_listen_yet(row),
            Goal::Exited => row.pid.is_some(),
        })
        .collect();
    let what = match goal {
        Goal::Up => "not started",
        Goal::Ready => "not ready",
        Goal::Exited => "running",
    };
    let list: Vec<&str> = missing.iter().map(|row| row.name.as_str()).collect();
    let tail = if list.is_empty() { String::new() } else { format!("; still {what}: {}", list.join(", ")) };
    let reasons = missing
        .iter()
        .filter(|_| goal == Goal::Ready)
        .filter_map(|row| Some(format!("{} is not ready: {}", row.name, reason(row)?)));
    let hints: Vec<String> = reasons.collect();
    failure(after, &tail, (!hints.is_empty()).then(|| hints.join("; ")))
}

/// After this time no instance of `names` has logged a line that matches `expression`.
pub(crate) fn no_line(address: &Address, names: &[String], expression: &str, after: Duration) -> Failure {
    let status = status(address);
    let rows = status.named(names).filter(|row| row.pid.is_some());
    let silent: Vec<String> =
        rows.filter(|row| is_silent(address, &row.name)).map(|row| no_output(&row.name)).collect();
    failure(
        after,
        &format!("; no line matches /{expression}/"),
        (!silent.is_empty()).then(|| silent.join("; ")),
    )
}

fn failure(after: Duration, tail: &str, hint: Option<String>) -> Failure {
    Failure::sentence(LATE, format!("timed out after {}{tail}", Elapsed(after)), hint)
}

fn no_output(name: &str) -> String {
    format!("{name} has printed nothing yet; {BUFFERING}")
}

/// The stack as it is now; without instances if it has gone meanwhile.
fn status(address: &Address) -> Status {
    let status = Client::connect(address).and_then(|mut client| client.ask(Request::Status).ok());
    status.unwrap_or_else(last_run::nothing)
}

/// Whether it counts as ready, but not yet for a client that waits for it by its name.
fn may_listen_yet(row: &InstanceStatus) -> bool {
    let is_young = row.uptime_seconds.is_some_and(|seconds| seconds < LISTENS_WITHIN.as_secs_f64());
    row.ready_by == ProbeKind::ListenOrAlive && row.url.is_none() && is_young
}

fn reason(row: &InstanceStatus) -> Option<String> {
    let waits = may_listen_yet(row);
    row.waiting_for.clone().or_else(|| {
        waits.then(|| format!("it does not listen, and has not run for {} yet", Elapsed(LISTENS_WITHIN)))
    })
}

/// Whether the log has no line of it.
fn is_silent(address: &Address, name: &str) -> bool {
    let Some(mut client) = Client::connect(address) else { return false };
    let wanted = LogsWanted { names: vec![name.to_owned()], lines: Some(1), ..LogsWanted::default() };
    let mut has_line = false;
    let done = client.listen(Request::Logs(wanted), |message| {
        has_line |= matches!(message, ServerMessage::Line { .. });
        ControlFlow::Continue(())
    });
    done.is_ok() && !has_line
}
