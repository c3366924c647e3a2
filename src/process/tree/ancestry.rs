//! Which processes are below one where no process gathers the orphans (macOS): from a list of all, and what earlier lists had shown.
//!
//! Each process has the id of the one that made it for good, also when that has ended. So what was listed once is recognised, and what it
//! has made. A chain of processes of which one is made and ends between two lists breaks; it is found by its session, if that is
//! one of ours, or by the mark in its environment, where that can be read. What has neither escapes.

use std::collections::HashSet;

use super::process::{Process, Scan};

/// A process in a list of all; its `born` is an id that no other process has, and later ones have larger ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) process: Process,
    /// The `born` of the process that made it.
    pub(super) maker: u64,
    pub(super) is_zombie: bool,
}

/// What earlier lists have shown of the processes below one.
#[derive(Debug, Default)]
pub(super) struct Ancestry {
    /// Those that were below it.
    known: HashSet<u64>,
    /// Those that were made since, and that no list has shown yet.
    noted: HashSet<u64>,
    /// Those of them that were not listed any more: the next list still has what they had made meanwhile.
    ended: HashSet<u64>,
    /// Orphans that are not ours.
    foreign: HashSet<u64>,
    /// The sessions that they were in, as long as a list shows a process in them.
    sessions: HashSet<i32>,
}

impl Ancestry {
    /// A process that the root has just made, before any list: it may have ended by the next one, and what it left has its session.
    pub(super) fn note(&mut self, process: &Process) {
        self.noted.insert(process.born);
        if process.session == process.pid {
            self.sessions.insert(process.session);
        }
    }

    /// The living processes below `root`, parents before their children, of a list of all; an orphan is asked whether it
    /// `is_marked`, until that is known. It is certain where it has nothing new: what it shows for the first time may have made others, which are not in it.
    pub(super) fn below(
        &mut self,
        root: i32,
        mut all: Vec<Listed>,
        is_marked: impl Fn(&Process) -> Option<bool>,
    ) -> Scan {
        all.sort_unstable_by_key(|listed| listed.process.born);
        let mut scan = Scan { processes: Vec::new(), is_certain: true };
        let Some(own) = all.iter().find(|listed| listed.process.pid == root).map(|own| own.process.clone())
        else {
            return scan;
        };
        let mut below: HashSet<u64> = self.known.iter().copied().chain(self.noted.drain()).collect();
        let mut sessions = std::mem::take(&mut self.sessions);
        // A number that was given again is of another session.
        let others = all.iter().filter(|listed| !below.contains(&listed.process.born));
        for leader in others {
            sessions.remove(&leader.process.pid);
        }
        // One that has joined a session later than the one that leads it may be older.
        sessions.extend(
            all.iter()
                .filter(|listed| self.known.contains(&listed.process.born))
                .map(|listed| listed.process.session),
        );
        sessions.remove(&own.session);
        let mut listed_now = HashSet::new();
        for Listed { process, maker, is_zombie } in all {
            listed_now.insert(process.born);
            if process.born <= own.born {
                continue;
            }
            let is_below = maker == own.born
                || below.contains(&maker)
                || below.contains(&process.born)
                || sessions.contains(&process.session)
                || self.is_marked_orphan(&process, &is_marked);
            if !is_below {
                continue;
            }
            below.insert(process.born);
            scan.is_certain &= self.known.contains(&process.born);
            if process.session != own.session {
                sessions.insert(process.session);
                self.sessions.insert(process.session);
            }
            if !is_zombie {
                scan.processes.push(process);
            }
        }
        self.foreign.retain(|born| listed_now.contains(born));
        // What had ended by the list before has had this one to show what it had made.
        below.retain(|born| !self.ended.contains(born) || listed_now.contains(born));
        self.ended = below.difference(&listed_now).copied().collect();
        self.known = below;
        scan
    }

    fn is_marked_orphan(&mut self, process: &Process, is_marked: &impl Fn(&Process) -> Option<bool>) -> bool {
        // To launchd(8), as all orphans.
        if process.parent != 1 || self.foreign.contains(&process.born) {
            return false;
        }
        let is_ours = is_marked(process);
        if is_ours == Some(false) {
            self.foreign.insert(process.born);
        }
        is_ours == Some(true)
    }
}

/// The environment in what `KERN_PROCARGS2` has of a process, as entries that end with a NUL: a number of arguments, the path of the
/// program, NULs, the arguments, the environment, and after an empty string what is the kernel's (sysctl(3), bsd/kern/kern_sysctl.c).
#[cfg(any(test, not(target_os = "linux")))]
pub(super) fn environment_in(arguments: &[u8]) -> Vec<u8> {
    let Some((count, rest)) = arguments.split_first_chunk::<4>() else { return Vec::new() };
    let count = usize::try_from(i32::from_ne_bytes(*count)).unwrap_or(0);
    let path = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let rest = &rest[path..];
    let padding = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
    let strings = rest[padding..].split(|byte| *byte == 0);
    let mut environment = Vec::new();
    for entry in strings.skip(count).take_while(|entry| !entry.is_empty()) {
        environment.extend_from_slice(entry);
        environment.push(0);
    }
    environment
}

#[cfg(test)]
#[path = "ancestry_tests.rs"]
mod tests;
