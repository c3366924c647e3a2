//! The heart: decides what happens to the stack, and does nothing.
//!
//! Events go in with the time as an argument, actions come out. There is no clock, no process and no file
//! in here, so every order of events can be tried in a test. Each instance follows the table in
//! [`state`]; this file holds what concerns several at once: the order of starting, who ends the stack,
//! and when it is over.

pub mod action;
pub mod event;
pub mod instance;
pub mod request;
pub mod shutdown;
pub mod state;
pub mod table;
#[cfg(test)]
mod tests;
mod turn;

use std::rc::Rc;
use std::time::Duration;

pub use action::Action;
pub use event::{Event, Failure};
use instance::Instance;
use request::Open;
pub use request::{Answer, Request, Ticket, Wish};
use shutdown::{Cause, Shutdown};
use turn::Turn;

use crate::exit::{Exit, FAILED, Outcome, SUCCESS};
use crate::plan::spec::{Policy, Spec};

/// Everything that is decided about a running stack. Times count from the start of the run.
#[derive(Debug)]
pub struct Machine {
    specs: Rc<[Spec]>,
    policy: Policy,
    /// One for each spec, and one more for the processes that belong to none of them.
    instances: Vec<Instance>,
    /// Indices in the order in which their own processes ended.
    ends: Vec<usize>,
    shutdown: Option<Shutdown>,
    suspended: Option<Duration>,
    /// Requests that have not been answered, in the order in which they came.
    open: Vec<Open>,
    /// Who asked for the end of all.
    downs: Vec<Ticket>,
    has_survivors: bool,
    /// Whether something of our own failed, before or during the end.
    has_failed: bool,
    is_over: bool,
}

impl Machine {
    /// A machine for these instances; nothing happens before [`Event::Begin`].
    pub fn new(specs: Rc<[Spec]>, policy: Policy) -> Self {
        let longest = specs.iter().map(|spec| spec.grace).max().unwrap_or_default();
        Self::with(specs, policy, longest)
    }

    /// A machine that only ends what is there and belongs to no instance, with this grace.
    pub fn without_instances(grace: Duration) -> Self {
        Self::with(Rc::new([]), Policy::default(), grace)
    }

    fn with(specs: Rc<[Spec]>, policy: Policy, grace_of_strangers: Duration) -> Self {
        let graces = specs.iter().map(|spec| spec.grace).chain([grace_of_strangers]);
        let instances = graces.map(Instance::new).collect();
        Self {
            specs,
            policy,
            instances,
            ends: Vec::new(),
            shutdown: None,
            suspended: None,
            open: Vec::new(),
            downs: Vec::new(),
            has_survivors: false,
            has_failed: false,
            is_over: false,
        }
    }

    /// Takes one event at `now` and says what is to be done, in order.
    #[must_use = "an action that is not performed leaves the machine waiting for its answer"]
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut turn = Turn { machine: self, now, actions: Vec::new() };
        turn.on(event);
        turn.close();
        turn.actions
    }

    /// When [`Event::Timeout`] is due; `None` while nothing waits for time to pass.
    pub fn deadline(&self) -> Option<Duration> {
        if self.suspended.is_some() || self.is_over {
            return None;
        }
        self.instances.iter().filter_map(Instance::deadline).min()
    }

    /// How ganger is to end; `None` until the stack is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let shutdown = self.shutdown.as_ref().filter(|_| self.is_over)?;
        let decided =
            shutdown.cause.outcome().unwrap_or_else(|| Outcome::Status(self.status(&shutdown.cause)));
        if (self.has_survivors || self.has_failed) && decided == Outcome::Status(SUCCESS) {
            return Some(Outcome::Status(FAILED));
        }
        Some(decided)
    }

    /// What is known of the instances, in the plan's order, for tests and (later) for `ps`.
    pub fn instances(&self) -> &[Instance] {
        let strangers = 1;
        &self.instances[..self.instances.len() - strangers]
    }

    /// Whether somebody asked for the end and waits for it, so that a reader who stands still cannot hold it
    /// up for ever. A stack that ended by itself waits for its reader as any writer into a pipe does.
    pub fn is_awaited(&self) -> bool {
        let cause = self.shutdown.as_ref().map(|shutdown| &shutdown.cause);
        matches!(cause, Some(Cause::Signal(_) | Cause::Request | Cause::MonitorGone))
    }

    /// Whether the stack is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.shutdown.is_some()
    }

    /// Whose end is the reason that the stack is being stopped, if one's is.
    pub fn first_end(&self) -> Option<usize> {
        match self.shutdown.as_ref()?.cause {
            Cause::Ended(instance) | Cause::CannotStart { instance, .. } => Some(instance),
            Cause::AllEnded => self.ends.first().copied(),
            Cause::Signal(_)
            | Cause::Request
            | Cause::MonitorGone
            | Cause::OutputClosed(_)
            | Cause::Broken(_) => None,
        }
    }

    /// Whether processes were found that could not be ended.
    pub fn has_survivors(&self) -> bool {
        self.has_survivors
    }

    fn status(&self, cause: &Cause) -> u8 {
        let exit_of = |index: &usize| self.instances[*index].ended.map(|(exit, _)| exit);
        let chosen = self.policy.exit_code_from.as_ref().and_then(|kind| {
            self.ends.iter().find(|index| self.specs[**index].name.kind == *kind).and_then(exit_of)
        });
        let decided = match cause {
            Cause::Ended(index) => exit_of(index),
            Cause::AllEnded => self.ends.iter().filter_map(exit_of).find(|exit| !exit.is_success()),
            Cause::Signal(_)
            | Cause::Request
            | Cause::CannotStart { .. }
            | Cause::MonitorGone
            | Cause::OutputClosed(_)
            | Cause::Broken(_) => None,
        };
        chosen.or(decided).map_or(SUCCESS, Exit::status)
    }

    fn strangers(&self) -> usize {
        self.specs.len()
    }

    fn name(&self, index: usize) -> String {
        self.specs.get(index).map_or_else(|| "ganger".into(), |spec| spec.name.to_string())
    }
}
