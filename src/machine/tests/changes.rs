//! Changes of a running stack as a table of orders.

use super::super::request::*;
use super::super::*;
use super::requests::World;
use super::spec;
use crate::exit::Outcome;
use crate::plan::spec::{ExitOn, Spec};

/// What a change says beside its ticket.
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

    fn lives_of_all(&self) -> Vec<u32> {
        self.machine.instances().iter().map(|instance| instance.generation).collect()
    }
}

fn web(number: u32, port: u16) -> Spec {
    Spec { port: Some(port), ..spec("web", number) }
}

#[test]
fn who_comes_starts_and_nobody_else_is_touched() {
    let mut world = World::new(1, ExitOn::Any);
    world.changes(1, &Asked { specs: &[(1, web(2, 5001)), (2, web(3, 5002))], ..Asked::default() });
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert_eq!(world.lives_of_all(), [1, 1, 1]);
    world.ends(2);
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)), "who came has a say as the others have");
}

#[test]
fn who_leaves_is_stopped_has_no_say_and_comes_back_as_what_it_was() {
    let mut world = World::new(3, ExitOn::Any);
    world.changes(1, &Asked { retired: &[2], ..Asked::default() });
    assert_eq!(world.answers, [(1, RequestResult::Done)]);
    assert!(!world.generation(2) && world.machine.instances()[2].is_retired);
    assert_eq!(world.machine.outcome(), None);
    world.asks(2, Operation::Restart, &[0, 1, 2]);
    assert_eq!(world.lives_of_all(), [2, 2, 1], "who has left is not started by others' restarts");
    world.changes(3, &Asked { specs: &[(2, web(3, 5002))], ..Asked::default() });
    assert_eq!(world.lives_of_all(), [2, 2, 2], "its slot is its own");
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
    assert_eq!(ports(&world), [Some(7000), Some(6001)], "who is down takes it at once");
    assert!(!world.generation(0), "and stays down");
}

#[test]
fn a_stack_that_a_person_emptied_stays_and_one_that_emptied_itself_ends() {
    let mut world = World::new(2, ExitOn::Never);
    world.changes(1, &Asked { retired: &[0, 1], ..Asked::default() });
    assert_eq!((world.machine.outcome(), world.answers.len()), (None, 1));
    world.changes(2, &Asked { specs: &[(1, web(2, 5001))], ..Asked::default() });
    assert!(world.generation(1));
    world.ends(1);
    assert_eq!(world.machine.outcome(), Some(Outcome::Status(0)), "who has left is not waited for");
    let mut world = World::new(2, ExitOn::Never);
    world.ends(0);
    world.changes(1, &Asked { retired: &[1], ..Asked::default() });
    assert_eq!(world.machine.outcome(), None, "the last end was a person's doing");
}

#[test]
fn what_cannot_start_is_told_and_the_stack_goes_on() {
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
fn a_release_that_left_holds_nobody_up() {
    let mut world = World::new(2, ExitOn::Never);
    let release = Spec { once: true, ..spec("release", 1) };
    let waits = Spec { after: std::sync::Arc::new([release.name.kind.clone()]), ..spec("job", 1) };
    world.changes(1, &Asked { specs: &[(2, release), (3, waits)], ..Asked::default() });
    assert!(world.generation(2) && !world.generation(3));
    world.changes(2, &Asked { retired: &[2], ..Asked::default() });
    assert!(world.generation(3));
}

/// Two of web, which are to be restarted one after the other with a third one's help.
fn rolling() -> World {
    let mut world = World::new(2, ExitOn::Any);
    let request = InstanceRequest { ticket: Ticket(1), operation: Operation::Roll, instances: vec![0, 1] };
    let change = Change { request, specs: vec![(2, web(3, 5000))], retired: Vec::new(), policy: None };
    world.happens(Event::Change(change));
    world
}

#[test]
fn a_rolling_restart_has_never_one_less_and_ends_with_as_many_as_before() {
    let mut world = rolling();
    let mut seen = vec![world.lives_of_all()];
    while world.answers.is_empty() {
        assert!((0..3).filter(|index| world.generation(*index)).count() >= 2);
        world.happens(Event::Timeout);
        seen.push(world.lives_of_all());
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
    assert_eq!(world.lives_of_all(), [1, 1, 1]);
    assert!(world.generation(1) && !world.generation(2));
    let mut world = rolling();
    world.ends(2);
    assert!(world.machine.is_stopping(), "an end is an end");
    assert_eq!(world.answers, [(1, RequestResult::Ending)]);
}
