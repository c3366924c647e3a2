//! Rolling restarts among other requests, ends and starts that fail: each is answered once, and all ends.

use std::time::Duration;

use proptest::prelude::*;

use super::requests::World;
use super::spec;
use crate::machine::*;
use crate::plan::spec::ExitOn;

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
