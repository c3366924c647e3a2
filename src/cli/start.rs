//! `ganger start`.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args;
use super::auto_port;
use super::change;
use super::detach::{self, DetachOptions};
use super::failure::Failure;
use super::last_run;
use super::load::{self, ProcfileNeed};
use super::project::Project;
use super::reload;
use super::stack;
use super::supervise;
use super::sweep;
use super::system_env::{StdStream, SystemEnv};
use crate::config::invalid::InvalidValue;
use crate::config::{ColorChoice, Located, Settings, Timestamps};
use crate::control::address::{Address, Claim, ClaimResult};
use crate::control::client::{Client, Unanswered};
use crate::control::presence::Presence;
use crate::control::protocol::{Request, Status};
use crate::exit::{self, FAILED, Outcome};
use crate::location::Diagnostic;
use crate::notice::Notice;
use crate::output::{self, RowFormat};
use crate::plan::options::Selection;
use crate::plan::{DEFAULT_GRACE, Plan};
use crate::process::parents::WatchedParents;
use crate::process::run::RunId;
use crate::supervisor;
use crate::supervisor::clock;
use crate::supervisor::replan::PlanSource;

/// How long is waited before looking again at an address that is neither free nor answered.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// How often an address is tried of which the name is held and where no stack is found: two seconds.
const ROUNDS: usize = 100;

/// Plans the stack and runs it to its end; or, where it runs already, starts what is named.
///
/// # Errors
///
/// All that keeps it from being started.
pub(crate) fn run(start: &args::StartArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let given = &Settings { commands: start.commands.clone(), ..given.clone() };
    let is_detached = given.detach == Some(true);
    if let Some(wait) = given.wait.as_ref().filter(|wait| !is_detached && wait.place.file.starts_with("--")) {
        return Err(Failure::usage(
            format!("{}: it waits for a stack in the background", wait.place),
            Some("add --detach".into()),
        ));
    }
    let wanted = DetachOptions {
        ready_within: given.wait.as_ref().map(|wait| wait.value),
        json: stack::is_json(given),
    };
    let (project, selection, address) = requested(start, given, system)?;
    let mut place = None;
    if project.is_whole && project.errors.is_empty() {
        place = match claim(&address)? {
            StackPlace::Ours(taken) => Some(taken),
            StackPlace::Another(client, status) => {
                return change::beside(client, &status, &start.types, wanted, &address);
            }
        };
    }
    let begun = StartedStack { project: &project, address: &address, is_detached };
    let prepared = prepare(&begun, &selection, place, system)?;
    if !is_detached {
        return Ok(prepared.run(system));
    }
    detach::start(&address, wanted, system, prepared.in_background(system))
}

/// The project, which types of it are named, and where the stack can be reached.
///
/// # Errors
///
/// The types cannot be read, or there is no project.
pub(super) fn requested(
    start: &args::StartArgs,
    given: &Settings,
    system: &SystemEnv,
) -> Result<(Project, Selection, Address), Failure> {
    let selection = Selection::parse(&start.types).map_err(Failure::Refused)?;
    let project = load::project(given, ProcfileNeed::Procfile, system)?;
    // With errors in the files, groups may be missing for that reason only.
    let selection = if project.errors.is_empty() {
        selection.expand(&project.groups()).map_err(Failure::Refused)?
    } else {
        selection
    };
    let address = stack::address(&project.root, stack::name(given), system);
    Ok((project, selection, address))
}

/// What was read and decided before a stack is prepared.
pub(crate) struct StartedStack<'a> {
    /// The project.
    pub project: &'a Project,
    /// Where it can be reached, which also says what its processes are marked with.
    pub address: &'a Address,
    /// Whether it is to run in the background, where nothing but the socket reaches it.
    pub is_detached: bool,
}

/// A stack, read and planned, with its address taken.
pub(crate) struct Prepared {
    plan: Plan,
    source: PlanSource,
    settings: supervisor::run::StartSettings,
    claim: Option<Claim>,
    home: PathBuf,
    mark: String,
}

