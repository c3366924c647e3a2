//! Whether a stack answers at all. What a client asks afterwards may rightly take for ever (`wait`, `logs -f`), so this
//! is a question of its own, and comes first.

use std::time::Duration;

use nix::poll::{PollTimeout, poll};

use super::address::Address;
use super::client::{Client, Unanswered};
use super::protocol::{Answer, Request, Unresponsive};
use crate::process::monitor::check_socket;
use crate::process::tree::{descendants, is_stopped};

/// How long the stack may take before its processes are looked at.
const STEP: Duration = Duration::from_millis(200);
/// How many such steps it has, if they run: five seconds in all.
const STEPS: usize = 25;
/// How often per [`STEP`] a file is looked for that the stack makes again.
const CHECKS: u8 = 10;

/// What came of [`greet`].
#[derive(Debug)]
pub(crate) enum Greeting {
    /// It answers.
    Answered,
    /// It is gone, or says why not.
    Refused(Unanswered),
    /// It runs, and does not answer: why, and the pid of its monitor.
    Still(Unresponsive, Option<i32>),
}

/// Asks the stack at `address` for a sign of life.
pub(crate) fn greet(client: &mut Client, address: &Address) -> Greeting {
    let question = client.send(Request::Hello);
    client.set_patience(Some(STEP));
    let mut steps = 0;
    let greeted = loop {
        match client.answer(&question) {
            Ok(answer) => {
                restore_lock(address, &answer);
                break Greeting::Answered;
            }
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

/// Makes a stack whose lock was removed take one again, and waits for that: `down` waits for the lock.
fn restore_lock(address: &Address, answer: &Answer) {
    if let Answer::Done(status) = answer
        && let Some(monitor) = status.pid
    {
        await_restored(monitor, || address.holder());
    }
}

/// What came of [`await_socket`].
#[derive(Debug)]
pub(crate) enum SocketSearch {
    /// A connection.
    Found(Client),
    /// The worker is gone: the monitor stops what is left of the stack, or ends.
    Ending,
    /// There is none, for this reason.
    Missing(Unresponsive),
}

/// Makes the stack of this monitor check the files of its control socket, and waits until it can be connected to.
pub(crate) fn await_socket(monitor: i32, address: &Address) -> SocketSearch {
    let found = await_restored(monitor, || match Client::connect(address) {
        Some(client) => Some(SocketSearch::Found(client)),
        None if is_suspended(monitor) => Some(SocketSearch::Missing(Unresponsive::Suspended)),
        None => worker_of(monitor).is_none().then_some(SocketSearch::Ending),
    });
    found.unwrap_or(SocketSearch::Missing(Unresponsive::Unresponsive))
}

/// What `look` finds, at once or after the stack was told to check its files; `None` after five seconds.
fn await_restored<T>(monitor: i32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let pause = PollTimeout::try_from(STEP / u32::from(CHECKS)).unwrap_or(PollTimeout::ZERO);
    for check in 0..STEPS * usize::from(CHECKS) {
        if let Some(found) = look() {
            return Some(found);
        }
        if check == 0 {
            check_socket(monitor);
        }
        let _ = poll(&mut [], pause);
    }
    None
}

/// Whether one half of the pair is stopped by a signal: the monitor, or its child, the worker.
pub(crate) fn is_suspended(monitor: i32) -> bool {
    is_stopped(monitor) || worker_of(monitor).is_some_and(is_stopped)
}

/// The worker of this monitor; `None` if it has ended.
pub(super) fn worker_of(monitor: i32) -> Option<i32> {
    let below = descendants(monitor).map(|scan| scan.processes).unwrap_or_default();
    let worker = below.iter().find(|process| process.parent == monitor && process.name == "ganger-worker");
    worker.map(|process| process.pid)
}
