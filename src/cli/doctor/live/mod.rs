//! The live half of `ganger doctor`: the real stack is started, looked at, stopped, and ended. What was seen becomes an
//! [`Observation`]; what follows from it is decided in [`crate::doctor`].

pub(super) mod command;
mod listening;
mod record;
mod trial;

use command::{TrialOptions, trial};
use trial::{ANSWER, Interrupted, TrialStack};

use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::report;
use crate::cli::system_env::SystemEnv;
use crate::control::protocol::Request;
use crate::doctor::observation::{InstanceObservation, Observation, StartResult, StopResult};
use crate::exit;
use crate::plan::Plan;
use crate::plan::options::RELEASE;
use crate::plan::spec::Spec;

/// Why there is no observation.
pub(super) enum LiveError {
    /// The user has interrupted it.
    Interrupted(crate::signal::Signal),
    /// The stack cannot be started.
    Failure(Failure),
}

impl From<Interrupted> for LiveError {
    fn from(Interrupted(signal): Interrupted) -> Self {
        Self::Interrupted(signal)
    }
}

impl From<Failure> for LiveError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Runs the stack of `project`, and looks.
///
/// # Errors
///
/// It cannot be started, or a signal came: it has ended then, and its folder is gone.
pub(super) fn observe(
    project: &Project,
    options: &TrialOptions<'_>,
    system: &SystemEnv,
) -> Result<Observation, LiveError> {
    let (mut stack, plan) = trial(project, options, system)?;
    let specs: Vec<&Spec> =
        plan.instances.iter().filter(|spec| options.release || spec.name.kind.as_str() != RELEASE).collect();
    let names: Vec<String> = specs.iter().map(|spec| spec.name.to_string()).collect();
    let ready = stack.settle(&names, options.ready_within)?;
    let start_of = |stack: &TrialStack, name: &String| stack.record().of(name).start(1, ready.contains(name));
    if names.iter().all(|name| start_of(&stack, name) == StartResult::NotSeen) {
        report::say(&stack.errors());
        let message = "the stack did not start, so it was not measured";
        let hint = Some("`ganger start` shows why; `ganger doctor --static` reads files only".to_owned());
        return Err(Failure::sentence(exit::REFUSED, message, hint).into());
    }
    let mut listens = listening::look(&mut stack, &specs)?;
    let mut instances: Vec<InstanceObservation> = specs
        .iter()
        .map(|spec| {
            let name = spec.name.to_string();
            InstanceObservation {
                kind: spec.name.kind.to_string(),
                port: spec.port,
                start: start_of(&stack, &name),
                listens: listens.remove(&name),
                stop: None,
                name,
            }
        })
        .collect();
    // In reverse: a type that comes after another one needs it to the end.
    for (instance, spec) in instances.iter_mut().zip(&specs).rev() {
        instance.stop = stop(&mut stack, spec)?;
    }
    Ok(Observation {
        instances,
        ready_within: options.ready_within,
        lacks_release: !options.release && project.entry(RELEASE.as_ref()).is_some(),
        names_loopback: names_loopback(&plan),
    })
}

/// Stops an instance, if it runs.
fn stop(stack: &mut TrialStack, spec: &Spec) -> Result<Option<StopResult>, Interrupted> {
    let name = spec.name.to_string();
    let before = stack.record().of(&name);
    if before.starts == 0 || before.exit.is_some() {
        return Ok(None);
    }
    let began = stack.now();
    let answer = stack.ask(Request::Stop { names: vec![name.clone()] }, spec.grace + ANSWER)?;
    let took = stack.now().saturating_sub(began);
    if answer.is_none() {
        return Ok(None);
    }
    // Its notice comes after what the instance has printed.
    stack.wait_until(ANSWER, |record| record.of(&name).exit.is_some())?;
    let record = stack.record().of(&name);
    Ok(Some(StopResult {
        signal: spec.stop_signal,
        grace: spec.grace,
        took,
        exit: record.exit,
        was_killed: record.was_killed,
    }))
}

/// Whether a variable holds an address of this machine alone: a server that binds it follows its config.
fn names_loopback(plan: &Plan) -> bool {
    let is_loopback = |value: &[u8]| {
        let value = String::from_utf8_lossy(value);
        let host = value.rsplit_once(':').filter(|(host, _)| !host.contains(':')).map_or(&*value, |of| of.0);
        ["127.0.0.1", "localhost", "::1", "[::1]"].contains(&host)
    };
    plan.environment_of_command().variables().any(|(_, value)| is_loopback(value))
}
