//! Requests that stop or restart several instances at once: what comes after another ends first, and waits for its new generation.

use proptest::prelude::*;

use super::requests::World;
use super::spec;
use crate::machine::*;
use crate::name::TypeName;
use crate::plan::spec::{ExitOn, RestartPolicy, ServicePolicy};

/// The types of a Procfile, each with the types that it comes after. `seed` and `release` are one-shots.
type Types<'a> = &'a [(&'a str, &'a [&'a str])];

fn running(types: Types<'_>) -> World {
    with_policy(types, Policy { exit_on: ExitOn::Never, ..Policy::default() })
}

fn with_policy(types: Types<'_>, policy: Policy) -> World {
    let one = |(kind, after): &(&str, &[&str])| Spec {
        after: after.iter().map(|kind| TypeName::new(kind).unwrap()).collect(),
        once: matches!(*kind, "seed" | "release"),
        ..spec(kind, 1)
    };
    let mut world = World::of(types.iter().map(one).collect(), policy);
    pass(&mut world);
    world
}

/// Time goes by: what has no probe becomes ready, and a one-shot does its work.
fn pass(world: &mut World) {
    for _ in 0..10 {
        world.happens(Event::Timeout);
        for index in 0..world.machine.specs().len() {
            if world.machine.specs()[index].once {
                world.ends(index);
            }
        }
    }
}

/// The types of what was started since the last call, in that order.
fn started(world: &mut World) -> Vec<String> {
    let name = |index: usize| world.machine.specs()[index].name.kind.to_string();
    std::mem::take(&mut world.started).into_iter().map(name).collect()
}

#[test]
fn a_restart_of_all_runs_one_shots_again_before_what_comes_after_them() {
    // The types of the Procfile and what each comes after, and the order in which they start.
    let table: [(Types<'_>, &[&str]); 3] = [
        (&[("release", &["db"]), ("db", &[]), ("web", &["release"])], &["db", "release", "web"]),
        (&[("db", &[]), ("seed", &["db"]), ("web", &["seed"])], &["db", "seed", "web"]),
        (&[("web", &["seed"]), ("seed", &["db"]), ("db", &[])], &["db", "seed", "web"]),
    ];
    for (types, expected) in table {
        let mut world = running(types);
        assert_eq!(started(&mut world), expected, "{types:?}: the start");
        let all: Vec<usize> = (0..types.len()).collect();
        for number in 1..=2 {
            world.asks(number, Operation::Restart, &all);
            pass(&mut world);
            assert_eq!(started(&mut world), expected, "{types:?}: restart {number}");
        }
        assert_eq!(world.answers, [1, 2].map(|number| (number, RequestResult::Done)));
    }
}

#[test]
fn a_start_that_works_forgets_the_failure_of_the_one_before() {
    let service = ServicePolicy { restart: Some(RestartPolicy::Always), ..ServicePolicy::default() };
    let policy = Policy { exit_on: ExitOn::Never, ..Policy::default() };
    let mut world = World::of(vec![Spec { service, ..spec("web", 1) }], policy);
    world.broken = vec![0];
    world.ends(0);
    world.happens(Event::Timeout);
    assert!(world.machine.instances()[0].failure.is_some());
    world.broken.clear();
    while !world.generation(0) {
        world.happens(Event::Timeout);
    }
    assert_eq!(world.machine.instances()[0].failure, None);
}

/// A worker that hands its jobs back to the redis that it came after, while it is being stopped; and a css of its own.
fn with_worker(ordered_stop: bool) -> World {
    let policy = Policy { exit_on: ExitOn::Never, ordered_stop, ..Policy::default() };
    let mut world = with_policy(&[("redis", &[]), ("worker", &["redis"]), ("css", &[])], policy);
    world.is_slow = true;
    world
}

fn stopped(world: &World) -> Vec<usize> {
    world.stopped.iter().map(|(index, _)| *index).collect()
}

#[test]
fn a_stop_or_restart_of_several_stops_what_came_after_another_first() {
    for operation in [Operation::Stop, Operation::Restart] {
        let mut world = with_worker(true);
        world.asks(1, operation, &[0, 1, 2]);
        assert_eq!(stopped(&world), [1, 2], "{operation:?}");
        // Its grace has not begun.
        world.happens(Event::Timeout);
        world.ends(2);
        assert_eq!(stopped(&world), [1, 2], "{operation:?}");
        world.ends(1);
        assert_eq!(stopped(&world), [1, 2, 0], "{operation:?}");
        let is_restart = operation == Operation::Restart;
        assert_eq!((world.generation(1), world.generation(2)), (false, is_restart), "{operation:?}");
        world.ends(0);
        pass(&mut world);
        assert_eq!(world.answers, [(1, RequestResult::Done)], "{operation:?}");
        assert!((0..3).all(|index| world.generation(index) == is_restart), "{operation:?}");
    }
    let mut all_at_once = with_worker(false);
    all_at_once.asks(1, Operation::Restart, &[0, 1, 2]);
    assert_eq!(stopped(&all_at_once), [0, 1, 2]);
    let mut retired = with_worker(true);
    let request = InstanceRequest { ticket: Ticket(1), operation: Operation::Restart, instances: vec![0] };
    retired.happens(Event::Change(Change { request, specs: Vec::new(), retired: vec![1], policy: None }));
    assert_eq!(stopped(&retired), [1], "also where it leaves the stack");
    let mut changed = with_worker(true);
    changed.happens(Event::Changed(vec![0, 1]));
    changed.happens(Event::Changed(vec![0, 1]));
    assert_eq!(stopped(&changed), [1], "a change of files asks for nothing at once");
}

#[test]
fn a_stop_that_waits_for_others_is_made_at_once_taken_back_or_left_to_the_end_of_the_stack() {
    let held = || {
        let mut world = with_worker(true);
        world.asks(1, Operation::Stop, &[0, 1]);
        assert_eq!(stopped(&world), [1]);
        world
    };
    let mut again = held();
    again.asks(2, Operation::Stop, &[0, 1]);
    assert_eq!(stopped(&again), [1, 0], "a second request does not wait");
    let mut back = held();
    back.asks(2, Operation::Start, &[0]);
    let expected = [(1, RequestResult::Overruled { instance: 0 }), (2, RequestResult::Done)];
    assert_eq!(back.answers, expected);
    back.ends(1);
    assert_eq!((stopped(&back), back.generation(0)), (vec![1], true));
    let mut goes_on = held();
    goes_on.asks(2, Operation::Restart, &[1]);
    goes_on.ends(1);
    assert_eq!(stopped(&goes_on), [1, 0], "it ended for its restart");
    let mut down = held();
    down.happens(Event::Down { ticket: Ticket(2), grace: None });
    assert_eq!(stopped(&down), [1, 2], "the stack has its own order, which is the same");
    down.ends(2);
    down.ends(1);
    assert_eq!(stopped(&down), [1, 2, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Each type comes after some of those before it; some are stopped or restarted, and end one by one in any order.
    #[test]
    fn a_request_stops_backwards_and_each_of_its_instances(
        after in prop::collection::vec(any::<u8>(), 2..6),
        chosen in any::<u8>(),
        operation in prop::sample::select(vec![Operation::Stop, Operation::Restart]),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let kind = |index: usize| TypeName::new(&format!("p{index}")).unwrap();
        let comes_after = |index: usize, before: usize| before < index && after[index] & (1 << before) != 0;
        let one = |index: usize| Spec {
            after: (0..index).filter(|before| comes_after(index, *before)).map(kind).collect(),
            ..spec(&format!("p{index}"), 1)
        };
        let policy = Policy { exit_on: ExitOn::Never, ordered_stop: true, ..Policy::default() };
        let mut world = World::of((0..after.len()).map(one).collect(), policy);
        pass(&mut world);
        world.is_slow = true;
        let chosen: Vec<usize> = (0..after.len()).filter(|index| chosen & (1 << index) != 0).collect();
        world.asks(1, operation, &chosen);
        let mut open: Vec<usize> = Vec::new();
        let mut seen = 0;
        for pick in &picks {
            for (index, alive) in &world.stopped[seen..] {
                let too_early = |other: &usize| chosen.contains(other) && comes_after(*other, *index);
                prop_assert!(!alive.iter().any(too_early), "p{} is stopped too early: {:?}", index, alive);
                open.push(*index);
            }
            seen = world.stopped.len();
            if open.is_empty() {
                break;
            }
            let index = open.swap_remove(pick.index(open.len()));
            world.ends(index);
        }
        pass(&mut world);
        prop_assert_eq!(&world.answers, &[(1, RequestResult::Done)]);
        for index in 0..after.len() {
            let is_chosen = chosen.contains(&index);
            let generation = 1 + u32::from(is_chosen && operation == Operation::Restart);
            prop_assert_eq!(world.machine.instances()[index].generation, generation);
            prop_assert_eq!(world.generation(index), !is_chosen || operation == Operation::Restart);
        }
    }
}
