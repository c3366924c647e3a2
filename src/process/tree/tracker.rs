//! Attribution: from which instance a process came.

use std::collections::{HashMap, HashSet};
use std::io;

use super::{
    INSTANCE_MARK, Identity, Process, RUN_MARK, Scan, children, descendants, environment, is_gone, look_at,
    variable_of, walk,
};
use crate::machine::{ProcessCounts, Target};

/// The processes of each instance, as one scan or one walk found them.
#[derive(Debug, Default)]
pub(crate) struct ProcessSnapshot {
    /// The processes of each instance.
    pub instances: Vec<Vec<Process>>,
    /// Those that belong to none.
    pub orphans: Vec<Process>,
}

impl ProcessSnapshot {
    /// The processes of an instance, or of none.
    pub(crate) fn of(&self, target: Target) -> &[Process] {
        match target {
            Target::Instance(index) => self.instances.get(index).map_or(&[], Vec::as_slice),
            Target::Orphans => &self.orphans,
        }
    }

    /// Leaves out all of which `is_meant` is not true.
    pub(crate) fn retain(&mut self, is_meant: impl Fn(&Process) -> bool) {
        self.instances.iter_mut().chain([&mut self.orphans]).for_each(|all| all.retain(&is_meant));
    }

    /// How many there are.
    pub(crate) fn counts(&self) -> ProcessCounts {
        ProcessCounts {
            instances: self.instances.iter().map(Vec::len).collect(),
            orphans: self.orphans.len(),
        }
    }
}

/// Attributes processes to instances, and remembers what it found: a process does not lose its instance when its parent has
/// ended by the next scan.
#[derive(Debug)]
pub(crate) struct ProcessTracker {
    run: Vec<u8>,
    known: HashMap<Identity, usize>,
    /// The processes that had no environment at the latest scan. A process has none for a moment while it ends or executes
    /// another program, and its mark cannot be read then: only one that still has none at the next scan was started so.
    nameless: HashSet<Identity>,
    /// Whether the latest scan may have overlooked some.
    was_uncertain: bool,
}

impl ProcessTracker {
    /// For the run with this id.
    pub(crate) fn new(run: &[u8]) -> Self {
        Self { run: run.to_vec(), known: HashMap::new(), nameless: HashSet::new(), was_uncertain: false }
    }

