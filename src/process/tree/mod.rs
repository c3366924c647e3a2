//! Which processes came from which instance, and signals to all of them.
//!
//! A session and group of its own reaches most of an instance's tree with one call, but not what called
//! setsid. Those are found by looking (Linux: one pass over /proc; elsewhere nobody is found and the group
//! has to do).

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod send;

#[cfg(target_os = "linux")]
pub use linux::descendants;
#[cfg(not(target_os = "linux"))]
pub use other::descendants;
pub use send::{Refusal, kill_all, send_to, send_to_group};

use std::collections::{HashMap, HashSet};

/// The variable that marks every process of a run; its value is the run's id.
pub const RUN_MARK: &[u8] = b"GANGER_RUN";
/// The variable that tells which instance a process came from.
pub const INSTANCE_MARK: &[u8] = b"GANGER_INSTANCE";

/// A process below us, as one look saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// Its group's.
    pub group: i32,
    /// Its session's.
    pub session: i32,
    /// When it was made, in clock ticks since boot: with `pid`, it names a process for ever.
    pub born: u64,
    /// Its name, as the kernel has it.
    pub name: String,
}

/// A process for ever: its id alone may be given to another.
type Identity = (i32, u64);

/// One look: who belongs to which instance.
#[derive(Debug, Default)]
pub struct Census {
    /// The processes of each instance, and one more entry for those that belong to none.
    pub members: Vec<Vec<Process>>,
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

    /// Looks once. `leaders[i]` is the id of instance `i`'s own process, dead or alive: while one process of
    /// its session lives, the kernel gives that number to nobody else. `named` finds an instance by the
    /// mark's value.
    pub fn look(&mut self, leaders: &[Option<i32>], named: &dyn Fn(&[u8]) -> Option<usize>) -> Census {
        let found = descendants(std::process::id().cast_signed());
        let by_session: HashMap<i32, usize> = leaders
            .iter()
            .enumerate()
            .filter_map(|(index, leader)| leader.map(|leader| (leader, index)))
            .collect();
        let mut members: Vec<Vec<Process>> = vec![Vec::new(); leaders.len() + 1];
        let mut attributed: HashMap<i32, usize> = HashMap::new();
        let mut seen: HashSet<Identity> = HashSet::new();
        // Parents come before their children in `found`, so one pass hands an instance down the tree.
        for process in found {
            let identity = (process.pid, process.born);
            let whose = by_session
                .get(&process.session)
                .or_else(|| attributed.get(&process.parent))
                .or_else(|| self.known.get(&identity))
                .copied()
                .or_else(|| self.by_mark(process.pid, named));
            if let Some(index) = whose {
                attributed.insert(process.pid, index);
                self.known.insert(identity, index);
            }
            seen.insert(identity);
            members[whose.unwrap_or(leaders.len())].push(process);
        }
        self.known.retain(|identity, _| seen.contains(identity));
        Census { members }
    }

    /// Reading an environment is the dearest question, so it is the last.
    fn by_mark(&self, pid: i32, named: &dyn Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let environment = environment_of(pid)?;
        let value = |name: &[u8]| {
            (environment.split(|byte| *byte == 0))
                .find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
        };
        if value(RUN_MARK)? != self.run {
            return None;
        }
        named(value(INSTANCE_MARK)?)
    }
}

#[cfg(target_os = "linux")]
fn environment_of(pid: i32) -> Option<Vec<u8>> {
    linux::environment(pid)
}

#[cfg(not(target_os = "linux"))]
fn environment_of(_pid: i32) -> Option<Vec<u8>> {
    None
}
