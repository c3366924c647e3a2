//! Readiness, dependencies and restarts.

use std::sync::Arc;

use super::{at, counts, done, notices, spec, start, stop_of};
use crate::exit::Exit;
use crate::machine::ready::{LISTENS_WITHIN, SETTLED};
use crate::machine::*;
use crate::plan::spec::{ExitOn, Observation, Probe, RestartPolicy, ServicePolicy};

fn after(spec: Spec, kinds: &[&str]) -> Spec {
    let kinds = kinds.iter().map(|kind| crate::name::TypeName::new(kind).unwrap());
    Spec { after: kinds.collect(), ..spec }
}

fn with(spec: Spec, service: ServicePolicy) -> Spec {
    Spec { service, ..spec }
}

fn listening() -> ServicePolicy {
    ServicePolicy { probe: Probe::Listen(None), ready_within: Some(at(60.0)), ..ServicePolicy::default() }
}

fn restarting(restart: RestartPolicy) -> ServicePolicy {
    ServicePolicy { restart: Some(restart), ..ServicePolicy::default() }
}

fn machine(specs: Vec<Spec>, exit_on: ExitOn) -> Machine {
    let mut machine =
        Machine::new(specs.into_iter().map(Rc::new).collect(), Policy { exit_on, ..Policy::default() });
    start(&mut machine);
    machine
}

fn exited(instance: usize, status: u8) -> Event {
    Event::Exited { instance, exit: Exit::Status(status) }
}

#[test]
fn a_dependent_waits_until_the_other_is_ready_which_is_reported_once() {
    let db = Spec { port: Some(5100), ..with(spec("db", 1), listening()) };
    let mut machine = machine(
        vec![after(spec("web", 1), &["db"]), db, after(spec("job", 1), &["db", "none"])],
        ExitOn::Any,
    );
    assert_eq!(machine.instances()[0].generation + machine.instances()[2].generation, 0);
    assert_eq!(machine.deadline(), Some(at(1.0)));
    let actions = machine.handle(at(1.0), Event::Timeout);
    assert_eq!(notices(&actions), ["web.1, job.1 wait for db.1: nothing of it listens on port 5100"]);
    let _ = machine.handle(at(2.0), Event::Timeout);
    assert_eq!(machine.deadline(), Some(at(60.0)), "it is reported once");
    assert_eq!(
        machine.handle(at(2.9), Event::Ready { instance: 1, pid: 99, port: None }),
        [],
        "this is about another generation"
    );
    let actions = machine.handle(at(3.0), Event::Ready { instance: 1, pid: 101, port: None });
    assert_eq!(notices(&actions), ["db.1 ready on http://localhost:5100 after 3 s"]);
    assert_eq!(done(&actions), [&Action::Spawn(0)]);
    assert_eq!(
        machine.handle(at(3.0), Event::Ready { instance: 1, pid: 101, port: None }),
        [],
        "once is enough"
    );
}

#[test]
fn an_instance_without_a_probe_is_ready_after_a_second() {
    let mut machine = machine(vec![spec("db", 1), after(spec("web", 1), &["db"])], ExitOn::Any);
    assert_eq!(machine.deadline(), Some(SETTLED));
    let actions = machine.handle(SETTLED, Event::Timeout);
    assert_eq!(done(&actions), [&Action::Spawn(1)]);
    assert_eq!(notices(&actions), [""; 0], "that it runs is no news");
    assert_eq!(machine.instances()[0].ready, Some(SETTLED));
}

#[test]
fn an_awaited_instance_that_may_open_its_port_has_time_for_that() {
    let service = ServicePolicy { is_implied: true, is_awaited: true, ..ServicePolicy::default() };
    let stack = || {
        let db = Spec { port: Some(5100), ..with(spec("db", 1), service.clone()) };
        let mut machine =
            Machine::new([db, after(spec("web", 1), &["db"])].map(Rc::new).to_vec(), Policy::default());
        let _ = machine.handle(at(0.0), Event::Begin);
        let actions = machine.handle(at(0.0), Event::Spawned { instance: 0, pid: 100 });
        assert!(actions.contains(&Action::Probe(0)), "{actions:?}");
        machine
    };
    let ready = |machine: &mut Machine, port| {
        notices(&machine.handle(at(2.0), Event::Ready { instance: 0, pid: 100, port: Some(port) }))
    };
    let mut by_port = stack();
    let _ = by_port.handle(SETTLED, Event::Timeout);
    assert_eq!(by_port.instances()[0].ready, None, "a second is not enough");
    assert_eq!(ready(&mut by_port, 5100), ["db.1 ready on http://localhost:5100 after 2 s"]);
    assert_eq!(
        ready(&mut stack(), 5432),
        [
            "db.1 listens on 5432, not on its PORT 5100 (ready = \"listen:5432\")",
            "db.1 ready on http://localhost:5432 after 2 s"
        ]
    );
    let mut silent = stack();
    let _ = silent.handle(LISTENS_WITHIN, Event::Timeout);
    assert_eq!(silent.instances()[0].ready, Some(LISTENS_WITHIN));
}

