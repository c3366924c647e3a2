//! What ends the stack, and with which status.

use super::*;

#[test]
fn the_first_exit_stops_the_rest_and_its_status_is_that_of_ganger() {
    let mut machine = stack(&["web", "worker"], ExitOn::Any);
    start(&mut machine);
    let actions = machine.handle(at(3.2), Event::Exited { instance: 0, exit: Exit::Status(7) });
    assert_eq!(
        notices(&actions),
        ["web.1 exited with status 7 after 3.2 s", "web.1 ended: stopping all (grace 5 s)"]
    );
    assert!(actions.contains(&Action::Stop(Target::Instance(1))));
    let _ = machine.handle(at(3.3), Event::Exited { instance: 1, exit: Exit::Signal(Signal::TERMINATE) });
    assert_eq!(machine.outcome(), None, "the end is when nothing is left, not when the leaders are gone");
    let actions = machine.handle(at(3.3), Event::AllGone);
    let end =
        ["web.1 exited with status 7 after 3.2 s", "web.1 ended first: exited with status 7 after 3.2 s"];
    assert_eq!(notices(&actions), end);
    assert_eq!(machine.outcome(), Some(Outcome::Status(7)));
}

#[test]
fn the_end_names_what_failed_and_has_not_run_again() {
    let (bad, asked) = (Exit::Status(3), Exit::Signal(Signal::TERMINATE));
    let failed = "web.1 exited with status 3 after 1 s";
    // The instances that exit before a stop by a signal, whether the first is started again before it, and what is named.
    let table: [(&[usize], bool, &[&str]); 4] =
        [(&[], false, &[]), (&[0], false, &[failed]), (&[0, 1], false, &[failed]), (&[0], true, &[])];
    for (exits, is_restarted, expected) in table {
        let mut machine = stack(&["web", "worker", "other"], ExitOn::Never);
        start(&mut machine);
        for instance in exits {
            let _ = machine.handle(at(1.0), Event::Exited { instance: *instance, exit: bad });
            let _ = machine.handle(at(1.0), Event::Scanned(counts(&[0, 0, 0], 0)));
        }
        if is_restarted {
            let _ = machine.handle(
                at(2.0),
                Event::Request(InstanceRequest {
                    ticket: Ticket(0),
                    operation: Operation::Start,
                    instances: vec![0],
                }),
            );
            let _ = machine.handle(at(2.0), Event::Spawned { instance: 0, pid: 200 });
        }
        let _ = machine.handle(at(3.0), Event::Signal(Signal::INTERRUPT));
        for instance in 0..3 {
            if machine.instances()[instance].state == State::Stopping {
                let _ = machine.handle(at(3.0), Event::Exited { instance, exit: asked });
            }
        }
        let actions = machine.handle(at(3.0), Event::AllGone);
        assert_eq!(notices(&actions), expected, "{exits:?} {is_restarted}");
    }
}

#[test]
fn policies_decide_what_ends_the_stack_and_with_which_status() {
    let type_web = || ExitOn::Type(TypeName::new("web").unwrap());
    let (ok, bad) = (Exit::Status(0), Exit::Status(3));
    let killed = Exit::Signal(Signal::KILL);
    // policy, instance that exits first and its exit, whether that ends the stack, status after worker then exits with 4
    let table = [
        (ExitOn::Any, 0, ok, true, 0),
        (ExitOn::Any, 1, killed, true, 137),
        (ExitOn::Failure, 0, ok, false, 4),
        (ExitOn::Failure, 0, bad, true, 3),
        (ExitOn::Never, 0, bad, false, 3),
        (ExitOn::Never, 0, ok, false, 4),
        (type_web(), 0, ok, true, 0),
        (type_web(), 1, bad, false, 0),
    ];
    for (policy, first, exit, ends, status) in table {
        let case = format!("{policy:?} {first} {exit:?}");
        let mut machine = stack(&["web", "worker"], policy.clone());
        start(&mut machine);
        let actions = machine.handle(at(1.0), Event::Exited { instance: first, exit });
        assert_eq!(actions.contains(&Action::Stop(Target::Instance(1 - first))), ends, "{case}");
        let last = if first == 0 { Exit::Status(4) } else { ok };
        let _ = machine.handle(at(1.5), Event::Scanned(counts(&[0, 0], 0)));
        let _ = machine.handle(at(2.0), Event::Exited { instance: 1 - first, exit: last });
        let _ = machine.handle(at(2.0), Event::AllGone);
        let _ = machine.handle(at(2.0), Event::AllGone);
        assert_eq!(machine.outcome(), Some(Outcome::Status(status)), "{case}");
    }
}

