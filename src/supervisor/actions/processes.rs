//! The processes of the stack: which instance each belongs to, which have been reaped, and which are left.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use nix::errno::Errno;

use crate::exit::Exit;
use crate::machine::{Event, SpawnFailure, Target};
use crate::notice::Notice;
use crate::plan::spec::Spec;
use crate::process::reaper::{self, Reaped};
use crate::process::spawn::{ChildResources, SpawnedChild, Spawner};
use crate::process::tree::{Process, ProcessSnapshot, ProcessTracker, kill_all, kill_orphans};
use crate::supervisor::actions::exec_probe::ProbeCommands;
use crate::supervisor::actions::hooks::HookRunner;
use crate::supervisor::channel::arrival::HookCall;

/// All processes below this one.
pub(super) struct Processes {
    /// What each instance is in its present generation, or was in its last.
    pub(super) specs: Vec<Rc<Spec>>,
    /// The instances by their names, which are the marks of their processes. A name keeps its index for ever.
    marks: HashMap<Box<[u8]>, usize>,
    pub(super) spawner: Spawner,
    pub(super) commands: ProbeCommands,
    pub(super) hooks: HookRunner,
    tracker: ProcessTracker,
    /// The latest own process of each instance, until its session is empty.
    leaders: Vec<Option<i32>>,
    /// The session of that process.
    sessions: Vec<Option<i32>>,
    /// The own processes that have not been reaped, with their instances.
    alive: HashMap<i32, usize>,
    /// The scan that all actions of one transition share.
    scanned: Option<ProcessSnapshot>,
    /// The walk that they share.
    walked: Option<ProcessSnapshot>,
    is_scan_due: bool,
    /// Why the latest scan failed, until the machine has got it as an event.
    scan_error: Option<io::Error>,
}

impl Processes {
    /// None yet, of these instances, of the run with this id.
    pub(super) fn new(specs: Vec<Rc<Spec>>, run: &str, spawner: Spawner, hooks: HookRunner) -> Self {
        let count = specs.len();
        Self {
            marks: specs.iter().enumerate().map(|(index, spec)| (mark_of(spec), index)).collect(),
            specs,
            spawner,
            commands: ProbeCommands::default(),
            hooks,
            tracker: ProcessTracker::new(run.as_bytes()),
            leaders: vec![None; count],
            sessions: vec![None; count],
            alive: HashMap::new(),
            scanned: None,
            walked: None,
            is_scan_due: false,
            scan_error: None,
        }
    }

    /// Sets the spec of an instance. The index one past the last is a new instance; whether it is one.
    pub(super) fn enroll(&mut self, index: usize, spec: Rc<Spec>) -> bool {
        if let Some(known) = self.specs.get_mut(index) {
            *known = spec;
            return false;
        }
        self.marks.insert(mark_of(&spec), index);
        self.specs.push(spec);
        self.leaders.push(None);
        self.sessions.push(None);
        true
    }

    /// Starts the own process of an instance.
    ///
    /// # Errors
    /// The program cannot be run.
    pub(super) fn spawn(
        &mut self,
        index: usize,
        resources: &ChildResources,
    ) -> Result<SpawnedChild, SpawnFailure> {
        let child = self.spawner.spawn(&self.specs[index], resources)?;
        self.leaders[index] = Some(child.pid);
        let before = self.sessions[index].replace(child.session);
        self.spawner.end_sessions(before.as_slice());
        self.alive.insert(child.pid, index);
        Ok(child)
    }

    /// Runs a command in the environment of an instance; its id.
    ///
    /// # Errors
    /// As [`Spawner::spawn_without_output`].
    pub(super) fn run_command(&mut self, index: usize, command: &str) -> Result<i32, Errno> {
        self.commands.run(index, &self.specs[index], command, &mut self.spawner)
    }

    /// Runs a hook; the warning to print, if it cannot be run.
    pub(super) fn run_hook(&mut self, call: &HookCall) -> Option<Notice> {
        self.hooks.run(call, &self.specs[call.index], &mut self.spawner)
    }

    /// The instances with an own process that has not been reaped.
    pub(super) fn running(&self) -> Vec<usize> {
        self.alive.values().copied().collect()
    }

    /// The latest own process of an instance.
    pub(super) fn leader(&self, index: usize) -> Option<i32> {
        self.leaders.get(index).copied().flatten()
    }

    /// The process group of an instance, as long as its own process has not been reaped: no other group can have its number.
    pub(super) fn group(&self, target: Target) -> Option<i32> {
        let leader = target.instance().and_then(|index| self.leader(index));
        leader.filter(|leader| self.alive.contains_key(leader))
    }

    /// The processes of one instance, or of none, as the shared scan found them.
    pub(super) fn members(&mut self, target: Target) -> Vec<Process> {
        // Where many have been killed and all have ended, each exit is told by itself, and none needs a pass.
        if self.scanned.is_none() && reaper::has_nothing_below() {
            return Vec::new();
        }
        if self.scanned.is_none() {
            self.rescan();
        }
        self.scanned.get_or_insert_default().of(target).to_vec()
    }

    /// As [`Self::members`], at the cost of our own processes alone, and not of all of the machine. Not for what depends on
    /// nothing being left.
    pub(super) fn walked_members(&mut self, target: Target) -> Vec<Process> {
        if self.scanned.is_none() && self.walked.is_none() {
            let named = |mark: &[u8]| self.marks.get(mark).copied();
            let walked = self.tracker.walk(&self.sessions, &named);
            self.walked = self.without_own(walked);
        }
        let snapshot = self.scanned.as_ref().or(self.walked.as_ref());
        snapshot.map_or(&[][..], |snapshot| snapshot.of(target)).to_vec()
    }

