//! The start order: `after` of all types, checked and completed.

use std::sync::Arc;

use super::error::{Error, index_of};
use super::options::{Inputs, RELEASE};
use crate::config::Located;
use crate::location::Diagnostic;
use crate::name::TypeName;

/// The types that each line of the Procfile waits for, in the order of the lines.
#[derive(Debug, Default)]
pub(super) struct StartOrder {
    lines: Vec<Vec<usize>>,
    /// Whether another line waits for each.
    awaited: Vec<bool>,
}

impl StartOrder {
    /// What `inputs` say. A release comes before all others but those that it waits for itself (a database).
    ///
    /// # Errors
    ///
    /// Types that are not there, and circles, each with its place.
    pub(super) fn of(inputs: &Inputs<'_>) -> Result<Self, Vec<Diagnostic>> {
        let entries = &inputs.procfile.entries;
        let mut errors = Vec::new();
        let mut order = Self { lines: vec![Vec::new(); entries.len()], awaited: vec![false; entries.len()] };
        for (line, entry) in entries.iter().enumerate() {
            let own = inputs.settings.processes.get(&entry.name);
            for given in own.iter().flat_map(|own| &own.after) {
                match index_of(&given.value, inputs.procfile) {
                    Ok(before) if order.lines[line].contains(&before) => {}
                    Ok(before) => order.lines[line].push(before),
                    Err(error) => errors.push(error.at(&given.place)),
                }
            }
        }
        if let Some(circle) = order.circle() {
            let name = |line: &usize| entries[*line].name.as_str();
            let path = circle.iter().map(name).collect::<Vec<_>>().join(" → ");
            // The line that closes the circle in reading order: the first one's.
            let place =
                |given: &&Located<String>| circle.get(1).is_some_and(|next| given.value == name(next));
            let own = circle.first().and_then(|first| inputs.settings.processes.get(&entries[*first].name));
            if let Some(given) = own.and_then(|own| own.after.iter().find(place)) {
                errors.push(Error::Circle { path }.at(&given.place));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        order.start_release_first(entries.iter().position(|entry| entry.name.as_str() == RELEASE));
        order.lines.iter().flatten().for_each(|before| order.awaited[*before] = true);
        Ok(order)
    }

    /// The types that this line waits for.
    pub(super) fn before(&self, line: usize, inputs: &Inputs<'_>) -> Arc<[TypeName]> {
        let lines = self.lines.get(line).map(Vec::as_slice).unwrap_or_default();
        lines.iter().map(|line| inputs.procfile.entries[*line].name.clone()).collect()
    }

    /// Whether another line waits for this one because its file says so.
    pub(super) fn is_awaited(&self, line: usize) -> bool {
        self.awaited.get(line).is_some_and(|is_awaited| *is_awaited)
    }

    fn start_release_first(&mut self, release: Option<usize>) {
        let Some(release) = release else { return };
        let mut needed = vec![release];
        let mut at = 0;
        while let Some(line) = needed.get(at).copied() {
            let more: Vec<usize> =
                self.lines[line].iter().copied().filter(|before| !needed.contains(before)).collect();
            needed.extend(more);
            at += 1;
        }
        for line in (0..self.lines.len()).filter(|line| !needed.contains(line)) {
            if !self.lines[line].contains(&release) {
                self.lines[line].insert(0, release);
            }
        }
    }

    /// A circle, if there is one: lines of which each waits for the next, the first one again at the end.
    fn circle(&self) -> Option<Vec<usize>> {
        let mut done = vec![false; self.lines.len()];
        (0..self.lines.len()).find_map(|line| self.circle_from(line, &mut Vec::new(), &mut done))
    }

    fn circle_from(&self, line: usize, path: &mut Vec<usize>, done: &mut [bool]) -> Option<Vec<usize>> {
        if let Some(start) = path.iter().position(|passed| *passed == line) {
            return Some(path[start..].iter().copied().chain([line]).collect());
        }
        if done[line] {
            return None;
        }
        path.push(line);
        let found = self.lines[line].iter().find_map(|before| self.circle_from(*before, path, done));
        path.pop();
        done[line] = true;
        found
    }
}
