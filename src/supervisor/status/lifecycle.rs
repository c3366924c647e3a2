//! What has become of an instance, as a document.

use std::time::Duration;

use crate::control::event::{EventKind, LifecycleEvent};
use crate::control::protocol::SCHEMA;
use crate::duration::rounded_seconds;
use crate::exit::Exit;
use crate::machine::{Lifecycle, Machine};
use crate::supervisor::channel::clock;
use crate::supervisor::status::report::moment;

/// The document of what has just become of the instance with this index.
pub(crate) fn event_of(machine: &Machine, now: Duration, index: usize, what: &Lifecycle) -> LifecycleEvent {
    let (spec, instance) = (&machine.specs()[index], &machine.instances()[index]);
    let (event, url, exit) = match what {
        Lifecycle::Started => (EventKind::Started, None, None),
        Lifecycle::Ready { url } => (EventKind::Ready, url.clone(), None),
        Lifecycle::Exited { .. } => (EventKind::Exited, None, instance.ended),
        Lifecycle::CannotStart => (EventKind::CannotStart, None, None),
    };
    let ready_after =
        instance.ready.zip(instance.started).map(|(ready, started)| ready.saturating_sub(started));
    let is_at_end = matches!(event, EventKind::Exited | EventKind::CannotStart);
    let restart = instance.timers.restart.filter(|_| is_at_end);
    LifecycleEvent {
        schema: SCHEMA,
        time: moment(clock::wall()),
        event,
        process: spec.name.to_string(),
        r#type: spec.name.kind.to_string(),
        pid: instance.pid.filter(|_| event != EventKind::CannotStart),
        port: spec.port,
        url,
        restarts: instance.generation.saturating_sub(1),
        seconds: exit.map(|(_, lived)| lived).or(ready_after).map(rounded_seconds),
        exit_status: exit.map(|(exit, _)| exit.status()),
        signal: exit.and_then(|(exit, _)| match exit {
            Exit::Signal(signal) => Some(signal.to_string()),
            Exit::Status(_) => None,
        }),
        reason: instance.failure.clone().or_else(|| instance.late.clone()).filter(|_| is_at_end),
        again_in_seconds: restart.map(|at| rounded_seconds(at.saturating_sub(now))),
        failed: matches!(what, Lifecycle::CannotStart | Lifecycle::Exited { is_failure: true }),
        given_up: is_at_end && instance.is_given_up,
        removed: is_at_end && instance.is_retired,
        lines: Vec::new(),
    }
}
