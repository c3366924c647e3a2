//! The machine as tables; as properties in `histories`.

mod chains;
mod changes;
mod first_start;
mod histories;
mod lifecycle;
mod outcomes;
mod requests;
mod restarts;
mod rolls;
mod services;
mod stops;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use super::*;
use crate::exit::Exit;
use crate::name::{InstanceName, TypeName};
use crate::plan::spec::{Environment, ExitOn, ServicePolicy};
use crate::signal::{Reach, Signal};

const GRACE: Duration = Duration::from_secs(5);

fn spec(kind: &str, number: u32) -> Spec {
    Spec {
        name: InstanceName { kind: TypeName::new(kind).unwrap(), number },
        command: Arc::from("true"),
        place: Arc::from("Procfile:1"),
        environment: Environment::default(),
        port: None,
        stop_signal: Signal::TERMINATE,
        stop_to: Reach::Main,
        grace: GRACE,
        once: false,
        after: Arc::default(),
        service: ServicePolicy::default(),
    }
}

fn stack(kinds: &[&str], exit_on: ExitOn) -> Machine {
    let specs = kinds.iter().map(|kind| spec(kind, 1));
    Machine::new(specs.map(Rc::new).collect(), Policy { exit_on, ..Policy::default() })
}

/// A release, and a web that waits for it.
fn with_release() -> Vec<Rc<Spec>> {
    let release = Spec { once: true, ..spec("release", 1) };
    let web = Spec { after: Arc::new([release.name.kind.clone()]), ..spec("web", 1) };
    vec![Rc::new(release), Rc::new(web)]
}

fn counts(instances: &[usize], orphans: usize) -> ProcessCounts {
    ProcessCounts { instances: instances.to_vec(), orphans }
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Starts all: the answer to every Spawn is a process with pid 100 + index.
fn start(machine: &mut Machine) {
    let mut actions = machine.handle(at(0.0), Event::Begin);
    while let Some(Action::Spawn(instance)) = actions.iter().find(|action| matches!(action, Action::Spawn(_)))
    {
        let pid = 100 + i32::try_from(*instance).unwrap();
        actions = machine.handle(at(0.0), Event::Spawned { instance: *instance, pid });
    }
}

/// A request to stop this instance.
fn stop_of(instance: usize) -> Event {
    Event::Request(InstanceRequest {
        ticket: Ticket(0),
        operation: Operation::Stop,
        instances: vec![instance],
    })
}

/// The actions without notices and reports.
fn done(actions: &[Action]) -> Vec<&Action> {
    let is_told = |action: &&Action| matches!(action, Action::Notify(_) | Action::Report(..));
    actions.iter().filter(|action| !is_told(action)).collect()
}

fn notices(actions: &[Action]) -> Vec<String> {
    let text = |action: &Action| {
        let (Action::Notify(notice) | Action::ReportExit(_, notice)) = action else { return None };
        Some(notice.to_string())
    };
    actions.iter().filter_map(text).collect()
}

#[test]
fn instances_start_one_after_the_other_in_the_order_of_the_plan() {
    let mut machine = stack(&["web", "worker"], ExitOn::Any);
    assert_eq!(done(&machine.handle(at(0.0), Event::Begin)), [&Action::Spawn(0)]);
    let actions = machine.handle(at(0.0), Event::Spawned { instance: 0, pid: 100 });
    assert_eq!(notices(&actions), ["web.1 started (pid 100)"]);
    assert_eq!(done(&actions), [&Action::Spawn(1)]);
}

#[test]
fn a_stop_in_the_middle_of_the_starts_starts_no_other_instance() {
    let mut machine = stack(&["web", "worker"], ExitOn::Any);
    let _ = machine.handle(at(0.0), Event::Begin);
    assert_eq!(done(&machine.handle(at(0.0), Event::Signal(Signal::INTERRUPT))), [&Action::Scan]);
    let actions = machine.handle(at(0.1), Event::Spawned { instance: 0, pid: 100 });
    assert_eq!(
        done(&actions),
        [&Action::Stop(Target::Instance(0))],
        "an instance that was being started is stopped as soon as it exists"
    );
    assert_eq!(machine.instances()[1].state, State::Idle);
}

#[test]
fn a_stop_signal_asks_waits_and_kills_whole_trees() {
    let mut machine = stack(&["web", "worker"], ExitOn::Any);
    start(&mut machine);
    let actions = machine.handle(at(1.0), Event::Signal(Signal::TERMINATE));
    assert_eq!(
        done(&actions),
        [&Action::Stop(Target::Instance(0)), &Action::Stop(Target::Instance(1)), &Action::Scan]
    );
    let _ = machine.handle(at(1.1), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let _ = machine.handle(at(1.1), Event::Scanned(counts(&[1, 2], 0)));
    let actions = machine.handle(at(6.0), Event::Timeout);
    assert_eq!(notices(&actions), ["the grace is over: killing all that is left"]);
    assert!(
        actions.contains(&Action::Kill(Target::Instance(0))),
        "a leader that is gone does not save what it left"
    );
    assert!(actions.contains(&Action::Kill(Target::Instance(1))));
    let _ = machine.handle(at(6.1), Event::Exited { instance: 1, exit: Exit::Signal(Signal::KILL) });
    let _ = machine.handle(at(6.1), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::DieBy(Signal::TERMINATE)));
}

#[test]
fn a_second_interrupt_kills_at_once_but_the_echo_of_the_first_does_not() {
    let (int, term, hup) = (Signal::INTERRUPT, Signal::TERMINATE, Signal::HANGUP);
    // first, second, seconds between them, kills
    let table = [
        (int, int, 0.4, true),
        (int, int, 0.01, false),
        (int, term, 0.4, true),
        (term, int, 0.4, true),
        (hup, hup, 0.4, false),
        (hup, int, 0.4, false),
        (int, hup, 0.4, false),
        (term, Signal::QUIT, 0.01, true),
    ];
    for (first, second, between, kills) in table {
        let mut machine = stack(&["web"], ExitOn::Any);
        start(&mut machine);
        let _ = machine.handle(at(1.0), Event::Signal(first));
        let actions = machine.handle(at(1.0 + between), Event::Signal(second));
        assert_eq!(actions.contains(&Action::Kill(Target::Instance(0))), kills, "{first} then {second}");
    }
}

#[test]
fn a_signal_repeated_without_a_pause_counts_as_a_second_one() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let kills: Vec<bool> = [1.0, 1.1, 1.2, 1.3]
        .into_iter()
        .map(|now| {
            machine
                .handle(at(now), Event::Signal(Signal::TERMINATE))
                .contains(&Action::Kill(Target::Instance(0)))
        })
        .collect();
    assert_eq!(kills, [false, false, false, true]);
}

