//! Random histories with a clock of their own: instances that fail, are slow, or flap, and that wait for each other.
//! No instance starts before its dependencies, none more often than allowed, and none waits for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::spec;
use crate::exit::Exit;
use crate::machine::restart::{MOST_FAILURES, SHORTEST, WORKED};
use crate::machine::state::State;
use crate::machine::*;
use crate::plan::spec::{ExitOn, Observation, Probe, RestartPolicy, ServicePolicy};
use crate::signal::Signal;

/// What one generation does; times in milliseconds from its start.
#[derive(Clone, Copy, Debug)]
struct ScriptedRun {
    can_start: bool,
    ready: Option<u32>,
    ends: Option<(u32, u8)>,
    obeys: bool,
}

fn a_run() -> impl Strategy<Value = ScriptedRun> {
    let time = prop_oneof![4 => 0u32..3000, 1 => 3000u32..40_000];
    let ends = (time.clone(), prop_oneof![Just(0u8), Just(1u8)]);
    (
        prop::bool::weighted(0.95),
        prop::option::weighted(0.8, time),
        prop::option::of(ends),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(can_start, ready, ends, obeys)| ScriptedRun { can_start, ready, ends, obeys })
}

#[derive(Clone, Debug)]
struct Sort {
    /// The instances that it waits for: only those with a lower number, so there is no circle.
    after: u8,
    probe: Probe,
    restart: RestartPolicy,
    once: bool,
    is_watched: bool,
    /// Its generations, over and over again.
    runs: Vec<ScriptedRun>,
}

fn a_sort() -> impl Strategy<Value = Sort> {
    let probe = prop::sample::select(vec![Probe::Alive, Probe::Listen(None), Probe::Notify]);
    let restart =
        prop::sample::select(vec![RestartPolicy::Never, RestartPolicy::OnFailure, RestartPolicy::Always]);
    let runs = prop::collection::vec(a_run(), 1..4);
    (any::<u8>(), probe, restart, prop::bool::weighted(0.2), prop::bool::weighted(0.2), runs).prop_map(
        |(after, probe, restart, once, is_watched, runs)| Sort {
            after,
            probe,
            restart,
            once,
            is_watched,
            runs,
        },
    )
}

fn specs(sorts: &[Sort]) -> Vec<Rc<Spec>> {
    let one = |(index, sort): (usize, &Sort)| {
        let after = (0..index).filter(|before| sort.after & (1 << before) != 0);
        let kind = |before| spec(&format!("p{before}"), 1).name.kind;
        let service = ServicePolicy {
            probe: sort.probe.clone(),
            is_implied: false,
            is_awaited: false,
            ready_within: Some(Duration::from_secs(20)),
            liveness: None,
            restart: Some(sort.restart),
            watch: if sort.is_watched { vec!["src".into()].into() } else { Vec::new().into() },
            listen: None,
            can_die: false,
            hooks: None,
        };
        Spec { after: after.map(kind).collect(), once: sort.once, service, ..spec(&format!("p{index}"), 1) }
    };
    sorts.iter().enumerate().map(one).map(Rc::new).collect()
}

/// The processes and the clock that the machine works with.
struct World<'a> {
    sorts: &'a [Sort],
    machine: Machine,
    now: Duration,
    /// Events to come, by time and then by the order in which they were decided.
    coming: BTreeMap<(Duration, u64), Event>,
    count: u64,
    pids: Vec<Option<i32>>,
    starts: Vec<usize>,
    ended: Vec<Duration>,
    /// Failures in a row.
    failures: Vec<u32>,
    /// Whether a request (a change of a file) starts the count again.
    is_asked: Vec<bool>,
    /// When a request last asked for a new generation.
    asked: Vec<Duration>,
}

impl<'a> World<'a> {
    fn new(sorts: &'a [Sort], exit_on: ExitOn, seed: u64, ordered_stop: bool) -> Self {
        let policy = Policy { exit_on, exit_code_from: None, ordered_stop, seed };
        let count = sorts.len();
        Self {
            sorts,
            machine: Machine::new(specs(sorts), policy),
            now: Duration::ZERO,
            coming: BTreeMap::new(),
            count: 0,
            pids: vec![None; count],
            starts: vec![0; count],
            ended: vec![Duration::ZERO; count],
            failures: vec![0; count],
            is_asked: vec![false; count],
            asked: vec![Duration::ZERO; count],
        }
    }

