//! Factor VI: a process keeps nothing in files that the next one would need.

use std::path::Path;

use super::code;
use super::concurrency::may_scale;
use super::facts::Facts;
use super::observation::{InstanceObservation, Observation};
use super::report::Finding;

/// Folders whose files may be lost.
const PASSING: [&str; 7] = ["tmp", "temp", "cache", "node_modules", "venv", "target", "__pycache__"];

/// Endings of files that tell of a process, and hold nothing.
const SIGNS: [&str; 4] = ["pid", "lock", "sock", "log"];

/// What the instances of a stack that ran had open for writing.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    of_files(facts, seen, |file| !is_passing(file), &code::FILE_WRITTEN)
}

/// A finding for each type of which the first instance has such a file open for writing. Of a database that runs here for
/// development, files are what it is for.
pub(super) fn of_files(
    facts: &Facts,
    seen: &Observation,
    is_meant: impl Fn(&str) -> bool,
    code: &'static code::Code,
) -> Vec<Finding> {
    let of_type = |instance: &InstanceObservation| {
        let is_looked_at = may_scale(&instance.kind) && !facts.is_for_development;
        let entry = facts.entry(&instance.kind).filter(|_| is_looked_at)?;
        let file = instance.writes.iter().find(|file| is_meant(file))?;
        Some(facts.at(entry, code, format!("{} has {file} open for writing", instance.name)))
    };
    seen.first_of_each().filter_map(of_type).collect()
}

/// Whether a file below the root holds nothing that is missed.
fn is_passing(file: &str) -> bool {
    let path = Path::new(file);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_hidden = |part: &str| part.starts_with('.') || PASSING.contains(&part);
    SIGNS.contains(&ending) || file.split('/').any(is_hidden)
}
