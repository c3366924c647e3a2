//! Random histories: any order of events ends, and no rule is broken on the way.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::{GRACE, spec, stop_of};
use crate::exit::Exit;
use crate::plan::spec::ExitOn;
use crate::signal::Signal;

/// The world as a property knows it: processes that may or may not obey.
#[derive(Debug)]
struct World {
    machine: Machine,
    now: Duration,
    /// The own process of each instance, if it lives.
    leaders: Vec<Option<i32>>,
    /// How many others of each instance live; the last entry belongs to none.
    others: Vec<usize>,
    next_pid: i32,
    /// What happened and was not handled yet: an answer never overtakes the rest of its turn.
    queue: VecDeque<Event>,
    spawns_fail: bool,
}

/// One thing that the world may do.
#[derive(Clone, Debug)]
enum Move {
    Wait(u16),
    Exit(usize, u8),
    Fork(usize),
    Orphan(usize),
    Signal(i32),
    Stop(usize),
    FailSpawn,
    CloseOutput,
    LoseMonitor,
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0u16..3000).prop_map(Move::Wait),
        (0usize..4, 0u8..3).prop_map(|(index, status)| Move::Exit(index, status)),
        (0usize..5).prop_map(Move::Fork),
        (0usize..5).prop_map(Move::Orphan),
        prop::sample::select(vec![1, 2, 3, 10, 15, 18, 20, 28]).prop_map(Move::Signal),
        (0usize..4).prop_map(Move::Stop),
        Just(Move::FailSpawn),
        Just(Move::CloseOutput),
        Just(Move::LoseMonitor),
    ]
}

impl World {
    fn new(count: usize, exit_on: ExitOn) -> Self {
        let specs: Vec<Spec> = (0..count).map(|index| spec(&format!("p{index}"), 1)).collect();
        let machine = Machine::new(specs.into(), Policy { exit_on, exit_code_from: None });
        let (leaders, others) = (vec![None; count], vec![0; count + 1]);
        Self {
            machine,
            now: Duration::ZERO,
            leaders,
            others,
            next_pid: 100,
            queue: VecDeque::new(),
            spawns_fail: false,
        }
    }

    fn feed(&mut self, event: Event) {
        self.queue.push_back(event);
        while let Some(event) = self.queue.pop_front() {
            for action in self.machine.handle(self.now, event) {
                self.perform(&action);
            }
        }
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn(index) => {
                assert_eq!(self.leaders[*index], None, "at most one process an instance");
                assert_eq!(self.others[*index], 0, "no start before the last life is cleared away");
                if self.spawns_fail {
                    let failure = Failure { program: "x".into(), reason: "gone".into(), status: 127 };
                    self.queue.push_back(Event::SpawnFailed { instance: *index, failure });
                } else {
                    self.next_pid += 1;
                    self.leaders[*index] = Some(self.next_pid);
                    self.queue.push_back(Event::Spawned { instance: *index, pid: self.next_pid });
                }
            }
            Action::Ask(index) | Action::Kill(index) => self.no_signal_for_who_is_down(*index, action),
            Action::Look => self.look(),
            Action::Bury(..)
            | Action::Say(_)
            | Action::NameSurvivors(_)
            | Action::Signal(..)
            | Action::Answer(..)
            | Action::Forward(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
    }

    fn no_signal_for_who_is_down(&mut self, index: usize, action: &Action) {
        let is_down = self.machine.instances.get(index).is_some_and(|instance| instance.state.is_down());
        assert!(!is_down, "an action for an instance that is down");
        if matches!(action, Action::Kill(_)) {
            self.others[index] = 0;
            if let Some(leader) = self.leaders.get_mut(index)
                && leader.take().is_some()
            {
                self.queue.push_back(Event::Exited { instance: index, exit: Exit::Signal(Signal::KILL) });
            }
        }
    }

    fn look(&mut self) {
        let is_empty =
            self.leaders.iter().all(Option::is_none) && self.others.iter().all(|count| *count == 0);
        if is_empty {
            self.queue.push_back(Event::AllGone);
        } else {
            let leader = |index: usize| usize::from(self.leaders.get(index).copied().flatten().is_some());
            let counts = self.others.iter().enumerate().map(|(index, count)| count + leader(index)).collect();
            self.queue.push_back(Event::Seen(counts));
        }
    }

    fn play(&mut self, step: &Move) {
        match step {
            Move::Wait(milliseconds) => self.wait(Duration::from_millis(u64::from(*milliseconds))),
            Move::Exit(index, status) => {
                if let Some(leader) = self.leaders.get_mut(*index)
                    && leader.take().is_some()
                {
                    self.feed(Event::Exited { instance: *index, exit: Exit::Status(*status) });
                }
            }
            Move::Fork(index) if self.leaders.get(*index).copied().flatten().is_some() => {
                self.others[*index] += 1;
            }
            Move::Stop(index) if *index < self.leaders.len() => self.feed(stop_of(*index)),
            Move::Fork(_) | Move::Stop(_) => {}
            Move::Orphan(index) => {
                if let Some(count) = self.others.get_mut(*index).filter(|count| **count > 0) {
                    *count -= 1;
                    self.feed(Event::Reaped);
                }
            }
            Move::Signal(number) => {
                self.feed(Event::Signal(Signal(*number)));
            }
            Move::FailSpawn => self.spawns_fail = true,
            Move::CloseOutput => {
                self.feed(Event::OutputClosed { error: None });
            }
            Move::LoseMonitor => {
                self.feed(Event::MonitorGone);
            }
        }
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.feed(Event::Timeout);
        }
        self.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2000 } else { 20_000 }))]

    #[test]
    fn any_order_of_events_ends_with_all_down_after_a_stop(
        count in 1usize..5,
        moves in prop::collection::vec(a_move(), 0..40),
        policy in prop::sample::select(vec![ExitOn::Any, ExitOn::Failure, ExitOn::Never]),
    ) {
        let mut world = World::new(count, policy);
        world.spawns_fail = matches!(moves.first(), Some(Move::FailSpawn));
        world.feed(Event::Begin);
        for step in &moves {
            world.play(step);
        }
        // A stack that stands still (Ctrl-Z) hears nothing until it goes on.
        world.feed(Event::Signal(Signal::CONTINUE));
        world.feed(Event::Signal(Signal::TERMINATE));
        world.wait(GRACE + Duration::from_secs(20));
        prop_assert!(world.machine.outcome().is_some(), "{:?}", world);
        prop_assert!(world.leaders.iter().all(Option::is_none));
        prop_assert!(world.machine.instances().iter().all(|instance| instance.state.is_down()));
    }
}