    fn later(&mut self, milliseconds: u32, event: Event) {
        self.count += 1;
        let moment = self.now + Duration::from_millis(milliseconds.into());
        self.coming.insert((moment, self.count), event);
    }

    fn feed(&mut self, event: Event) {
        if let Event::Exited { instance, exit } = &event {
            if self.pids[*instance].take().is_none() {
                return;
            }
            self.on_end(*instance, exit.is_success());
        }
        let mut asked: Vec<usize> = Vec::new();
        if let Event::Changed(instances) = &event {
            asked.extend(instances.iter().filter(|index| self.starts[**index] > 0));
        }
        if let Event::Request(request) = &event {
            asked.extend(&request.instances);
        }
        for index in asked {
            (self.is_asked[index], self.failures[index], self.asked[index]) = (true, 0, self.now);
        }
        for action in self.machine.handle(self.now, event) {
            self.perform(&action);
        }
    }

    fn on_end(&mut self, index: usize, is_success: bool) {
        let instance = &self.machine.instances()[index];
        let lived = self.now.saturating_sub(instance.started.unwrap());
        self.ended[index] = self.now;
        if !instance.is_wanted() {
            return;
        }
        let is_failure = !is_success || instance.late.is_some();
        let before = if lived >= WORKED { 0 } else { self.failures[index] };
        self.failures[index] = if is_failure { before + 1 } else { 0 };
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn(index) => self.spawn(*index),
            Action::Stop(Target::Instance(index))
            | Action::StopRest(Target::Instance(index))
            | Action::StopAll(Target::Instance(index)) => {
                let run = self.current(*index);
                if run.obeys {
                    self.later(10, Event::Exited { instance: *index, exit: Exit::Status(0) });
                }
            }
            Action::Kill(Target::Instance(index)) => {
                self.later(1, Event::Exited { instance: *index, exit: Exit::Signal(Signal::KILL) });
            }
            Action::Inspect(index) => {
                if let Some(pid) = self.pids[*index] {
                    self.later(1, Event::Inspected { instance: *index, pid, seen: Observation::default() });
                }
            }
            Action::Scan => {
                let instances: Vec<usize> = self.pids.iter().map(|pid| usize::from(pid.is_some())).collect();
                let is_empty = instances.iter().all(|count| *count == 0);
                let seen = Event::Scanned(ProcessCounts { instances, orphans: 0 });
                self.later(1, if is_empty { Event::AllGone } else { seen });
            }
            Action::Enroll(..)
            | Action::Probe(_)
            | Action::Stop(Target::Orphans)
            | Action::StopRest(Target::Orphans)
            | Action::StopAll(Target::Orphans)
            | Action::Kill(Target::Orphans)
            | Action::ReportExit(..)
            | Action::Report(..)
            | Action::Notify(_)
            | Action::ReportSurvivors(_)
            | Action::Signal(..)
            | Action::Answer(..)
            | Action::Forward(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
    }

    fn current(&self, index: usize) -> ScriptedRun {
        let runs = &self.sorts[index].runs;
        runs[self.starts[index].saturating_sub(1) % runs.len()]
    }

    fn spawn(&mut self, index: usize) {
        for before in (0..index).filter(|before| self.sorts[index].after & (1 << before) != 0) {
            let other = &self.machine.instances()[before];
            // What has been asked for since is to be ready, or done, again.
            let is_fresh = other.started.is_some_and(|started| started >= self.asked[before]);
            let is_done = self.sorts[before].once && other.ended.is_some_and(|(exit, _)| exit.is_success());
            let is_ending = other.state.is_down() || other.state.is_clearing();
            let will_not_come = is_ending && !other.will_start() && !other.awaits_change;
            let goes_without = self.starts[index] > 0 && will_not_come;
            let is_in_order = is_fresh && (is_done || other.ready.is_some()) || goes_without;
            assert!(is_in_order, "p{index} starts before p{before} is ready");
        }
        let was_asked = std::mem::take(&mut self.is_asked[index]);
        if self.starts[index] > 0 && !was_asked {
            assert!(self.failures[index] < MOST_FAILURES, "p{index} was given up");
            assert_ne!(self.sorts[index].restart, RestartPolicy::Never);
            assert!(self.now >= self.ended[index] + SHORTEST, "p{index} starts again at once");
        }
        self.starts[index] += 1;
        let run = self.current(index);
        if !run.can_start {
            self.failures[index] += 1;
            self.ended[index] = self.now;
            let failure = SpawnFailure { program: "x".into(), reason: "gone".into(), status: 127 };
            return self.later(0, Event::SpawnFailed { instance: index, failure });
        }
        self.count += 1;
        let pid = i32::try_from(1000 + self.count).unwrap();
        self.pids[index] = Some(pid);
        self.later(0, Event::Spawned { instance: index, pid });
        if let Some(ready) = run.ready.filter(|_| self.sorts[index].probe != Probe::Alive) {
            self.later(ready, Event::Ready { instance: index, pid, port: None });
        }
        if let Some((end, status)) = run.ends {
            self.later(end + 1, Event::Exited { instance: index, exit: Exit::Status(status) });
        }
    }

    /// Lets time pass until nothing is to come any more, or the stack is over.
    fn run(&mut self, until: Duration) {
        while self.machine.outcome().is_none() {
            let next = self.coming.first_key_value().map(|(key, _)| *key);
            let deadline = self.machine.deadline();
            let moment = next.map(|(moment, _)| moment).into_iter().chain(deadline).min();
            let Some(moment) = moment.filter(|moment| *moment <= until) else { return };
            self.now = self.now.max(moment);
            let is_event = next.is_some_and(|(next, _)| next <= moment);
            let event = if is_event { self.coming.pop_first().map(|(_, event)| event) } else { None };
            // An exit of an earlier generation is none.
            let is_stale = matches!(&event, Some(Event::Exited { instance, .. })
                if self.pids[*instance] != self.machine.instances()[*instance].pid);
            if !is_stale {
                self.feed(event.unwrap_or(Event::Timeout));
            }
        }
    }

    fn no_instance_waits_in_vain(&self) {
        let all = self.machine.instances();
        let runs = all.iter().any(|instance| !instance.state.is_down());
        let rests = all.iter().any(|instance| instance.awaits_change || instance.is_requested);
        assert!(runs || rests || self.machine.outcome().is_some(), "nothing runs, and it is not over");
        for (index, _) in all.iter().enumerate().filter(|(_, instance)| instance.is_due) {
            let mut before = (0..index).filter(|before| self.sorts[index].after & (1 << before) != 0);
            // Only an instance that awaits a change of a file, or a one-shot at work, may be waited for without end.
            let works = |before: usize| self.sorts[before].once && all[before].state == State::Running;
            // A start that a change asked for and that failed is tried again at the next change.
            let rests = |before: usize| {
                let other = &all[before];
                other.awaits_change || other.is_requested && other.failure.is_some()
            };
            let is_hopeful = before.any(|before| rests(before) || all[before].is_due || works(before));
            assert!(is_hopeful, "p{index} waits in vain");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_instance_starts_too_early_or_too_often_and_none_waits_for_ever(
        sorts in prop::collection::vec(a_sort(), 1..6),
        exit_on in prop::sample::select(vec![ExitOn::Any, ExitOn::Failure, ExitOn::Never]),
        (seed, ordered) in any::<(u64, bool)>(),
        changes in prop::collection::vec((0u32..60_000, 0usize..6), 0..4),
        restarts in prop::collection::vec(0u32..60_000, 0..3),
    ) {
        let mut world = World::new(&sorts, exit_on, seed, ordered);
        for (moment, index) in changes {
            if sorts.get(index).is_some_and(|sort| sort.is_watched) {
                world.later(moment, Event::Changed(vec![index]));
            }
        }
        for moment in restarts {
            let (ticket, instances) = (Ticket(0), (0..sorts.len()).collect());
            let request = InstanceRequest { ticket, operation: Operation::Restart, instances };
            world.later(moment, Event::Request(request));
        }
        world.feed(Event::Begin);
        let hour = Duration::from_hours(1);
        world.run(hour);
        // An instance that flaps for ever has events to come; all others are in their last state.
        if world.machine.deadline().is_none() && world.coming.is_empty() {
            world.no_instance_waits_in_vain();
        }
        world.feed(Event::Signal(Signal::TERMINATE));
        let end = world.now + Duration::from_mins(2);
        world.run(end);
        prop_assert!(world.machine.outcome().is_some(), "{:?}", world.machine);
        prop_assert!(world.machine.instances().iter().all(|instance| instance.state.is_down()));
        prop_assert!(world.machine.instances().iter().all(|instance| instance.state != State::Starting));
    }
}
