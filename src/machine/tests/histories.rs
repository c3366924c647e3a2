//! Random histories: any order of events ends, and no rule is broken on the way.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::{GRACE, counts, spec, stop_of};
use crate::exit::Exit;
use crate::machine::*;
use crate::plan::spec::{ExitOn, Spec};
use crate::signal::Signal;

/// The processes that the machine works with; they may ignore the stop signal.
#[derive(Debug)]
struct World {
    machine: Machine,
    now: Duration,
    /// The own process of each instance, if it lives.
    leaders: Vec<Option<i32>>,
    /// What was last reported of each instance.
    reported: Vec<Option<Lifecycle>>,
    /// How many other processes of each instance live.
    others: Vec<usize>,
    /// How many processes live that belong to no instance.
    orphans: usize,
    /// How many changes were asked for, and the tickets that were answered.
    asked: u64,
    answered: Vec<u64>,
    next_pid: i32,
    /// Events that were not handled yet: an answer never overtakes the other actions of its transition.
    queue: VecDeque<Event>,
    spawns_fail: bool,
    is_ordered: bool,
}

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Move {
    Wait(u16),
    Exit(usize, u8),
    Fork(usize),
    Orphan(usize),
    Signal(i32),
    Stop(usize),
    Change(Vec<(usize, InstanceChange)>),
    FailSpawn,
    CloseOutput,
    LoseMonitor,
}

/// What a change makes of an instance.
#[derive(Clone, Copy, Debug)]
enum InstanceChange {
    /// It has another spec from its next generation on; an instance that is not in the stack joins it.
    Respec,
    Restart,
    Start,
    Leave,
}

fn an_instance_change() -> impl Strategy<Value = (usize, InstanceChange)> {
    let changes = vec![
        InstanceChange::Respec,
        InstanceChange::Respec,
        InstanceChange::Restart,
        InstanceChange::Start,
        InstanceChange::Leave,
        InstanceChange::Leave,
    ];
    (0usize..8, prop::sample::select(changes))
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0u16..3000).prop_map(Move::Wait),
        (0usize..6, 0u8..3).prop_map(|(index, status)| Move::Exit(index, status)),
        (0usize..7).prop_map(Move::Fork),
        (0usize..7).prop_map(Move::Orphan),
        prop::sample::select(vec![1, 2, 3, 10, 15, 18, 20, 28]).prop_map(Move::Signal),
        (0usize..6).prop_map(Move::Stop),
        prop::collection::vec(an_instance_change(), 0..4).prop_map(Move::Change),
        Just(Move::FailSpawn),
        Just(Move::CloseOutput),
        Just(Move::LoseMonitor),
    ]
}

/// Where there is an order, every second instance comes after the one before. Ports are shared, as they are where they move.
fn spec_of(index: usize, is_ordered: bool) -> Spec {
    let before = (is_ordered && index % 2 == 1).then(|| spec(&format!("p{}", index - 1), 1).name.kind);
    let port = is_ordered.then_some(5000);
    Spec { after: before.into_iter().collect(), port, ..spec(&format!("p{index}"), 1) }
}

impl World {
    fn new(count: usize, policy: Policy) -> Self {
        let is_ordered = policy.ordered_stop;
        let specs = (0..count).map(|index| Rc::new(spec_of(index, is_ordered))).collect();
        let machine = Machine::new(specs, policy);
        let (leaders, others) = (vec![None; count], vec![0; count]);
        Self {
            machine,
            now: Duration::ZERO,
            leaders,
            reported: vec![None; count],
            others,
            orphans: 0,
            asked: 0,
            answered: Vec::new(),
            next_pid: 100,
            queue: VecDeque::new(),
            spawns_fail: false,
            is_ordered,
        }
    }

