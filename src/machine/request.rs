//! What a person asks of a running stack, and the moment at which it is answered.
//!
//! A request changes wishes only; the table does the rest. It stays open until each instance that it names
//! is where it should be, or cannot get there, and is then answered once.

use std::time::Duration;

use super::instance::Instance;
use super::shutdown::StopCause;
use super::state::{InstanceEvent, Intent, State};
use super::target::Target;
use super::transition::Transition;
use super::{Action, Machine};
use crate::signal::{Reach, Signal};

/// What an answer belongs to. Whoever asks chooses it; the machine only gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// They should run; who runs is left alone.
    Start,
    /// They should not run, until somebody wants them to.
    Stop,
    /// They should end and run again.
    Restart,
    /// They should end and run again, one after the other, each when the one before is ready. Only with a
    /// [`Change`](super::Change), whose new instances help out meanwhile.
    Roll,
    /// They should get this signal, each group as a whole.
    Signal(Signal, Reach),
}

/// One question, and whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRequest {
    /// What the answer will carry.
    pub ticket: Ticket,
    /// What.
    pub operation: Operation,
    /// Whom, by their index.
    pub instances: Vec<usize>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestResult {
    /// All are where they should be.
    Done,
    /// This instance could not be started.
    CannotStart {
        /// Which.
        instance: usize,
        /// Why: program and reason.
        reason: String,
    },
    /// Somebody else wanted the opposite of this instance before it was there.
    Overruled {
        /// Which.
        instance: usize,
    },
    /// This instance does not run, so it cannot be signalled.
    NotRunning {
        /// Which.
        instance: usize,
    },
    /// The whole stack is being stopped.
    Ending,
    /// The stack is stopped, but processes are left that cannot be ended.
    Survivors,
}

/// A request that has not been answered.
#[derive(Clone, Debug)]
pub(super) struct OpenRequest {
    ticket: Ticket,
    awaited: Vec<AwaitedInstance>,
}

/// An instance that a request waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwaitedInstance {
    index: usize,
    operation: Operation,
    /// How many lives it had when it was asked.
    generation: u32,
}

/// What one instance means for a request.
enum RequestProgress {
    There,
    OnItsWay,
    Never(RequestResult),
}

impl OpenRequest {
    /// The answer, if it can be given.
    fn answer(&self, machine: &Machine) -> Option<RequestResult> {
        let mut is_there = true;
        for awaited in &self.awaited {
            let is_rolling = machine.rolls.iter().any(|roll| roll.is_about(awaited.index));
            match awaited.standing(&machine.instances[awaited.index], is_rolling) {
                RequestProgress::There => {}
                RequestProgress::OnItsWay => is_there = false,
                RequestProgress::Never(answer) => return Some(answer),
            }
        }
        is_there.then_some(RequestResult::Done)
    }
}

impl AwaitedInstance {
    fn standing(&self, instance: &Instance, is_rolling: bool) -> RequestProgress {
        let index = self.index;
        let is_new = instance.generation > self.generation;
        match (self.operation, instance.intent) {
            (Operation::Stop, _) if instance.state.is_down() && !instance.is_due => RequestProgress::There,
            (Operation::Stop, Intent::Up) => {
                RequestProgress::Never(RequestResult::Overruled { instance: index })
            }
            (Operation::Start, Intent::Up) if instance.state == State::Running => RequestProgress::There,
            // It has run, whatever became of it since.
            (Operation::Start | Operation::Restart, _) if is_new => RequestProgress::There,
            (Operation::Stop, Intent::Down | Intent::Again)
            | (Operation::Start | Operation::Restart, Intent::Up | Intent::Again) => {
                RequestProgress::OnItsWay
            }
            (Operation::Roll, _) if is_rolling => RequestProgress::OnItsWay,
            (Operation::Roll, _) if is_new && instance.ready.is_some() => RequestProgress::There,
            (Operation::Start | Operation::Restart, Intent::Down) | (Operation::Roll, _) => {
                RequestProgress::Never(match &instance.failure {
                    Some(reason) => RequestResult::CannotStart { instance: index, reason: reason.clone() },
                    None => RequestResult::Overruled { instance: index },
                })
            }
            (Operation::Signal(..), _) => RequestProgress::There,
        }
    }
}

impl Machine {
    /// That this instance is waited for from now on.
    pub(super) fn awaited(&self, index: usize, operation: Operation) -> AwaitedInstance {
        AwaitedInstance { index, operation, generation: self.instances[index].generation }
    }

    /// Keeps a request open until it can be answered.
    pub(super) fn open(&mut self, ticket: Ticket, awaited: Vec<AwaitedInstance>) {
        self.open.push(OpenRequest { ticket, awaited });
    }
}