    /// Scans once; whether nothing can have been overlooked comes with it, as [`Scan::is_certain`]. `sessions[i]` is the session
    /// of instance `i`, as long as a process may be in it: until then the kernel gives that number to no other. `named` finds an
    /// instance by the mark's value.
    ///
    /// # Errors
    /// As [`descendants`].
    pub(crate) fn scan(
        &mut self,
        sessions: &[Option<i32>],
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<(ProcessSnapshot, bool)> {
        let near = if self.was_uncertain { self.near(sessions, named)? } else { Vec::new() };
        let Scan { mut processes, mut is_certain } = descendants(std::process::id().cast_signed())?;
        if !is_certain {
            let seen: HashSet<Identity> = processes.iter().map(Process::identity).collect();
            let missed = near.into_iter().filter(|process| !seen.contains(&process.identity()));
            processes = missed.chain(processes).collect();
        }
        let (snapshot, nameless) = self.attribute(processes, sessions, named)?;
        is_certain &= nameless.is_subset(&self.nameless);
        self.nameless = nameless;
        self.was_uncertain = !is_certain;
        Ok((snapshot, is_certain))
    }

    /// Our own children; the mark of those that have nothing else is read at once: one that lives for some milliseconds has ended before a pass over a machine with many
    /// processes comes to it, and its environment with it. That it was there is what counts then.
    fn near(
        &mut self,
        sessions: &[Option<i32>],
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<Vec<Process>> {
        let sessions: HashSet<i32> = sessions.iter().flatten().copied().collect();
        let mut near = Vec::new();
        for pid in children()?.into_iter().rev() {
            let Some(process) = look_at(pid).ok().flatten() else { continue };
            // The others can be attributed when they have ended, too.
            let is_found =
                sessions.contains(&process.session) || self.known.contains_key(&process.identity());
            if !is_found && let Some(instance) = self.instance_of(pid, named)? {
                self.known.insert(process.identity(), instance);
            }
            near.push(process);
        }
        Ok(near)
    }

    /// As [`Self::scan`], by a walk along the lists of children where one can answer. It does not tell whether anything is left.
    ///
    /// # Errors
    /// As [`descendants`].
    pub(crate) fn walk(
        &mut self,
        sessions: &[Option<i32>],
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<ProcessSnapshot> {
        let own = std::process::id().cast_signed();
        let processes = match walk(own)? {
            Some(processes) => processes,
            None => descendants(own)?.processes,
        };
        self.attribute(processes, sessions, named).map(|(snapshot, _)| snapshot)
    }

    /// The processes of each instance, and those that have no environment.
    fn attribute(
        &mut self,
        processes: Vec<Process>,
        sessions: &[Option<i32>],
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<(ProcessSnapshot, HashSet<Identity>)> {
        let by_session: HashMap<i32, usize> = sessions
            .iter()
            .enumerate()
            .filter_map(|(index, session)| session.map(|session| (session, index)))
            .collect();
        let mut instances: Vec<Vec<Process>> = vec![Vec::new(); sessions.len()];
        let mut orphans = Vec::new();
        let mut nameless = HashSet::new();
        let mut attributed: HashMap<i32, usize> = HashMap::new();
        let mut seen: HashSet<Identity> = HashSet::new();
        // Parents come before their children in `processes`, so one pass hands an instance down the tree.
        for process in processes {
            let identity = process.identity();
            let known = by_session
                .get(&process.session)
                .or_else(|| attributed.get(&process.parent))
                .or_else(|| self.known.get(&identity));
            let mut instance = known.copied();
            if instance.is_none() {
                let environment = environment(process.pid)?.unwrap_or_default();
                if environment.is_empty() {
                    nameless.insert(identity);
                }
                instance = self.by_mark(&environment, named);
            }
            if let Some(index) = instance {
                attributed.insert(process.pid, index);
                self.known.insert(identity, index);
            }
            seen.insert(identity);
            match instance.and_then(|index| instances.get_mut(index)) {
                Some(members) => members.push(process),
                None => orphans.push(process),
            }
        }
        // One that was overlooked is still known: only what is gone is forgotten.
        self.known.retain(|identity, _| seen.contains(identity) || !is_gone(*identity));
        Ok((ProcessSnapshot { instances, orphans }, nameless))
    }

    /// The instance whose mark this process has.
    ///
    /// # Errors
    /// As [`descendants`].
    pub(crate) fn instance_of(
        &self,
        pid: i32,
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<Option<usize>> {
        Ok(environment(pid)?.and_then(|environment| self.by_mark(&environment, named)))
    }

    /// The instance whose mark is in this environment. Reading one is the most expensive check, so it comes last.
    fn by_mark(&self, environment: &[u8], named: &dyn Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let is_of_run = variable_of(environment, RUN_MARK).is_some_and(|run| run == self.run);
        variable_of(environment, INSTANCE_MARK).filter(|_| is_of_run).and_then(named)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any process will do")]
mod tests {
    use super::*;
    use crate::process::tree::process;

    #[test]
    fn a_process_that_was_overlooked_is_still_known_until_it_has_ended() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let child_process = process(child.id().cast_signed()).unwrap();
        let mut tracker = ProcessTracker::new(b"run");
        let mut found = |processes, sessions: &[Option<i32>]| {
            tracker.attribute(processes, sessions, &|_| None).unwrap().0.instances[0].len()
        };
        // By its session; then it is overlooked once, and its session is not known any more.
        assert_eq!(found(vec![child_process.clone()], &[Some(child_process.session)]), 1);
        assert_eq!(found(Vec::new(), &[None]), 0);
        assert_eq!(found(vec![child_process.clone()], &[None]), 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found(Vec::new(), &[None]), 0);
        assert!(tracker.known.is_empty(), "{:?} has ended", tracker.known);
    }
}
