//! Commands that find out whether an instance is ready (`ready = "cmd:…"`). They belong to its tree by their mark, but are not its
//! own process.

use std::collections::HashMap;

use nix::errno::Errno;

use crate::exit::Exit;
use crate::plan::spec::Spec;
use crate::process::spawn::Spawner;
use crate::process::tree::{ProcessSnapshot, send_to_group};
use crate::signal::Signal;

/// The commands that run, and those that have exited since [`ProbeCommands::take_ended`].
#[derive(Debug, Default)]
pub(super) struct ProbeCommands {
    running: HashMap<i32, usize>,
    ended: HashMap<i32, Exit>,
}

impl ProbeCommands {
    /// Runs a command for the instance with this index; its id.
    ///
    /// # Errors
    /// As [`Spawner::spawn_without_output`].
    pub(super) fn run(
        &mut self,
        index: usize,
        spec: &Spec,
        command: &str,
        spawner: &mut Spawner,
    ) -> Result<i32, Errno> {
        let pid = spawner.spawn_without_output(command, &spec.environment)?;
        self.running.insert(pid, index);
        Ok(pid)
    }

    /// Kills a command, with its group. It has not been reaped, so no other process can have its number.
    pub(super) fn end(&self, pid: i32) {
        if self.running.contains_key(&pid) {
            send_to_group(pid, Signal::KILL);
        }
    }

    /// Kills the commands of an instance after its own process has exited: they must not count as its leftovers.
    pub(super) fn end_all_of(&self, index: usize) {
        for (pid, _) in self.running.iter().filter(|(_, instance)| **instance == index) {
            send_to_group(*pid, Signal::KILL);
        }
    }

    /// A child was reaped, which may be one of these.
    pub(super) fn on_reaped(&mut self, pid: i32, exit: Exit) {
        if self.running.remove(&pid).is_some() {
            self.ended.insert(pid, exit);
        }
    }

    /// The commands that have exited since the last call.
    pub(super) fn take_ended(&mut self) -> HashMap<i32, Exit> {
        std::mem::take(&mut self.ended)
    }

    /// Takes the commands out of a scan: they do not keep an instance from being empty.
    pub(super) fn leave_out(&self, snapshot: &mut ProcessSnapshot) {
        if self.running.is_empty() {
            return;
        }
        snapshot
            .instances
            .iter_mut()
            .for_each(|members| members.retain(|process| !self.running.contains_key(&process.session)));
    }
}
