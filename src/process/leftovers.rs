//! What a dead worker left: every process below the monitor is signalled, killed and reaped by the table of the machine.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use super::reaper::reap;
use super::signalled::Signalled;
use super::tree::main_processes::{SignalOrder, SignalPurpose};
use super::tree::{
    Process, Scan, SignalRefusal, children, descendants, due, kill_orphans, order_of, send_to,
    with_descendants,
};
use crate::machine::{Action, Event, Machine, ProcessCounts};
use crate::signal::Signal;

/// The children that this process had before it became ganger: a script may start something and then `exec
/// ganger start`. They and all that they start are left alone.
///
/// # Errors
/// As waitpid(2), or when /proc cannot be read.
pub(crate) fn preexisting_children() -> io::Result<HashSet<i32>> {
    // One call where there are none, which is nearly always.
    let reaped = reap();
    let is_none = reaped.is_empty;
    reaped.failure.map_or(Ok(()), Err)?;
    if is_none {
        return Ok(HashSet::new());
    }
    Ok(children()?.into_iter().collect())
}

/// A stop of everything below this process, without instances.
#[derive(Debug)]
pub(crate) struct Leftovers {
    machine: Machine,
    preexisting_children: HashSet<i32>,
    signalled: Signalled,
    /// The order of the signals, by the rules of a stop, once what the worker left has been seen.
    order: Option<SignalOrder>,
    is_killing: bool,
    refused: Vec<SignalRefusal>,
}

impl Leftovers {
    /// Begins the stop at `now`, of all but these children and theirs: the first signals go out with the
    /// first [`Leftovers::advance`].
    pub(crate) fn begin(grace: Duration, now: Duration, preexisting_children: HashSet<i32>) -> Self {
        let mut machine = Machine::without_instances(grace);
        // Its first action is a scan, which `advance` does anyway.
        let _ = machine.handle(now, Event::Broken("the worker is gone".into()));
        Self {
            machine,
            preexisting_children,
            signalled: Signalled::default(),
            order: None,
            is_killing: false,
            refused: Vec::new(),
        }
    }

    /// When to come back, signal or not.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.machine.deadline()
    }

    /// Whether nothing is left, or what is left cannot be ended.
    pub(crate) fn is_over(&self) -> bool {
        self.machine.outcome().is_some()
    }

    /// Whether the grace is over, and SIGKILL was sent.
    pub(crate) fn is_killing(&self) -> bool {
        self.is_killing
    }

    /// Whether something is left that could not be ended.
    pub(crate) fn has_survivors(&self) -> bool {
        self.machine.has_survivors()
    }

    /// The processes that are left at the end.
    pub(crate) fn survivors(&self) -> &[SignalRefusal] {
        &self.refused
    }

    /// Reaps, looks and signals once.
    ///
    /// # Errors
    /// As waitpid(2).
    pub(crate) fn advance(&mut self, now: Duration, signals: &[Signal]) -> io::Result<()> {
        let mut events =
            if self.is_empty()? { vec![Event::AllGone] } else { vec![Event::Reaped, Event::Timeout] };
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

    /// Reaps; whether no process is left. With preexisting children ECHILD does not come, and a scan is needed.
    fn is_empty(&mut self) -> io::Result<bool> {
        let reaped = reap();
        for (pid, _) in &reaped.ended {
            self.preexisting_children.remove(pid);
        }
        reaped.failure.map_or(Ok(()), Err)?;
        if reaped.is_empty || self.preexisting_children.is_empty() {
            return Ok(reaped.is_empty);
        }
        let Scan { processes, is_certain } = self.below()?;
        Ok(is_certain && processes.is_empty())
    }

    /// Every process below us but for the preexisting children and their descendants.
    fn below(&self) -> io::Result<Scan> {
        let mut scan = descendants(std::process::id().cast_signed())?;
        let spared = with_descendants(self.preexisting_children.clone(), &scan.processes);
        scan.processes.retain(|process| !spared.contains(&process.pid));
        Ok(scan)
    }

    /// Our own children but for the preexisting ones: what can be found where /proc is not mounted.
    fn children(&self) -> Vec<Process> {
        let children = children().unwrap_or_default().into_iter();
        let own = std::process::id().cast_signed();
        children
            .filter(|pid| !self.preexisting_children.contains(pid))
            .map(|pid| Process { pid, parent: own, group: 0, session: 0, born: 0, name: String::new() })
            .collect()
    }

    /// What is below us, as far as it can be found.
    fn remaining(&self) -> Vec<Process> {
        self.below().map_or_else(|_| self.children(), |scan| scan.processes)
    }

    fn perform(&mut self, action: &Action) -> Option<Event> {
        self.is_killing |= matches!(action, Action::Kill(_));
        match action {
            Action::Scan => {
                let counts = ProcessCounts { instances: Vec::new(), orphans: self.remaining().len() };
                return Some(Event::Scanned(counts));
            }
            Action::Stop(_) | Action::StopRest(_) => {
                let below = self.remaining();
                let order = self.order.get_or_insert_with(|| stop_order(&below));
                self.signalled.stop(due(order, &below), Signal::TERMINATE);
            }
            Action::StopAll(_) => {
                // From now on processes that were started since, too.
                self.order = Some(SignalOrder::default());
                self.signalled.stop(&self.remaining(), Signal::TERMINATE);
            }
            Action::Kill(_) => {
                for process in self.remaining() {
                    send(&process, Signal::KILL);
                }
                // What was reaped is not needed: whether it was the last is seen by the next scan.
                let _ = kill_orphans(|pid| !self.preexisting_children.contains(&pid));
            }
            Action::ReportSurvivors(_) => {
                let left = self.remaining();
                self.refused =
                    left.into_iter().map(|left| SignalRefusal { pid: left.pid, name: left.name }).collect();
            }
            Action::Forward(signal) => {
                for process in self.remaining() {
                    send(&process, *signal);
                }
            }
            Action::Enroll(..)
            | Action::Spawn(_)
            | Action::Probe(_)
            | Action::Inspect(_)
            | Action::ReportExit(..)
            | Action::Report(..)
            | Action::Notify(_)
            | Action::Signal(..)
            | Action::Answer(..)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
        None
    }
}

/// The order for what was left: each process that is below no other one counts as the own process of an instance.
fn stop_order(below: &[Process]) -> SignalOrder {
    let pids: HashSet<i32> = below.iter().map(|process| process.pid).collect();
    let mut all = SignalOrder::default();
    for first in below.iter().filter(|process| !pids.contains(&process.parent)) {
        all.extend(order_of(first.pid, below, (Signal::TERMINATE, SignalPurpose::Stop)));
    }
    all
}

fn send(process: &Process, signal: Signal) {
    // A process that may not be signalled is reported at the end, if it is still there.
    let _ = send_to(process, signal);
}
