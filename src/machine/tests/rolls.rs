//! Rolling restarts among other requests, ends and starts that fail: each is answered once, and all ends.

use std::time::Duration;

use proptest::prelude::*;

use super::requests::World;
use super::spec;
use crate::machine::*;
use crate::plan::spec::{ExitOn, Probe, ServicePolicy, Spec};

/// A stack of `web.1` and `web.2` in a rolling restart, in which `web.3` stands in.
fn rolling(exit_on: ExitOn) -> World {
    let mut world = World::new(2, exit_on);
    let request = InstanceRequest { ticket: Ticket(1), operation: Operation::Roll, instances: vec![0, 1] };
    world.happens(Event::Change(Change {
        request,
        specs: vec![(2, spec("web", 3))],
        retired: Vec::new(),
        policy: None,
    }));
    world
}

/// What a watch restarts does not run, and none of these instances is said to have failed.
fn stay_stopped(world: &mut World, instances: &[usize]) {
    world.happens(Event::Changed(vec![0, 1, 2]));
    for &index in instances {
        let instance = &world.machine.instances()[index];
        assert!(!world.generation(index) && instance.failure.is_none(), "{instance:?}");
    }
}

#[test]
fn what_is_stopped_in_a_rolling_restart_is_stopped_and_has_not_failed() {
    let mut world = rolling(ExitOn::Never);
    world.asks(2, Operation::Stop, &[0, 1, 2]);
    let expected = [(1, RequestResult::RollOverruled { instance: 0 }), (2, RequestResult::Done)];
    assert_eq!(world.answers, expected);
    stay_stopped(&mut world, &[0, 1, 2]);
    // The first one of two before its turn: the other is restarted all the same.
    let mut world = rolling(ExitOn::Never);
    world.asks(2, Operation::Stop, &[0]);
    while world.answers.len() < 2 {
        world.happens(Event::Timeout);
    }
    let expected = [(2, RequestResult::Done), (1, RequestResult::RollOverruled { instance: 0 })];
    assert_eq!(world.answers, expected);
    assert_eq!(world.machine.instances()[1].generation, 2);
    stay_stopped(&mut world, &[0, 2]);
    // A restart of all, which has no use for the extra instance.
    let mut world = rolling(ExitOn::Never);
    let request = InstanceRequest { ticket: Ticket(2), operation: Operation::Restart, instances: vec![0, 1] };
    world.happens(Event::Change(Change { request, specs: Vec::new(), retired: vec![2], policy: None }));
    assert_eq!(world.answers[0].0, 1, "{:?}", world.answers);
    assert!(matches!(world.answers[0].1, RequestResult::RollOverruled { .. }), "{:?}", world.answers);
    assert!(world.generation(0) && world.generation(1));
}

#[test]
fn an_instance_that_a_failed_roll_left_alone_has_not_failed() {
    let mut world = rolling(ExitOn::Never);
    world.ends(2);
    let how = "exited with status 0".to_owned();
    assert_eq!(world.answers, [(1, RequestResult::RollFailed { instance: 2, how })]);
    for index in [0, 1] {
        assert_eq!(world.machine.instances()[index].failure, None);
        world.ends(index);
        assert_eq!(world.machine.instances()[index].failure, None, "its end is its own");
    }
}

