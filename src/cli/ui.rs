//! `ganger ui`: the stack on a screen of its own, with the keys to drive it.
//!
//! The screen is a client of the control socket (`crate::ui`). Here is what it needs of the command line: the stack that is found or
//! started, the keeper of the terminal, `attach` and `env`.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::wait::WaitPidFlag;

use super::args::{StartArgs, UiArgs};
use super::detach::DetachOptions;
use super::detach::Forked;
use super::exec::{StackSearch, let_go};
use super::failure::Failure;
use super::keeper::{Kept, fork_keeper, unusable};
use super::load::{self, ProcfileNeed};
use super::project::Project;
use super::start::requested;
use super::system_env::{StdStream, SystemEnv};
use super::{attach, change, env, last_run, report, stack};
use crate::config::{ColorChoice, Settings};
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::lease::Lease;
use crate::control::protocol::Request;
use crate::exit::{self, Outcome};
use crate::plan::options::Selection;
use crate::process::reaper::wait_any;
use crate::supervisor::clock::Clock;
use crate::ui::{self, Host, Leaving, NotDone, StackEnd, UiEnd, UiOptions};

/// How long the stack may take to end that the new one waits for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the record of a run may take to be complete.
const ENDING: Duration = Duration::from_secs(2);

/// Shows the stack that runs here, or starts all of it, until the screen is left. Returns in every process that is made on the way.
///
/// # Errors
///
/// Standard input or output is no terminal, or no stack runs here and none can be started.
pub(crate) fn run(ui: UiArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    refuse_pipes("ui", system)?;
    let address = stack::find(given, system)?;
    if stack::reach(&address)?.is_some() {
        return show(ui.names, &address, None, (given, system));
    }
    let project = load::project(given, ProcfileNeed::Procfile, system)?;
    show(ui.names, &address, Some((&project, &Selection::default())), (given, system))
}

/// `ganger start --ui`: the same, with the types and the flags of `start`. Of a stack that runs here, these types are started.
///
/// # Errors
///
/// As [`run`], or as [`change::beside`] for counts of a stack that runs.
pub(crate) fn start(start: &StartArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    refuse_pipes("start --ui", system)?;
    let given = &Settings { commands: start.commands.clone(), ..given.clone() };
    let (project, selection, address) = requested(start, given, system)?;
    let Some(mut client) = stack::reach(&address)? else {
        return show(Vec::new(), &address, Some((&project, &selection)), (given, system));
    };
    let types = &start.types;
    if types.iter().any(|name| name.contains('=')) {
        let status = client.ask(Request::Status).map_err(unanswered)?;
        let wanted = DetachOptions { ready_within: None, json: false };
        return change::beside(client, &status, types, wanted, &address);
    }
    let names: Vec<String> = types.iter().flat_map(|types| types.split(',')).map(String::from).collect();
    if !names.is_empty() {
        client.ask(Request::Start { names: names.clone() }).map_err(unanswered)?;
    }
    drop(client);
    show(names, &address, None, (given, system))
}

fn unanswered(error: Unanswered) -> Failure {
    stack::unanswered(error, exit::REFUSED)
}

fn refuse_pipes(command: &str, system: &SystemEnv) -> Result<(), Failure> {
    if system.input_is_terminal && system.output_is_terminal {
        return Ok(());
    }
    Err(Failure::sentence(
        exit::REFUSED,
        format!("{command} needs a terminal; standard input or standard output is none"),
        Some("`ganger ps` and `ganger logs -f` show the same as text".into()),
    ))
}

