//! What the event loop does for instances beside the actions of the machine: readiness probes, restarts after changes of files,
//! hooks, and what clients follow.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;

use crate::machine::{Event, Lifecycle, Machine};
use crate::supervisor::actions::executor::Executor;
use crate::supervisor::channel::arrival::{Arrival, HookCall};
use crate::supervisor::channel::clock::Clock;
use crate::supervisor::readiness::file_watch::FileWatch;
use crate::supervisor::readiness::probes::Probes;
use crate::supervisor::requests::router::Router;
use crate::supervisor::status::lifecycle::event_of;

/// The probes and the watched files of all instances.
pub(super) struct Services {
    probes: Probes,
    files: FileWatch,
}

impl Services {
    /// None yet, of a project in this folder.
    pub(super) fn new(root: PathBuf, inbox: &WeakUnboundedSender<Arrival>) -> Self {
        Self { probes: Probes::new(inbox.clone()), files: FileWatch::new(root, inbox.clone()) }
    }

    /// Begins and ends probes and the watch of files, as the instances need them now.
    pub(super) fn follow(
        &mut self,
        machine: &Machine,
        (executor, router): (&mut Executor, &mut Router),
        now: Duration,
    ) -> Vec<Event> {
        for (index, what) in executor.take_reports() {
            if what == Lifecycle::Started {
                self.files.on_start(index);
            }
            report(machine, (executor, router), now, (index, &what));
        }
        for unprobed in executor.take_unprobed() {
            self.probes.begin(unprobed, machine, now);
        }
        let ended = executor.take_ended_commands();
        let ready = if ended.is_empty() { Vec::new() } else { self.probes.on_commands(&ended, now) };
        self.probes.retain_open(machine, executor);
        if executor.take_specs_changed()
            && let Some(notice) = self.files.follow(machine)
        {
            executor.notify(&notice);
        }
        ready
    }

    /// When [`Services::probe`] is due.
    pub(super) fn probes_due(&self) -> Option<Duration> {
        self.probes.deadline()
    }

    /// Runs the probes that are due; the instances that are ready.
    pub(super) fn probe(&mut self, clock: &Clock, executor: &mut Executor) -> Vec<Event> {
        self.probes.run_due(clock, executor)
    }

    /// When [`Services::end_burst`] is due.
    pub(super) fn burst_due(&self) -> Option<Duration> {
        self.files.deadline()
    }

    /// Reads the changes of files that the kernel reports.
    pub(super) fn read_changes(&mut self, executor: &Executor, now: Duration) {
        if let Some(notice) = self.files.read_changes(now) {
            executor.notify(&notice);
        }
    }

    /// If the burst of changes is over: the instances to restart.
    pub(super) fn end_burst(
        &mut self,
        machine: &Machine,
        executor: &Executor,
        now: Duration,
    ) -> Option<Event> {
        let (event, notices) = self.files.end_burst(now, machine);
        for notice in notices {
            executor.notify(&notice);
        }
        event
    }
}

/// Passes on what has just become of an instance: to clients that follow it, and to its hook.
fn report(
    machine: &Machine,
    (executor, router): (&mut Executor, &mut Router),
    now: Duration,
    (index, what): (usize, &Lifecycle),
) {
    let spec = &machine.specs()[index];
    let hook = spec.service.hooks.as_deref().and_then(|hooks| Some((what.hook(hooks)?, hooks.limit)));
    if hook.is_none() && !router.events.has_clients() {
        return;
    }
    let event = event_of(machine, now, index, what);
    router.events.send(&spec.name, &event);
    if let Some(((hook, command), limit)) = hook {
        executor.announce_hook(HookCall { index, hook, command: Arc::clone(command), limit, event });
    }
}
