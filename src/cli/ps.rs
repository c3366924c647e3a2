//! `ganger ps`: what runs, or has run last.

use serde::Serialize;

use super::args::PsArgs;
use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{print, stack};
use crate::config::Settings;
use crate::control::protocol::{InstanceStatus, Phase, Status};
use crate::control::table;
use crate::control::timeline::Timeline;
use crate::exit::{self, Outcome};

/// Prints one row an instance.
///
/// # Errors
///
/// Nothing runs here; the rows are then those of the last run.
pub(crate) fn run(ps: &PsArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let text = |status: &Status| if ps.timeline { timeline(status, system) } else { table::of(status) };
    let status = match stack::look(given, system) {
        Ok((_, status)) => status,
        Err(failure) => {
            if let Some(last) = failure.last_run().filter(|_| !stack::is_json(given)) {
                print::bytes(text(last).as_bytes())?;
            }
            return Err(failure);
        }
    };
    match (stack::is_json(given), ps.timeline) {
        (false, _) => print::bytes(text(&status).as_bytes())?,
        (true, false) => print::json(&status)?,
        (true, true) => print::json(&TimelineDocument { status: &status, timeline: Timeline::of(&status) })?,
    }
    let are_all = |is: fn(&InstanceStatus) -> bool| status.instances.iter().all(is);
    Ok(Outcome::Status(match (are_all(is_up), are_all(InstanceStatus::is_ready_or_done)) {
        (false, _) => exit::REFUSED,
        (true, false) => exit::NOT_READY,
        (true, true) => exit::SUCCESS,
    }))
}

/// The columns of text that goes to no terminal.
const COLUMNS: usize = 80;

fn timeline(status: &Status, system: &SystemEnv) -> String {
    let lines = Timeline::of(status).lines(system.columns.unwrap_or(COLUMNS), system.shows_unicode());
    lines.into_iter().map(|line| line.text + "\n").collect()
}

/// The document of `ps --timeline --json`.
#[derive(Serialize)]
struct TimelineDocument<'a> {
    #[serde(flatten)]
    status: &'a Status,
    timeline: Timeline,
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
