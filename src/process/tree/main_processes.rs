//! Which processes of an instance are its *main* ones: those that get a signal first.
//!
//! The program is, and it ends its own children: Celery's pool takes SIGTERM for its master's order to die, gunicorn's
//! workers die of the SIGHUP that is meant for the master. Where a shell has to stay in front (`cd x; ./server; ./report`, or
//! `bash start.sh`), the shell and its foreground children are. Why so, and what peers do: docs/design/0017.

use std::collections::{HashMap, HashSet};

use super::process::{Identity, Process, with_descendants};
use crate::signal::Signal;

/// What is known of one process beside what a scan says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessFacts {
    /// Whether it is a shell: it waits for its children.
    pub is_shell: bool,
    /// The signals that it catches, and those that it ignores: bit n-1 is signal n (`SigCgt`, `SigIgn` in
    /// /proc/PID/status).
    pub caught: u64,
    /// See there.
    pub ignored: u64,
    /// Whether its standard input is /dev/null.
    pub reads_nothing: bool,
    /// The pipe that is its standard input, and the one that is its standard output, by their names.
    pub input: Option<String>,
    /// See there.
    pub output: Option<String>,
}

impl ProcessFacts {
    /// Whether a shell without job control has put it into the background: it then ignores SIGINT and SIGQUIT and reads from
    /// /dev/null (POSIX XCU 2.11 and 2.9.3.1). A program may set its own handlers, so one of both is enough.
    fn is_background(&self) -> bool {
        let ignores = |signal: Signal| self.ignored & bit(signal) != 0;
        self.reads_nothing || (ignores(Signal::INTERRUPT) && ignores(Signal::QUIT))
    }

    /// Whether it dies of this signal.
    fn dies_of(&self, signal: Signal) -> bool {
        (self.caught | self.ignored) & bit(signal) == 0
    }
}

fn bit(signal: Signal) -> u64 {
    u32::try_from(signal.0 - 1).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}

/// What the signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalPurpose {
    /// To end the instance.
    Stop,
    /// Anything else, as a reload: a shell in front that would die of it is left out.
    Message,
}

/// The order in which the processes of an instance get a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignalOrder {
    /// The main processes, which get it first, each in its turn.
    pub mains: Vec<Process>,
    /// Those that end at the end of their input, as the later commands of a pipeline do. One that a stop signal kills loses what
    /// is still in its pipe, so they do not get it when the main processes have ended, but with all of the tree.
    pub readers: HashSet<Identity>,
}

impl SignalOrder {
    /// That of a program that is known without a look at others.
    pub(crate) fn alone(process: Process) -> Self {
        Self { mains: vec![process], readers: HashSet::new() }
    }

    /// That of several instances.
    pub(crate) fn extend(&mut self, other: Self) {
        self.mains.extend(other.mains);
        self.readers.extend(other.readers);
    }

    /// Which of the `members`, parents before their children, get the stop signal now: the main processes as long as one of
    /// them lives, and then all but the readers and what they have started. A pipeline may be one of a program (`npm start`), so
    /// what is left is asked again.
    pub(crate) fn due<'a>(
        &mut self,
        members: &'a [Process],
        facts: &dyn Fn(&Process) -> ProcessFacts,
    ) -> Vec<&'a Process> {
        let is_main =
            |process: &&Process| self.mains.iter().any(|main| main.identity() == process.identity());
        if members.iter().any(|process| is_main(&process)) {
            return members.iter().filter(is_main).collect();
        }
        let left: Vec<(&Process, ProcessFacts)> =
            members.iter().map(|process| (process, facts(process))).collect();
        // They are readers when their writers are gone, too.
        self.readers.extend(readers(&left));
        let spared = members
            .iter()
            .filter(|process| self.readers.contains(&process.identity()))
            .map(|process| process.pid)
            .collect();
        let spared = with_descendants(spared, members);
        members.iter().filter(|process| !spared.contains(&process.pid)).collect()
    }
}

/// Those whose standard input is the standard output of another one, and so on up to one that reads from none of them. A circle
/// (`coproc` in bash) has no such beginning, and no end of its input would come.
fn readers(processes: &[(&Process, ProcessFacts)]) -> HashSet<Identity> {
    let pipes = |of: fn(&ProcessFacts) -> Option<&str>| {
        let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, (_, facts)) in processes.iter().enumerate() {
            found.entry(of(facts).unwrap_or_default()).or_default().push(index);
        }
        found.remove("");
        found
    };
    let writing = pipes(|facts| facts.output.as_deref());
    let reading = pipes(|facts| facts.input.as_deref());
    let has_writer = |index: &usize| {
        let input = processes[*index].1.input.as_deref().unwrap_or_default();
        writing.get(input).is_some_and(|writers| writers.iter().any(|writer| writer != index))
    };
    let mut unseen: Vec<usize> = (0..processes.len()).filter(|index| !has_writer(index)).collect();
    let mut found = HashSet::new();
    while let Some(writer) = unseen.pop() {
        let output = processes[writer].1.output.as_deref().unwrap_or_default();
        for reader in reading.get(output).into_iter().flatten().filter(|reader| **reader != writer) {
            if found.insert(processes[*reader].0.identity()) {
                unseen.push(*reader);
            }
        }
    }
    found
}

/// The main processes and the readers among the `members` of an instance whose own process is `own`, in the order in which
/// they get `signal`: a shell comes before its children, so that it cannot go on to its next command between two signals. (Without a
/// trap it dies at once, with one it is deferred until its foreground child has ended, POSIX XCU 2.11.)
///
/// A child that the shell has put into the background is left to a shell that catches the signal, as its trap looks after it;
/// in a pipeline the first command gets it, and the others end at the end of their input.
pub(crate) fn signal_order(
    own: i32,
    members: &[Process],
    (signal, purpose): (Signal, SignalPurpose),
    facts: &dyn Fn(&Process) -> ProcessFacts,
) -> SignalOrder {
    let mut found = SignalOrder::default();
    if let Some(process) = members.iter().find(|process| process.pid == own) {
        collect(process, members, (signal, purpose), facts, &mut found);
    }
    found
}

fn collect(
    process: &Process,
    members: &[Process],
    (signal, purpose): (Signal, SignalPurpose),
    facts: &dyn Fn(&Process) -> ProcessFacts,
    found: &mut SignalOrder,
) {
    let of = facts(process);
    let children: Vec<(&Process, ProcessFacts)> = if of.is_shell {
        // A cycle is not possible: the ancestors that were seen are older.
        members
            .iter()
            .filter(|child| child.parent == process.pid && child.pid != process.pid)
            .map(|child| (child, facts(child)))
            .collect()
    } else {
        Vec::new()
    };
    let readers = readers(&children);
    let is_its_own_care = |child: &ProcessFacts| child.is_background() && of.caught & bit(signal) != 0;
    let mains: Vec<&Process> = children
        .iter()
        .filter(|(child, facts)| !is_its_own_care(facts) && !readers.contains(&child.identity()))
        .map(|(child, _)| *child)
        .collect();
    found.readers.extend(readers);
    let is_spared = purpose == SignalPurpose::Message && of.dies_of(signal) && !mains.is_empty();
    if !is_spared {
        found.mains.push(process.clone());
    }
    for child in mains {
        collect(child, members, (signal, purpose), facts, found);
    }
}

#[cfg(test)]
#[path = "main_processes_tests.rs"]
mod tests;
