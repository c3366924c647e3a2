//! `ganger start -D`: the stack in the background, and a report of how its start went.

use std::fs::OpenOptions;
use std::time::Duration;

use nix::sys::wait::WaitPidFlag;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{last_run, late, stack};
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::protocol::{Goal, Request};
use crate::exit::{self, Exit, Outcome};
use crate::process::calls::{ForkSide, close_inherited, fork};
use crate::process::reaper::{WaitResult, wait_any};

/// The time that the stack has to make all processes. Only an overloaded machine needs as much.
const PATIENCE: Duration = Duration::from_mins(1);

/// What `start -D` waits for before it returns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetachOptions {
    /// Until all are ready, for this long at most; else until all are up.
    pub ready_within: Option<Duration>,
    /// Whether the answer is a JSON document.
    pub json: bool,
}

/// Forks: `work` runs the stack in the child, which is not waited for; the parent reports how its start went. Returns in
/// both.
///
/// # Errors
///
/// The fork failed, or the start did; then the last lines of the instance that failed are printed.
pub(crate) fn start(
    address: &Address,
    wanted: DetachOptions,
    system: &SystemEnv,
    work: impl FnOnce() -> Outcome,
) -> Result<Outcome, Failure> {
    match fork_off((), work)? {
        Forked::Background(outcome) => Ok(outcome),
        Forked::On(()) => report(address, wanted, system),
    }
}

/// The process that returns from [`fork_off`].
pub(crate) enum Forked<H> {
    /// The child, when its work is done.
    Background(Outcome),
    /// The caller, with what it holds.
    On(H),
}

/// Forks: `work` is done in the child, in the background and without what the caller holds. Returns in both.
///
/// # Errors
///
/// The fork failed.
pub(crate) fn fork_off<H>(held: H, work: impl FnOnce() -> Outcome) -> Result<Forked<H>, Failure> {
    match fork() {
        Err(error) => Err(Failure::Failed(format!("cannot go to the background: {error}"))),
        Ok(ForkSide::Child) => {
            drop(held);
            leave().map_err(|error| Failure::Failed(format!("cannot leave the terminal: {error}")))?;
            Ok(Forked::Background(work()))
        }
        Ok(ForkSide::Parent(_)) => {
            // The child has what it holds, the control socket among it.
            drop(work);
            Ok(Forked::On(held))
        }
    }
}

/// Lets go of all that is the caller's: its terminal, its session, its pipes. What has been opened by us is
/// closed on exec anyway and stays.
fn leave() -> nix::Result<()> {
    setsid()?;
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null");
    let nothing = nothing.map_err(|error| nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    drop(nothing);
    close_inherited();
    Ok(())
}

fn report(address: &Address, wanted: DetachOptions, system: &SystemEnv) -> Result<Outcome, Failure> {
    let Some(mut client) = Client::connect(address) else {
        return Ok(Outcome::Status(end_of_child().unwrap_or(exit::FAILED)));
    };
    let within = wanted.ready_within;
    client.set_patience(Some(within.unwrap_or(PATIENCE)));
    let until = if within.is_some() { Goal::Ready } else { Goal::Up };
    match client.ask(Request::Wait { names: Vec::new(), until }) {
        Ok(status) => stack::tell(&status, wanted.json),
        Err(Unanswered::Ended) => {
            let status = end_of_child().unwrap_or(exit::FAILED);
            Err(last_run::ended_meanwhile(address, system, status))
        }
        // The stack goes on: `ganger down` stops it.
        Err(Unanswered::Late) => Err(late::timed_out(address, until, &[], within.unwrap_or(PATIENCE))),
        Err(Unanswered::Refused(refusal)) => {
            // It ends by its own policy; if it does not, the start has failed all the same.
            let status = if refusal.is_ending { end_of_child() } else { None };
            let status = status.filter(|status| *status != 0).unwrap_or(exit::REFUSED);
            Err(stack::refused(refusal, status))
        }
        Err(error @ (Unanswered::Strange(_) | Unanswered::OutputClosed)) => {
            Err(stack::unanswered(error, exit::FAILED))
        }
    }
}

/// Waits for the exit of the background process: the status that a shell would report.
fn end_of_child() -> Option<u8> {
    match wait_any(WaitPidFlag::empty()) {
        Ok(WaitResult::Changed(_, status)) => Some(Exit::from(status).status()),
        Ok(WaitResult::Nothing | WaitResult::NoChild) | Err(_) => None,
    }
}
