//! The files of the project while its stack runs: what instances have open for writing, and what was written since the start.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trial::{Interrupted, TrialStack};
use crate::cli::doctor::gather::{git, names_below};
use crate::control::address::Address;
use crate::control::client::Client;
use crate::doctor::observation::{GitState, WrittenFile};
use crate::plan::Plan;
use crate::process::open_files::open_for_writing;
use crate::process::tree::with_descendants;

/// What SQLite adds to the name of a database for the files beside it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The files of a project, as they were before its stack was started.
pub(super) struct ProjectFiles {
    root: PathBuf,
    before: Option<BTreeMap<String, FileState>>,
    /// The tracked files that differ from the index.
    differing: BTreeSet<String>,
    /// Whether another stack runs here: what it writes is not told from what this one does.
    has_other_stack: bool,
}

/// What changes when a file is written: its size, its inode and the time of its last write, in seconds and nanoseconds.
type FileState = (u64, u64, i64, i64);

impl ProjectFiles {
    /// Looks at all that are there now. `runtime` is the runtime folder of a stack that may run here.
    pub(super) fn now(root: &Path, runtime: Option<&Path>) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let (before, differing) = (states(&root), differing(&root).unwrap_or_default());
        let has_other_stack = Client::connect(&Address::new(&root, None, runtime)).is_some();
        Self { root, before, differing, has_other_stack }
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
        let (running, processes) = (stack.running()?, stack.processes());
        let files = |pid: i32| {
            let all =
                with_descendants(HashSet::from([pid]), &processes).into_iter().flat_map(open_for_writing);
            let inside =
                all.filter_map(|file| Some(file.strip_prefix(&self.root).ok()?.to_str()?.to_owned()));
            inside.filter(|file| !is_named(file, plan)).collect()
        };
        Ok(running.into_iter().map(|(name, pid)| (name, files(pid))).collect())
    }

    /// Why not all can be compared.
    pub(super) fn obstacle(&self) -> Option<&'static str> {
        let is_too_large = self.before.is_none().then_some("there are too many files to compare");
        if self.has_other_stack { Some("another stack runs here") } else { is_too_large }
    }

    /// The files that were written since then: tracked ones by their contents, others by size and time. Of others none where there are
    /// too many to look at.
    pub(super) fn written(&self, plan: &Plan) -> Vec<WrittenFile> {
        if self.has_other_stack {
            return Vec::new();
        }
        let names = |words: &[&str]| git(&self.root, words).unwrap_or_default();
        let (tracked, new) =
            (names(&["ls-files", "-z"]), names(&["ls-files", "-z", "--others", "--exclude-standard"]));
        let changed = differing(&self.root).unwrap_or_default();
        let changed = changed.difference(&self.differing).cloned();
        let sources = changed.map(|name| WrittenFile { name, git: GitState::Tracked });
        let (Some(before), Some(now)) = (&self.before, states(&self.root)) else { return sources.collect() };
        // A file that has another name now was not written.
        let known: HashSet<&FileState> = before.values().collect();
        let others = now
            .into_iter()
            .filter(|(name, state)| {
                !tracked.contains(name) && !known.contains(state) && !is_named(name, plan)
            })
            .map(|(name, _)| {
                let git = if new.contains(&name) { GitState::Untracked } else { GitState::Ignored };
                WrittenFile { name, git }
            });
        sources.chain(others).collect()
    }
}

/// The tracked files whose contents are others than those of the index; `None` without git.
fn differing(root: &Path) -> Option<BTreeSet<String>> {
    git(root, &["--no-optional-locks", "diff", "--no-ext-diff", "--name-only", "--relative", "-z"])
}

/// Whether a variable names this file, or a folder that it is in.
fn is_named(file: &str, plan: &Plan) -> bool {
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = BESIDE.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let folders: Vec<&OsStr> = Path::new(file).ancestors().skip(1).filter_map(Path::file_name).collect();
    let environment = plan.environment_of_command();
    environment.variables().any(|(_, value)| {
        let value = String::from_utf8_lossy(value);
        value.contains(name) || Path::new(&*value).file_name().is_some_and(|last| folders.contains(&last))
    })
}

fn states(root: &Path) -> Option<BTreeMap<String, FileState>> {
    Some(
        names_below(root)?
            .into_iter()
            .filter_map(|name| {
                let of = fs::symlink_metadata(root.join(&name)).ok().filter(fs::Metadata::is_file)?;
                Some((name, (of.size(), of.ino(), of.mtime(), of.mtime_nsec())))
            })
            .collect(),
    )
}
