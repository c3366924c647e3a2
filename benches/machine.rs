//! What one event costs in a stack of many instances, for `benches/scale`, which counts the instructions of this program.
//!
//! usage: machine INSTANCES ROUNDS. Starts them all; then in each round one instance exits, nothing of it is left, and it
//! starts again after its wait: four events.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ganger::parts::exit::Exit;
use ganger::parts::machine::{Action, Event, Machine};
use ganger::parts::name::{InstanceName, TypeName};
use ganger::parts::plan::spec::{Environment, Policy, RestartPolicy, ServicePolicy, Spec};
use ganger::parts::signal::{Reach, Signal};

fn spec(kind: &TypeName, number: u32) -> Spec {
    Spec {
        name: InstanceName { kind: kind.clone(), number },
        command: Arc::from("true"),
        place: Arc::from("Procfile:1"),
        environment: Environment::default(),
        port: None,
        stop_signal: Signal::TERMINATE,
        stop_to: Reach::Main,
        grace: Duration::from_secs(5),
        once: false,
        after: Arc::default(),
        service: ServicePolicy { restart: Some(RestartPolicy::Always), ..ServicePolicy::default() },
    }
}

/// Handles an event, and answers what the machine asks for: each process is made at once, and has left nothing when it is gone.
fn feed(machine: &mut Machine, now: Duration, event: Event) {
    let mut answers = vec![event];
    while let Some(event) = answers.pop() {
        for action in machine.handle(now, event) {
            if let Action::Spawn(instance) = action {
                answers.push(Event::Spawned { instance, pid: 100 });
            } else if action == Action::Scan {
                answers.push(Event::AllGone);
            }
        }
    }
}

fn main() {
    // cargo adds `--bench`.
    let numbers: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let (&[count, rounds], Some(kind)) = (numbers.as_slice(), TypeName::new("web")) else { return };
    let specs = (1..=count).map(|number| Rc::new(spec(&kind, number)));
    let mut machine = Machine::new(specs.collect(), Policy::default());
    let mut now = Duration::ZERO;
    feed(&mut machine, now, Event::Begin);
    for round in 0..rounds {
        // It has worked, so its wait is the shortest.
        now += Duration::from_mins(1);
        feed(&mut machine, now, Event::Timeout);
        feed(&mut machine, now, Event::Exited { instance: (round % count) as usize, exit: Exit::Status(0) });
        now += Duration::from_secs(1);
        feed(&mut machine, now, Event::Timeout);
        std::hint::black_box(machine.deadline());
    }
}
