//! Commands that ask whether an instance is ready (`ready = "cmd:…"`): children of ours that are no instance's own
//! process, though they belong to its tree by their mark.

use std::collections::HashMap;

use crate::exit::Exit;
use crate::plan::spec::Spec;
use crate::process::spawn::Spawner;
use crate::process::tree::{Process, ProcessSnapshot, send_to_group};
use crate::signal::Signal;

/// Those that run, and those that have ended since somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    running: HashMap<i32, usize>,
    ended: HashMap<i32, Exit>,
}

impl Commands {
    /// Runs one for the instance with this index; its id. One that cannot be run says no, as one that fails.
    pub(crate) fn run(
        &mut self,
        index: usize,
        spec: &Spec,
        command: &str,
        spawner: &mut Spawner,
    ) -> Option<i32> {
        let pid = spawner.spawn_unheard(command, &spec.environment).ok()?;
        self.running.insert(pid, index);
        Some(pid)
    }

    /// Ends one, with its group: it has not been reaped, so nobody else can have its number.
    pub(crate) fn end(&self, pid: i32) {
        if self.running.contains_key(&pid) {
            send_to_group(pid, Signal::KILL);
        }
    }

    /// Ends all of an instance, whose own process is gone: they must not count as what it left.
    pub(crate) fn end_all_of(&self, index: usize) {
        for (pid, _) in self.running.iter().filter(|(_, whose)| **whose == index) {
            send_to_group(*pid, Signal::KILL);
        }
    }

    /// A child of ours was reaped, which may be one of these.
    pub(crate) fn on_reaped(&mut self, pid: i32, exit: Exit) {
        if self.running.remove(&pid).is_some() {
            self.ended.insert(pid, exit);
        }
    }

    /// Those that have ended since the last call.
    pub(crate) fn take_ended(&mut self) -> HashMap<i32, Exit> {
        std::mem::take(&mut self.ended)
    }

    /// Takes these processes out of a look: they are no part of what an instance does.
    pub(crate) fn leave_out(&self, snapshot: &mut ProcessSnapshot) {
        if self.running.is_empty() {
            return;
        }
        let is_other = |process: &Process| !self.running.contains_key(&process.session);
        snapshot.instances.iter_mut().for_each(|members| members.retain(is_other));
    }
}
