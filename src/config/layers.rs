//! Precedence: flags over variables over files, one function for all settings.

use super::settings::Settings;
use super::table;

impl Settings {
    /// These settings over `lower` ones: what both set is as it is here.
    ///
    /// A layer wins as a whole: `--timeout 1` also wins over a `timeout` that a file sets for one type,
    /// and `-m` over every count of a file.
    #[must_use]
    pub fn or(mut self, mut lower: Self) -> Self {
        if self.port.is_some() {
            // A port that is named is wanted, although a lower layer sets `no-port`.
            lower.no_port = lower.no_port.map(|_| false);
        }
        let mut processes = std::mem::take(&mut self.processes);
        for (name, mut below) in std::mem::take(&mut lower.processes) {
            let own = processes.entry(name).or_default();
            own.liveness = own.liveness.take().or(below.liveness.take());
            for setting in table::all() {
                let is_covered = setting.stack.is_some_and(|field| field.is_set(&mut self));
                if let Some(field) = setting.each.filter(|_| !is_covered) {
                    field.fill(own, &mut below);
                }
            }
        }
        self.processes = processes;
        for field in table::all().filter_map(|setting| setting.stack) {
            field.fill(&mut self, &mut lower);
        }
        if self.variables.is_empty() {
            self.variables = lower.variables;
        }
        if self.commands.is_empty() {
            self.commands = lower.commands;
        }
        if self.silenced.is_empty() {
            self.silenced = lower.silenced;
        }
        self.exports = self.exports.or(lower.exports);
        if self.groups.is_empty() {
            self.groups = lower.groups;
        }
        self
    }

    /// These settings over those of a file. An export has, before the rest of the file, the tables that are about it.
    #[must_use]
    pub fn or_file(self, file: Self) -> Self {
        match (self.exported_to, &file.exports) {
            (Some(format), Some(tables)) => {
                let layer = tables.layer(format);
                self.or(layer).or(file)
            }
            (Some(_), None) | (None, _) => self.or(file),
        }
    }

    /// The fixed settings that differ from those of `earlier`: a running stack keeps them as they were.
    pub fn kept_from(&self, earlier: &Self) -> Vec<&'static str> {
        let (mut now, mut then) = (self.clone(), earlier.clone());
        let fixed = table::all().filter(|setting| setting.is_fixed);
        let changed =
            fixed.filter(|setting| setting.stack.is_some_and(|field| !field.is_same(&mut now, &mut then)));
        changed.map(|setting| setting.name).collect()
    }
}
