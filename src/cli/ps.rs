//! `ganger ps`: what runs, or has run last.

use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{print, stack};
use crate::config::Settings;
use crate::control::protocol::{InstanceStatus, Phase};
use crate::control::table;
use crate::exit::{self, Outcome};

/// Prints one row an instance.
///
/// # Errors
///
/// Nothing runs here; the rows are then those of the last run.
pub(crate) fn run(given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let status = match stack::look(given, system) {
        Ok((_, status)) => status,
        Err(failure) => {
            if let Some(last) = failure.last_run().filter(|_| !stack::is_json(given)) {
                print::bytes(table::of(last).as_bytes())?;
            }
            return Err(failure);
        }
    };
    if stack::is_json(given) {
        print::json(&status)?;
    } else {
        print::bytes(table::of(&status).as_bytes())?;
    }
    let are_all = |is: fn(&InstanceStatus) -> bool| status.instances.iter().all(is);
    Ok(Outcome::Status(match (are_all(is_up), are_all(InstanceStatus::is_ready_or_done)) {
        (false, _) => exit::REFUSED,
        (true, false) => exit::NOT_READY,
        (true, true) => exit::SUCCESS,
    }))
}

fn is_up(row: &InstanceStatus) -> bool {
    match row.state {
        Phase::Running => true,
        Phase::Exited => row.one_shot && row.exit_status == Some(exit::SUCCESS),
        Phase::Waiting
        | Phase::Starting
        | Phase::Stopping
        | Phase::Stopped
        | Phase::Restarting
        | Phase::GivenUp
        | Phase::Failed
        | Phase::Unknown => false,
    }
}
