//! Signals to instances: to their groups in one call, and to whoever left them.

use std::collections::HashSet;

use super::{Performer, instance_named};
use crate::machine::{Event, Whom};
use crate::notice::Notice;
use crate::process::tree::{self, Process, kill_orphans, send_to, send_to_group};
use crate::signal::Signal;

impl Performer {
    /// The group of an instance whose own process has not been reaped: nobody else can have its number.
    pub(super) fn group(&self, whom: Whom) -> Option<i32> {
        whom.instance()
            .and_then(|index| self.leaders.get(index).copied())
            .flatten()
            .filter(|leader| self.alive.contains_key(leader))
    }

    /// TERM, then CONT, so that who is stopped can hear it (systemd.kill(5) does so too). The group gets it in
    /// one call, which no fork can slip through; who left the group gets it alone.
    pub(super) fn ask(&mut self, whom: Whom) {
        let spec = whom.instance().and_then(|index| self.specs.get(index));
        let signal = spec.map_or(Signal::TERMINATE, |spec| spec.stop_signal);
        let members = self.members(whom);
        let group = self.group(whom);
        if let Some(group) = group {
            send_to_group(group, signal);
            send_to_group(group, Signal::CONTINUE);
        }
        for process in members {
            let is_new = self.asked.insert((process.pid, process.born));
            if is_new && group != Some(process.group) {
                // Whom we may not signal is named at the end, if still there.
                let _ = send_to(&process, signal);
                let _ = send_to(&process, Signal::CONTINUE);
            }
        }
    }

    pub(super) fn signal(&mut self, whom: Whom, signal: Signal) {
        let group = self.group(whom);
        if let Some(group) = group {
            send_to_group(group, signal);
        }
        for process in self.members(whom) {
            if group != Some(process.group) {
                let _ = send_to(&process, signal);
            }
        }
    }

    /// The tree of one instance, and those that it forks while we kill.
    pub(super) fn kill(&mut self, index: usize) -> Vec<Event> {
        self.signal(Whom::Instance(index), Signal::KILL);
        let (specs, genealogy) = (&self.specs, &self.genealogy);
        let others: HashSet<i32> =
            self.alive.iter().filter(|(_, whose)| **whose != index).map(|(leader, _)| *leader).collect();
        let members = self.census.as_ref().map_or(&[][..], |census| census.of(Whom::Instance(index)));
        let mine: HashSet<i32> = members.iter().map(|process| process.pid).collect();
        let named = |mark: &[u8]| instance_named(specs, mark);
        let harvest = kill_orphans(|pid| {
            !others.contains(&pid)
                && (mine.contains(&pid) || genealogy.instance_of(pid, &named).ok().flatten() == Some(index))
        });
        self.as_events(harvest)
    }

    /// Strangers have the longest grace of all, so when theirs is over everybody's is.
    pub(super) fn kill_all(&mut self) -> Vec<Event> {
        let (harvest, unseen) = tree::kill_all();
        self.blindness = unseen.or(self.blindness.take());
        // Before the harvest, which may be the end: nothing is told after that.
        let mut events = Vec::from_iter(self.tell_of_blindness());
        events.extend(self.as_events(harvest));
        events
    }

    pub(super) fn forward(&mut self, signal: Signal) {
        for leader in self.alive.keys() {
            send_to_group(*leader, signal);
        }
    }

    pub(super) fn everywhere(&mut self, signal: Signal) {
        for whom in (0..self.specs.len()).map(Whom::Instance).chain([Whom::Strangers]) {
            self.signal(whom, signal);
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

    pub(super) fn name_survivors(&mut self, whom: Whom) {
        for process in self.members(whom) {
            let reason = match send_to(&process, Signal::KILL) {
                Err(_) => "it runs as another user",
                Ok(()) => "SIGKILL does not end it: it hangs in the kernel",
            };
            let Process { pid, name, .. } = process;
            self.output.notice(&Notice::Survivor { pid, name, reason: reason.into() });
        }
    }
}
