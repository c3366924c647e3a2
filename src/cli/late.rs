//! What a command prints whose time is over: which instances have not reached its goal, and what they lack.

use std::ops::ControlFlow;
use std::time::Duration;

use super::failure::{Failure, Sentence};
use super::{last_run, stack};
use crate::config::{BUFFERING, ProbeKind};
use crate::control::address::Address;
use crate::control::client::{Client, ServerMessage};
use crate::control::protocol::{Goal, InstanceStatus, LogLine, LogsWanted, Phase, Request, Status};
use crate::exit::{self, LATE};
use crate::machine::ready::LISTENS_WITHIN;
use crate::notice::Elapsed;

/// So many of the last lines are told of an instance that has ended.
const LINES: u32 = 20;

/// After this time not all of `names` (all instances, if empty) of the stack at `address` have reached `goal`.
pub(crate) fn timed_out(address: &Address, goal: Goal, names: &[String], after: Duration) -> Failure {
    let status = status(address);
    let missing: Vec<&InstanceStatus> = status
        .named(names)
        .filter(|row| match goal {
            Goal::Up => row.pid.is_none() && row.exit_status != Some(exit::SUCCESS),
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
    let reasons = missing.iter().filter(|_| goal != Goal::Exited).filter_map(|row| reason(row, goal));
    let hints: Vec<String> = reasons.collect();
    let ended = missing.iter().find(|row| end_of(row).is_some());
    let lines = ended.and_then(|row| last_lines(address, &row.name)).unwrap_or_default();
    stack::say_lines(&lines);
    Failure::Sentence(Box::new(Sentence {
        hint: (!hints.is_empty()).then(|| hints.join("; ")),
        code: Some("timed_out"),
        process: ended.map(|row| row.name.clone()),
        exit_status: ended.and_then(|row| row.exit_status),
        lines,
        ..sentence(after, &tail)
    }))
}

/// After this time no instance of `names` has logged a line that matches `expression`.
pub(crate) fn no_line(address: &Address, names: &[String], expression: &str, after: Duration) -> Failure {
    let status = status(address);
    let rows = status.named(names).filter(|row| row.pid.is_some());
    let silent: Vec<String> = rows
        .filter(|row| last_lines(address, &row.name).is_some_and(|lines| lines.is_empty()))
        .map(|row| no_output(&row.name))
        .collect();
    let hint = (!silent.is_empty()).then(|| silent.join("; "));
    let tail = format!("; no line matches /{expression}/");
    Failure::Sentence(Box::new(Sentence { hint, ..sentence(after, &tail) }))
}

fn sentence(after: Duration, tail: &str) -> Sentence {
    let message = format!("timed out after {}{tail}", Elapsed(after));
    Sentence { message, status: LATE, ..Sentence::default() }
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

fn reason(row: &InstanceStatus, goal: Goal) -> Option<String> {
    let young = || format!("it does not listen, and has not run for {} yet", Elapsed(LISTENS_WITHIN));
    let waits = if may_listen_yet(row) { Some(young()) } else { None };
    let lacks = row.waiting_for.clone().or(waits).filter(|_| goal == Goal::Ready).or_else(|| end_of(row))?;
    let name = &row.name;
    Some(if goal == Goal::Ready {
        format!("{name} is not ready: {lacks}")
    } else {
        format!("{name}: {lacks}")
    })
}

/// How an instance ended that is to run: it starts again after a pause, or when a file changes.
fn end_of(row: &InstanceStatus) -> Option<String> {
    let status = row.exit_status.filter(|status| row.pid.is_none() && *status != exit::SUCCESS)?;
    let exit = row.signal.as_ref().map(|signal| format!("killed by {signal}"));
    let exit = exit.unwrap_or_else(|| format!("exited with status {status}"));
    let again = if row.state == Phase::Restarting { ", and starts again" } else { "" };
    Some(format!("it {exit}{again}"))
}

/// The latest lines of an instance; `None` if the stack does not tell.
fn last_lines(address: &Address, name: &str) -> Option<Vec<LogLine>> {
    let mut client = Client::connect(address)?;
    let wanted = LogsWanted { names: vec![name.to_owned()], lines: Some(LINES), ..LogsWanted::default() };
    let mut lines = Vec::new();
    let done = client.listen(Request::Logs(wanted), |message| {
        if let ServerMessage::Line { line, .. } = message {
            lines.push(line);
        }
        ControlFlow::Continue(())
    });
    done.ok().map(|_| lines)
}
