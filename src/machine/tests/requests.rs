//! Requests: each is answered once, whatever comes between.

use std::collections::HashMap;
use std::rc::Rc;

use proptest::prelude::*;

use super::{counts, spec};
use crate::exit::{Exit, Outcome};
use crate::machine::request::*;
use crate::machine::*;
use crate::machine::{Event, SpawnFailure};
use crate::plan::spec::{ExitOn, Policy, Spec};
use crate::signal::{Reach, Signal};

/// A machine and processes that obey at once: what is stopped exits, what is started exists.
pub(super) struct World {
    pub(super) machine: Machine,
    seconds: u64,
    pub(super) answers: Vec<(u64, RequestResult)>,
    /// Instances that cannot be started.
    pub(super) broken: Vec<usize>,
    alive: HashMap<usize, bool>,
    /// What was started, in that order.
    pub(super) started: Vec<usize>,
    /// What had the stop signal, in that order, each with the instances that lived then.
    pub(super) stopped: Vec<(usize, Vec<usize>)>,
    /// Whether processes end only when [`World::ends`] says so.
    pub(super) is_slow: bool,
}

impl World {
    pub(super) fn new(count: u32, exit_on: ExitOn) -> Self {
        let specs = (1..=count).map(|number| spec("web", number)).collect();
        Self::of(specs, Policy { exit_on, ..Policy::default() })
    }

    pub(super) fn of(specs: Vec<Spec>, policy: Policy) -> Self {
        let mut world = Self {
            machine: Machine::new(specs.into_iter().map(Rc::new).collect(), policy),
            seconds: 0,
            answers: Vec::new(),
            broken: Vec::new(),
            alive: HashMap::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            is_slow: false,
        };
        world.happens(Event::Begin);
        world
    }

    /// One event, and all that follows from its actions.
    pub(super) fn happens(&mut self, event: Event) {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.seconds += 1;
            for action in self.machine.handle(Duration::from_secs(self.seconds), event) {
                events.extend(self.answer(action));
            }
        }
    }

    fn answer(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Spawn(instance) if self.broken.contains(&instance) => {
                let (program, reason) = ("x".to_owned(), "not found".to_owned());
                Some(Event::SpawnFailed { instance, failure: SpawnFailure { program, reason, status: 127 } })
            }
            Action::Spawn(instance) => {
                self.alive.insert(instance, true);
                self.started.push(instance);
                Some(Event::Spawned { instance, pid: 100 })
            }
            Action::Stop(Target::Instance(instance)) if self.is_slow => {
                let alive = (0..self.machine.instances().len()).filter(|index| self.generation(*index));
                self.stopped.push((instance, alive.collect()));
                None
            }
            Action::Stop(Target::Instance(instance))
            | Action::StopRest(Target::Instance(instance))
            | Action::StopAll(Target::Instance(instance))
            | Action::Kill(Target::Instance(instance)) => {
                let was_alive = self.alive.insert(instance, false).unwrap_or(false);
                was_alive.then_some(Event::Exited { instance, exit: Exit::Signal(Signal::TERMINATE) })
            }
            Action::Scan => {
                let seen: Vec<usize> = (0..self.machine.instances().len())
                    .map(|index| usize::from(self.generation(index)))
                    .collect();
                let is_empty = seen.iter().all(|count| *count == 0);
                Some(if is_empty { Event::AllGone } else { Event::Scanned(counts(&seen, 0)) })
            }
            Action::Answer(Ticket(number), answer) => {
                self.answers.push((number, answer));
                None
            }
            Action::Enroll(..)
            | Action::Stop(Target::Orphans)
            | Action::StopRest(Target::Orphans)
            | Action::StopAll(Target::Orphans)
            | Action::Kill(Target::Orphans)
            | Action::ReportExit(..)
            | Action::Report(..)
            | Action::Probe(_)
            | Action::Inspect(_)
            | Action::Notify(_)
            | Action::ReportSurvivors(_)
            | Action::Signal(..)
            | Action::Forward(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => None,
        }
    }

    pub(super) fn generation(&self, index: usize) -> bool {
        self.alive.get(&index).copied().unwrap_or(false)
    }

    pub(super) fn asks(&mut self, number: u64, operation: Operation, instances: &[usize]) {
        self.happens(Event::Request(InstanceRequest {
            ticket: Ticket(number),
            operation,
            instances: instances.into(),
        }));
    }

    pub(super) fn ends(&mut self, instance: usize) {
        if self.alive.insert(instance, false) == Some(true) {
            self.happens(Event::Exited { instance, exit: Exit::Status(0) });
        }
    }
}

