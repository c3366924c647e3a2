//! What a client is told without asking: instances that became ready or ended.

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::{Value, json};

use super::messages::notification;
use crate::control::address::Address;
use crate::control::client::Client;
use crate::control::protocol::{InstanceStatus, Phase, Request};

/// Between two looks at the stack. The control socket has no request for events; a look costs a millisecond or two.
const PAUSE: Duration = Duration::from_secs(1);

/// Longer than that no answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at the stack at `address` until the sender of `ended` is gone, and gives what changed to `tell`.
pub(crate) fn watch(address: &Address, ended: &Receiver<()>, tell: impl Fn(&Value)) {
    let mut before = Vec::new();
    while matches!(ended.recv_timeout(PAUSE), Err(RecvTimeoutError::Timeout)) {
        let now = look(address);
        changes(&before, &now).iter().for_each(&tell);
        before = now;
    }
}

/// The instances of the stack; none if none runs, or if it does not answer.
fn look(address: &Address) -> Vec<InstanceStatus> {
    let asked = Client::connect(address).and_then(|mut client| {
        client.set_patience(Some(PATIENCE));
        client.ask(Request::Status).ok()
    });
    asked.map(|status| status.instances).unwrap_or_default()
}

/// The notifications for what changed between two looks.
fn changes(before: &[InstanceStatus], now: &[InstanceStatus]) -> Vec<Value> {
    let old: HashMap<&str, &InstanceStatus> = before.iter().map(|row| (row.name.as_str(), row)).collect();
    let mut heard = Vec::new();
    for row in now {
        let was = old.get(row.name.as_str());
        let has_ended = was.is_some_and(|was| is_alive(was) && (!is_alive(row) || was.pid != row.pid));
        if has_ended {
            heard.push(event("exited", row));
        }
        if row.ready && (has_ended || !was.is_some_and(|was| was.ready)) {
            heard.push(event("ready", row));
        }
    }
    let names = |rows: &[InstanceStatus]| rows.iter().map(|row| row.name.clone()).collect::<BTreeSet<_>>();
    if now.is_empty() && !before.is_empty() {
        heard.push(message("warning", &json!({"event": "ended", "message": "the stack has ended"})));
    }
    if !heard.is_empty() {
        heard
            .push(notification("notifications/resources/updated", &json!({"uri": super::resources::STATUS})));
    }
    if names(before) != names(now) {
        heard.push(notification("notifications/resources/list_changed", &json!({})));
    }
    heard
}

fn is_alive(row: &InstanceStatus) -> bool {
    matches!(row.state, Phase::Running | Phase::Stopping)
}

fn event(event: &str, row: &InstanceStatus) -> Value {
    let has_failed = event == "exited" && row.exit_status.is_some_and(|status| status != 0);
    let mut data = json!({"event": event, "process": row.name, "url": row.url});
    if event == "exited" {
        data["exit_status"] = json!(row.exit_status);
        data["signal"] = json!(row.signal);
    }
    message(if has_failed { "error" } else { "info" }, &data)
}

fn message(level: &str, data: &Value) -> Value {
    notification("notifications/message", &json!({"level": level, "logger": "ganger", "data": data}))
}
