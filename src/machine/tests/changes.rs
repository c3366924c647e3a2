//! Changes of a running stack.

use super::requests::World;
use super::spec;
use crate::exit::Outcome;
use crate::machine::request::*;
use crate::machine::*;
use crate::plan::spec::{ExitOn, Spec};

/// A change, without its ticket.
#[derive(Default)]
struct Asked<'a> {
    specs: &'a [(usize, Spec)],
    restarted: &'a [usize],
    retired: &'a [usize],
}

impl World {
    fn changes(&mut self, number: u64, asked: &Asked<'_>) {
        let instances = asked.restarted.to_vec();
        let request = InstanceRequest { ticket: Ticket(number), operation: Operation::Restart, instances };
        let (specs, retired) = (asked.specs.to_vec(), asked.retired.to_vec());
        self.happens(Event::Change(Change { request, specs, retired, policy: None }));
    }

    fn generations(&self) -> Vec<u32> {
        self.machine.instances().iter().map(|instance| instance.generation).collect()
    }
}

fn web(number: u32, port: u16) -> Spec {
    Spec { port: Some(port), ..spec("web", number) }
}

#[test]
fn an_added_instance_starts_and_no_other_is_touched() {
    let mut world = World::new(1, ExitOn::Any);
    world.changes(1, &Asked { specs: &[(1, web(2, 5001)), (2, web(3, 5002))], ..Asked::default() });
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert_eq!(world.generations(), [1, 1, 1]);
    world.ends(2);
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)), "the exit of an added instance counts too");
}

#[test]
fn a_retired_instance_is_stopped_does_not_count_and_keeps_its_index() {
    let mut world = World::new(3, ExitOn::Any);
    world.changes(1, &Asked { retired: &[2], ..Asked::default() });
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert!(!world.generation(2) && world.machine.instances()[2].is_retired);
    assert_eq!(world.machine.outcome(), None);
    world.asks(2, Operation::Restart, &[0, 1, 2]);
    assert_eq!(world.generations(), [2, 2, 1], "a retired instance is not restarted");
    world.changes(3, &Asked { specs: &[(2, web(3, 5002))], ..Asked::default() });
    assert_eq!(world.generations(), [2, 2, 2], "it has its index again");
    assert_eq!(world.answers, [(1, RequestResult::Done), (2, RequestResult::Done), (3, RequestResult::Done)]);
}

#[test]
fn a_new_spec_is_taken_at_the_next_start_and_not_before() {
    let mut world = World::new(2, ExitOn::Any);
    let specs = [(0, web(1, 6000)), (1, web(2, 6001))];
    world.changes(1, &Asked { specs: &specs, restarted: &[1], ..Asked::default() });
    let ports = |world: &World| world.machine.specs().iter().map(|spec| spec.port).collect::<Vec<_>>();
    assert_eq!(ports(&world), [None, Some(6001)]);
    world.asks(2, Operation::Restart, &[0]);
    assert_eq!(ports(&world), [Some(6000), Some(6001)]);
    world.asks(3, Operation::Stop, &[0]);
    world.changes(4, &Asked { specs: &[(0, web(1, 7000))], ..Asked::default() });
    assert_eq!(ports(&world), [Some(7000), Some(6001)], "an instance that is down takes it at once");
    assert!(!world.generation(0), "and stays down");
}

#[test]
fn a_stack_emptied_by_a_change_stays_and_one_emptied_by_exits_ends() {
    let mut world = World::new(2, ExitOn::Never);
    world.changes(1, &Asked { retired: &[0, 1], ..Asked::default() });
    assert_eq!((world.machine.outcome(), world.answers.len()), (None, 1));
    world.changes(2, &Asked { specs: &[(1, web(2, 5001))], ..Asked::default() });
    assert!(world.generation(1));
    world.ends(1);
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)), "a retired instance is not waited for");
    let mut world = World::new(2, ExitOn::Never);
    world.ends(0);
    world.changes(1, &Asked { retired: &[1], ..Asked::default() });
    assert_eq!(world.machine.outcome(), None, "the last exit was asked for");
}

#[test]
fn a_failed_start_is_answered_and_the_stack_goes_on() {
    let mut world = World::new(1, ExitOn::Any);
    world.broken.push(1);
    world.changes(1, &Asked { specs: &[(1, web(2, 5001))], ..Asked::default() });
    let reason = "x: not found".to_owned();
    assert_eq!(world.answers, [(1, RequestResult::CannotStart { instance: 1, reason })]);
    assert_eq!(world.machine.outcome(), None);
    world.happens(Event::Down { ticket: Ticket(2), grace: None });
    world.changes(3, &Asked { retired: &[1], ..Asked::default() });
    assert_eq!(world.answers.last(), Some(&(3, RequestResult::Ending)));
}

#[test]
fn a_retired_release_blocks_no_instance() {
    let mut world = World::new(2, ExitOn::Never);
    let release = Spec { once: true, ..spec("release", 1) };
    let waits = Spec { after: std::sync::Arc::new([release.name.kind.clone()]), ..spec("job", 1) };
    world.changes(1, &Asked { specs: &[(2, release), (3, waits)], ..Asked::default() });
    assert!(world.generation(2) && !world.generation(3));
    world.changes(2, &Asked { retired: &[2], ..Asked::default() });
    assert!(world.generation(3));
}

/// A rolling restart of two instances, while a third one stands in.
fn rolling() -> World {
    let mut world = World::new(2, ExitOn::Any);
    let request = InstanceRequest { ticket: Ticket(1), operation: Operation::Roll, instances: vec![0, 1] };
    let change = Change { request, specs: vec![(2, web(3, 5000))], retired: Vec::new(), policy: None };
    world.happens(Event::Change(change));
    world
}

#[test]
fn a_rolling_restart_never_drops_an_instance_and_ends_with_as_many_as_before() {
    let mut world = rolling();
    let mut seen = vec![world.generations()];
    while world.answers.is_empty() {
        assert!((0..3).filter(|index| world.generation(*index)).count() >= 2);
        world.happens(Event::Timeout);
        seen.push(world.generations());
    }
    seen.dedup();
    assert_eq!(seen, [[1, 1, 1], [2, 1, 1], [2, 2, 1]]);
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert!(!world.generation(2) && world.machine.instances()[2].is_retired);
    assert_eq!(world.machine.outcome(), None);
}

#[test]
fn a_rolling_restart_that_fails_leaves_the_rest_as_it_was() {
    let mut world = rolling();
    world.broken.push(0);
    while world.answers.is_empty() {
        world.happens(Event::Timeout);
    }
    let reason = "x: not found".to_owned();
    assert_eq!(world.answers, [(1, RequestResult::CannotStart { instance: 0, reason })]);
    assert_eq!(world.generations(), [1, 1, 1]);
    assert!(world.generation(1) && !world.generation(2));
    let mut world = rolling();
    world.ends(2);
    let how = "exited with status 0".to_owned();
    assert_eq!(world.answers, [(1, RequestResult::RollFailed { instance: 2, how })]);
    assert_eq!((world.machine.outcome(), world.generations()), (None, vec![1, 1, 1]), "the old ones go on");
    assert!(world.generation(0) && world.generation(1));
    // Once it is ready it serves, and its end is one as any other.
    let mut world = rolling();
    while world.machine.instances()[2].ready.is_none() {
        world.happens(Event::Timeout);
    }
    world.ends(2);
    assert_eq!(world.answers, [(1, RequestResult::Ending)], "any exit counts");
}