    fn feed(&mut self, event: Event) {
        self.queue.push_back(event);
        while let Some(event) = self.queue.pop_front() {
            for action in self.machine.handle(self.now, event) {
                self.perform(&action);
            }
            self.machine.assert_complete();
        }
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn(index) => {
                assert!(!self.machine.instances()[*index].is_retired, "a retired instance does not start");
                assert_eq!(self.leaders[*index], None, "at most one process an instance");
                assert_eq!(self.others[*index], 0, "no start before the last generation is cleared away");
                if self.spawns_fail {
                    let failure = SpawnFailure { program: "x".into(), reason: "gone".into(), status: 127 };
                    self.queue.push_back(Event::SpawnFailed { instance: *index, failure });
                } else {
                    self.next_pid += 1;
                    self.leaders[*index] = Some(self.next_pid);
                    self.queue.push_back(Event::Spawned { instance: *index, pid: self.next_pid });
                }
            }
            Action::Enroll(index, _) if *index == self.leaders.len() => {
                self.leaders.push(None);
                self.reported.push(None);
                self.others.push(0);
            }
            Action::Enroll(index, _) => {
                assert!(self.leaders[*index].is_none(), "a running generation keeps its spec");
            }
            Action::Stop(target)
            | Action::StopRest(target)
            | Action::StopAll(target)
            | Action::Kill(target) => {
                self.check_signal(*target, action);
            }
            Action::Scan => self.scan(),
            // Ticket 0 is that of all other requests.
            Action::Answer(Ticket(number), _) => self.answered.extend((*number > 0).then_some(*number)),
            Action::Report(index, what) => self.check_report(*index, what),
            Action::ReportExit(..)
            | Action::Probe(_)
            | Action::Inspect(_)
            | Action::Notify(_)
            | Action::ReportSurvivors(_)
            | Action::Signal(..)
            | Action::Forward(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
    }

    /// A generation is reported as started, as ready once at most, and as exited.
    fn check_report(&mut self, index: usize, what: &Lifecycle) {
        let before = self.reported[index].replace(what.clone());
        let follows = match what {
            Lifecycle::Started | Lifecycle::CannotStart => {
                matches!(before, None | Some(Lifecycle::Exited { .. } | Lifecycle::CannotStart))
            }
            Lifecycle::Ready { .. } => before == Some(Lifecycle::Started),
            Lifecycle::Exited { .. } => {
                matches!(before, Some(Lifecycle::Started | Lifecycle::Ready { .. }))
            }
        };
        assert!(follows, "{what:?} after {before:?}");
    }

    fn check_signal(&mut self, target: Target, action: &Action) {
        let is_killing = matches!(action, Action::Kill(_));
        let Some(index) = target.instance() else {
            self.orphans = if is_killing { 0 } else { self.orphans };
            return;
        };
        assert!(!self.machine.instances()[index].state.is_down(), "an action for an instance that is down");
        if is_killing {
            self.others[index] = 0;
            if self.leaders[index].take().is_some() {
                self.queue.push_back(Event::Exited { instance: index, exit: Exit::Signal(Signal::KILL) });
            }
        }
    }

    fn scan(&mut self) {
        let all = self.others.iter().zip(&self.leaders);
        let seen: Vec<usize> = all.map(|(others, leader)| others + usize::from(leader.is_some())).collect();
        let is_empty = self.orphans == 0 && seen.iter().all(|count| *count == 0);
        self.queue.push_back(if is_empty {
            Event::AllGone
        } else {
            Event::Scanned(counts(&seen, self.orphans))
        });
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
            Move::Change(changes) => self.change(changes),
            Move::Orphan(index) => {
                let Some(count) = self.others.get_mut(*index).filter(|count| **count > 0) else { return };
                *count -= 1;
                // A process that wipes its environment and leaves its session belongs to no instance from then on.
                self.orphans += usize::from(index % 2 == 0);
                self.feed(Event::Reaped);
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

    fn change(&mut self, changes: &[(usize, InstanceChange)]) {
        self.asked += 1;
        let mut specs = Vec::new();
        let (mut restarted, mut retired, mut count) = (Vec::new(), Vec::new(), self.leaders.len());
        let mut operation = Operation::Restart;
        for (index, disposition) in changes {
            let is_ordered = self.is_ordered;
            let name = |index: usize| spec_of(index, is_ordered);
            match disposition {
                InstanceChange::Respec if *index < self.leaders.len() => specs.push((*index, name(*index))),
                InstanceChange::Respec => {
                    specs.push((count, name(count)));
                    count += 1;
                }
                InstanceChange::Restart => restarted.push(*index),
                InstanceChange::Start => (operation, restarted) = (Operation::Start, vec![*index]),
                InstanceChange::Leave => retired.push(*index),
            }
        }
        let request = InstanceRequest { ticket: Ticket(self.asked), operation, instances: restarted };
        self.feed(Event::Change(Change { request, specs, retired, policy: None }));
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
        exit_on in prop::sample::select(vec![ExitOn::Any, ExitOn::Failure, ExitOn::Never]),
        ordered_stop in any::<bool>(),
    ) {
        let mut world = World::new(count, Policy { exit_on, ordered_stop, ..Policy::default() });
        world.spawns_fail = matches!(moves.first(), Some(Move::FailSpawn));
        world.feed(Event::Begin);
        for step in &moves {
            world.play(step);
        }
        // A suspended stack (Ctrl-Z) handles nothing until it continues.
        world.feed(Event::Signal(Signal::CONTINUE));
        world.feed(Event::Signal(Signal::TERMINATE));
        world.wait(GRACE + Duration::from_secs(20));
        prop_assert!(world.machine.outcome().is_some(), "{:?}", world);
        prop_assert!(world.leaders.iter().all(Option::is_none));
        world.answered.sort_unstable();
        prop_assert_eq!(&world.answered, &(1..=world.asked).collect::<Vec<_>>(), "answered once each");
        prop_assert!(world.machine.instances().iter().all(|instance| instance.state.is_down()));
    }
}
