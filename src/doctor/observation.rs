//! What was seen of a stack that ran for `ganger doctor`: values only. `cli/doctor/live` collects them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::code::Factor;
use crate::duration::rounded_seconds;
use crate::exit::Exit;
use crate::name::TypeName;
use crate::notice::Elapsed;
use crate::signal::Signal;

/// What was seen of a stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observation {
    /// One for each instance that was started.
    pub instances: Vec<InstanceObservation>,
    /// How long an instance had to become ready.
    pub ready_within: Duration,
    /// Whether the Procfile has a `release` line that was not run first.
    pub lacks_release: bool,
    /// What its variables say.
    pub config: ConfigFacts,
    /// The instance that could not be started, so that all were stopped.
    pub cannot_start: Option<StartFailure>,
    /// The files below the root that were written since the start, and that no variable names.
    pub written: Vec<WrittenFile>,
    /// Why files were not compared, a clause.
    pub uncompared: Option<&'static str>,
}

/// What the variables of a stack say, without their values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConfigFacts {
    /// Whether one names a loopback address: then it is config that binds it.
    pub names_loopback: bool,
    /// Whether some are of .env.
    pub has_env_file: bool,
}

/// An instance that could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartFailure {
    /// `web.1`.
    pub name: String,
    /// What should have been run.
    pub program: String,
    /// Why it could not be.
    pub reason: String,
}

/// A file that was written while the stack ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrittenFile {
    /// Its name from the root.
    pub name: String,
    /// What git knows of it.
    pub git: GitState,
}

/// What git knows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitState {
    /// It is part of the source.
    Tracked,
    /// It is new.
    Untracked,
    /// It is ignored, or git cannot tell.
    Ignored,
}

/// The first of several files, and how many more there are; `None` without one.
pub(super) fn first_and_more<'a>(
    mut files: impl Iterator<Item = &'a WrittenFile>,
) -> Option<(&'a str, String)> {
    let first = files.next()?;
    let more = match files.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some((&first.name, more))
}

/// What was seen of one instance.
#[derive(Clone, Debug)]
pub(crate) struct InstanceObservation {
    /// `web.1`.
    pub name: String,
    /// `web`.
    pub kind: String,
    /// What PORT is set to.
    pub port: Option<u16>,
    /// How its start went.
    pub start: StartResult,
    /// Where it listens; `None` where that cannot be seen.
    pub listens: Option<Listening>,
    /// The files below the root that it had open for writing, and that no variable names.
    pub writes: BTreeSet<String>,
    /// Those of them that one more instance beside it had open for writing too.
    pub shared: BTreeSet<String>,
    /// The servers to which it was connected, and that no variable names; none of the stack itself.
    pub servers: BTreeSet<SocketAddr>,
    /// The variables that name an environment or a service, and of which its program has another value than a one-off command.
    pub own_variables: BTreeSet<String>,
    /// The programs that it runs from the home folder of the user, outside of the project.
    pub home_programs: BTreeSet<String>,
    /// When it has printed something; `None` if it did not run to a stop.
    pub output: Option<OutputTime>,
    /// How the start of one more instance beside it went, with its name; `None` if none was started.
    pub one_more: Option<(String, StartResult)>,
    /// How it started again after SIGKILL; `None` if it was not killed.
    pub again: Option<StartResult>,
    /// What became of a request that was sent before the stop; `None` if it is no server of HTTP.
    pub request: Option<RequestResult>,
    /// How it stopped; `None` if it did not run any more, or was not asked to.
    pub stop: Option<StopResult>,
}

impl InstanceObservation {
    /// One of this name and type, of which nothing was seen yet.
    pub(crate) fn new(name: String, kind: &TypeName, port: Option<u16>) -> Self {
        Self {
            name,
            kind: kind.to_string(),
            port,
            start: StartResult::NotSeen,
            listens: None,
            writes: BTreeSet::new(),
            shared: BTreeSet::new(),
            servers: BTreeSet::new(),
            own_variables: BTreeSet::new(),
            home_programs: BTreeSet::new(),
            output: None,
            one_more: None,
            again: None,
            request: None,
            stop: None,
        }
    }
}

/// How a start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartResult {
    /// It was ready; after this time, where something has shown that, and not only that it lived on.
    Ready(Option<Duration>),
    /// It was not ready in time, and ran.
    NotReady,
    /// It ended before it was ready.
    Ended(Exit),
    /// It was not started, or started again meanwhile.
    NotSeen,
}

/// The ports on which a process of an instance listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listening {
    /// All of them.
    pub ports: BTreeSet<u16>,
    /// Whether its PORT can be reached from this machine only.
    pub is_loopback: bool,
}

/// What became of a request that was sent to a server before it was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestResult {
    /// It was answered before the server was asked to stop.
    TooFast,
    /// The server had read it, and answered it after that.
    Answered,
    /// The server had read it, and ended without an answer.
    Dropped,
}

/// When an instance has printed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputTime {
    /// Never.
    Never,
    /// Only after the stop signal.
    AtEnd,
    /// While it ran.
    Running,
}