#[test]
fn a_failed_one_shot_ends_the_stack_where_what_comes_after_it_decides() {
    let of_type = |kind: &str| ExitOn::Type(TypeName::new(kind).unwrap());
    let after = |kind: &str, before: &str| Spec {
        after: Arc::new([TypeName::new(before).unwrap()]),
        ..spec(kind, 1)
    };
    // the one-shot, whether it can die, the policy, whether its failure ends the stack; `web` comes after `api`, which comes after it
    let table = [
        ("seed", false, ExitOn::Any, true),
        ("seed", false, ExitOn::Failure, true),
        ("seed", false, ExitOn::Never, false),
        ("seed", true, ExitOn::Any, false),
        ("seed", true, of_type("web"), false),
        ("seed", false, of_type("api"), true),
        ("seed", false, of_type("web"), true),
        ("seed", false, of_type("seed"), true),
        ("seed", false, of_type("job"), false),
        ("release", false, ExitOn::Never, true),
        ("release", true, ExitOn::Never, true),
        ("release", false, of_type("job"), true),
    ];
    for (kind, can_die, exit_on, ends) in table {
        let case = format!("{kind} {can_die} {exit_on:?}");
        let service = ServicePolicy { can_die, ..ServicePolicy::default() };
        let one_shot = Spec { once: true, service, ..spec(kind, 1) };
        let specs = vec![one_shot, after("api", kind), after("web", "api"), spec("job", 1)];
        let policy = Policy { exit_on, ..Policy::default() };
        let mut machine = Machine::new(specs.into_iter().map(Rc::new).collect(), policy);
        start(&mut machine);
        let actions = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(3) });
        assert_eq!(machine.is_stopping(), ends, "{case}");
        if !ends {
            let missing = format!("warning: api.1 is not started: {kind}.1, which it waits for, has failed");
            assert!(notices(&actions).contains(&missing), "{case}: {:?}", notices(&actions));
            assert_eq!(machine.instances()[3].state, State::Running, "{case}");
        }
    }
}

#[test]
fn exit_code_from_overrides_the_first_exit() {
    let specs = vec![Rc::new(spec("web", 1)), Rc::new(spec("tests", 1))];
    let exit_code_from = TypeName::new("tests");
    let mut machine = Machine::new(specs, Policy { exit_code_from, ..Policy::default() });
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(1) });
    let _ = machine.handle(at(1.0), Event::Exited { instance: 1, exit: Exit::Status(9) });
    let _ = machine.handle(at(1.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(9)));
}

#[test]
fn a_failure_of_ganger_is_no_success_whenever_it_comes() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let _ = machine.handle(at(1.0), Event::Broken("no room".into()));
    let _ = machine.handle(at(1.0), Event::AllGone);
    let _ = machine.handle(at(1.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::Status(FAILED)));
}

#[test]
fn what_cannot_be_ended_is_named_and_the_status_is_not_0() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    let mut named = Vec::new();
    for tick in 10..200 {
        let now = at(f64::from(tick) / 10.0);
        let _ = machine.handle(now, Event::Scanned(counts(&[1], 0)));
        named.extend(machine.handle(now, Event::Timeout));
    }
    assert!(named.contains(&Action::ReportSurvivors(Target::Instance(0))));
    assert_eq!(machine.outcome(), Some(Outcome::Status(FAILED)));
}

#[test]
fn what_has_ended_while_the_loop_stood_still_is_not_given_up() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Signal(Signal::TERMINATE));
    let killed = machine.handle(at(6.0), Event::Timeout);
    assert!(killed.contains(&Action::Kill(Target::Instance(0))), "{killed:?}");
    for _ in 0..2 {
        let late = machine.handle(at(20.0), Event::Timeout);
        assert!(!late.contains(&Action::ReportSurvivors(Target::Instance(0))), "{late:?}");
        assert!(machine.deadline() > Some(at(20.0)), "its time has not come before the next repetition");
    }
    let _ = machine.handle(at(20.0), Event::Exited { instance: 0, exit: Exit::Signal(Signal::KILL) });
    let _ = machine.handle(at(20.0), Event::AllGone);
    let _ = machine.handle(at(20.0), Event::AllGone);
    assert_eq!(machine.outcome(), Some(Outcome::DieBy(Signal::TERMINATE)));
}
