//! Whether a stack answers at all. What a client asks afterwards may rightly take for ever (`wait`, `logs -f`), so this
//! is a question of its own, and comes first.

use std::time::Duration;

use super::address::Address;
use super::client::{Client, Unanswered};
use super::protocol::{Request, Unresponsive};
use crate::process::tree::{descendants, is_stopped};

/// How long the stack may take before its processes are looked at.
const STEP: Duration = Duration::from_millis(200);
/// How many such steps it has, if they run: five seconds in all.
const STEPS: usize = 25;

/// What came of [`greet`].
#[derive(Debug)]
pub enum Greeting {
    /// It answers.
    Answered,
    /// It is gone, or says why not.
    Refused(Unanswered),
    /// It runs, and does not answer: why, and the pid of its monitor.
    Still(Unresponsive, Option<i32>),
}

/// Asks the stack at `address` for a sign of life.
pub fn greet(client: &mut Client, address: &Address) -> Greeting {
    let question = client.send(Request::Hello);
    client.set_patience(Some(STEP));
    let mut steps = 0;
    let greeted = loop {
        match client.answer(&question) {
            Ok(_) => break Greeting::Answered,
            Err(Unanswered::Late) => {}
            Err(error) => break Greeting::Refused(error),
        }
        steps += 1;
        let monitor = address.holder();
        if monitor.is_some_and(is_suspended) {
            break Greeting::Still(Unresponsive::Suspended, monitor);
        }
        if steps == STEPS {
            break Greeting::Still(Unresponsive::Unresponsive, monitor);
        }
    };
    client.set_patience(None);
    greeted
}

/// Whether one half of the pair is stopped by a signal: the monitor, or its child, the worker.
pub fn is_suspended(monitor: i32) -> bool {
    let is_worker_stopped = || {
        let below = descendants(monitor).map(|look| look.processes).unwrap_or_default();
        let mut workers = below.iter().filter(|process| process.parent == monitor);
        workers.any(|process| process.name == "ganger-worker" && is_stopped(process.pid))
    };
    is_stopped(monitor) || is_worker_stopped()
}