#[test]
fn a_one_shot_is_waited_for_until_it_has_ended_with_0() {
    let job = Spec { once: true, ..spec("job", 1) };
    let mut good = machine(vec![job.clone(), after(spec("web", 1), &["job"])], ExitOn::Any);
    let _ = good.handle(at(5.0), Event::Timeout);
    assert_eq!(good.instances()[1].generation, 0);
    assert!(good.handle(at(6.0), exited(0, 0)).contains(&Action::Spawn(1)));
    assert!(!good.is_stopping());
    for exit_on in [ExitOn::Any, ExitOn::Never] {
        let mut bad = machine(vec![job.clone(), after(spec("web", 1), &["job"])], exit_on);
        let _ = [exited(0, 3), Event::AllGone, Event::AllGone].map(|event| bad.handle(at(6.0), event));
        assert_eq!((bad.outcome(), bad.instances()[1].generation), (Some(Outcome::Status(3)), 0));
    }
}

#[test]
fn a_dependent_of_one_that_will_not_become_ready_fails_and_stops_no_other() {
    let mut machine = machine(
        vec![
            with(spec("db", 1), listening()),
            after(spec("web", 1), &["db"]),
            after(spec("css", 1), &["web"]),
            spec("job", 1),
        ],
        ExitOn::Never,
    );
    let _ = machine.handle(at(1.0), exited(0, 0));
    let actions = machine.handle(at(1.0), Event::Scanned(counts(&[0, 0, 0, 1], 0)));
    assert!(!machine.is_stopping(), "{actions:?}");
    let _ = machine.handle(at(2.0), exited(3, 0));
    let _ = machine.handle(at(2.0), Event::AllGone);
    let _ = machine.handle(at(2.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(1)), "an instance was never started");
}

#[test]
fn an_instance_that_is_not_ready_in_time_has_failed() {
    let service = ServicePolicy { ready_within: Some(at(2.0)), ..listening() };
    let mut machine = machine(vec![with(spec("db", 1), service)], ExitOn::Failure);
    assert_eq!(machine.handle(at(2.0), Event::Timeout), [Action::Inspect(0)]);
    let actions = machine.handle(at(2.0), seen(&[]));
    assert_eq!(
        notices(&actions),
        ["db.1 is not ready within 2 s: nothing of it listens on its port: stopping it"]
    );
    assert_eq!(done(&actions), [&Action::Stop(Target::Instance(0))]);
    let _ = machine.handle(at(2.1), exited(0, 0));
    let _ = machine.handle(at(2.1), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(1)), "though it ended with 0");
}

/// The answer about the first instance in its first generation: it listens on these ports.
fn seen(ports: &[u16]) -> Event {
    Event::Inspected { instance: 0, pid: 100, seen: Observation { ports: ports.to_vec(), is_silent: true } }
}

#[test]
fn what_is_seen_of_an_instance_that_is_not_ready_in_time_is_told() {
    let told = |probe: Probe, events: Vec<Event>| {
        let service = ServicePolicy { probe, ready_within: Some(at(2.0)), ..ServicePolicy::default() };
        let mut machine =
            machine(vec![Spec { port: Some(5000), ..with(spec("web", 1), service) }], ExitOn::Any);
        assert_eq!(machine.handle(at(2.0), Event::Timeout), [Action::Inspect(0)]);
        let actions: Vec<Action> =
            events.into_iter().flat_map(|event| machine.handle(at(2.0), event)).collect();
        (notices(&actions).join("; "), machine.instances()[0].late.is_some())
    };
    let failed = |pid, failure: &str| Event::ProbeFailed { instance: 0, pid, failure: failure.to_owned() };
    let late = |reason: &str| (format!("web.1 is not ready within 2 s: {reason}: stopping it"), true);
    assert_eq!(
        told(Probe::Listen(None), vec![seen(&[3000, 3001])]),
        late("it listens on 3000 and 3001, not on its PORT 5000 (ready = \"listen:3000\")")
    );
    assert_eq!(
        told(Probe::Listen(Some(5432)), vec![seen(&[5433])]),
        late("it listens on 5433, not on port 5432 (ready = \"listen:5433\")")
    );
    assert_eq!(
        told(Probe::Http("/up".into()), vec![failed(99, "x"), failed(100, "the answer is 503"), seen(&[])]),
        late("GET /up on port 5000 is not answered with 200 to 399 (the answer is 503)")
    );
    assert_eq!(
        told(Probe::Command("ask".into()), vec![failed(100, "exited with status 2"), seen(&[])]),
        late("`ask` does not exit with status 0 (exited with status 2)")
    );
    let silent = told(Probe::Log("up".into()), vec![seen(&[])]).0;
    assert!(silent.contains("no line that matches /up/, and no other (a program may buffer"), "{silent}");
    // What became ready while it was looked at is not stopped.
    let ready = Event::Ready { instance: 0, pid: 100, port: None };
    let (text, is_late) = told(Probe::Listen(None), vec![ready, seen(&[])]);
    assert!(text.starts_with("web.1 ready on http://localhost:5000") && !is_late, "{text}");
    let (text, is_late) = told(Probe::Listen(None), vec![seen(&[5000, 5001])]);
    assert!(text.starts_with("web.1 ready on http://localhost:5000") && !is_late, "{text}");
    let other = Event::Inspected { instance: 0, pid: 99, seen: Observation::default() };
    assert_eq!(told(Probe::Listen(None), vec![other]), (String::new(), false), "of another generation");
}

