//! `ganger down`: the end of the running stack.

use super::args::DownArgs;
use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{last_run, print, stack};
use crate::config::Settings;
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::liveness::is_suspended;
use crate::control::protocol::Request;
use crate::exit::{self, Outcome};
use crate::process::monitor::resume_pair;

/// Stops all, and waits until nothing is left: not even ganger itself.
///
/// # Errors
///
/// Nothing runs here, or something cannot be ended.
pub(crate) fn run(down: &DownArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let address = stack::find(given, system)?;
    resume(&address);
    let mut client = stack::connect(&address, system)?;
    // Not before: a lock that was removed has been made again by then.
    let lock_wait = address.lock_wait();
    let mut before = client.ask(Request::Status).unwrap_or_else(|_| last_run::nothing());
    let answer = Client::ask(&mut client, Request::Down { grace_seconds: down.timeout });
    drop(client);
    match answer {
        // It may have ended before it could say so; the lock tells.
        Ok(_) | Err(Unanswered::Ended) => {}
        Err(error) => return Err(stack::unanswered(error, exit::SUCCESS)),
    }
    // A monitor that is stopped by itself would never see the end of its worker.
    resume(&address);
    lock_wait.wait();
    if stack::is_json(given) {
        (before.pid, before.started_at) = (None, None);
        before.instances.clear();
        print::json(&before)?;
    } else {
        let count = before.instances.iter().filter(|row| row.pid.is_some()).count();
        print::bytes(format!("stopped; {count} of its instances ran\n").as_bytes())?;
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

/// Lets a stack go on that is suspended, so that it can be stopped.
fn resume(address: &Address) {
    if let Some(monitor) = address.holder().filter(|monitor| is_suspended(*monitor)) {
        resume_pair(monitor);
    }
}
