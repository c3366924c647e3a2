//! The state machine of a stack: it decides what happens, and does nothing itself.
//!
//! Events go in with the time as an argument, actions come out. There is no clock, no process and no file in here, so any order
//! of events can be tried in a test. Each instance follows the table in `state`. On it stands `stack` with all instances, on
//! that the rules that concern several of them: the order of starts and stops, readiness, requests, restarts. `transition` asks
//! these one after the other, and none of them calls back.

pub(crate) mod action;
pub(crate) mod change;
mod dependency;
pub(crate) mod event;
mod exit_disposition;
mod facts;
mod filing;
mod held_stops;
pub(crate) mod instance;
mod instances;
pub(crate) mod lifecycle;
mod open_requests;
mod order;
pub(crate) mod ready;
pub(crate) mod request;
pub(crate) mod restart;
mod rolling;
mod sets;
pub(crate) mod shutdown;
mod stack;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod target;
#[cfg(test)]
mod tests;
pub(crate) mod timers;
mod transition;

use std::rc::Rc;
use std::time::Duration;

pub use action::Action;
pub(crate) use change::Change;
pub use event::{Event, SpawnFailure};
use facts::Facts;
use instance::Instance;
pub(crate) use lifecycle::Lifecycle;
pub(crate) use request::{InstanceRequest, Operation, RequestResult, Ticket};
use shutdown::StopCause;
use stack::Stack;
pub(crate) use target::{ProcessCounts, Target};
use transition::Transition;

use crate::exit::{Exit, FAILED, Outcome, REFUSED, SUCCESS};
use crate::plan::spec::{Policy, Spec};

/// Everything that is decided about a running stack. Times count from the start of the run.
#[derive(Debug)]
pub struct Machine {
    facts: Facts,
}

impl Machine {
    /// A machine for these instances; nothing happens before [`Event::Begin`].
    pub fn new(specs: Vec<Rc<Spec>>, policy: Policy) -> Self {
        let longest = specs.iter().map(|spec| spec.grace).max().unwrap_or_default();
        Self::with(specs, policy, longest)
    }

    /// A machine that only stops processes that belong to no instance, with this grace.
    pub fn without_instances(grace: Duration) -> Self {
        Self::with(Vec::new(), Policy::default(), grace)
    }

    fn with(specs: Vec<Rc<Spec>>, policy: Policy, grace_of_orphans: Duration) -> Self {
        Self { facts: Facts::new(Stack::new(specs, policy, grace_of_orphans)) }
    }

    /// Handles one event at `now`; the actions, in the order in which they are to be performed.
    #[must_use = "an action that is not performed leaves the machine waiting for its answer"]
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        Transition::run(&mut self.facts, now, event)
    }

    /// When [`Event::Timeout`] is due; `None` while nothing waits for time to pass.
    pub fn deadline(&self) -> Option<Duration> {
        if self.facts.suspended.is_some() || self.facts.is_over {
            return None;
        }
        let stack = &self.facts.stack;
        [stack.instances.sets().deadline(), stack.orphans.deadline()].into_iter().flatten().min()
    }

    /// How ganger is to end; `None` until the stack is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let shutdown = self.facts.shutdown.as_ref().filter(|_| self.facts.is_over)?;
        let decided =
            shutdown.cause.outcome().unwrap_or_else(|| Outcome::Status(self.status(&shutdown.cause)));
        if (self.facts.stack.has_survivors || self.facts.has_failed) && decided == Outcome::Status(SUCCESS) {
            return Some(Outcome::Status(FAILED));
        }
        if self.facts.stack.is_incomplete && decided == Outcome::Status(SUCCESS) {
            return Some(Outcome::Status(REFUSED));
        }
        Some(decided)
    }

    /// The instances by their index: those of the plan in its order, then those that were added later. Instances that have left
    /// the stack are still there: see [`Instance::is_retired`].
    pub fn instances(&self) -> &[Instance] {
        &self.facts.stack.instances
    }

    /// What each instance is in its present generation, or was in its last.
    pub fn specs(&self) -> &[Rc<Spec>] {
        self.facts.stack.instances.specs()
    }

    /// Whether the stop was asked for, so that a reader of our output that stands still cannot hold it up for ever. A stack that
    /// ended by itself waits for its reader, as any writer into a pipe does.
    pub fn is_awaited(&self) -> bool {
        matches!(self.stop_cause(), Some(StopCause::Signal(_) | StopCause::Request | StopCause::MonitorGone))
    }

    /// Whether the stack is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.facts.shutdown.is_some()
    }

    /// Why the stack stops, if it does.
    pub fn stop_cause(&self) -> Option<&StopCause> {
        self.facts.shutdown.as_ref().map(|shutdown| &shutdown.cause)
    }

    /// The instance that stops the stack by its exit, if one does.
    pub fn first_exit(&self) -> Option<usize> {
        self.facts.first_exit()
    }

    /// The sets in which the instances are filed miss nothing.
    #[cfg(test)]
    fn assert_complete(&self) {
        order::assert_complete(&self.facts.stack);
    }

    /// Whether processes were found that could not be ended.
    pub fn has_survivors(&self) -> bool {
        self.facts.stack.has_survivors
    }

    fn status(&self, cause: &StopCause) -> u8 {
        let stack = &self.facts.stack;
        // An instance that was stopped because it was not ready in time has failed, whatever the stop made of it.
        let exit_of = |index: &usize| match &stack.instances[*index] {
            Instance { late: Some(_), ended: Some(_), .. } => Some(Exit::Status(REFUSED)),
            Instance { ended, .. } => ended.map(|(exit, _)| exit),
        };
        let chosen = stack.policy.exit_code_from.as_ref().and_then(|kind| {
            stack.exits.iter().find(|index| stack.spec(**index).name.kind == *kind).and_then(exit_of)
        });
        let decided = match cause {
            StopCause::Ended(index) => exit_of(index),
            StopCause::AllEnded => stack.exits.iter().filter_map(exit_of).find(|exit| !exit.is_success()),
            StopCause::Signal(_)
            | StopCause::Request
            | StopCause::CannotStart { .. }
            | StopCause::MonitorGone
            | StopCause::OutputClosed(_)
            | StopCause::Broken(_) => None,
        };
        chosen.or(decided).map_or(SUCCESS, Exit::status)
    }
}
