//! What a dead worker left: everything below us is asked, killed and reaped by the machine's own table.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use super::reaper::reap;
use super::tree::main_processes::SignalPurpose;
use super::tree::{
    Identity, Process, Scan, SignalRefusal, children, descendants, kill_orphans, mains, send_to,
};
use crate::machine::{Action, Event, Machine, ProcessCounts};
use crate::signal::Signal;

/// The children that this process had before it became ganger: a script may start something and then `exec
/// ganger start`. They are no business of ours, and are left alone with all that they start.
///
/// # Errors
/// As waitpid(2), or when /proc cannot be read.
pub fn preexisting_children() -> io::Result<HashSet<i32>> {
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
pub struct Leftovers {
    machine: Machine,
    preexisting_children: HashSet<i32>,
    asked: HashSet<Identity>,
    /// The processes that had the signal first: what fell to us when the worker died, with the rules of a stop.
    mains: Option<HashSet<Identity>>,
    is_killing: bool,
    refused: Vec<SignalRefusal>,
}

impl Leftovers {
    /// Begins the stop at `now`, of all but these children and theirs: the first signals go out with the
    /// first [`Leftovers::advance`].
    pub fn begin(grace: Duration, now: Duration, preexisting_children: HashSet<i32>) -> Self {
        let mut machine = Machine::without_instances(grace);
        // Its first action is to look, which `advance` does anyway.
        let _ = machine.handle(now, Event::Broken("the worker is gone".into()));
        Self {
            machine,
            preexisting_children,
            asked: HashSet::new(),
            mains: None,
            is_killing: false,
            refused: Vec::new(),
        }
    }

    /// When to come back, signal or not.
    pub fn deadline(&self) -> Option<Duration> {
        self.machine.deadline()
    }

    /// Whether nothing is left, or hope was given up.
    pub fn is_over(&self) -> bool {
        self.machine.outcome().is_some()
    }

    /// Whether the grace is over, and SIGKILL was sent.
    pub fn is_killing(&self) -> bool {
        self.is_killing
    }

    /// Whether something is left that could not be ended.
    pub fn has_survivors(&self) -> bool {
        self.machine.has_survivors()
    }

    /// Who is left at the end.
    pub fn survivors(&self) -> &[SignalRefusal] {
        &self.refused
    }

    /// Reaps, looks and signals once.
    ///
    /// # Errors
    /// As waitpid(2).
    pub fn advance(&mut self, now: Duration, signals: &[Signal]) -> io::Result<()> {
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

    /// Reaps; whether nobody is left. Only with bystanders the kernel's word is not enough.
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

    /// Everybody below us but for the bystanders and what is below them.
    fn below(&self) -> io::Result<Scan> {
        let mut look = descendants(std::process::id().cast_signed())?;
        let mut spared = self.preexisting_children.clone();
        // Parents come before their children.
        look.processes.retain(|process| {
            let is_spared = spared.contains(&process.pid) || spared.contains(&process.parent);
            if is_spared {
                spared.insert(process.pid);
            }
            !is_spared
        });
        Ok(look)
    }

    /// Each process gets it once.
    fn ask(&mut self, processes: impl Iterator<Item = Process>) {
        for process in processes {
            if self.asked.insert(process.identity()) {
                send(&process, Signal::TERMINATE);
                send(&process, Signal::CONTINUE);
            }
        }
    }

    /// Our own children but for the bystanders: what can be seen where /proc is not mounted.
    fn children(&self) -> Vec<Process> {
        let children = children().unwrap_or_default().into_iter();
        let own = std::process::id().cast_signed();
        let child = |pid| Process { pid, parent: own, group: 0, session: 0, born: 0, name: String::new() };
        children.filter(|pid| !self.preexisting_children.contains(pid)).map(child).collect()
    }

    fn perform(&mut self, action: &Action) -> Option<Event> {
        self.is_killing |= matches!(action, Action::Kill(_));
        let look = |of: &Self| of.below().map_or_else(|_| of.children(), |look| look.processes);
        let below = || look(self);
        match action {
            Action::Scan => {
                let counts = ProcessCounts { instances: Vec::new(), orphans: below().len() };
                return Some(Event::Scanned(counts));
            }
            Action::Stop(_) | Action::StopRest(_) => {
                let below = look(self);
                let mains = self.mains.get_or_insert_with(|| first_asked(&below)).clone();
                let is_ending = below.iter().any(|process| mains.contains(&process.identity()));
                let asked =
                    below.into_iter().filter(|process| !is_ending || mains.contains(&process.identity()));
                self.ask(asked);
            }
            Action::StopAll(_) => {
                // From now on newborns too.
                self.mains = Some(HashSet::new());
                let below = look(self);
                self.ask(below.into_iter());
            }
            Action::Kill(_) => {
                for process in below() {
                    send(&process, Signal::KILL);
                }
                // Whoever was reaped is nobody's own; that it was one of the last is seen by looking.
                let _ = kill_orphans(|pid| !self.preexisting_children.contains(&pid));
            }
            Action::ReportSurvivors(_) => {
                let left = below();
                self.refused =
                    left.into_iter().map(|left| SignalRefusal { pid: left.pid, name: left.name }).collect();
            }
            Action::Forward(signal) => {
                for process in below() {
                    send(&process, *signal);
                }
            }
            Action::Enroll(..)
            | Action::Spawn(_)
            | Action::Probe(_)
            | Action::ReportExit(..)
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

/// The main processes of what fell to us: of each child of ours.
fn first_asked(below: &[Process]) -> HashSet<Identity> {
    let us = std::process::id().cast_signed();
    let children = below.iter().filter(|process| process.parent == us);
    let mains = children.flat_map(|child| mains(child.pid, below, (Signal::TERMINATE, SignalPurpose::Stop)));
    mains.map(|process| process.identity()).collect()
}

fn send(process: &Process, signal: Signal) {
    // Who may not be signalled is named at the end, if still there.
    let _ = send_to(process, signal);
}
