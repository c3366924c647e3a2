//! `ganger down`: the end of the running stack.

use super::ambient::Ambient;
use super::args::Down;
use super::failure::Failure;
use super::settings::Said;
use super::{print, stack};
use crate::control::client::{Client, Unanswered};
use crate::control::protocol::Request;
use crate::exit::{self, Outcome};

/// Stops all, and waits until nothing is left: not even ganger itself.
///
/// # Errors
///
/// Nothing runs here, or something cannot be ended.
pub fn run(down: &Down, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let tenancy = stack::find(&down.stack, said, ambient)?.tenancy();
    let mut client = stack::connect(&down.stack, said, ambient)?;
    let mut before = client.ask(Request::Status).unwrap_or_else(|_| stack::nothing());
    let answer = Client::ask(&mut client, Request::Down { grace_seconds: down.timeout });
    drop(client);
    match answer {
        // It may have ended before it could say so; the lock tells.
        Ok(_) | Err(Unanswered::Ended) => {}
        Err(error) => return Err(stack::unanswered(error, exit::SUCCESS)),
    }
    tenancy.wait();
    if down.stack.json {
        (before.pid, before.started_at) = (None, None);
        before.instances.clear();
        print::json(&before)?;
    } else {
        let count = before.instances.iter().filter(|row| row.pid.is_some()).count();
        print::bytes(format!("stopped; {count} of its instances ran\n").as_bytes())?;
    }
    Ok(Outcome::Status(exit::SUCCESS))
}
