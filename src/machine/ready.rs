//! From "it runs" to "it is ready", and what happens when that takes too long.

use std::time::Duration;

use super::Action;
use super::instance::Instance;
use super::state::{InstanceEvent, State};
use super::target::Target;
use super::transition::Transition;
use crate::notice::Notice;
use crate::plan::spec::{Probe, Spec};

/// How long an instance must have lived that nothing else shows to be ready (SPEC §10).
pub const SETTLED: Duration = Duration::from_secs(1);

impl Transition<'_> {
    /// A life has begun: what will show that it is ready?
    pub(super) fn await_readiness(&mut self, index: usize) {
        let (spec, instance) = (&self.machine.specs[index], &mut self.machine.instances[index]);
        // What a one-shot is for, it has done at its end.
        if spec.once || instance.state != State::Running {
            return;
        }
        match &spec.care.probe {
            Probe::Alive => instance.timers.settles = Some(self.now + SETTLED),
            Probe::Listen(_) | Probe::Http(_) | Probe::Log(_) | Probe::Command(_) | Probe::Notify => {
                instance.timers.late = spec.care.ready_within.map(|within| self.now + within);
                self.actions.push(Action::Probe(index));
            }
        }
    }

    /// Somebody found out that this life is ready; it may be over by now.
    pub(super) fn on_ready(&mut self, index: usize, pid: i32) {
        let Some(instance) = self.machine.instances.get_mut(index) else { return };
        if instance.state != State::Running || instance.pid != Some(pid) || instance.ready.is_some() {
            return;
        }
        instance.ready = Some(self.now);
        instance.timers.end_life();
        let spec = &self.machine.specs[index];
        let took = self.now.saturating_sub(instance.started.unwrap_or(self.now));
        let (url, port) = match &spec.care.probe {
            Probe::Listen(None) | Probe::Http(_) => (spec.port, None),
            Probe::Listen(port) => (None, *port),
            Probe::Alive | Probe::Log(_) | Probe::Command(_) | Probe::Notify => (None, None),
        };
        let url = url.map(|port| format!("http://localhost:{port}"));
        self.actions.push(Action::Notify(Notice::Ready { process: spec.name.clone(), url, port, took }));
    }

    /// All that is due at this moment beside the table's.
    pub(super) fn on_moments(&mut self) {
        let mut is_told = Vec::new();
        for index in 0..self.machine.instances.len() {
            let instance = &mut self.machine.instances[index];
            let due = instance.timers.take(self.now);
            if due.settles.is_some() {
                instance.ready = Some(self.now);
                instance.timers.end_life();
            }
            instance.is_due |= due.again.is_some();
            if due.late.is_some() {
                self.give_up_waiting(index);
            }
            if due.tells.is_some() {
                is_told.push(index);
            }
        }
        self.tell_what_is_awaited(&is_told);
    }

    /// It is not ready in time: a failure like any other, but its process has to be ended first.
    fn give_up_waiting(&mut self, index: usize) {
        let spec = &self.machine.specs[index];
        let notice = Notice::NotReady {
            process: spec.name.clone(),
            reason: missing(spec, &self.machine.instances[index]),
            within: spec.care.ready_within.unwrap_or_default(),
        };
        self.actions.push(Action::Notify(notice));
        self.machine.instances[index].is_late = true;
        self.apply(Target::Instance(index), InstanceEvent::Stop);
    }
}

/// What is still missing, in words.
pub(super) fn missing(spec: &Spec, instance: &Instance) -> String {
    match instance.state {
        State::Idle | State::Starting | State::Ended => return "it does not run".into(),
        State::Stopping | State::Killing | State::Clearing | State::Purging => return "it is ending".into(),
        State::Running if spec.once => return "it has not ended".into(),
        State::Running => {}
    }
    let port = spec.port.map_or_else(|| "its port".into(), |port| format!("port {port}"));
    match &spec.care.probe {
        Probe::Alive => "it has not lived for a second".into(),
        Probe::Listen(None) => format!("nothing of it listens on {port}"),
        Probe::Listen(Some(port)) => format!("nothing of it listens on port {port}"),
        Probe::Http(path) => format!("GET {path} on {port} is not answered with 200 to 399"),
        Probe::Log(expression) => format!("it has said no line with /{expression}/"),
        Probe::Command(command) => format!("`{command}` does not end with status 0"),
        Probe::Notify => "it has not said READY=1".into(),
    }
}