#[test]
fn a_failure_is_followed_by_a_restart_until_the_instance_is_given_up() {
    let mut machine = machine(
        vec![with(spec("web", 1), restarting(RestartPolicy::OnFailure)), spec("job", 1)],
        ExitOn::Any,
    );
    let mut now = at(0.1);
    for count in 1..=5 {
        let actions = machine.handle(now, exited(0, 1));
        assert_eq!(notices(&actions)[0].contains(", starts again in "), count < 5, "{actions:?}");
        let empty = Event::Scanned(counts(&[0, 1], 0));
        let _ = machine.handle(now, empty);
        if count == 5 {
            assert_eq!(notices(&actions)[1], "web.1 is given up after 5 failures in a row");
            break;
        }
        assert!(!machine.is_stopping());
        let ended = now;
        while machine.instances()[0].state != crate::machine::state::State::Starting {
            now = machine.deadline().unwrap();
            let _ = machine.handle(now, Event::Timeout);
        }
        assert!(now >= ended + at(0.5));
        let _ = machine.handle(now, Event::Spawned { instance: 0, pid: 200 + count });
        now += at(0.1);
    }
    assert!(machine.is_stopping(), "given up is an end");
    assert_eq!(machine.instances()[0].generation, 5);
}

#[test]
fn which_exits_are_followed_by_a_restart() {
    let table = [
        (RestartPolicy::Never, 0, false),
        (RestartPolicy::Never, 1, false),
        (RestartPolicy::OnFailure, 0, false),
        (RestartPolicy::OnFailure, 1, true),
        (RestartPolicy::Always, 0, true),
        (RestartPolicy::Always, 1, true),
    ];
    for (restart, status, is_restarted) in table {
        let mut machine = machine(vec![with(spec("web", 1), restarting(restart))], ExitOn::Any);
        let _ = machine.handle(at(1.0), exited(0, status));
        let _ = machine.handle(at(1.0), Event::AllGone);
        let _ = machine.handle(at(1.0), Event::AllGone);
        assert_eq!(machine.outcome().is_none(), is_restarted, "{restart:?} {status}");
    }
    let once = Spec { once: true, ..with(spec("job", 1), restarting(RestartPolicy::Always)) };
    let mut machine = machine(vec![once], ExitOn::Any);
    let _ = machine.handle(at(1.0), exited(0, 0));
    let _ = machine.handle(at(1.0), Event::AllGone);
    let _ = machine.handle(at(1.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(0)), "what it is for is done");
}

#[test]
fn restarts_after_a_request_or_a_change_do_not_count() {
    let service = ServicePolicy { watch: Arc::new(["src".into()]), ..restarting(RestartPolicy::OnFailure) };
    let mut machine = machine(vec![with(spec("web", 1), service)], ExitOn::Any);
    for count in 0..20 {
        let _ = machine.handle(at(f64::from(count)), Event::Changed(vec![0]));
        let actions = machine.handle(at(f64::from(count)), exited(0, 1));
        assert!(!notices(&actions)[0].contains("starts again"), "it was asked to end");
        let _ = machine.handle(at(f64::from(count)), Event::Scanned(counts(&[0], 0)));
        let _ = machine.handle(at(f64::from(count)), Event::Spawned { instance: 0, pid: 300 + count });
    }
    assert_eq!(machine.instances()[0].generation, 21);
    assert!(!machine.is_stopping());
}

