//! What a client is told without asking: what becomes of instances, of the stack that runs or of one that starts later.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::messages::notification;
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::protocol::{EventKind, LifecycleEvent, Request};
use crate::control::start_watch::StartWatch;

/// Follows the stack at `address` until the other side of `session` is closed, and gives what happens to `tell`. Begins when the
/// session sends a byte: the client is ready for it then.
pub(crate) fn watch(address: &Address, session: &UnixStream, tell: impl Fn(&Value)) {
    if (&*session).read_exact(&mut [0]).is_err() {
        return;
    }
    let starts = StartWatch::open(address);
    while let Some(stack) = starts.connect(address, session.as_fd()) {
        if let Err(Unanswered::Refused(_)) = follow(stack, session, &tell) {
            // A ganger without this request: it would refuse it again.
            return;
        }
    }
}

/// Follows one stack to its end, or to that of the session.
fn follow(mut stack: Client, session: &UnixStream, tell: &impl Fn(&Value)) -> Result<(), Unanswered> {
    stack.set_output(session.try_clone().map_err(|_| Unanswered::OutputClosed)?.into());
    let mut names = BTreeSet::new();
    let heard = stack.follow(Request::Events { names: Vec::new() }, |event| match event {
        Some(event) => notifications(event, &mut names).iter().for_each(tell),
        None => tell(&updated()),
    });
    // One that is about to end takes a connection, and does not answer any more.
    if !names.is_empty() && !matches!(heard, Err(Unanswered::OutputClosed)) {
        tell(&message("warning", &json!({"event": "ended", "message": "the stack has ended"})));
        tell(&updated());
        tell(&notification("notifications/resources/list_changed", &json!({})));
    }
    heard
}

/// The notifications of an event; `names` are those of the instances that are known.
fn notifications(event: &LifecycleEvent, names: &mut BTreeSet<String>) -> Vec<Value> {
    let mut told = Vec::new();
    if event.event != EventKind::Started {
        told.push(message(if event.failed { "error" } else { "info" }, &json!(event)));
    }
    told.push(updated());
    let is_new = names.insert(event.process.clone());
    if event.removed {
        names.remove(&event.process);
    }
    if is_new || event.removed {
        told.push(notification("notifications/resources/list_changed", &json!({})));
    }
    told
}

fn updated() -> Value {
    notification("notifications/resources/updated", &json!({"uri": super::resources::STATUS}))
}

fn message(level: &str, data: &Value) -> Value {
    notification("notifications/message", &json!({"level": level, "logger": "ganger", "data": data}))
}
