//! What a dead worker left: everything below us is asked, killed and reaped by the machine's own table.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use super::reaper::reap;
use super::tree::{Process, Refusal, descendants, kill_all, send_to};
use crate::machine::{Action, Event, Machine};
use crate::signal::Signal;

/// A stop of everything below this process, without instances.
#[derive(Debug)]
pub struct Leftovers {
    machine: Machine,
    asked: HashSet<(i32, u64)>,
    refused: Vec<Refusal>,
}

impl Leftovers {
    /// Begins the stop at `now`: the first signals go out with the first [`Leftovers::advance`].
    pub fn begin(grace: Duration, now: Duration) -> Self {
        let mut machine = Machine::without_instances(grace);
        // Its first action is to look, which `advance` does anyway.
        let _ = machine.handle(now, Event::Broken("the worker is gone".into()));
        Self { machine, asked: HashSet::new(), refused: Vec::new() }
    }

    /// When to come back, signal or not.
    pub fn deadline(&self) -> Option<Duration> {
        self.machine.deadline()
    }

    /// Whether nothing is left, or hope was given up.
    pub fn is_over(&self) -> bool {
        self.machine.outcome().is_some()
    }

    /// Whether something is left that could not be ended.
    pub fn has_survivors(&self) -> bool {
        self.machine.has_survivors()
    }

    /// Who is left at the end.
    pub fn survivors(&self) -> &[Refusal] {
        &self.refused
    }

    /// Reaps, looks and signals once.
    ///
    /// # Errors
    /// As waitpid(2).
    pub fn advance(&mut self, now: Duration, signals: &[Signal]) -> io::Result<()> {
        let mut events =
            if reap()?.is_empty { vec![Event::AllGone] } else { vec![Event::Reaped, Event::Timeout] };
        events.extend(
            signals.iter().filter(|signal| **signal != Signal::CHILD).map(|signal| Event::Signal(*signal)),
        );
        while let Some(event) = events.pop() {
            for action in self.machine.handle(now, event) {
                events.extend(self.perform(&action));
            }
        }
        Ok(())
    }

    fn perform(&mut self, action: &Action) -> Option<Event> {
        let below = || descendants(std::process::id().cast_signed());
        match action {
            Action::Look => return Some(Event::Seen(vec![below().len()])),
            Action::Ask(_) => {
                for process in below() {
                    if self.asked.insert((process.pid, process.born)) {
                        send(&process, Signal::TERMINATE);
                        send(&process, Signal::CONTINUE);
                    }
                }
            }
            // Whoever was reaped meanwhile is nobody's own; that it was one of the last is seen by looking.
            Action::Kill(_) => drop(kill_all()),
            Action::NameSurvivors(_) => {
                let left = below();
                self.refused =
                    left.into_iter().map(|left| Refusal { pid: left.pid, name: left.name }).collect();
            }
            Action::Forward(signal) => {
                for process in below() {
                    send(&process, *signal);
                }
            }
            Action::Spawn(_)
            | Action::Bury(..)
            | Action::Say(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
        None
    }
}

fn send(process: &Process, signal: Signal) {
    // Who may not be signalled is named at the end, if still there.
    let _ = send_to(process, signal);
}
