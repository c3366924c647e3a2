//! Which processes get the stop signal, and when.

use super::*;

#[test]
fn at_half_of_the_grace_all_of_a_tree_is_asked_once() {
    let mut machine = stack(&["web", "worker"], ExitOn::Any);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Signal(Signal::TERMINATE));
    // `web` still runs, `worker` is gone and has left something.
    let _ = machine.handle(at(2.0), Event::Exited { instance: 1, exit: Exit::Status(0) });
    let actions = machine.handle(at(2.0), Event::Scanned(counts(&[2, 1], 0)));
    assert_eq!(done(&actions), [&Action::StopRest(Target::Instance(1))], "the own process stops its tree");
    let is_for_all = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::StopAll(_)));
    assert!(!is_for_all(&machine.handle(at(3.4), Event::Timeout)), "the grace is 5 s");
    let actions = machine.handle(at(3.5), Event::Timeout);
    for index in [0, 1] {
        assert!(actions.contains(&Action::StopAll(Target::Instance(index))), "{actions:?}");
    }
    let actions = machine.handle(at(4.5), Event::Timeout);
    assert!(!is_for_all(&actions), "{actions:?}");
}

#[test]
fn an_instance_is_not_killed_before_it_is_said_that_it_left_something() {
    let mut machine = stack(&["web", "worker"], ExitOn::Never);
    start(&mut machine);
    let _ = machine.handle(at(1.0), Event::Exited { instance: 0, exit: Exit::Status(0) });
    // What it left forks and ends faster than a look is made.
    assert_eq!(notices(&machine.handle(at(1.1), Event::PartlyScanned(counts(&[0, 1], 0)))), [""; 0]);
    let said =
        ["web.1 is gone, but what it started may not be: stopping", "the grace is over: killing web.1"];
    assert_eq!(notices(&machine.handle(at(20.0), Event::Timeout)), said);
}

#[test]
fn sigquit_names_no_grace_as_it_leaves_none() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let actions = machine.handle(at(1.0), Event::Signal(Signal::QUIT));
    assert!(actions.contains(&Action::Kill(Target::Instance(0))));
    assert_eq!(notices(&actions), ["SIGQUIT received: killing all that is left"]);
}

#[test]
fn a_grace_that_a_request_brings_is_the_one_that_is_named() {
    let mut machine = stack(&["web"], ExitOn::Any);
    start(&mut machine);
    let grace = Some(Duration::from_secs(1));
    let actions = machine.handle(at(1.0), Event::Down { ticket: Ticket(0), grace });
    assert_eq!(notices(&actions), ["ganger down: stopping all (grace 1 s)"]);
}