#[test]
fn an_extra_instance_that_the_formation_takes_over_stays() {
    let with_port = Spec { port: Some(5002), ..spec("web", 3) };
    for (taken_over, generation) in [(spec("web", 3), 1), (with_port, 2)] {
        let mut world = rolling(ExitOn::Never);
        let request =
            InstanceRequest { ticket: Ticket(2), operation: Operation::Start, instances: Vec::new() };
        let specs = vec![(2, taken_over.clone()), (3, spec("web", 4))];
        world.happens(Event::Change(Change { request, specs, retired: Vec::new(), policy: None }));
        assert_eq!(world.answers, [(2, RequestResult::Done)]);
        while world.answers.len() < 2 {
            assert!((0..3).filter(|index| world.generation(*index)).count() >= 2);
            world.happens(Event::Timeout);
        }
        assert_eq!(world.answers[1], (1, RequestResult::Done));
        assert!((0..4).all(|index| world.generation(index) && !world.machine.instances()[index].is_retired));
        assert_eq!(world.machine.instances()[1].generation, 2);
        // It goes on, or takes the port that it has now as the last one.
        assert_eq!(world.machine.instances()[2].generation, generation);
        assert_eq!(world.machine.specs()[2].port, taken_over.port);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Roll(usize),
    Stop(Operation, usize),
    End(usize),
    Break(usize),
    Mend,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let operation = prop_oneof![Just(Operation::Start), Just(Operation::Stop), Just(Operation::Restart)];
    prop_oneof![
        3 => (0..3_usize).prop_map(Step::Roll),
        2 => (operation, 0..3_usize).prop_map(|(operation, index)| Step::Stop(operation, index)),
        2 => (0..6_usize).prop_map(Step::End),
        1 => (0..6_usize).prop_map(Step::Break),
        1 => Just(Step::Mend),
        4 => Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_rolling_restart_is_answered_once_and_leaves_as_many_as_before(
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let mut world = World::new(3, ExitOn::Never);
        let mut asked = 0;
        for step in steps {
            match step {
                Step::Roll(index) => {
                    asked += 1;
                    let request =
                        InstanceRequest { ticket: Ticket(asked), operation: Operation::Roll, instances: vec![index, (index + 1) % 3] };
                    let next = world.machine.instances().len();
                    let extra = spec("web", u32::try_from(next).unwrap() + 1);
                    let change = Change { request, specs: vec![(next, extra)], retired: Vec::new(), policy: None };
                    world.happens(Event::Change(change));
                }
                Step::Stop(operation, index) => {
                    asked += 1;
                    world.asks(asked, operation, &[index]);
                }
                Step::End(index) => world.ends(index),
                Step::Break(index) => world.broken = vec![index],
                Step::Mend => world.broken.clear(),
                Step::Wait => world.happens(Event::Timeout),
            }
        }
        world.broken.clear();
        for _ in 0..40 {
            world.happens(Event::Timeout);
        }
        if !world.machine.is_stopping() {
            let extras = world.machine.instances().iter().skip(3);
            prop_assert!(extras.into_iter().all(|extra| extra.is_retired), "all extra instances are gone");
        }
        world.happens(Event::Down { ticket: Ticket(0), grace: Some(Duration::ZERO) });
        let mut answered: Vec<u64> = world.answers.iter().map(|(number, _)| *number).collect();
        answered.sort_unstable();
        prop_assert_eq!(answered, (0..=asked).collect::<Vec<_>>());
        prop_assert!(world.machine.outcome().is_some());
    }
}

#[test]
fn what_does_not_run_is_started_at_once_and_the_rest_is_restarted_when_it_is_ready() {
    let mut world = World::new(3, ExitOn::Never);
    world.asks(1, Operation::Stop, &[0, 2]);
    let request = InstanceRequest { ticket: Ticket(2), operation: Operation::Roll, instances: vec![0, 1] };
    let service = ServicePolicy { probe: Probe::Notify, ..ServicePolicy::default() };
    let extra = Spec { service, ..spec("web", 4) };
    let change = Change { request, specs: vec![(3, extra)], retired: Vec::new(), policy: None };
    world.happens(Event::Change(change));
    let generations = |world: &World| -> Vec<u32> {
        world.machine.instances().iter().map(|instance| instance.generation).collect()
    };
    for _ in 0..3 {
        world.happens(Event::Timeout);
    }
    assert_eq!(generations(&world), [2, 1, 1, 1], "the first is ready, and the extra one is not");
    world.happens(Event::Ready { instance: 3, pid: 100, port: None });
    for _ in 0..3 {
        world.happens(Event::Timeout);
    }
    assert_eq!(generations(&world), [2, 2, 1, 1], "what was not asked about stays stopped");
    assert_eq!(world.answers, [(1, RequestResult::Done), (2, RequestResult::Done)]);
}
