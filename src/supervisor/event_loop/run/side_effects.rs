//! What the loop does for instances beside what the machine says: asking whether they are ready, and watching files.

use super::Supervisor;

impl Supervisor {
    /// Whose readiness is to be found out now, and whose not any more.
    pub(super) fn care(&mut self) {
        let Self { machine, executor, probes, watching, clock, .. } = self;
        for index in std::mem::take(&mut executor.resources.unprobed) {
            probes.begin(index, machine, clock.now());
        }
        let ended = executor.resources.commands.take_ended();
        if !ended.is_empty() {
            self.answers.extend(probes.on_commands(&ended, clock.now()));
        }
        probes.forget(machine, executor);
        if std::mem::take(&mut executor.resources.has_changed)
            && let Some(notice) = watching.follow(machine)
        {
            executor.say(&notice);
        }
    }

    /// A burst of changed files is over: who watches them starts again.
    pub(super) fn on_quiet_files(&mut self) {
        let (event, notices) = self.watching.end(self.clock.now(), &self.machine);
        for notice in notices {
            self.executor.say(&notice);
        }
        self.answers.extend(event);
    }
}
