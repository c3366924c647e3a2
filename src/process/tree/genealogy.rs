//! Attribution: from which instance a process came.

use std::collections::{HashMap, HashSet};
use std::io;

use super::{INSTANCE_MARK, Identity, Look, Process, RUN_MARK, descendants, environment, variable_of};

/// One look: who belongs to which instance.
#[derive(Debug, Default)]
pub struct Census {
    /// The processes of each instance, and one more entry for those that belong to none.
    pub members: Vec<Vec<Process>>,
    /// As [`Look::is_certain`].
    pub is_certain: bool,
}

/// Attributes processes to instances, and remembers what it found: whose parents are gone by the next look
/// has not lost its instance.
#[derive(Debug)]
pub struct Genealogy {
    run: Vec<u8>,
    known: HashMap<Identity, usize>,
}

impl Genealogy {
    /// For the run with this id.
    pub fn new(run: &[u8]) -> Self {
        Self { run: run.to_vec(), known: HashMap::new() }
    }

    /// Looks once. `leaders[i]` is the id of instance `i`'s own process, dead or alive, as long as its session
    /// may hold anybody: until then the kernel gives that number to nobody else. `named` finds an instance by
    /// the mark's value.
    ///
    /// # Errors
    /// As [`descendants`].
    pub fn look(
        &mut self,
        leaders: &[Option<i32>],
        named: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<Census> {
        let Look { processes, is_certain } = descendants(std::process::id().cast_signed())?;
        let by_session: HashMap<i32, usize> = leaders
            .iter()
            .enumerate()
            .filter_map(|(index, leader)| leader.map(|leader| (leader, index)))
            .collect();
        let mut members: Vec<Vec<Process>> = vec![Vec::new(); leaders.len() + 1];
        let mut attributed: HashMap<i32, usize> = HashMap::new();
        let mut seen: HashSet<Identity> = HashSet::new();
        // Parents come before their children in `processes`, so one pass hands an instance down the tree.
        for process in processes {
            let identity = process.identity();
            let known = by_session
                .get(&process.session)
                .or_else(|| attributed.get(&process.parent))
                .or_else(|| self.known.get(&identity));
            let whose = match known {
                Some(index) => Some(*index),
                None => self.by_mark(process.pid, named)?,
            };
            if let Some(index) = whose {
                attributed.insert(process.pid, index);
                self.known.insert(identity, index);
            }
            seen.insert(identity);
            members[whose.unwrap_or(leaders.len())].push(process);
        }
        self.known.retain(|identity, _| seen.contains(identity));
        Ok(Census { members, is_certain })
    }

    /// The instance whose mark this process has. Reading an environment is the dearest question, so it is the
    /// last.
    ///
    /// # Errors
    /// As [`descendants`].
    pub fn by_mark(&self, pid: i32, named: &dyn Fn(&[u8]) -> Option<usize>) -> io::Result<Option<usize>> {
        let environment = environment(pid)?.unwrap_or_default();
        let is_of_run = variable_of(&environment, RUN_MARK).is_some_and(|run| run == self.run);
        let instance = variable_of(&environment, INSTANCE_MARK).filter(|_| is_of_run);
        Ok(instance.and_then(named))
    }
}
