//! What a person asks of a running stack, and the moment at which it is answered.
//!
//! A request changes wishes only; the table does the rest. It stays open until each instance that it names
//! is where it should be, or cannot get there, and is then answered once.

use std::time::Duration;

use super::instance::Instance;
use super::shutdown::Cause;
use super::state::{Happening, Intent, State};
use super::turn::Turn;
use super::{Action, Machine};
use crate::signal::Signal;

/// What an answer belongs to. Whoever asks chooses it; the machine only gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// They should run; who runs is left alone.
    Start,
    /// They should not run, until somebody wants them to.
    Stop,
    /// They should end and run again.
    Restart,
    /// They should get this signal, each group as a whole.
    Signal(Signal),
}

/// One question, and whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What the answer will carry.
    pub ticket: Ticket,
    /// What.
    pub wish: Wish,
    /// Whom, by their index.
    pub instances: Vec<usize>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
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
pub(super) struct Open {
    ticket: Ticket,
    wish: Wish,
    /// Whom it waits for, and how many lives each had when it was asked.
    instances: Vec<(usize, u32)>,
}

/// What one instance means for a request.
enum Standing {
    There,
    OnItsWay,
    Never(Answer),
}

impl Open {
    /// The answer, if it can be given.
    fn answer(&self, machine: &Machine) -> Option<Answer> {
        let mut is_there = true;
        for (index, lives) in &self.instances {
            match self.standing(*index, *lives, &machine.instances[*index]) {
                Standing::There => {}
                Standing::OnItsWay => is_there = false,
                Standing::Never(answer) => return Some(answer),
            }
        }
        is_there.then_some(Answer::Done)
    }

    fn standing(&self, index: usize, lives: u32, instance: &Instance) -> Standing {
        let is_new = instance.lives > lives;
        match (self.wish, instance.intent) {
            (Wish::Stop, _) if instance.state.is_down() && !instance.is_due => Standing::There,
            (Wish::Stop, Intent::Up) => Standing::Never(Answer::Overruled { instance: index }),
            (Wish::Start, Intent::Up) if instance.state == State::Running => Standing::There,
            (Wish::Restart, _) if is_new => Standing::There,
            (Wish::Stop, Intent::Down | Intent::Again)
            | (Wish::Start | Wish::Restart, Intent::Up | Intent::Again) => Standing::OnItsWay,
            (Wish::Start | Wish::Restart, Intent::Down) => Standing::Never(match &instance.failure {
                Some(reason) => Answer::CannotStart { instance: index, reason: reason.clone() },
                None => Answer::Overruled { instance: index },
            }),
            (Wish::Signal(_), _) => Standing::There,
        }
    }
}

impl Turn<'_> {
    pub(super) fn on_request(&mut self, request: Request) {
        let Request { ticket, wish, mut instances } = request;
        let strangers = self.machine.strangers();
        instances.retain(|index| *index < strangers);
        if self.machine.shutdown.is_some() {
            self.actions.push(Action::Answer(ticket, Answer::Ending));
            return;
        }
        let idle = instances.iter().find(|index| !self.machine.instances[**index].has_own_process());
        if let (Wish::Signal(_), Some(index)) = (wish, idle) {
            self.actions.push(Action::Answer(ticket, Answer::NotRunning { instance: *index }));
            return;
        }
        let instances =
            instances.into_iter().map(|index| (index, self.machine.instances[index].lives)).collect();
        let open = Open { ticket, wish, instances };
        for (index, _) in &open.instances {
            match wish {
                Wish::Start => self.want(*index, false),
                Wish::Restart => self.want(*index, true),
                Wish::Stop => self.want_down(*index),
                Wish::Signal(signal) => self.actions.push(Action::Signal(*index, signal)),
            }
        }
        self.machine.open.push(open);
    }

    /// Wants it to run: who runs goes on, unless a new life is wanted.
    fn want(&mut self, index: usize, anew: bool) {
        let instance = &mut self.machine.instances[index];
        instance.failure = None;
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
                self.apply(index, Happening::Stop);
            }
        }
    }

    fn want_down(&mut self, index: usize) {
        let instance = &mut self.machine.instances[index];
        instance.intent = Intent::Down;
        instance.is_due = false;
        instance.is_requested = true;
        self.apply(index, Happening::Stop);
    }

    /// Everything is to end because somebody asked for it here, with this grace for all if one is given.
    pub(super) fn on_down(&mut self, ticket: Ticket, grace: Option<Duration>) {
        self.machine.downs.push(ticket);
        if self.machine.shutdown.is_none() {
            if let Some(grace) = grace {
                self.machine.instances.iter_mut().for_each(|instance| instance.set_grace(grace));
            }
            self.stop(Cause::Request);
        }
    }

    /// Answers every request that can be answered, and lets those start again that have ended for it.
    pub(super) fn answer(&mut self) {
        let open = std::mem::take(&mut self.machine.open);
        for request in open {
            let is_ending = self.machine.shutdown.is_some();
            match request.answer(self.machine) {
                Some(Answer::Done) => self.actions.push(Action::Answer(request.ticket, Answer::Done)),
                Some(_) | None if is_ending => {
                    self.actions.push(Action::Answer(request.ticket, Answer::Ending));
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
        let answer = if self.machine.has_survivors { Answer::Survivors } else { Answer::Done };
        for ticket in std::mem::take(&mut self.machine.downs) {
            self.actions.push(Action::Answer(ticket, answer.clone()));
        }
    }
}
