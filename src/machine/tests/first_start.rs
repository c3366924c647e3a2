//! The first start of an instance, of which the timeline of a start is made.

use std::sync::Arc;

use super::{at, spec, start};
use crate::exit::Exit;
use crate::machine::instance::FirstStart;
use crate::machine::ready::SETTLED;
use crate::machine::*;
use crate::plan::spec::ExitOn;

#[test]
fn the_first_start_of_each_is_kept_over_restarts() {
    let exited = |instance: usize| Event::Exited { instance, exit: Exit::Status(0) };
    let seed = Spec { once: true, ..spec("seed", 1) };
    let web = Spec { after: Arc::new([seed.name.kind.clone()]), ..spec("web", 1) };
    let policy = Policy { exit_on: ExitOn::Never, ..Policy::default() };
    let mut machine = Machine::new(vec![Rc::new(seed), Rc::new(web)], policy);
    start(&mut machine);
    let _ = machine.handle(at(2.0), exited(0));
    let _ = machine.handle(at(2.5), Event::Spawned { instance: 1, pid: 101 });
    let _ = machine.handle(at(2.5) + SETTLED, Event::Timeout);
    let first = |started: f64, ready: Duration| FirstStart {
        due: Duration::ZERO,
        started: Some(at(started)),
        ready: Some(ready),
    };
    let expected = [first(0.0, at(2.0)), first(2.5, at(2.5) + SETTLED)];
    let firsts = |machine: &Machine| [0, 1].map(|index| machine.instances()[index].first_start);
    assert_eq!(firsts(&machine), expected);
    let again = InstanceRequest { ticket: Ticket(0), operation: Operation::Restart, instances: vec![0, 1] };
    let _ = machine.handle(at(9.0), Event::Request(again));
    let _ = machine.handle(at(9.0), Event::Spawned { instance: 0, pid: 102 });
    let _ = machine.handle(at(9.0), exited(1));
    let _ = machine.handle(at(9.5), exited(0));
    assert_eq!(firsts(&machine), expected);
    // One that is added has its own.
    let request = InstanceRequest { ticket: Ticket(1), operation: Operation::Start, instances: Vec::new() };
    let specs = vec![(2, spec("web", 2))];
    let _ =
        machine.handle(at(10.0), Event::Change(Change { request, specs, retired: Vec::new(), policy: None }));
    assert_eq!(machine.instances()[2].first_start, FirstStart { due: at(10.0), ..FirstStart::default() });
}