#[test]
fn what_an_instance_leaves_is_stopped_as_it_would_have_been() {
    let mut machine = stack(&["web", "worker"], ExitOn::Never);
    start(&mut machine);
    let actions = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    assert!(actions.contains(&Action::Scan));
    let actions = machine.handle(at(1.0), Event::Scanned(counts(&[2, 1], 0)));
    assert_eq!(notices(&actions), ["web.1 is gone, but 2 processes that it started are not: stopping"]);
    assert_eq!(done(&actions), [&Action::StopRest(Target::Instance(0))], "the other instance is not touched");
    let actions = machine.handle(at(1.1), Event::Reaped);
    assert_eq!(done(&actions), [&Action::Scan]);
    let actions = machine.handle(at(6.0), Event::Timeout);
    assert!(
        actions.contains(&Action::Kill(Target::Instance(0)))
            && !actions.contains(&Action::Kill(Target::Instance(1)))
    );
    let _ = machine.handle(at(6.1), Event::Scanned(counts(&[0, 1], 0)));
    assert_eq!(machine.instances()[0].state, State::Ended);
    assert_eq!(machine.instances()[1].state, State::Running);
}

#[test]
fn a_partial_scan_does_not_show_that_an_instance_is_empty() {
    let mut machine = stack(&["web", "worker"], ExitOn::Never);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let _ = machine.handle(at(1.0), Event::PartlyScanned(counts(&[0, 1], 0)));
    assert_eq!(machine.instances()[0].state, State::Clearing);
    let actions = machine.handle(at(1.0), Event::PartlyScanned(counts(&[1, 1], 0)));
    assert!(actions.contains(&Action::StopRest(Target::Instance(0))), "a process that was found is there");
    let _ = machine.handle(at(1.1), Event::Scanned(counts(&[0, 1], 0)));
    assert_eq!(machine.instances()[0].state, State::Ended);
}

/// Links of a chain of processes that fork and end: a scan never sees one, and none of the scans is certain.
#[test]
fn what_was_killed_is_killed_again_while_scans_may_overlook_it() {
    let mut machine = stack(&["web", "worker"], ExitOn::Never);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let overlooked = || Event::PartlyScanned(counts(&[0, 1], 0));
    let kill = Action::Kill(Target::Instance(0));
    assert!(!machine.handle(at(1.1), overlooked()).contains(&kill), "it has its grace");
    assert!(machine.handle(at(1e6), Event::Timeout).contains(&kill));
    for n in 1..10 {
        let actions = machine.handle(at(1e6 + f64::from(n) / 100.0), overlooked());
        assert!(actions.contains(&kill), "{actions:?}");
        assert!(
            !actions.iter().any(|action| matches!(action, Action::Kill(of) if *of != Target::Instance(0)))
        );
    }
    let _ = machine.handle(at(1e6 + 1.0), Event::Scanned(counts(&[0, 1], 0)));
    assert_eq!(machine.instances()[0].state, State::Ended);
}

