//! Signals to instances: to their main processes, to what is left of their trees, and to whole groups in one call.

use std::collections::HashSet;

use super::{Executor, instance_named};
use crate::machine::{Event, Target};
use crate::notice::Notice;
use crate::process::tree::main_processes::SignalPurpose;
use crate::process::tree::{self, Identity, Process, kill_orphans, send_to, send_to_group};
use crate::signal::{Reach, Signal};

/// A stop of one instance, from its first signal to its next start.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceStop {
    /// The processes that had the stop signal first.
    mains: Vec<Identity>,
    /// Whether all of the tree is to have it: half of the grace is over, or the setting says so.
    is_for_all: bool,
}

impl Executor {
    /// The group of an instance whose own process has not been reaped: nobody else can have its number.
    pub(super) fn group(&self, target: Target) -> Option<i32> {
        target
            .instance()
            .and_then(|index| self.leaders.get(index).copied())
            .flatten()
            .filter(|leader| self.alive.contains_key(leader))
    }

    /// The stop signal to its main processes. The stop signal is followed by SIGCONT, so that a stopped process can hear it
    /// (systemd.kill(5) does so too).
    pub(super) fn ask(&mut self, target: Target) {
        let Some((index, spec)) = target.instance().and_then(|index| Some((index, self.specs.get(index)?)))
        else {
            return self.ask_all(target);
        };
        let (signal, reach) = (spec.stop_signal, spec.stop_to);
        self.stops.remove(&index);
        if reach == Reach::Group {
            return self.ask_all(target);
        }
        let mains = self.main_processes(index, (signal, SignalPurpose::Stop));
        self.stops.insert(
            index,
            InstanceStop { mains: mains.iter().map(Process::identity).collect(), is_for_all: false },
        );
        self.ask_each(&mains, signal);
    }

    /// The stop signal to what is left of a tree, unless one of its main processes lives: a shell dies at once, and the
    /// program behind it may still be ending its own children.
    pub(super) fn ask_rest(&mut self, target: Target) {
        let stop = target.instance().and_then(|index| self.stops.get(&index)).cloned().unwrap_or_default();
        let members = self.members(target);
        let is_ending = members.iter().any(|process| stop.mains.contains(&process.identity()));
        if stop.is_for_all || !is_ending {
            self.ask_each(&members, self.stop_signal(target));
        }
    }

    /// The stop signal to all of a tree. As long as none of the group has had it, the group gets it in one call, which no
    /// fork can slip through; also where /proc does not show the members.
    pub(super) fn ask_all(&mut self, target: Target) {
        let signal = self.stop_signal(target);
        let mut members = self.members(target);
        let is_first = target.instance().is_none_or(|index| !self.stops.contains_key(&index));
        if let Some(index) = target.instance() {
            self.stops.entry(index).or_default().is_for_all = true;
        }
        if let Some(group) = self.group(target).filter(|_| is_first || members.is_empty()) {
            send_to_group(group, signal);
            send_to_group(group, Signal::CONTINUE);
            self.asked.extend(members.iter().filter(|process| process.group == group).map(Process::identity));
            members.retain(|process| process.group != group);
        }
        self.ask_each(&members, signal);
    }

    fn stop_signal(&self, target: Target) -> Signal {
        let spec = target.instance().and_then(|index| self.specs.get(index));
        spec.map_or(Signal::TERMINATE, |spec| spec.stop_signal)
    }

    /// Each process gets it once: for many programs a second one means "at once".
    fn ask_each(&mut self, processes: &[Process], signal: Signal) {
        for process in processes {
            if self.asked.insert(process.identity()) {
                // A process that may not be signalled is named at the end, if still there.
                let _ = send_to(process, signal);
                let _ = send_to(process, Signal::CONTINUE);
            }
        }
    }