#[test]
fn a_restart_is_answered_when_the_new_generation_has_begun_and_touches_no_other() {
    let mut world = World::new(2, ExitOn::Any);
    world.asks(1, Operation::Restart, &[0]);
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    let generation: Vec<u32> = world.machine.instances().iter().map(|instance| instance.generation).collect();
    assert_eq!(generation, [2, 1]);
    assert_eq!(world.machine.outcome(), None, "an end that was asked for does not end the stack");
    world.ends(0);
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)), "one that was not asked for does");
}

#[test]
fn a_stopped_stack_waits_for_the_next_request() {
    let mut world = World::new(2, ExitOn::Any);
    world.asks(1, Operation::Stop, &[0, 1]);
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert_eq!(world.machine.outcome(), None);
    world.asks(2, Operation::Stop, &[0]);
    world.asks(3, Operation::Signal(Signal::HANGUP, Reach::Main), &[0]);
    world.asks(4, Operation::Start, &[0]);
    world.asks(5, Operation::Start, &[0]);
    world.asks(6, Operation::Signal(Signal::HANGUP, Reach::Main), &[0]);
    let expected = [
        (1, RequestResult::Done),
        (2, RequestResult::Done),
        (3, RequestResult::NotRunning { instance: 0 }),
        (4, RequestResult::Done),
        (5, RequestResult::Done),
        (6, RequestResult::Done),
    ];
    assert_eq!(world.answers, expected);
    world.happens(Event::Down { ticket: Ticket(7), grace: None });
    assert_eq!(world.answers.last(), Some(&(7, RequestResult::Done)));
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)));
    world.asks(8, Operation::Start, &[0]);
    assert_eq!(world.answers.last(), Some(&(8, RequestResult::Ending)));
}

#[test]
fn a_failed_restart_is_answered_and_the_rest_goes_on() {
    let mut world = World::new(2, ExitOn::Any);
    world.broken.push(0);
    world.asks(1, Operation::Restart, &[0, 1]);
    let reason = "x: not found".to_owned();
    assert_eq!(world.answers, [(1, RequestResult::CannotStart { instance: 0, reason })]);
    assert!(world.generation(1));
    assert_eq!(world.machine.outcome(), None);
    world.broken.clear();
    world.asks(2, Operation::Start, &[0]);
    assert_eq!(world.answers.last(), Some(&(2, RequestResult::Done)));
}

#[test]
fn an_overruled_request_is_answered() {
    let mut world = World::new(1, ExitOn::Any);
    // The process does not exit at once.
    world.alive.insert(0, false);
    world.asks(1, Operation::Restart, &[0]);
    assert_eq!(world.answers, []);
    world.asks(2, Operation::Stop, &[0]);
    assert_eq!(world.answers, [(1, RequestResult::Overruled { instance: 0 })]);
    world.happens(Event::Exited { instance: 0, exit: Exit::Status(0) });
    assert_eq!(world.answers.last(), Some(&(2, RequestResult::Done)));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Stop(Operation, usize),
    End(usize),
    Break(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let operation = prop_oneof![
        Just(Operation::Start),
        Just(Operation::Stop),
        Just(Operation::Restart),
        Just(Operation::Signal(Signal::HANGUP, Reach::Main))
    ];
    prop_oneof![
        4 => (operation, 0..3_usize).prop_map(|(operation, index)| Step::Stop(operation, index)),
        1 => (0..3_usize).prop_map(Step::End),
        1 => (0..3_usize).prop_map(Step::Break),
    ]
}

proptest! {
    #[test]
    fn every_request_is_answered_exactly_once_and_a_down_ends_it_all(
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let mut world = World::new(3, ExitOn::Never);
        let mut asked = 0;
        for step in steps {
            match step {
                Step::Stop(operation, index) => {
                    asked += 1;
                    world.asks(asked, operation, &[index, (index + 1) % 3]);
                }
                Step::End(index) => world.ends(index),
                Step::Break(index) => world.broken = vec![index],
            }
        }
        world.happens(Event::Down { ticket: Ticket(0), grace: Some(Duration::ZERO) });
        let mut answered: Vec<u64> = world.answers.iter().map(|(number, _)| *number).collect();
        answered.sort_unstable();
        prop_assert_eq!(answered, (0..=asked).collect::<Vec<_>>());
        prop_assert!(world.machine.outcome().is_some());
    }
}
