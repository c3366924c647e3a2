//! The files of the project that instances have open for writing.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::trial::{ANSWER, Interrupted, TrialStack};
use crate::control::protocol::Request;
use crate::plan::Plan;
use crate::process::open_files::open_for_writing;
use crate::process::tree::pids_of_tree;

/// What SQLite adds to the name of a database for the files beside it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The files below the root of the project that each instance has open for writing now, by its name. What a variable names is
/// left out: it is attached by config.
///
/// # Errors
/// A signal came.
pub(super) fn look(
    stack: &mut TrialStack,
    plan: &Plan,
) -> Result<HashMap<String, BTreeSet<String>>, Interrupted> {
    let status = stack.ask(Request::Status, ANSWER)?;
    let root = std::fs::canonicalize(&plan.root).unwrap_or_else(|_| plan.root.clone());
    let environment = plan.environment_of_command();
    let is_named = |file: &str| {
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = BESIDE.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        environment.variables().any(|(_, value)| String::from_utf8_lossy(value).contains(name))
    };
    let files = |pid: i32| {
        let all = pids_of_tree(pid).into_iter().flat_map(open_for_writing);
        let inside = all.filter_map(|file| Some(file.strip_prefix(&root).ok()?.to_str()?.to_owned()));
        inside.filter(|file| !is_named(file)).collect()
    };
    let rows = status.iter().flat_map(|status| &status.instances);
    Ok(rows.filter_map(|row| Some((row.name.clone(), files(row.pid?)))).collect())
}
