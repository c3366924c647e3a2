//! `ganger exec`: one command beside the stack, which is started if it does not run, and ends with the last
//! command that needs it.
//!
//! What keeps the stack alive is a connection ([`Lease`]), made before the stack is: there is no moment in which
//! we could be killed and it would go on.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use super::args::ExecArgs;
use super::detach::{Forked, fork_off};
use super::failure::Failure;
use super::load::{self, ProcfileNeed};
use super::project::Project;
use super::start::{PAUSE, StartedStack, prepare};
use super::supervise::{parents, supervise};
use super::system_env::SystemEnv;
use super::{late, run, stack};
use crate::config::Settings;
use crate::control::address::{Address, Claim, ClaimResult};
use crate::control::client::{Client, Unanswered};
use crate::control::lease::Lease;
use crate::control::lock_wait::LockWait;
use crate::control::protocol::{Goal, Request, Status};
use crate::exit::{self, LATE, Outcome};
use crate::name::TypeName;
use crate::plan::options::Selection;
use crate::supervisor::clock::Clock;

/// Runs the command. Returns in every process that is made on the way.
///
/// # Errors
///
/// The stack does not come up, or not in time; or the command cannot be run.
pub(crate) fn run(exec: ExecArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    run::refuse_flags("exec", &exec.command)?;
    let ExecArgs { command, with, timeout } = exec;
    let project = load::project(given, ProcfileNeed::Procfile, system)?;
    // All that is wrong with the project is reported before a stack is looked for.
    project.plan(system).map_err(Failure::Refused)?;
    let parents = parents(&project.settings, true)?;
    let clock = Clock::start();
    let patience = Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX);
    let selection = &Selection::default();
    let search = StackSearch { project: &project, selection, system, clock: &clock, patience };
    let address = stack::address(&project.root, stack::name(given), system);
    let hold = match search.hold(&address)? {
        Forked::Background(outcome) => return Ok(outcome),
        Forked::On(hold) => hold,
    };
    let lock_wait = address.lock_wait();
    let plan = search
        .ready(&address, with)
        .and_then(|status| project.plan_beside(&ports(&status), system).map_err(Failure::Refused));
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            // What was started for this alone is over before we are.
            let _ = let_go(hold, lock_wait);
            return Err(failure);
        }
    };
    let replacement = run::replacement(&command, &project, &plan);
    let (outcome, hold) = supervise(&replacement, &project, &clock, &parents, hold)?;
    if let Some(hold) = hold {
        let_go(hold, lock_wait)?;
    }
    Ok(outcome)
}

/// The stack that is looked for, and for how long.
pub(crate) struct StackSearch<'a> {
    /// What is started, if none runs.
    pub project: &'a Project,
    /// Which types of it.
    pub selection: &'a Selection,
    /// What the process was given.
    pub system: &'a SystemEnv,
    /// Since when it is looked for.
    pub clock: &'a Clock,
    /// For how long.
    pub patience: Duration,
}

impl StackSearch<'_> {
    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.clock.now())
    }

    /// A hold on the stack that runs, or on one that is started; one that is just ending is waited for.
    ///
    /// # Errors
    ///
    /// It does not answer, or none can be started.
    pub(crate) fn hold(&self, address: &Address) -> Result<Forked<Lease>, Failure> {
        loop {
            if let Some(client) = stack::reach(address)? {
                let mut hold = Lease::ask(client);
                match hold.confirm(Some(self.left())) {
                    Ok(_) => return Ok(Forked::On(hold)),
                    Err(Unanswered::Ended) => {}
                    Err(Unanswered::Refused(refusal)) if refusal.is_ending => {}
                    Err(error) => return Err(Self::not_held(error)),
                }
            }
            match address.claim() {
                Ok(ClaimResult::Ours(claim, listener)) => return self.start(address, (claim, listener)),
                // It is ending, or between lock and socket; or another client is looking whether it is free.
                Ok(ClaimResult::Another) => address.lock_wait().wait_within(PAUSE.min(self.left())),
                Err(error) => {
                    return Err(Failure::Failed(format!(
                        "no control socket, without which no stack ends: {error}"
                    )));
                }
            }
            if self.left().is_zero() {
                return Err(too_late("the stack that runs here does not end in time"));
            }
        }
    }

    /// Starts a stack that ends with its last hold, of which ours is the first.
    fn start(&self, address: &Address, place: (Claim, UnixListener)) -> Result<Forked<Lease>, Failure> {
        let begun = StartedStack { project: self.project, address, is_detached: true };
        let mut prepared = prepare(&begun, self.selection, Some(Ok(place)), self.system)?;
        prepared.end_with_last_hold();
        let client = Client::connect(address)
            .ok_or_else(|| Failure::Failed("the control socket is gone already".into()))?;
        let mut went = fork_off(Lease::ask(client), prepared.in_background(self.system))?;
        if let Forked::On(hold) = &mut went {
            hold.confirm(Some(self.left())).map_err(Self::not_held)?;
        }
        Ok(went)
    }

    fn not_held(error: Unanswered) -> Failure {
        match error {
            Unanswered::Ended => ended(),
            Unanswered::Late => too_late("the stack that runs here does not answer in time"),
            error @ (Unanswered::Refused(_) | Unanswered::Strange(_) | Unanswered::OutputClosed) => {
                stack::unanswered(error, exit::REFUSED)
            }
        }
    }

    /// Waits until they are ready: how the whole stack stands then.
    fn ready(&self, address: &Address, names: Vec<String>) -> Result<Status, Failure> {
        let mut client = Client::connect(address).ok_or_else(ended)?;
        client.set_patience(Some(self.left()));
        let awaited = names.clone();
        let ready = client.ask(Request::Wait { names, until: Goal::Ready });
        client.set_patience(None);
        match ready.and_then(|_| client.ask(Request::Status)) {
            Ok(status) => Ok(status),
            Err(Unanswered::Ended) => Err(ended()),
            Err(Unanswered::Late) => Err(late::timed_out(address, Goal::Ready, &awaited, self.patience)),
            Err(error @ (Unanswered::Refused(_) | Unanswered::Strange(_) | Unanswered::OutputClosed)) => {
                Err(stack::unanswered(error, exit::REFUSED))
            }
        }
    }
}

fn ended() -> Failure {
    Failure::sentence(exit::REFUSED, "the stack ended before it was ready", None)
}

fn too_late(message: &str) -> Failure {
    Failure::sentence(LATE, message, Some("`--timeout TIME` gives it longer".into()))
}

/// The port of each type as the stack has it: it may have moved, or have been started with others. That of the first instance counts.
fn ports(status: &Status) -> Vec<(TypeName, u16)> {
    status
        .instances
        .iter()
        .rev()
        .filter_map(|row| Some((TypeName::new(&row.r#type)?, row.serving_port()?)))
        .collect()
}

/// Lets go of the stack; if it ends with that, waits until nothing is left.
///
/// # Errors
///
/// The stack refuses, or what it answers is not understood.
pub(crate) fn let_go(hold: Lease, lock_wait: LockWait) -> Result<(), Failure> {
    match hold.release(None) {
        Ok(status) if status.pid.is_some() => Ok(()),
        Ok(_) | Err(Unanswered::Ended) => {
            lock_wait.wait();
            Ok(())
        }
        Err(error) => Err(stack::unanswered(error, exit::FAILED)),
    }
}
