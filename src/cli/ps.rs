//! `ganger ps`: what runs.

use super::ambient::Ambient;
use super::args::Ps;
use super::failure::Failure;
use super::settings::Said;
use super::{print, stack};
use crate::control::protocol::{Phase, Row};
use crate::control::table;
use crate::exit::{self, Outcome};

/// Prints one row an instance.
///
/// # Errors
///
/// Nothing runs here.
pub fn run(ps: &Ps, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let (_, status) = stack::look(&ps.stack, said, ambient)?;
    if ps.stack.json {
        print::json(&status)?;
    } else {
        print::bytes(table::of(&status).as_bytes())?;
    }
    let all_up = status.instances.iter().all(is_up);
    Ok(Outcome::Status(if all_up { exit::SUCCESS } else { exit::REFUSED }))
}

fn is_up(row: &Row) -> bool {
    match row.state {
        Phase::Running => true,
        Phase::Exited => row.one_shot && row.exit_status == Some(exit::SUCCESS),
        Phase::Waiting
        | Phase::Starting
        | Phase::Stopping
        | Phase::Stopped
        | Phase::Restarting
        | Phase::GivenUp
        | Phase::Failed => false,
    }
}
