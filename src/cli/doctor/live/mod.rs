//! The live half of `ganger doctor`: the real stack is started, looked at, stopped, and ended. What was seen becomes an
//! [`Observation`]; what follows from it is decided in [`crate::doctor`].

pub(super) mod command;
mod environment;
mod files;
mod folder;
mod lifecycle;
mod listening;
mod record;
mod request;
mod trial;

use std::time::Duration;

use command::{TrialOptions, trial};
use files::ProjectFiles;
use record::StackRecord;
use trial::{ANSWER, Interrupted, TrialStack};

use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::report;
use crate::cli::system_env::SystemEnv;
use crate::doctor::concurrency::may_scale;
use crate::doctor::observation::{ConfigFacts, InstanceObservation, Observation, StartResult};
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
    let files = ProjectFiles::now(&project.root, system.runtime_folder().as_deref());
    let (mut stack, plan) = trial(project, options, system)?;
    let specs: Vec<&Spec> =
        plan.instances.iter().filter(|spec| options.release || spec.name.kind.as_str() != RELEASE).collect();
    let names: Vec<String> = specs.iter().map(|spec| spec.name.to_string()).collect();
    // A time for readiness that is short is none for the start of the stack itself.
    stack.wait_until(ANSWER, StackRecord::has_begun)?;
    let starts = stack.starts(&names, 1, options.ready_within)?;
    if starts.iter().all(|(_, start)| *start == StartResult::NotSeen) {
        report::say(&stack.errors());
        let message = "the stack did not start, so it was not measured";
        let hint = Some("`ganger start` shows why; `ganger doctor --static` reads files only".to_owned());
        return Err(Failure::sentence(exit::REFUSED, message, hint).into());
    }
    let mut listens = listening::look(&mut stack, &specs)?;
    let mut instances: Vec<InstanceObservation> = specs
        .iter()
        .zip(starts)
        .map(|(spec, (name, start))| {
            let listens = listens.remove(&name);
            InstanceObservation {
                start,
                listens,
                ..InstanceObservation::new(name, &spec.name.kind, spec.port)
            }
        })
        .collect();
    if !options.is_for_development {
        repeat(&mut stack, &plan, &files, &mut instances, options.ready_within)?;
    }
    let mut writes = files.open(&mut stack, &plan)?;
    let mut surroundings = environment::look(&mut stack, project, &plan)?;
    for instance in &mut instances {
        instance.writes = writes.remove(&instance.name).unwrap_or_default();
        let of_it = surroundings.remove(&instance.name).unwrap_or_default();
        (instance.servers, instance.own_variables) = (of_it.servers, of_it.own_variables);
        instance.home_programs = of_it.home_programs;
    }
    // In reverse: a type that comes after another one needs it to the end.
    for (instance, spec) in instances.iter_mut().zip(&specs).rev() {
        lifecycle::stop(&mut stack, spec, instance)?;
    }
    Ok(Observation {
        instances,
        ready_within: options.ready_within,
        lacks_release: !options.release && project.entry(RELEASE.as_ref()).is_some(),
        config: ConfigFacts {
            names_loopback: names_loopback(&plan),
            has_env_file: !project.assignments.is_empty(),
        },
        cannot_start: stack.record().start_failure().cloned(),
        uncompared: files.obstacle(),
        written: files.written(&plan),
    })
}

/// Starts one more of each type that may have several, and kills the first and starts it again.
fn repeat(
    stack: &mut TrialStack,
    plan: &Plan,
    files: &ProjectFiles,
    instances: &mut [InstanceObservation],
    within: Duration,
) -> Result<(), Interrupted> {
    let mut firsts: Vec<&mut InstanceObservation> = instances
        .iter_mut()
        .filter(|seen| {
            let is_ready = matches!(seen.start, StartResult::Ready(_));
            is_ready && may_scale(&seen.kind) && seen.name == format!("{}.1", seen.kind)
        })
        .collect();
    let count = |kind: &str| plan.process(kind).map_or(1, |process| process.count);
    let types: Vec<(&str, u32)> = firsts.iter().map(|seen| (seen.kind.as_str(), count(&seen.kind))).collect();
    let (more, open) = lifecycle::one_more(stack, &types, within, |stack| files.open(stack, plan))?;
    let names: Vec<String> = firsts.iter().map(|seen| seen.name.clone()).collect();
    let again = lifecycle::kill(stack, &names, within)?;
    for (seen, more) in firsts.iter_mut().zip(more) {
        if let (Some(first), Some(second)) = (open.get(&seen.name), open.get(&more.0)) {
            seen.shared = first & second;
        }
        seen.one_more = Some(more);
    }
    for (seen, (_, again)) in firsts.iter_mut().zip(again) {
        seen.again = Some(again);
    }
    Ok(())
}

/// Whether a variable that tells a server what to bind holds an address of this machine alone: a server that binds it follows its config.
fn names_loopback(plan: &Plan) -> bool {
    plan.environment_of_command()
        .variables()
        .any(|(name, value)| says_what_to_bind(name) && holds_loopback(value))
}

fn says_what_to_bind(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).into_owned();
    name.contains("BIND") || name.contains("LISTEN") || BOUND.contains(&name.as_str())
}

fn holds_loopback(value: &[u8]) -> bool {
    let value = String::from_utf8_lossy(value);
    let host = value.rsplit_once(':').filter(|(host, _)| !host.contains(':')).map_or(&*value, |of| of.0);
    ["127.0.0.1", "localhost", "::1", "[::1]"].contains(&host)
}

/// Variables by which servers are told their address. That of a database is none of them.
const BOUND: [&str; 7] = ["HOST", "ADDR", "ADDRESS", "SERVER_HOST", "WEB_HOST", "APP_HOST", "HTTP_HOST"];