#[test]
fn the_exit_of_a_stopped_instance_does_not_count() {
    for policy in [ExitOn::Any, ExitOn::Failure, ExitOn::Never] {
        let awaits_request = policy != ExitOn::Any;
        let mut machine = stack(&["web", "worker"], policy);
        start(&mut machine);
        let actions = machine.handle(at(1.0), stop_of(0));
        assert_eq!(done(&actions), [&Action::Stop(Target::Instance(0))], "the other instance is not touched");
        let actions = machine.handle(at(6.0), Event::Timeout);
        assert!(
            actions.contains(&Action::Kill(Target::Instance(0)))
                && !actions.contains(&Action::Kill(Target::Instance(1)))
        );
        let exit = Exit::Signal(Signal::KILL);
        let _ = machine.handle(at(6.1), Event::Exited { instance: 0, exit });
        let _ = machine.handle(at(6.1), Event::Scanned(counts(&[0, 1], 0)));
        assert_eq!(machine.instances()[0].state, State::Ended);
        assert_eq!(machine.instances()[1].state, State::Running);
        let _ = machine.handle(at(7.0), Event::Exited { instance: 1, exit: Exit::Status(0) });
        let _ = machine.handle(at(7.0), Event::AllGone);
        assert_eq!(machine.is_stopping(), !awaits_request);
        let _ = machine.handle(at(7.0), Event::Down { ticket: Ticket(1), grace: None });
        let _ = machine.handle(at(7.0), Event::AllGone);
        assert_eq!(machine.outcome(), Some(Outcome::Status(0)));
    }
}

#[test]
fn an_instance_that_is_stopped_before_its_turn_never_starts() {
    let mut machine = Machine::new(with_release(), Policy::default());
    start(&mut machine);
    let _ = machine.handle(at(1.0), stop_of(1));
    let _ = machine.handle(at(2.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let actions = machine.handle(at(2.0), Event::AllGone);
    assert!(!actions.contains(&Action::Spawn(1)), "{actions:?}");
    assert!(!machine.is_stopping(), "another request may start it");
    let _ = machine.handle(at(2.0), Event::Down { ticket: Ticket(1), grace: None });
    let _ = machine.handle(at(2.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(0)));
}

#[test]
fn a_command_that_cannot_start_stops_the_others() {
    let mut machine = stack(&["web", "worker"], ExitOn::Never);
    let _ = machine.handle(at(0.0), Event::Begin);
    let _ = machine.handle(at(0.0), Event::Spawned { instance: 0, pid: 100 });
    let failure =
        SpawnFailure { program: "wroker".into(), reason: "not found (Procfile:2)".into(), status: 127 };
    let actions = machine.handle(at(0.0), Event::SpawnFailed { instance: 1, failure });
    assert_eq!(
        notices(&actions),
        [
            "worker.1 cannot start: wroker: not found (Procfile:2)",
            "worker.1 cannot start: stopping all (grace 5 s)"
        ]
    );
    let _ = machine.handle(at(0.1), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let _ = machine.handle(at(0.1), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(127)));
}

#[test]
fn a_release_runs_to_its_end_before_any_other_instance() {
    let machine = || {
        let mut machine = Machine::new(with_release(), Policy::default());
        let _ = machine.handle(at(0.0), Event::Begin);
        let actions = machine.handle(at(0.0), Event::Spawned { instance: 0, pid: 100 });
        assert_eq!(done(&actions), Vec::<&Action>::new());
        machine
    };
    let mut good = machine();
    let actions = good.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    assert!(actions.contains(&Action::Spawn(1)), "{actions:?}");
    let mut bad = machine();
    let _ = bad.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(2) });
    let _ = bad.handle(at(1.0), Event::AllGone);
    assert_eq!(bad.outcome(), Some(Outcome::Status(2)));
}

#[test]
fn timers_stand_still_while_the_stack_is_suspended() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Signal(Signal::TERMINATE));
    let before = machine.instances()[0].deadline();
    assert_eq!(machine.handle(at(2.0), Event::Signal(Signal::SUSPEND)), [Action::Suspend]);
    assert_eq!(machine.deadline(), None);
    assert_eq!(machine.handle(at(102.0), Event::Signal(Signal::CONTINUE)), [Action::Resume]);
    assert_eq!(machine.instances()[0].deadline(), before.map(|before| before + at(100.0)));
}

#[test]
fn a_closed_output_stops_the_stack_as_sigterm_does() {
    for (error, outcome) in [
        (None, Outcome::DieBy(Signal::PIPE)),
        (Some("No space left on device".to_string()), Outcome::Status(FAILED)),
    ] {
        let mut machine = stack(&["web"], ExitOn::Any);
        start(&mut machine);
        assert!(
            machine
                .handle(at(1.0), Event::OutputClosed { error })
                .contains(&Action::Stop(Target::Instance(0)))
        );
        let _ = machine.handle(at(1.1), Event::Exited { instance: 0, exit: Exit::Status(0) });
        let _ = machine.handle(at(1.1), Event::AllGone);
        assert_eq!(machine.outcome(), Some(outcome));
    }
}