impl Transition<'_> {
    pub(super) fn on_request(&mut self, request: InstanceRequest) {
        let InstanceRequest { ticket, operation, instances } = request;
        if self.machine.shutdown.is_some() {
            self.actions.push(Action::Answer(ticket, RequestResult::Ending));
            return;
        }
        let has_process =
            |index: &usize| self.machine.instances.get(*index).is_some_and(Instance::has_own_process);
        let idle = instances.iter().find(|index| !has_process(index));
        if let (Operation::Signal(..), Some(index)) = (operation, idle) {
            self.actions.push(Action::Answer(ticket, RequestResult::NotRunning { instance: *index }));
            return;
        }
        let awaited = self.operation(operation, &instances);
        self.machine.open(ticket, awaited);
    }

    /// Wishes this of these instances; what is to be waited for. Who has left the stack is not touched.
    pub(super) fn operation(&mut self, operation: Operation, instances: &[usize]) -> Vec<AwaitedInstance> {
        let is_there =
            |index: &&usize| self.machine.instances.get(**index).is_some_and(|instance| !instance.is_retired);
        let instances: Vec<usize> = instances.iter().filter(is_there).copied().collect();
        let awaited = instances.iter().map(|index| self.machine.awaited(*index, operation)).collect();
        for index in instances {
            match operation {
                Operation::Start => self.want(index, false),
                Operation::Restart => self.want(index, true),
                Operation::Stop => self.want_down(index),
                // Its turn comes.
                Operation::Roll => {}
                Operation::Signal(signal, reach) => self.actions.push(Action::Signal(index, signal, reach)),
            }
        }
        awaited
    }

    /// Wants it to run: who runs goes on, unless a new life is wanted.
    pub(super) fn want(&mut self, index: usize, anew: bool) {
        let instance = &mut self.machine.instances[index];
        instance.forget_failures();
        instance.is_requested = true;
        match instance.state {
            State::Idle | State::Ended => {
                instance.intent = Intent::Up;
                instance.is_due = true;
            }
            // What has just been asked for is new, whoever asked for it.
            State::Starting if anew && instance.intent != Intent::Up => instance.intent = Intent::Again,
            State::Starting => instance.intent = Intent::Up,
            State::Running if !anew => {}
            State::Running | State::Stopping | State::Killing | State::Clearing | State::Purging => {
                instance.intent = Intent::Again;
                self.apply(Target::Instance(index), InstanceEvent::Stop);
            }
        }
    }

    /// Files of these instances have changed: a new life, for those that run or wait for that very change.
    pub(super) fn on_changed_files(&mut self, instances: &[usize]) {
        if self.machine.shutdown.is_some() {
            return;
        }
        for &index in instances {
            let Some(instance) = self.machine.instances.get(index) else { continue };
            let is_stopped =
                instance.intent == Intent::Down && instance.is_requested && instance.failure.is_none();
            let is_of_use = instance.generation > 0 && !instance.is_retired && !is_stopped;
            if is_of_use {
                self.want(index, true);
            }
        }
    }

    pub(super) fn want_down(&mut self, index: usize) {
        let instance = &mut self.machine.instances[index];
        instance.forget_failures();
        instance.unblock();
        instance.intent = Intent::Down;
        instance.is_due = false;
        instance.is_requested = true;
        self.apply(Target::Instance(index), InstanceEvent::Stop);
    }

    /// Everything is to end because somebody asked for it here, with this grace for all if one is given.
    pub(super) fn on_down(&mut self, ticket: Ticket, grace: Option<Duration>) {
        self.machine.downs.push(ticket);
        if self.machine.shutdown.is_none() {
            if let Some(grace) = grace {
                self.machine.instances.iter_mut().for_each(|instance| instance.set_grace(grace));
                self.machine.orphans.set_grace(grace);
            }
            self.stop(StopCause::Request);
        }
    }

    /// Answers every request that can be answered, and lets those start again that have ended for it.
    pub(super) fn answer(&mut self) {
        let open = std::mem::take(&mut self.machine.open);
        for request in open {
            let is_ending = self.machine.shutdown.is_some();
            match request.answer(self.machine) {
                Some(RequestResult::Done) => {
                    self.actions.push(Action::Answer(request.ticket, RequestResult::Done));
                }
                Some(_) | None if is_ending => {
                    self.actions.push(Action::Answer(request.ticket, RequestResult::Ending));
                }
                Some(answer) => self.actions.push(Action::Answer(request.ticket, answer)),
                None => self.machine.open.push(request),
            }
        }
        for instance in &mut self.machine.instances {
            if instance.intent == Intent::Again && instance.state.is_down() {
                instance.intent = Intent::Up;
                instance.is_due = true;
            }
        }
    }

    /// The stack is over: whoever asked for it hears it.
    pub(super) fn answer_downs(&mut self) {
        let answer = if self.machine.has_survivors { RequestResult::Survivors } else { RequestResult::Done };
        for ticket in std::mem::take(&mut self.machine.downs) {
            self.actions.push(Action::Answer(ticket, answer.clone()));
        }
    }
}