/// How an instance stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StopResult {
    /// What asked it to.
    pub signal: Signal,
    /// How long it had.
    pub grace: Duration,
    /// After which time no process of it was left.
    pub took: Duration,
    /// How its first process ended, if that was seen.
    pub exit: Option<Exit>,
    /// Whether SIGKILL had to end it.
    pub was_killed: bool,
}

/// What `doctor --json` has of each instance that ran.
#[derive(Debug, Serialize)]
pub(crate) struct Measurement<'a> {
    process: &'a str,
    ready_seconds: Option<f64>,
    ready_again_seconds: Option<f64>,
    stop_seconds: Option<f64>,
    exit_status: Option<u8>,
}

impl<'a> From<&'a InstanceObservation> for Measurement<'a> {
    fn from(seen: &'a InstanceObservation) -> Self {
        Self {
            process: &seen.name,
            ready_seconds: seen.start.ready_after().map(rounded_seconds),
            ready_again_seconds: seen.again.and_then(StartResult::ready_after).map(rounded_seconds),
            stop_seconds: seen.stop.map(|stop| rounded_seconds(stop.took)),
            exit_status: seen.stop.and_then(|stop| stop.exit).map(Exit::status),
        }
    }
}

impl StartResult {
    /// After which time it was ready.
    pub(crate) fn ready_after(self) -> Option<Duration> {
        if let Self::Ready(after) = self { after } else { None }
    }
}

impl StartResult {
    /// That this instance did not start as well as one of its type had, a clause; nothing where it did, or was not seen.
    pub(super) fn failure(self, within: Duration) -> Option<String> {
        match self {
            Self::Ready(_) | Self::NotSeen => None,
            Self::NotReady => Some(format!("was not ready after {}", Elapsed(within))),
            Self::Ended(exit) => Some(format!("{exit} before it was ready")),
        }
    }
}

impl Observation {
    /// The slowest start and the slowest stop; `None` where neither was seen.
    pub(super) fn figures(&self) -> Option<String> {
        let ready = slowest(self.instances.iter().filter_map(|seen| seen.start.ready_after()));
        let ended = slowest(self.instances.iter().filter_map(|seen| seen.stop).map(|stop| stop.took));
        let parts = [
            ready.map(|ready| format!("ready within {ready}")),
            ended.map(|ended| format!("ended within {ended} of the stop signal")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// What could not be seen of a factor.
    pub(super) fn gaps(&self, factor: Factor) -> Vec<String> {
        match factor {
            Factor::Disposability => self.gaps_of_lifecycle(),
            Factor::Logs => self.first_of_each().filter_map(gap_of_output).collect(),
            Factor::Processes => self
                .uncompared
                .map(|why| format!("files that were written and closed again: {why}"))
                .into_iter()
                .collect(),
            Factor::Config if self.config.has_env_file => {
                vec!["which variables of .env the programs read: no system shows that".into()]
            }
            Factor::Codebase
            | Factor::Dependencies
            | Factor::Config
            | Factor::BackingServices
            | Factor::BuildReleaseRun
            | Factor::PortBinding
            | Factor::Concurrency
            | Factor::DevProdParity
            | Factor::AdminProcesses => Vec::new(),
        }
    }

    /// What could not be seen, as an instance did not get so far.
    fn gaps_of_lifecycle(&self) -> Vec<String> {
        if let Some(failure) = &self.cannot_start {
            return vec![format!(
                "anything of the run, as {} could not be started and all were stopped",
                failure.name
            )];
        }
        let hint = if self.lacks_release { "; `--release` runs the release first" } else { "" };
        let too_fast =
            self.instances.iter().filter(|seen| seen.request == Some(RequestResult::TooFast)).map(|seen| {
                format!("{} answers too fast for a request to be in flight when it is stopped", seen.name)
            });
        self.instances
            .iter()
            .filter_map(|seen| match seen.start {
                StartResult::Ready(_) => None,
                StartResult::NotReady => {
                    Some(format!("{} was not ready after {}{hint}", seen.name, Elapsed(self.ready_within)))
                }
                StartResult::Ended(exit) => Some(format!("{} {exit} before it was ready{hint}", seen.name)),
                StartResult::NotSeen => {
                    Some(format!("{} was not started in time, or a changed file restarted it", seen.name))
                }
            })
            .chain(too_fast)
            .collect()
    }

    /// Whether at least one instance came up, so that something was seen.
    pub(crate) fn has_seen_any(&self) -> bool {
        self.instances.iter().any(|seen| matches!(seen.start, StartResult::Ready(_)))
    }

    /// The first instance of each type.
    pub(super) fn first_of_each(&self) -> impl Iterator<Item = &InstanceObservation> {
        let mut types = BTreeSet::new();
        self.instances.iter().filter(move |seen| types.insert(&seen.kind))
    }
}

/// What could not be seen of the output of an instance.
fn gap_of_output(seen: &InstanceObservation) -> Option<String> {
    match seen.output? {
        OutputTime::Never => Some(format!("{} has printed nothing", seen.name)),
        OutputTime::AtEnd => Some(format!(
            "{} has printed nothing before the stop signal \
             (Python keeps lines back without PYTHONUNBUFFERED=1)",
            seen.name
        )),
        OutputTime::Running => None,
    }
}

fn slowest(times: impl Iterator<Item = Duration>) -> Option<Elapsed> {
    times.max().map(Elapsed)
}
