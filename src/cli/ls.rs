//! `ganger ls`: the stacks of this user on this machine.

use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{last_run, print, report, stack};
use crate::config::Settings;
use crate::control::protocol::{Phase, SCHEMA, StackState, Status};
use crate::control::stacks;
use crate::control::table::{columns, or_dash};
use crate::exit::{self, Outcome};

/// `ganger ls`.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    /// List stacks that have ended too
    #[arg(short = 'a', long)]
    pub all: bool,
}

/// docs/schema/stacks.json.
#[derive(Serialize)]
struct StacksDocument {
    schema: u32,
    stacks: Vec<Status>,
}

/// Prints one row a stack.
///
/// # Errors
///
/// Standard output is closed.
pub(crate) fn run(ls: &LsArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let folders = (system.runtime_folder(), system.state_folder());
    let mut stacks = stacks::running(folders.0.as_deref(), folders.1.as_deref());
    if ls.all {
        stacks.extend(stacks::ended(folders.0.as_deref(), folders.1.as_deref()));
    }
    if stack::is_json(given) {
        print::json(&StacksDocument { schema: SCHEMA, stacks })?;
    } else if stacks.is_empty() {
        report::line("no stack of yours runs on this machine");
    } else {
        let head = ["ROOT", "NAME", "STATE", "PID", "SINCE", "UP", "PORTS"].map(String::from);
        let rows: Vec<_> = [head].into_iter().chain(stacks.iter().map(cells)).collect();
        print::bytes(columns(&rows).as_bytes())?;
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

fn cells(status: &Status) -> [String; 7] {
    let count = status.instances.iter().filter(|row| row.state == Phase::Running).count();
    let ports: Vec<String> =
        status.instances.iter().filter_map(|row| Some(row.serving_port()?.to_string())).collect();
    let since = status.ended.as_ref().map_or(status.started_at.as_ref(), |end| end.at.as_ref());
    [
        or_dash(Some(status.root.clone())),
        or_dash(status.name.clone()),
        status.state.map_or("running", StackState::as_str).into(),
        or_dash(status.pid.map(|pid| pid.to_string())),
        or_dash(since.and_then(|at| at.parse().ok()).map(last_run::local)),
        format!("{count}/{}", status.instances.len()),
        or_dash(Some(ports.join(","))),
    ]
}
