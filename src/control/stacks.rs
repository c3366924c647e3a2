//! The stacks of this user on this machine: those whose lock is held, those that hold their name in the kernel, and those that
//! have left a record.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::thread;

use super::address::Address;
use super::client::Client;
use super::last_run::LastRunFile;
use super::liveness::{Greeting, greet, is_suspended, worker_of};
use super::protocol::{Request, SCHEMA, StackState, Status};

/// The stacks that run, in the order of their roots. A stack that does not answer is as its record has it, with the reason as its
/// state. `runtime` is `$XDG_RUNTIME_DIR`, `state` is `$XDG_STATE_HOME` or what stands for it.
pub(crate) fn running(runtime: Option<&Path>, state: Option<&Path>) -> Vec<Status> {
    let addresses = Address::all(runtime);
    // One that hangs is known after five seconds: several are, at the same time.
    let mut stacks: Vec<Status> = thread::scope(|scope| {
        let asked: Vec<_> =
            addresses.iter().map(|address| scope.spawn(move || status_of(address, state))).collect();
        asked.into_iter().filter_map(|asked| asked.join().ok().flatten()).collect()
    });
    let known: HashSet<&str> = addresses.iter().map(Address::key).collect();
    stacks.extend(recorded(runtime, state, &known).filter_map(|record| {
        let status = record.read_running().filter(|_| record.address().is_witnessed())?;
        let is_suspended = status.pid.is_some_and(is_suspended);
        Some(Status { state: is_suspended.then_some(StackState::Suspended), ..status })
    }));
    sorted(stacks)
}

/// The stacks that run, as their records have them: none is asked, so none that hangs is waited for.
pub(crate) fn running_by_record(runtime: Option<&Path>, state: Option<&Path>) -> Vec<Status> {
    let recorded = Address::all(runtime).into_iter().filter_map(|address| {
        let monitor = address.holder()?;
        LastRunFile::of(&address, state).read_running().filter(|status| status.pid == Some(monitor))
    });
    sorted(recorded.collect())
}

/// The stacks that have left a record and do not run.
pub(crate) fn ended(runtime: Option<&Path>, state: Option<&Path>) -> Vec<Status> {
    let addresses = Address::all(runtime);
    let known: HashSet<&str> = addresses.iter().map(Address::key).collect();
    let records = recorded(runtime, state, &known).filter(|record| !record.address().is_witnessed());
    sorted(records.filter_map(|record| Some(record.read()?.status)).collect())
}

fn recorded<'a>(
    runtime: Option<&Path>,
    state: Option<&Path>,
    known: &'a HashSet<&str>,
) -> impl Iterator<Item = LastRunFile> + use<'a> {
    LastRunFile::all(runtime, state).into_iter().filter(|record| !known.contains(record.address().key()))
}

fn sorted(mut stacks: Vec<Status>) -> Vec<Status> {
    stacks.sort_by(|one, other| (&one.root, &one.name).cmp(&(&other.root, &other.name)));
    stacks
}

/// The stack that holds this address; `None` if it is gone.
fn status_of(address: &Address, state: Option<&Path>) -> Option<Status> {
    let monitor = address.holder()?;
    let connected = Client::connect(address).map(|mut client| (greet(&mut client, address), client));
    let reason = match connected {
        Some((Greeting::Still(state, _), _)) => state.into(),
        Some((Greeting::Answered | Greeting::Refused(_), mut client)) => match client.ask(Request::Status) {
            Ok(status) => return Some(status),
            Err(_) => StackState::Unresponsive,
        },
        None if is_suspended(monitor) => StackState::Suspended,
        None => StackState::Unresponsive,
    };
    // It may have ended meanwhile.
    let monitor = address.holder().filter(|pid| *pid == monitor)?;
    let recorded = LastRunFile::of(address, state).read_running();
    let status = recorded.filter(|status| status.pid == Some(monitor)).unwrap_or_else(|| Status {
        schema: SCHEMA,
        // The worker works in the root; that is all that is known of a run without a record.
        root: worker_of(monitor)
            .and_then(|worker| fs::read_link(format!("/proc/{worker}/cwd")).ok())
            .map(|root| root.display().to_string())
            .unwrap_or_default(),
        pid: Some(monitor),
        ..Status::default()
    });
    Some(Status { state: Some(reason), ..status })
}
