//! What becomes of instances, and which hook that runs.

use super::*;
use crate::plan::spec::{Hook, Hooks, Observation, Probe, RestartPolicy};

/// What is reported in these actions, with the hook that it runs where both are set.
fn reports(actions: &[Action]) -> Vec<(usize, Lifecycle, Option<&'static str>)> {
    let hooks = Hooks {
        on_crash: Some("crash".into()),
        on_ready: Some("ready".into()),
        limit: Duration::from_secs(1),
    };
    let report = |action: &Action| {
        let Action::Report(index, what) = action else { return None };
        Some((*index, what.clone(), what.hook(&hooks).map(|(hook, _)| hook.as_str())))
    };
    actions.iter().filter_map(report).collect()
}

fn one(service: ServicePolicy) -> Machine {
    let mut machine = Machine::new(
        vec![Rc::new(Spec { service, ..spec("web", 1) }), Rc::new(spec("worker", 1))],
        Policy { exit_on: ExitOn::Never, ..Policy::default() },
    );
    start(&mut machine);
    machine
}

fn exited(is_failure: bool) -> Lifecycle {
    Lifecycle::Exited { is_failure }
}

#[test]
fn a_start_is_reported_and_runs_no_hook() {
    let mut machine = stack(&["web"], ExitOn::Any);
    let _ = machine.handle(at(0.0), Event::Begin);
    let actions = machine.handle(at(0.0), Event::Spawned { instance: 0, pid: 100 });
    assert_eq!(reports(&actions), [(0, Lifecycle::Started, None)]);
}

#[test]
fn readiness_runs_on_ready_once_a_generation_however_it_is_found() {
    let mut machine = one(ServicePolicy { probe: Probe::implied(true), ..ServicePolicy::default() });
    let ready = Event::Ready { instance: 0, pid: 100, port: Some(5000) };
    let url = Some("http://localhost:5000".to_owned());
    let actions = machine.handle(at(0.5), ready.clone());
    assert_eq!(reports(&actions), [(0, Lifecycle::Ready { url }, Some("on-ready"))]);
    assert_eq!(reports(&machine.handle(at(0.6), ready)), []);
    // The other one has no probe: it counts as ready when it has run for a second.
    let actions = machine.handle(at(1.0), Event::Timeout);
    assert_eq!(reports(&actions), [(1, Lifecycle::Ready { url: None }, Some("on-ready"))]);
}

#[test]
fn only_an_exit_that_is_a_failure_of_its_own_runs_on_crash() {
    let restarts = ServicePolicy { restart: Some(RestartPolicy::OnFailure), ..ServicePolicy::default() };
    let killed = Exit::Signal(Signal::KILL);
    // What happens before, how it exits, and whether that is a crash.
    let table = [
        (None, Exit::Status(1), true),
        (None, killed, true),
        (None, Exit::Status(0), false),
        (Some(stop_of(0)), Exit::Signal(Signal::TERMINATE), false),
        (Some(Event::Signal(Signal::INTERRUPT)), killed, false),
    ];
    for service in [ServicePolicy::default(), restarts] {
        for (before, exit, is_crash) in &table {
            let mut machine = one(service.clone());
            if let Some(event) = before {
                let _ = machine.handle(at(0.5), event.clone());
            }
            let actions = machine.handle(at(0.6), Event::Exited { instance: 0, exit: *exit });
            let expected = [(0, exited(*is_crash), is_crash.then_some(Hook::OnCrash.as_str()))];
            assert_eq!(reports(&actions), expected, "{before:?} {exit:?}");
            let is_behind_the_notice =
                actions.iter().position(|action| matches!(action, Action::ReportExit(..)))
                    < actions.iter().position(|action| matches!(action, Action::Report(..)));
            assert!(is_behind_the_notice, "{actions:?}");
        }
    }
}

#[test]
fn what_is_late_or_cannot_start_runs_on_crash() {
    let within = ServicePolicy {
        probe: Probe::implied(true),
        ready_within: Some(at(2.0)),
        ..ServicePolicy::default()
    };
    let mut machine = one(within);
    let _ = machine.handle(at(2.0), Event::Timeout);
    let _ = machine.handle(at(2.0), Event::Inspected { instance: 0, pid: 100, seen: Observation::default() });
    let actions = machine.handle(at(2.1), Event::Exited { instance: 0, exit: Exit::Status(0) });
    assert_eq!(reports(&actions), [(0, exited(true), Some("on-crash"))]);
    let mut machine = stack(&["web"], ExitOn::Any);
    let _ = machine.handle(at(0.0), Event::Begin);
    let failure = SpawnFailure { program: "wbe".into(), reason: "not found".into(), status: 127 };
    let actions = machine.handle(at(0.0), Event::SpawnFailed { instance: 0, failure });
    assert_eq!(reports(&actions), [(0, Lifecycle::CannotStart, Some("on-crash"))]);
}

#[test]
fn a_hook_that_is_not_set_is_not_run() {
    let hooks = Hooks { on_crash: None, on_ready: None, limit: Duration::ZERO };
    assert_eq!(exited(true).hook(&hooks), None);
    assert_eq!(Lifecycle::Ready { url: None }.hook(&hooks), None);
}
