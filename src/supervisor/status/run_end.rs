//! How a run ended, for its record.

use jiff::Timestamp;

use crate::control::protocol::{EndCause, RunEnd};
use crate::exit::Outcome;
use crate::machine::Machine;
use crate::machine::shutdown::StopCause;
use crate::notice::Notice;
use crate::supervisor::status::report::moment;

/// How the run of this machine ended, at this time and with this outcome.
pub(crate) fn run_end(machine: &Machine, outcome: Outcome, at: Timestamp) -> RunEnd {
    let name = |index: usize| machine.specs()[index].name.to_string();
    let (cause, message) = match machine.stop_cause() {
        Some(StopCause::Signal(signal)) => (EndCause::Signal, format!("{signal} received")),
        Some(StopCause::Request) => (EndCause::Down, "stopped by `ganger down`".into()),
        Some(StopCause::Ended(index)) => (EndCause::InstanceEnded, exit_of(machine, *index)),
        Some(StopCause::CannotStart { instance, .. }) => {
            let reason = machine.instances()[*instance].failure.as_deref().unwrap_or("its start failed");
            (EndCause::CannotStart, format!("{} cannot start: {reason}", name(*instance)))
        }
        Some(StopCause::AllEnded) => (EndCause::AllEnded, "all instances had ended".into()),
        Some(StopCause::MonitorGone) => (EndCause::MonitorKilled, "the monitor of ganger was killed".into()),
        Some(cause @ StopCause::OutputClosed(_)) => (EndCause::OutputClosed, cause.describe(name)),
        Some(cause @ StopCause::Broken(_)) => (EndCause::Internal, cause.describe(name)),
        None => (EndCause::Internal, "ended without a stop".into()),
    };
    let process = match machine.stop_cause() {
        Some(StopCause::Ended(index) | StopCause::CannotStart { instance: index, .. }) => Some(name(*index)),
        Some(
            StopCause::Signal(_)
            | StopCause::Request
            | StopCause::AllEnded
            | StopCause::MonitorGone
            | StopCause::OutputClosed(_)
            | StopCause::Broken(_),
        )
        | None => None,
    };
    RunEnd { at: Some(moment(at)), cause, message, process, exit_status: Some(outcome.status()) }
}

/// The exit of the instance that ended the stack, as the log of the stack has it.
fn exit_of(machine: &Machine, index: usize) -> String {
    let process = machine.specs()[index].name.clone();
    let instance = &machine.instances()[index];
    if let Some(reason) = &instance.late {
        return format!("{process} was not ready in time: {reason}");
    }
    let Some((exit, lived)) = instance.ended else { return format!("{process} ended") };
    if machine.specs().len() > 1 {
        Notice::Ended { process, exit, lived }.to_string()
    } else {
        Notice::Exited { process, exit, lived, again: None, awaits_change: false, is_failure: false }
            .to_string()
    }
}