/// Asks about what an earlier run left, and plans the stack.
///
/// # Errors
///
/// All that keeps it from being started.
pub(crate) fn prepare(
    begun: &StartedStack<'_>,
    selection: &Selection,
    mut place: Option<io::Result<(Claim, UnixListener)>>,
    system: &SystemEnv,
) -> Result<Prepared, Failure> {
    let StartedStack { project, address, is_detached } = begun;
    let home = address.home();
    if place.is_some() {
        let grace = project.settings.timeout.as_ref().map_or(DEFAULT_GRACE, |given| given.value);
        sweep::before_start(home, project.settings.sweep.unwrap_or(false), grace, system)?;
    }
    let mark = SystemEnv::mark();
    let run = begin(home, &mark)?;
    let marked = run.to_string();
    let mut plan = auto_port::plan((*project, *address), selection, &marked, system)?;
    auto_port::assign(place.as_mut(), &plan, project);
    // The mark is random, and in hexadecimal.
    plan.policy.seed = u64::from_str_radix(&mark, 16).unwrap_or_default();
    let mut settings = supervised(&project.settings, &plan, run, system)?;
    project.say_warnings(&plan.warnings, system);
    // A reload has these already.
    plan.warnings.splice(0..0, project.warnings.iter().cloned());
    let source = reload::source((*project).clone(), selection.clone(), marked, system.clone());
    settings.parents = supervise::parents(&project.settings, !*is_detached)?;
    settings.log_files = project.log_files(system);
    let claim = settle(place, *is_detached, &mut settings)?;
    // Without a claim another stack may be here, and the record is that one's.
    let is_kept = project.settings.no_keep != Some(true);
    settings.record = claim.as_ref().and_then(|_| last_run::to_write(address, is_kept, system));
    settings.presence = claim.as_ref().and_then(|claim| Presence::of(claim, address));
    Ok(Prepared { plan, source, settings, claim, home: home.to_path_buf(), mark })
}

impl Prepared {
    /// It ends with the last client that holds it.
    pub(crate) fn end_with_last_hold(&mut self) {
        self.settings.ends_with_last_lease = true;
        // The command ends with its caller: others may use the stack.
        self.settings.parents = WatchedParents::default();
    }

    /// Runs it to its end.
    fn run(self, system: &SystemEnv) -> Outcome {
        // Removed at the end; SIGKILL of both processes leaves it.
        let _trace = sweep::run_files(&self.home, system).leave(&self.settings.run);
        // Held until nothing is left: then the next may start.
        let _claim = self.claim;
        let (record, monitor) = (self.settings.record.clone(), std::process::id());
        let outcome = supervisor::run::start(self.plan, self.source, self.settings);
        // Two processes come here. The monitor completes the record of a worker that was killed.
        if let Some(record) = record.filter(|_| std::process::id() == monitor) {
            record.complete(monitor.cast_signed(), outcome, clock::wall());
        }
        outcome
    }

    /// What runs it in a process that is forked from this one.
    pub(crate) fn in_background(mut self, system: &SystemEnv) -> impl FnOnce() -> Outcome {
        self.claim.iter_mut().for_each(Claim::hand_over);
        move || {
            self.claim.iter_mut().for_each(Claim::adopt);
            (self.settings.is_terminal, self.settings.keyboard) = (false, false);
            self.settings.is_background = true;
            // The background process is the monitor, not we.
            let (Ok(run), Ok(parents)) = (begin(&self.home, &self.mark), self.settings.parents.after_fork())
            else {
                return Outcome::Status(FAILED);
            };
            (self.settings.run, self.settings.parents) = (run, parents);
            self.run(system)
        }
    }
}

fn begin(home: &Path, mark: &str) -> Result<RunId, Failure> {
    RunId::begin(home, mark.to_owned()).map_err(|error| Failure::Failed(error.to_string()))
}

/// What [`claim`] came to.
enum StackPlace {
    /// The address is ours, or there can be none.
    Ours(io::Result<(Claim, UnixListener)>),
    /// A stack runs there, and stands like this.
    Another(Client, Box<Status>),
}

