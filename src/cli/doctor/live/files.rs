//! The files of the project while its stack runs: what instances have open for writing, and what was written since the start.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trial::{ANSWER, Interrupted, TrialStack};
use crate::cli::doctor::gather::{git, names_below};
use crate::control::protocol::Request;
use crate::doctor::facts::Facts;
use crate::doctor::observation::WrittenFile;
use crate::plan::Plan;
use crate::process::open_files::open_for_writing;
use crate::process::tree::pids_of_tree;

/// What SQLite adds to the name of a database for the files beside it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The files of a project, as they were before its stack was started.
pub(super) struct ProjectFiles {
    root: PathBuf,
    before: Option<BTreeMap<String, FileState>>,
}

/// What changes when a file is written: its size, its inode and the time of its last write, in seconds and nanoseconds.
type FileState = (u64, u64, i64, i64);

impl ProjectFiles {
    /// Looks at all that are there now.
    pub(super) fn now(root: &Path) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let before = states(&root);
        Self { root, before }
    }

    /// The files that each instance has open for writing now, by its name. What a variable names is left out: it is attached by
    /// config.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn open(
        &self,
        stack: &mut TrialStack,
        plan: &Plan,
    ) -> Result<HashMap<String, BTreeSet<String>>, Interrupted> {
        let status = stack.ask(Request::Status, ANSWER)?;
        let files = |pid: i32| {
            let all = pids_of_tree(pid).into_iter().flat_map(open_for_writing);
            let inside =
                all.filter_map(|file| Some(file.strip_prefix(&self.root).ok()?.to_str()?.to_owned()));
            inside.filter(|file| !is_named(file, plan)).collect()
        };
        let rows = status.iter().flat_map(|status| &status.instances);
        Ok(rows.filter_map(|row| Some((row.name.clone(), files(row.pid?)))).collect())
    }

    /// The files that are new, or have other contents, since then; none where there are too many to look at.
    pub(super) fn written(&self, plan: &Plan, facts: &Facts) -> Vec<WrittenFile> {
        let (Some(before), Some(now)) = (&self.before, states(&self.root)) else { return Vec::new() };
        let is_as_it_was = |name: &String| {
            facts
                .files
                .get(name)
                .is_some_and(|text| fs::read_to_string(self.root.join(name)).ok().as_ref() == Some(text))
        };
        let written: Vec<String> = now
            .into_iter()
            .filter(|(name, state)| {
                before.get(name) != Some(state) && !is_named(name, plan) && !is_as_it_was(name)
            })
            .map(|(name, _)| name)
            .collect();
        let seen_by_git = git(&self.root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let is_ignored = |name: &String| seen_by_git.as_ref().is_none_or(|names| !names.contains(name));
        written.into_iter().map(|name| WrittenFile { is_ignored: is_ignored(&name), name }).collect()
    }
}

/// Whether a variable names this file.
fn is_named(file: &str, plan: &Plan) -> bool {
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = BESIDE.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let environment = plan.environment_of_command();
    environment.variables().any(|(_, value)| String::from_utf8_lossy(value).contains(name))
}

fn states(root: &Path) -> Option<BTreeMap<String, FileState>> {
    let state = |name: String| {
        let of = fs::symlink_metadata(root.join(&name)).ok().filter(fs::Metadata::is_file)?;
        Some((name, (of.size(), of.ino(), of.mtime(), of.mtime_nsec())))
    };
    Some(names_below(root)?.into_iter().filter_map(state).collect())
}