#[test]
fn a_change_during_a_restart_is_one_more_restart_at_most_and_none_if_stopped() {
    let service = ServicePolicy { watch: Arc::new(["src".into()]), ..ServicePolicy::default() };
    let mut machine = machine(vec![with(spec("web", 1), service), spec("job", 1)], ExitOn::Any);
    for _ in 0..5 {
        let _ = machine.handle(at(1.0), Event::Changed(vec![0]));
    }
    let _ = machine.handle(at(1.1), exited(0, 0));
    let _ = machine.handle(at(1.1), Event::Changed(vec![0]));
    let actions = machine.handle(at(1.1), Event::Scanned(counts(&[0, 1], 0)));
    assert_eq!(done(&actions), [&Action::Spawn(0)]);
    let actions = machine.handle(at(1.1), Event::Spawned { instance: 0, pid: 300 });
    assert_eq!(done(&actions), Vec::<&Action>::new());
    let _ = machine.handle(at(2.0), stop_of(0));
    let _ = machine.handle(at(2.1), exited(0, 0));
    let _ = machine.handle(at(2.1), Event::Scanned(counts(&[0, 1], 0)));
    assert_eq!(done(&machine.handle(at(3.0), Event::Changed(vec![0]))), Vec::<&Action>::new());
}

#[test]
fn an_instance_that_fails_while_its_files_are_watched_waits_for_the_next_change() {
    let service = ServicePolicy { watch: Arc::new(["src".into()]), ..ServicePolicy::default() };
    let mut machine = machine(vec![with(spec("web", 1), service)], ExitOn::Any);
    let actions = machine.handle(at(1.0), exited(0, 1));
    assert_eq!(notices(&actions), ["web.1 exited with status 1 after 1 s, starts again when a file changes"]);
    let _ = machine.handle(at(1.0), Event::AllGone);
    assert!(!machine.is_stopping());
    let actions = machine.handle(at(9.0), Event::Changed(vec![0]));
    assert_eq!(done(&actions), [&Action::Spawn(0)]);
    let _ = machine.handle(at(9.0), Event::Spawned { instance: 0, pid: 200 });
    let _ = machine.handle(at(10.0), exited(0, 0));
    assert!(machine.is_stopping(), "a success is an end like any other");
}

#[test]
fn an_ordered_stop_goes_backwards_and_a_second_signal_ends_the_order() {
    use crate::signal::Signal;
    let specs = || {
        [after(spec("web", 1), &["db"]), spec("db", 1), after(spec("css", 1), &["web"])].map(Rc::new).to_vec()
    };
    let policy = || Policy { ordered_stop: true, ..Policy::default() };
    let begun = || {
        let mut machine = Machine::new(specs(), policy());
        start(&mut machine);
        for (seconds, pid) in [(1.0, 100), (2.0, 102)] {
            let actions = machine.handle(at(seconds), Event::Timeout);
            let Some(Action::Spawn(instance)) = done(&actions).first() else { panic!("{actions:?}") };
            let _ = machine.handle(at(seconds), Event::Spawned { instance: *instance, pid });
        }
        machine
    };
    let asked = |index: usize| Action::Stop(Target::Instance(index));
    let mut machine = begun();
    let actions = machine.handle(at(5.0), Event::Signal(Signal::TERMINATE));
    assert_eq!(done(&actions), [&asked(2)]);
    let _ = machine.handle(at(6.0), exited(2, 0));
    let actions = machine.handle(at(6.0), Event::Scanned(counts(&[1, 1, 0], 0)));
    assert_eq!(done(&actions), [&asked(0)]);
    let _ = machine.handle(at(7.0), exited(0, 0));
    let actions = machine.handle(at(7.0), Event::Scanned(counts(&[0, 1, 0], 0)));
    assert_eq!(done(&actions), [&asked(1), &Action::Scan], "orphans are scanned for at last");
    let _ = machine.handle(at(8.0), exited(1, 0));
    let _ = machine.handle(at(8.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::DieBy(Signal::TERMINATE)));

    let mut machine = begun();
    let _ = machine.handle(at(5.0), Event::Signal(Signal::INTERRUPT));
    let actions = machine.handle(at(6.0), Event::Signal(Signal::INTERRUPT));
    for index in 0..3 {
        assert!(actions.contains(&Action::Kill(Target::Instance(index))), "{actions:?}");
        let _ = machine.handle(at(6.0), Event::Exited { instance: index, exit: Exit::Signal(Signal::KILL) });
    }
    let _ = machine.handle(at(6.1), Event::AllGone);
    assert!(machine.outcome().is_some());
}