/// Shows the stack at this address, or one that is started for the screen.
fn show(
    names: Vec<String>,
    address: &Address,
    new: Option<(&Project, &Selection)>,
    (given, system): (&Settings, &SystemEnv),
) -> Result<Outcome, Failure> {
    let clock = Clock::start();
    let lease = match new {
        None => None,
        Some((project, selection)) => {
            let search = StackSearch { project, selection, system, clock: &clock, patience: PATIENCE };
            match search.hold(address)? {
                Forked::Background(outcome) => return Ok(outcome),
                Forked::On(lease) => Some(lease),
            }
        }
    };
    // Before there is a thread.
    let (lease, guards) = match fork_keeper(lease)? {
        Kept::Keeper(outcome) => return Ok(outcome),
        Kept::Caller(lease, guards) => (lease, guards),
    };
    let options = options(names, address, lease.is_some(), system);
    let mut host = CommandLine { address, given, system, clock: &clock };
    let shown = ui::run(options, guards, &mut host).map_err(unusable);
    // The keeper, which has seen the end of the socket.
    let _ = wait_any(WaitPidFlag::empty());
    leave(lease, address, shown?)
}

fn options(names: Vec<String>, address: &Address, is_owner: bool, system: &SystemEnv) -> UiOptions {
    let (of, record) = (address.clone(), last_run::file(address, system));
    let ended = move || {
        // The record is complete when the lock is free.
        of.lock_wait().wait_within(ENDING);
        match record.read() {
            Some(run) => StackEnd {
                sentence: last_run::how_it_ended(&run),
                process: run.status.ended.as_ref().and_then(|end| end.process.clone()),
                status: Some(Box::new(run.status)),
                lines: run.lines,
            },
            None => StackEnd { sentence: "ended".into(), process: None, status: None, lines: Vec::new() },
        }
    };
    let browser = system.variable("BROWSER").and_then(|value| value.into_string().ok());
    let browser = browser.and_then(|value| value.split(':').next().map(str::to_owned));
    UiOptions {
        address: address.clone(),
        ended: Arc::new(ended),
        names,
        color: system.colors(StdStream::Output, ColorChoice::Auto),
        unicode: system.shows_unicode(),
        is_owner,
        zone: SystemEnv::zone(),
        browser: browser.unwrap_or_else(|| BROWSER.into()),
    }
}

#[cfg(target_os = "macos")]
const BROWSER: &str = "open";
#[cfg(not(target_os = "macos"))]
const BROWSER: &str = "xdg-open";

/// Ends the stack that was started for the screen, unless it is left in the background.
fn leave(lease: Option<Lease>, address: &Address, end: UiEnd) -> Result<Outcome, Failure> {
    if let Some(lease) = lease {
        if end == UiEnd::Left(Leaving::Detach) {
            // Before the lease ends.
            let mut client = Client::connect(address).ok_or_else(|| unanswered(Unanswered::Ended))?;
            client.ask(Request::Keep).map_err(unanswered)?;
        }
        let_go(lease, address.lock_wait())?;
    }
    match end {
        UiEnd::Signal(signal) => Ok(Outcome::DieBy(signal)),
        UiEnd::Left(_) | UiEnd::Gone => Ok(Outcome::Status(exit::SUCCESS)),
        UiEnd::Panicked(message) => Err(Failure::Failed(format!("the screen ended by {message}"))),
    }
}

/// The command line, as the screen sees it.
struct CommandLine<'a> {
    address: &'a Address,
    given: &'a Settings,
    system: &'a SystemEnv,
    clock: &'a Clock,
}

impl Host for CommandLine<'_> {
    fn attach(&mut self, name: &str, guards: &mut UnixStream) -> Result<(), NotDone> {
        let guards = guards.try_clone().map_err(unusable).map_err(not_done)?;
        let client = stack::connect(self.address, self.system).map_err(not_done)?;
        let attached = attach::attach_to(client, attach::wanted(name), guards, self.given);
        attached.map(drop).map_err(not_done)
    }

    fn environment(&mut self, kind: &str) -> Result<String, NotDone> {
        env::explained(kind, self.given, self.system).map_err(not_done)
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` calls")]
fn not_done(failure: Failure) -> NotDone {
    let text = report::failure(&failure, false);
    NotDone::Refused(text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned())
}