    /// Forgets the shared scan and the shared walk, so that the next question sees the processes as they are then.
    pub(super) fn forget_snapshot(&mut self) {
        (self.scanned, self.walked) = (None, None);
    }

    /// Scans; whether nothing can have been overlooked.
    fn rescan(&mut self) -> bool {
        let named = |mark: &[u8]| self.marks.get(mark).copied();
        let scanned = self.tracker.scan(&self.sessions, &named);
        let is_certain = scanned.as_ref().is_ok_and(|(_, is_certain)| *is_certain);
        self.scanned = self.without_own(scanned.map(|(snapshot, _)| snapshot));
        is_certain
    }

    /// Takes out the processes that are ours and of no instance. Own processes of instances are known by their ids.
    fn without_own(&mut self, found: io::Result<ProcessSnapshot>) -> Option<ProcessSnapshot> {
        let mut snapshot = found.map_err(|error| self.scan_error = Some(error)).ok()?;
        self.commands.leave_out(&mut snapshot);
        snapshot.retain(|process| !self.spawner.has(process.pid) && !self.hooks.has(process.session));
        let all = snapshot.instances.iter_mut().flatten().chain(&mut snapshot.orphans);
        for process in all.filter(|process| self.alive.contains_key(&process.pid)) {
            process.born = Process::UNREAPED;
        }
        Some(snapshot)
    }

    /// Asks for a [`Processes::scan`].
    pub(super) fn request_scan(&mut self) {
        self.is_scan_due = true;
    }

    /// Whether a scan was asked for since the last one.
    pub(super) fn is_scan_due(&self) -> bool {
        self.is_scan_due
    }

    /// Reaps, and counts the processes that are left.
    pub(super) fn scan(&mut self) -> Vec<Event> {
        self.is_scan_due = false;
        let mut events = self.reap();
        if events.contains(&Event::AllGone) {
            return events;
        }
        let is_certain = self.rescan();
        let counts = self.scanned.get_or_insert_default().counts();
        if let Some(error) = self.take_scan_error() {
            events.push(error);
        } else if is_certain {
            self.forget_sessions(&counts.instances);
            events.push(Event::Scanned(counts));
        } else {
            self.is_scan_due = true;
            events.push(Event::PartlyScanned(counts));
        }
        events
    }

    /// The error of a scan that failed since the last call.
    pub(super) fn take_scan_error(&mut self) -> Option<Event> {
        let error = self.scan_error.take()?;
        Some(Event::Broken(format!("cannot see in /proc which processes are left: {error}")))
    }

    /// The number of an empty session may be given to another one.
    fn forget_sessions(&mut self, counts: &[usize]) {
        let mut ended = Vec::new();
        for (index, count) in counts.iter().enumerate() {
            let is_alive = self.leaders[index].is_some_and(|leader| self.alive.contains_key(&leader));
            if *count == 0 && !is_alive {
                self.leaders[index] = None;
                ended.extend(self.sessions[index].take());
            }
        }
        self.spawner.end_sessions(&ended);
    }

    /// Reaps all children that have exited, as events.
    pub(super) fn reap(&mut self) -> Vec<Event> {
        self.on_reaped(reaper::reap())
    }

    /// Kills the processes of an instance that fall to us as orphans, and those that they fork meanwhile.
    pub(super) fn kill_orphans_of(&mut self, index: usize) -> Vec<Event> {
        let others = self.alive.iter().filter(|(_, instance)| **instance != index);
        let others: HashSet<i32> = others.map(|(leader, _)| *leader).collect();
        let members = self.scanned.as_ref().map_or(&[][..], |snapshot| snapshot.of(Target::Instance(index)));
        let members: HashSet<i32> = members.iter().map(|process| process.pid).collect();
        let named = |mark: &[u8]| self.marks.get(mark).copied();
        let is_of_instance = |pid| self.tracker.instance_of(pid, &named).ok().flatten() == Some(index);
        let reaped =
            kill_orphans(|pid| !others.contains(&pid) && (members.contains(&pid) || is_of_instance(pid)));
        self.on_reaped(reaped)
    }

    /// Kills all processes below us.
    pub(super) fn kill_all(&mut self) -> Vec<Event> {
        self.hooks.close();
        let (reaped, scan_error) = kill_all();
        self.scan_error = scan_error.or(self.scan_error.take());
        self.on_reaped(reaped)
    }

    fn on_reaped(&mut self, reaped: Reaped) -> Vec<Event> {
        let Reaped { ended, is_empty, failure } = reaped;
        let mut events: Vec<Event> = ended.into_iter().map(|(pid, exit)| self.on_exited(pid, exit)).collect();
        events.dedup_by(|one, other| *one == Event::Reaped && *other == Event::Reaped);
        if is_empty {
            self.forget_sessions(&vec![0; self.sessions.len()]);
            events.push(Event::AllGone);
        }
        if let Some(error) = failure {
            // No further SIGCHLD comes for children that have exited already: the next scan reaps them.
            self.is_scan_due = true;
            events.push(Event::Broken(format!("cannot wait for processes: {error}")));
        }
        events
    }

    fn on_exited(&mut self, pid: i32, exit: Exit) -> Event {
        if let Some(instance) = self.alive.remove(&pid) {
            self.commands.end_all_of(instance);
            return Event::Exited { instance, exit };
        }
        self.commands.on_reaped(pid, exit);
        self.hooks.on_reaped(pid, exit);
        self.spawner.on_reaped(pid);
        Event::Reaped
    }
}

/// The mark in the environment of the processes of an instance.
fn mark_of(spec: &Spec) -> Box<[u8]> {
    spec.name.to_string().into_bytes().into()
}
