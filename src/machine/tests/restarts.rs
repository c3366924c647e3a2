//! Requests that restart several instances at once: what comes after another waits for its new generation.

use super::requests::World;
use super::spec;
use crate::machine::*;
use crate::name::TypeName;
use crate::plan::spec::{ExitOn, RestartPolicy, ServicePolicy};

/// The types of a Procfile, each with the types that it comes after. `seed` and `release` are one-shots.
type Types<'a> = &'a [(&'a str, &'a [&'a str])];

fn running(types: Types<'_>) -> World {
    let one = |(kind, after): &(&str, &[&str])| Spec {
        after: after.iter().map(|kind| TypeName::new(kind).unwrap()).collect(),
        once: matches!(*kind, "seed" | "release"),
        ..spec(kind, 1)
    };
    let mut world =
        World::of(types.iter().map(one).collect(), Policy { exit_on: ExitOn::Never, ..Policy::default() });
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