/// Takes the address. Waits for a stack that is just starting or ending, and for a client that looks whether it is free.
fn claim(address: &Address) -> Result<StackPlace, Failure> {
    let mut rounds = 0;
    loop {
        rounds += 1;
        // A name that is held, by a stack of which nothing is found: any user can hold it.
        let claimed = if rounds > ROUNDS { address.claim_unwitnessed() } else { address.claim() };
        match claimed {
            Ok(ClaimResult::Ours(claim, listener)) => return Ok(StackPlace::Ours(Ok((claim, listener)))),
            Err(error) => return Ok(StackPlace::Ours(Err(error))),
            Ok(ClaimResult::Another) => {}
        }
        if let Some(mut client) = stack::reach(address)? {
            match client.ask(Request::Status) {
                Ok(status) => return Ok(StackPlace::Another(client, Box::new(status))),
                // A killed process closes the socket a moment before the kernel releases its lock.
                Err(Unanswered::Ended) => {}
                Err(error) => return Err(stack::unanswered(error, exit::REFUSED)),
            }
        }
        address.lock_wait().wait_within(PAUSE);
    }
}

/// What comes of the claim: the listener for the stack, and the claim itself; without one, a line about it.
fn settle(
    place: Option<io::Result<(Claim, UnixListener)>>,
    is_detached: bool,
    settings: &mut supervisor::run::StartSettings,
) -> Result<Option<Claim>, Failure> {
    match place {
        None => Ok(None),
        Some(Ok((claim, listener))) => {
            settings.listener = Some(listener);
            Ok(Some(claim))
        }
        Some(Err(error)) if is_detached => {
            Err(Failure::Failed(format!("no control socket, so nothing could stop it: {error}")))
        }
        Some(Err(error)) => {
            let text =
                format!("no control socket, so `ganger ps`, `logs` and the like cannot reach this: {error}");
            settings.notices.push(Notice::Warning { text });
            Ok(None)
        }
    }
}

fn supervised(
    settings: &Settings,
    plan: &Plan,
    run: RunId,
    system: &SystemEnv,
) -> Result<supervisor::run::StartSettings, Failure> {
    let is_terminal = system.output_is_terminal;
    Ok(supervisor::run::StartSettings {
        format: format(settings)?,
        color: system.colors(StdStream::Output, settings.color.unwrap_or_default()),
        is_terminal,
        quiet: settings.quiet.unwrap_or(false),
        raw: settings.raw.unwrap_or(false),
        pseudo_terminals: match settings.pty.unwrap_or_default() {
            ColorChoice::Auto => is_terminal,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        },
        // Commands are read from a terminal only, not from a pipe.
        keyboard: is_terminal && system.input_is_terminal && settings.json != Some(true),
        detach_keys: settings.detach_keys.clone().unwrap_or_default(),
        isolate: settings.isolate.unwrap_or(false),
        parents: WatchedParents::default(),
        run,
        name: stack::name(settings).map(str::to_owned),
        log_files: None,
        record: None,
        listener: None,
        presence: None,
        ends_with_last_lease: false,
        is_background: false,
        notices: plan.notes.iter().map(|text| Notice::Info { text: text.clone() }).collect(),
    })
}

fn format(settings: &Settings) -> Result<RowFormat, Failure> {
    if settings.json == Some(true) {
        return Ok(RowFormat::Json);
    }
    let given = settings.timestamps.as_ref();
    let pattern = match given.map(|given| &given.value) {
        None | Some(Timestamps::Off) => None,
        Some(Timestamps::Plain) => Some(output::TimestampFormat::DEFAULT),
        Some(Timestamps::Format(pattern)) => Some(pattern.as_str()),
    };
    let timestamps =
        pattern.map(|pattern| output::TimestampFormat::new(pattern, SystemEnv::zone())).transpose();
    let timestamps = timestamps.map_err(|reason| {
        let message = InvalidValue::new(pattern.unwrap_or_default(), reason.to_string()).message();
        let location =
            given.map_or_else(|| Located::given((), "timestamps").place, |given| given.place.clone());
        Failure::Refused(vec![Diagnostic { location, message, hint: None, excerpt: None }])
    })?;
    Ok(RowFormat::Text { prefix: settings.prefix.unwrap_or(true), timestamps })
}
