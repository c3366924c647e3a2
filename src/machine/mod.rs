//! The heart: decides what happens to the stack, and does nothing.
//!
//! Events go in with the time as an argument, actions come out. There is no clock, no process and no file
//! in here, so every order of events can be tried in a test. Each instance follows the table in
//! [`state`]; this file holds what concerns several at once: the order of starting, who ends the stack,
//! and when it is over.

pub mod action;
pub mod change;
pub mod event;
mod exit_disposition;
pub mod instance;
mod order;
pub mod ready;
pub mod request;
pub mod restart;
mod rolling;
pub mod shutdown;
pub mod state;
pub mod table;
pub mod target;
#[cfg(test)]
mod tests;
pub mod timers;
mod transition;

use std::rc::Rc;
use std::time::Duration;

pub use action::Action;
pub use change::Change;
pub use event::{Event, SpawnFailure};
use instance::Instance;
use request::OpenRequest;
pub use request::{InstanceRequest, Operation, RequestResult, Ticket};
use shutdown::{Shutdown, StopCause};
pub use target::{ProcessCounts, Target};
use transition::Transition;

use crate::exit::{Exit, FAILED, Outcome, REFUSED, SUCCESS};
use crate::plan::spec::{Policy, Spec};

/// Everything that is decided about a running stack. Times count from the start of the run.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct Machine {
    /// One for each instance, in its present life.
    specs: Vec<Rc<Spec>>,
    policy: Policy,
    instances: Vec<Instance>,
    /// The processes that belong to no instance, under the same table.
    orphans: Instance,
    /// Indices in the order in which their own processes ended.
    ends: Vec<usize>,
    shutdown: Option<Shutdown>,
    suspended: Option<Duration>,
    /// Requests that have not been answered, in the order in which they came.
    open: Vec<OpenRequest>,
    /// Restarts in which there is never one less.
    rolls: Vec<rolling::RollingRestart>,
    /// Who asked for the end of all.
    downs: Vec<Ticket>,
    /// Whether a change left nobody in the stack who runs: then it waits for who made that change.
    is_emptied: bool,
    has_survivors: bool,
    /// Whether somebody was never started, because another one whom it waits for did not come.
    is_incomplete: bool,
    /// Whether something of our own failed, before or during the end.
    has_failed: bool,
    is_over: bool,
}

impl Machine {
    /// A machine for these instances; nothing happens before [`Event::Begin`].
    pub fn new(specs: Vec<Rc<Spec>>, policy: Policy) -> Self {
        let longest = specs.iter().map(|spec| spec.grace).max().unwrap_or_default();
        Self::with(specs, policy, longest)
    }

    /// A machine that only ends what is there and belongs to no instance, with this grace.
    pub fn without_instances(grace: Duration) -> Self {
        Self::with(Vec::new(), Policy::default(), grace)
    }

    fn with(specs: Vec<Rc<Spec>>, policy: Policy, grace_of_strangers: Duration) -> Self {
        Self {
            instances: specs.iter().map(|spec| Instance::new(spec.grace)).collect(),
            orphans: Instance::new(grace_of_strangers),
            specs,
            policy,
            ends: Vec::new(),
            shutdown: None,
            suspended: None,
            open: Vec::new(),
            rolls: Vec::new(),
            downs: Vec::new(),
            is_emptied: false,
            has_survivors: false,
            is_incomplete: false,
            has_failed: false,
            is_over: false,
        }
    }

    /// Takes one event at `now` and says what is to be done, in order.
    #[must_use = "an action that is not performed leaves the machine waiting for its answer"]
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut turn = Transition { machine: self, now, actions: Vec::new(), is_answer_due: false };
        turn.on(event);
        turn.close();
        turn.actions
    }

    /// When [`Event::Timeout`] is due; `None` while nothing waits for time to pass.
    pub fn deadline(&self) -> Option<Duration> {
        if self.suspended.is_some() || self.is_over {
            return None;
        }
        self.instances.iter().chain([&self.orphans]).filter_map(Instance::deadline).min()
    }

    /// How ganger is to end; `None` until the stack is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let shutdown = self.shutdown.as_ref().filter(|_| self.is_over)?;
        let decided =
            shutdown.cause.outcome().unwrap_or_else(|| Outcome::Status(self.status(&shutdown.cause)));
        if (self.has_survivors || self.has_failed) && decided == Outcome::Status(SUCCESS) {
            return Some(Outcome::Status(FAILED));
        }
        if self.is_incomplete && decided == Outcome::Status(SUCCESS) {
            return Some(Outcome::Status(REFUSED));
        }
        Some(decided)
    }

    /// What is known of the instances, by their index: those of the plan in its order, then those that came
    /// later. Who has left is still there: see [`Instance::is_retired`].
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// What each instance is in its present life, or was in its last.
    pub fn specs(&self) -> &[Rc<Spec>] {
        &self.specs
    }

    /// Whether somebody asked for the end and waits for it, so that a reader who stands still cannot hold it
    /// up for ever. A stack that ended by itself waits for its reader as any writer into a pipe does.
    pub fn is_awaited(&self) -> bool {
        let cause = self.shutdown.as_ref().map(|shutdown| &shutdown.cause);
        matches!(cause, Some(StopCause::Signal(_) | StopCause::Request | StopCause::MonitorGone))
    }

    /// Whether the stack is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.shutdown.is_some()
    }

    /// Whose end is the reason that the stack is being stopped, if one's is.
    pub fn first_end(&self) -> Option<usize> {
        match self.shutdown.as_ref()?.cause {
            StopCause::Ended(instance) | StopCause::CannotStart { instance, .. } => Some(instance),
            StopCause::AllEnded => self.ends.first().copied(),
            StopCause::Signal(_)
            | StopCause::Request
            | StopCause::MonitorGone
            | StopCause::OutputClosed(_)
            | StopCause::Broken(_) => None,
        }
    }

    /// Whether processes were found that could not be ended.
    pub fn has_survivors(&self) -> bool {
        self.has_survivors
    }

    fn status(&self, cause: &StopCause) -> u8 {
        // Who was ended because it was not ready in time has failed, whatever it says itself.
        let exit_of = |index: &usize| match &self.instances[*index] {
            Instance { is_late: true, ended: Some((Exit::Status(SUCCESS), _)), .. } => {
                Some(Exit::Status(REFUSED))
            }
            Instance { ended, .. } => ended.map(|(exit, _)| exit),
        };
        let chosen = self.policy.exit_code_from.as_ref().and_then(|kind| {
            self.ends.iter().find(|index| self.specs[**index].name.kind == *kind).and_then(exit_of)
        });
        let decided = match cause {
            StopCause::Ended(index) => exit_of(index),
            StopCause::AllEnded => self.ends.iter().filter_map(exit_of).find(|exit| !exit.is_success()),
            StopCause::Signal(_)
            | StopCause::Request
            | StopCause::CannotStart { .. }
            | StopCause::MonitorGone
            | StopCause::OutputClosed(_)
            | StopCause::Broken(_) => None,
        };
        chosen.or(decided).map_or(SUCCESS, Exit::status)
    }

    /// What an instance is to be in its next life.
    fn coming(&self, index: usize) -> &Spec {
        self.instances[index].next.as_ref().unwrap_or(&self.specs[index])
    }

    fn name(&self, index: usize) -> String {
        self.specs.get(index).map_or_else(|| "ganger".into(), |spec| spec.name.to_string())
    }
}
