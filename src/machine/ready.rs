//! From "it runs" to "it is ready", and what happens when that takes too long.

use std::rc::Rc;
use std::time::Duration;

use super::action::Action;
use super::instance::Instance;
use super::lifecycle::Lifecycle;
use super::stack::{Actions, Stack};
use super::state::{InstanceEvent, State};
use super::target::Target;
use crate::config::listens_elsewhere;
use crate::notice::{Elapsed, Notice};
use crate::plan::addresses::local_url;
use crate::plan::spec::{Observation, OutsideCheck, ProbeKind, ProbePort, Spec};

/// How long an instance without a probe has to run until it counts as ready (SPEC §10).
pub(crate) const SETTLED: Duration = Duration::from_secs(1);

/// How long an instance that is waited for by name and is not known to use its PORT has to open it. Then it is one that never
/// listens, and ready. A program that reads PORT needs not name it on its command line.
pub(crate) const LISTENS_WITHIN: Duration = Duration::from_secs(5);

/// Whether an instance with this spec may open its PORT though nothing says so.
pub(crate) fn may_listen(spec: &Spec) -> bool {
    spec.service.is_implied
        && spec.service.probe.is_timer()
        && spec.service.listen.is_none()
        && spec.port.is_some()
}

/// What shows that an instance with this spec is ready.
pub(crate) fn probe_kind(spec: &Spec) -> ProbeKind {
    if may_listen(spec) { ProbeKind::ListenOrAlive } else { spec.service.probe.kind() }
}

/// A generation has begun: starts its probe, or the timer that stands for one. A one-shot is ready when it has succeeded.
pub(super) fn begin(stack: &mut Stack, index: usize, actions: &mut Actions) {
    let (spec, instance) = (Rc::clone(stack.spec(index)), &stack.instances[index]);
    if spec.once || instance.state != State::Running {
        return;
    }
    if spec.service.probe.is_timer() {
        let has_time = spec.service.is_awaited && may_listen(&spec);
        let within = if has_time { LISTENS_WITHIN } else { SETTLED };
        stack.instances.edit(index, |instance| instance.timers.settled = Some(actions.now + within));
        if has_time {
            actions.push(Action::Probe(index));
        }
    } else {
        let ready_by = spec.service.ready_within.map(|within| actions.now + within);
        stack.instances.edit(index, |instance| instance.timers.ready_by = ready_by);
        actions.push(Action::Probe(index));
    }
}

/// Whether the generation with this pid runs and is not ready yet.
fn is_awaited(stack: &Stack, index: usize, pid: i32) -> bool {
    stack.instances.get(index).is_some_and(|instance| {
        instance.state == State::Running && instance.pid == Some(pid) && instance.ready.is_none()
    })
}

/// A probe found that the generation with this pid is ready, as it listens on this port if the probe is about one; that
/// generation may have ended meanwhile.
pub(super) fn on_ready(
    stack: &mut Stack,
    index: usize,
    (pid, listens_on): (i32, Option<u16>),
    actions: &mut Actions,
) {
    if !is_awaited(stack, index, pid) {
        return;
    }
    let instance = &stack.instances[index];
    let took = actions.now.saturating_sub(instance.started.unwrap_or(actions.now));
    let spec = Rc::clone(stack.spec(index));
    let (url, port) = match spec.service.probe.port() {
        ProbePort::Other(port) => (None, Some(port)),
        ProbePort::Own => (listens_on.or(spec.port), None),
        ProbePort::None => (listens_on, None),
    };
    let other_port = url.filter(|port| Some(*port) != spec.port);
    stack.instances.edit(index, |instance| {
        instance.become_ready(actions.now);
        instance.other_port = other_port.or(instance.other_port);
    });
    if let Some(port) = other_port {
        let own = spec.port.map_or_else(String::new, |own| format!(" {own}"));
        let text = format!("{} {}", spec.name, listens_elsewhere(&[port], &format!("its PORT{own}")));
        actions.notify(Notice::Info { text });
    }
    let url = url.map(local_url);
    actions.notify(Notice::Ready { process: spec.name.clone(), url: url.clone(), port, took });
    actions.push(Action::Report(index, Lifecycle::Ready { url }));
}

/// It has run for so long that it counts as ready, which is not printed.
pub(super) fn on_settled(stack: &mut Stack, index: usize, actions: &mut Actions) {
    stack.instances.edit(index, |instance| instance.become_ready(actions.now));
    actions.push(Action::Report(index, Lifecycle::Ready { url: None }));
}

/// A probe found that the generation with this pid is not ready.
pub(super) fn on_probe_failed(stack: &mut Stack, index: usize, pid: i32, failure: String) {
    if is_awaited(stack, index, pid) {
        stack.instances.edit(index, |instance| instance.probe_failure = Some(failure));
    }
}

/// The generation with this pid is not ready in time, and this is seen of it: a failure like any other, but the process has to be
/// stopped first.
pub(super) fn on_late(
    stack: &mut Stack,
    index: usize,
    (pid, seen): (i32, &Observation),
    actions: &mut Actions,
) {
    if !is_awaited(stack, index, pid) {
        return;
    }
    let spec = stack.spec(index);
    if let OutsideCheck::Port(port) = spec.service.probe.outside()
        && let Some(port) = port.or(spec.port).filter(|port| seen.ports.contains(port))
    {
        // It has begun to listen since the latest probe.
        return on_ready(stack, index, (pid, Some(port)), actions);
    }
    let (process, reason) = (spec.name.clone(), missing(spec, &stack.instances[index], seen));
    let within = spec.service.ready_within.unwrap_or_default();
    let late = format!("is not ready within {}: {reason}", Elapsed(within));
    stack.instances.edit(index, |instance| instance.late = Some(late));
    actions.notify(Notice::NotReady { process, reason, within });
    stack.apply(Target::Instance(index), InstanceEvent::Stop, actions);
}

/// What an instance of which this is seen lacks to be ready, as a clause of a sentence.
pub(crate) fn missing(spec: &Spec, instance: &Instance, seen: &Observation) -> String {
    match instance.state {
        State::Idle | State::Starting | State::Ended => "it does not run".into(),
        State::Stopping | State::Killing | State::Clearing | State::Purging => "it is ending".into(),
        State::Running if spec.once => "it has not exited".into(),
        State::Running if spec.service.is_awaited && may_listen(spec) => {
            format!("it does not listen, and has not run for {}", Elapsed(LISTENS_WITHIN))
        }
        State::Running => spec.service.probe.missing(spec.port, seen, instance.probe_failure.as_deref()),
    }
}
