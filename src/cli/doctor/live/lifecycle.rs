//! What is done to instances to see how they take it: one more beside them, SIGKILL and another start, a stop.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::request::{PendingRequest, speaks_http};
use super::trial::{ANSWER, Interrupted, TrialStack};
use crate::control::protocol::Request;
use crate::control::scaling::{InstanceCount, ScaleStep};
use crate::doctor::observation::{InstanceObservation, OutputTime, RequestResult, StartResult, StopResult};
use crate::plan::spec::Spec;
use crate::signal::Signal;

/// How long a server has to read a request.
const READS_WITHIN: Duration = Duration::from_secs(5);

/// The pause between two looks at a request.
const GLANCE: Duration = Duration::from_millis(1);

/// The files that instances have open for writing, by their names.
type OpenFiles = HashMap<String, BTreeSet<String>>;

/// Starts one more of each of these types, and stops it again: how its start went, with its name, and the files that were open
/// meanwhile.
///
/// # Errors
/// A signal came.
pub(super) fn one_more(
    stack: &mut TrialStack,
    types: &[(&str, u32)],
    within: Duration,
    open: impl Fn(&mut TrialStack) -> Result<OpenFiles, Interrupted>,
) -> Result<(Vec<(String, StartResult)>, OpenFiles), Interrupted> {
    let names: Vec<String> = types.iter().map(|(kind, count)| format!("{kind}.{}", count + 1)).collect();
    let scaled = |by: u32| Request::Scale {
        steps: types
            .iter()
            .map(|(kind, count)| ScaleStep {
                r#type: (*kind).to_owned(),
                count: InstanceCount::To(count + by),
            })
            .collect(),
    };
    if names.is_empty() || stack.ask(scaled(1), within.max(ANSWER))?.is_none() {
        return Ok(Default::default());
    }
    let starts = stack.starts(&names, 1, within)?;
    let open = open(stack)?;
    stack.ask(scaled(0), ANSWER)?;
    Ok((starts, open))
}

/// Kills these instances, which ganger then starts again: how that start went, with the name.
///
/// # Errors
/// A signal came.
pub(super) fn kill(
    stack: &mut TrialStack,
    names: &[String],
    within: Duration,
) -> Result<Vec<(String, StartResult)>, Interrupted> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let request = Request::Kill { names: names.to_vec(), signal: Signal::KILL.0, group: true };
    if stack.ask(request, ANSWER)?.is_none() {
        return Ok(Vec::new());
    }
    // Until then the stack may answer that the first is ready.
    stack.wait_until(ANSWER, |record| names.iter().all(|name| record.of(name).starts() > 1))?;
    stack.starts(names, 2, within)
}

/// Stops an instance, if it runs, with a request in flight if it serves.
///
/// # Errors
/// A signal came.
pub(super) fn stop(
    stack: &mut TrialStack,
    spec: &Spec,
    instance: &mut InstanceObservation,
) -> Result<(), Interrupted> {
    let record = stack.record().of(&instance.name);
    let is_as_seen = record.starts() == 1 + usize::from(instance.again.is_some());
    if !is_as_seen || record.latest().exit.is_some() {
        return Ok(());
    }
    let request = attempt(stack, instance)?;
    let has_printed = stack.has_printed(&instance.name)?;
    let began = stack.now();
    let answer = stack.ask(Request::Stop { names: vec![instance.name.clone()] }, spec.grace + ANSWER)?;
    let took = stack.now().saturating_sub(began);
    if answer.is_none() {
        return Ok(());
    }
    instance.request = match request {
        Attempt::NoServer => None,
        Attempt::TooFast => Some(RequestResult::TooFast),
        // All of its processes are gone, and their connections have ended: nothing more will come.
        Attempt::InFlight(request) => request
            .answer()
            .map(|answer| if answer.is_empty() { RequestResult::Dropped } else { RequestResult::Answered }),
    };
    // Its notice comes after what the instance has printed.
    stack.wait_until(ANSWER, |record| record.of(&instance.name).latest().exit.is_some())?;
    let record = stack.record().of(&instance.name).latest();
    instance.output = Some(match (has_printed, record.has_printed) {
        (true, _) => OutputTime::Running,
        (false, true) => OutputTime::AtEnd,
        (false, false) => OutputTime::Never,
    });
    let (signal, grace) = (spec.stop_signal, spec.grace);
    instance.stop =
        Some(StopResult { signal, grace, took, exit: record.exit, was_killed: record.was_killed });
    Ok(())
}

/// What came of sending a request.
enum Attempt {
    /// The instance is no server of HTTP.
    NoServer,
    /// It was answered before the server could be stopped.
    TooFast,
    /// The server has read it, and answered nothing yet.
    InFlight(PendingRequest),
}

/// Sends a request to an instance, if it serves.
fn attempt(stack: &mut TrialStack, instance: &InstanceObservation) -> Result<Attempt, Interrupted> {
    let port = instance
        .port
        .filter(|port| instance.listens.as_ref().is_some_and(|of| of.ports.contains(port)))
        .filter(|port| speaks_http(*port));
    let Some(Ok(request)) = port.map(PendingRequest::send) else { return Ok(Attempt::NoServer) };
    let until = stack.now() + READS_WITHIN;
    while !request.is_in_flight() {
        if request.has_answer() || stack.now() >= until {
            return Ok(Attempt::TooFast);
        }
        stack.wait_until(GLANCE, |_| false)?;
    }
    Ok(Attempt::InFlight(request))
}