    /// The main processes of an instance (see [`tree::main_processes`]). A program that is no shell is known without a scan.
    fn main_processes(&mut self, index: usize, signal: (Signal, SignalPurpose)) -> Vec<Process> {
        let Some(own) = self.group(Target::Instance(index)) else { return Vec::new() };
        match tree::process(own) {
            Some(process) if tree::is_shell(&process) => {
                tree::mains(own, &self.members(Target::Instance(index)), signal)
            }
            Some(process) => vec![process],
            // It has ended and is not reaped yet, or /proc does not show it: its number is its own until it is reaped.
            None => {
                let name = String::new();
                vec![Process { pid: own, parent: 0, group: own, session: own, born: 0, name }]
            }
        }
    }

    /// What `ganger kill` sends.
    pub(super) fn signal_instance(&mut self, index: usize, signal: Signal, reach: Reach) {
        let Some(group) = self.group(Target::Instance(index)) else { return };
        if reach == Reach::Group {
            return send_to_group(group, signal);
        }
        let ends =
            [Signal::TERMINATE, Signal::INTERRUPT, Signal::QUIT, Signal::KILL, self.specs[index].stop_signal];
        let purpose = if ends.contains(&signal) { SignalPurpose::Stop } else { SignalPurpose::Message };
        for process in self.main_processes(index, (signal, purpose)) {
            let _ = send_to(&process, signal);
        }
    }

    pub(super) fn signal(&mut self, target: Target, signal: Signal) {
        let group = self.group(target);
        if let Some(group) = group {
            send_to_group(group, signal);
        }
        for process in self.members(target) {
            if group != Some(process.group) {
                let _ = send_to(&process, signal);
            }
        }
    }

    /// The tree of one instance, and those that it forks while we kill.
    pub(super) fn kill(&mut self, index: usize) -> Vec<Event> {
        self.signal(Target::Instance(index), Signal::KILL);
        let (specs, tracker) = (&self.specs, &self.tracker);
        let others: HashSet<i32> =
            self.alive.iter().filter(|(_, whose)| **whose != index).map(|(leader, _)| *leader).collect();
        let members = self.snapshot.as_ref().map_or(&[][..], |snapshot| snapshot.of(Target::Instance(index)));
        let mine: HashSet<i32> = members.iter().map(|process| process.pid).collect();
        let named = |mark: &[u8]| instance_named(specs, mark);
        let reaped = kill_orphans(|pid| {
            !others.contains(&pid)
                && (mine.contains(&pid) || tracker.instance_of(pid, &named).ok().flatten() == Some(index))
        });
        self.as_events(reaped)
    }

    /// Strangers have the longest grace of all, so when theirs is over everybody's is.
    pub(super) fn kill_all(&mut self) -> Vec<Event> {
        let (reaped, unseen) = tree::kill_all();
        self.blindness = unseen.or(self.blindness.take());
        // Before the harvest, which may be the end: nothing is told after that.
        let mut events = Vec::from_iter(self.tell_of_blindness());
        events.extend(self.as_events(reaped));
        events
    }

    pub(super) fn forward(&mut self, signal: Signal) {
        let instances: Vec<usize> = self.alive.values().copied().collect();
        for index in instances {
            self.signal_instance(index, signal, Reach::Main);
        }
    }

    pub(super) fn everywhere(&mut self, signal: Signal) {
        for target in (0..self.specs.len()).map(Target::Instance).chain([Target::Orphans]) {
            self.signal(target, signal);
        }
    }

    /// SIGTSTP would be ignored by the groups of the instances, which are orphaned (POSIX XBD 3.264): SIGSTOP
    /// for them, and for us. The monitor sees it and stops itself; SIGCONT reaches us through it.
    pub(super) fn suspend(&mut self) {
        self.everywhere(Signal::STOP);
        if let Err(error) = nix::sys::signal::raise(nix::sys::signal::SIGSTOP) {
            self.output.notice(&Notice::Warning { text: format!("cannot stop for Ctrl-Z: {error}") });
        }
    }

    pub(super) fn name_survivors(&mut self, target: Target) {
        for process in self.members(target) {
            let reason = match send_to(&process, Signal::KILL) {
                Err(_) => "it runs as another user",
                Ok(()) => "SIGKILL does not end it: it hangs in the kernel",
            };
            let Process { pid, name, .. } = process;
            self.output.notice(&Notice::Survivor { pid, name, reason: reason.into() });
        }
    }
}
