//! What the monitor does when the worker is gone: it stops what is left, and returns how ganger ends.

use std::io;

use super::watch::{Monitor, PERSISTENCE};
use crate::exit::{Exit, FAILED, Outcome};
use crate::process::leftovers::Leftovers;
use crate::process::worker_exit::WorkerExit;

impl Monitor<'_> {
    pub(super) fn conclude(mut self, exit: Exit, worker_exit: Option<WorkerExit>) -> io::Result<Outcome> {
        if let (Some(cgroup), Some(WorkerExit { has_survivors: true, .. })) = (&self.cgroup, worker_exit) {
            // Another user's process too.
            cgroup.kill();
        }
        let is_settled = worker_exit.is_some_and(|worker_exit| worker_exit.has_survivors);
        let lost = worker_exit.is_none().then_some(exit);
        let cleared = if is_settled { Ok(false) } else { self.clear(lost) };
        // After the stop: a terminal that takes nothing must not hold it up.
        drop(self.keyboard.take());
        let has_survivors = cleared?;
        let outcome = match (worker_exit, exit) {
            (None, Exit::Signal(_)) => Outcome::Status(exit.status()),
            (None, Exit::Status(_)) => Outcome::Status(FAILED),
            (Some(worker_exit), _) => worker_exit.outcome,
        };
        let is_good = match outcome {
            Outcome::Status(status) => status == 0,
            // A signal asked for it, or a failure of the monitor itself.
            Outcome::DieBy(_) => self.is_troubled,
        };
        let has_failed = has_survivors || self.is_troubled;
        Ok(if is_good && has_failed { Outcome::Status(FAILED) } else { outcome })
    }

    /// Stops everything below us, if there is anything; whether something is left that cannot be ended. A
    /// signal that comes meanwhile counts as it would have for the worker. `lost` is how a worker ended that did not
    /// come to its end, and is logged once the first signals are sent.
    fn clear(&mut self, mut lost: Option<Exit>) -> io::Result<bool> {
        let now = self.watch.now;
        let mut leftovers =
            Leftovers::begin(self.watch.grace, now(), std::mem::take(&mut self.preexisting_children));
        let mut failures = 0;
        let mut signals = Vec::new();
        loop {
            match leftovers.advance(now(), &signals) {
                Ok(()) => failures = 0,
                Err(error) if failures > PERSISTENCE => return Err(error),
                Err(error) => {
                    failures += 1;
                    self.trouble("cannot wait for what is left", &error);
                }
            }
            if let Some(exit) = lost.take() {
                (self.watch.log)(&format!("the worker {exit} before its end: stopping what it ran"));
            }
            if leftovers.is_over() {
                break;
            }
            if let Some(cgroup) = self.cgroup.as_ref().filter(|_| leftovers.is_killing()) {
                cgroup.kill();
            }
            self.wait_for_signal(leftovers.deadline());
            signals = self.pending();
        }
        for refusal in leftovers.survivors() {
            (self.watch.log)(&format!("cannot end {} (pid {})", refusal.name, refusal.pid));
        }
        Ok(leftovers.has_survivors())
    }
}
