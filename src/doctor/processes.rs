//! Factor VI: a process keeps nothing in files that the next one would need.

use std::path::Path;

use super::code;
use super::concurrency::may_scale;
use super::facts::Facts;
use super::facts::line_of;
use super::observation::{GitState, InstanceObservation, Observation, WrittenFile, first_and_more};
use super::report::Finding;

/// Folders whose files may be lost.
const PASSING: [&str; 7] = ["tmp", "temp", "cache", "node_modules", "venv", "target", "__pycache__"];

/// Endings of files that tell of a process, and hold nothing.
const SIGNS: [&str; 5] = ["pid", "lock", "lck", "sock", "log"];

/// Endings of files that are a database.
const DATABASES: [&str; 4] = ["sqlite", "sqlite3", "db", "mdb"];

/// What the instances of a stack that ran had open for writing, and what was written while they ran.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    // SQLite opens a database for writing that is only read: what git tracks and finds unchanged is not written.
    let is_changed =
        |file: &str| seen.written.iter().any(|of| of.git == GitState::Tracked && of.name == file);
    let is_kept =
        |file: &str| !is_passing(file) && (facts.repository.tracks(file) != Some(true) || is_changed(file));
    let mut found = of_files(facts, seen, is_kept, &code::FILE_WRITTEN);
    if found.is_empty() {
        found.extend(of_written(facts, seen, is_missed, &code::FILE_WRITTEN));
    }
    found
}

/// Whether a file that was written holds something that is missed.
fn is_missed(of: &WrittenFile) -> bool {
    // What git ignores may be a cache.
    let is_kept = of.git == GitState::Untracked || has_ending(&of.name, &DATABASES);
    !is_passing(&of.name) && of.git != GitState::Tracked && is_kept
}

/// A finding for each type of which the first instance has such a file open for writing. Of a database that runs here for
/// development, files are what it is for.
pub(super) fn of_files(
    facts: &Facts,
    seen: &Observation,
    is_meant: impl Fn(&str) -> bool,
    code: &'static code::Code,
) -> Vec<Finding> {
    seen.first_of_each()
        .filter_map(|instance| {
            let is_looked_at = may_scale(&instance.kind) && !facts.is_for_development;
            let entry = facts.entry(&instance.kind).filter(|_| is_looked_at)?;
            let second = instance.one_more.as_ref().map(|(name, _)| name);
            let shared = instance.shared.iter().find(|file| code == &code::FILE_WRITTEN && is_meant(file));
            if let (Some(file), Some(second)) = (shared, second) {
                let message = format!("{} and {second} both have {file} open for writing", instance.name);
                return Some(facts.at(entry, &code::FILE_SHARED, message));
            }
            let file = instance.writes.iter().find(|file| is_meant(file))?;
            Some(facts.at(entry, code, format!("{} has {file} open for writing", instance.name)))
        })
        .collect()
}

/// A finding if such a file was written while the stack ran, and none had it open when that was looked at. Which process has
/// written it is not known, so it is made only where each is one that keeps nothing.
pub(super) fn of_written(
    facts: &Facts,
    seen: &Observation,
    is_meant: impl Fn(&WrittenFile) -> bool,
    code: &'static code::Code,
) -> Option<Finding> {
    if facts.is_for_development || !seen.instances.iter().all(keeps_nothing) {
        return None;
    }
    let is_open = |name: &String| seen.instances.iter().any(|instance| instance.writes.contains(name));
    let written = seen.written.iter().filter(|file| !is_open(&file.name) && is_meant(file));
    let (first, more) = first_and_more(written)?;
    let message = format!("{first} was written while the stack ran{more}");
    Some(Finding::new(code, line_of(first, 0), message))
}

/// Whether this is one of a type that keeps nothing.
fn keeps_nothing(of: &InstanceObservation) -> bool {
    may_scale(&of.kind) || of.kind == "release"
}

/// Whether a file has one of these endings.
pub(super) fn has_ending(file: &str, endings: &[&str]) -> bool {
    let ending = Path::new(file).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.contains(&ending))
}

/// Whether a file below the root holds nothing that is missed.
fn is_passing(file: &str) -> bool {
    has_ending(file, &SIGNS) || is_in_passing_folder(file)
}

/// Whether a file is hidden, or in a folder whose files may be lost.
pub(super) fn is_in_passing_folder(file: &str) -> bool {
    file.split('/').any(|part| part.starts_with('.') || PASSING.contains(&part))
}
