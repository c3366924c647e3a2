//! The file of a run: it exists while the run lives. A file without its run says that both halves were killed at once, so that
//! processes may be left.
//!
//! Looking for what is left means reading the environment of every process, 60 µs each on a busy
//! machine. So a start does it only where there is such a file. The file is no lock, and decides nothing: what is swept
//! is told by the marks alone.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::run::RunId;
use super::runtime_folder::{candidates, is_ours, prepare};

/// The run files of one root.
#[derive(Clone, Debug)]
pub(crate) struct RunFiles {
    /// Of all roots. It is not listed: what was left in it by kills, here and elsewhere, would make each start slower
    /// (2.5 ms for 3,600 files).
    parent: PathBuf,
    /// Of this root, and there only while something is in it.
    folder: PathBuf,
}

/// The file of the run of this process, removed when it is dropped (in the process that made it, and no other).
#[derive(Debug)]
pub(crate) struct RunFile {
    file: PathBuf,
    owner: u32,
}

impl RunFiles {
    /// Of `root`, a real path. `runtime` is `$XDG_RUNTIME_DIR`.
    pub(crate) fn of(root: &Path, runtime: Option<&Path>) -> Self {
        let parent = candidates(runtime).swap_remove(0);
        let folder = parent.join(format!("{}.runs", RunId::root(root)));
        Self { parent, folder }
    }

    /// Makes one. Where that fails, a start after a double kill finds nothing without `--sweep`.
    pub(crate) fn leave(&self, run: &RunId) -> Option<RunFile> {
        prepare(&self.parent).ok()?;
        // The name says all, so that there is no moment in which it says half.
        let file = self.folder.join(run.to_string());
        let make = || {
            prepare(&self.folder)?;
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)
        };
        // A run that ends removes the folder if it is empty, maybe just now; hardly twice in a row.
        make().or_else(|_| make()).ok()?;
        Some(RunFile { file, owner: std::process::id() })
    }

    /// The files of dead runs in this root.
    pub(crate) fn of_dead_runs(&self) -> Vec<PathBuf> {
        if !is_ours(&self.parent) {
            return Vec::new();
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter(|entry| {
                let name = entry.file_name();
                let run = name.to_str().and_then(RunId::parse);
                run.is_some_and(|run| !run.is_alive())
            })
            .map(|entry| entry.path())
            .collect()
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if self.owner == std::process::id() {
            let _ = fs::remove_file(&self.file);
            // Which it does only when nothing is in it.
            self.file.parent().map(fs::remove_dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_there_while_its_run_lives_and_tells_nothing_then() {
        let runtime = tempfile::tempdir().unwrap();
        fs::set_permissions(runtime.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let run_files = RunFiles::of(Path::new("/app"), Some(runtime.path()));
        let living = RunId::begin(Path::new("/app"), "r".into()).unwrap();
        let run_file = run_files.leave(&living).unwrap();
        assert!(run_file.file.exists());
        assert!(run_files.of_dead_runs().is_empty());
        let dead = living.to_string().replace(&format!(".{}-", std::process::id()), ".1999999999-");
        let left = run_file.file.with_file_name(dead);
        fs::write(&left, "").unwrap();
        assert_eq!(run_files.of_dead_runs(), [left.as_path()]);
        let elsewhere = RunFiles::of(Path::new("/elsewhere"), Some(runtime.path()));
        assert!(elsewhere.of_dead_runs().is_empty());
        let file = run_file.file.clone();
        drop(run_file);
        assert!(!file.exists());
        assert_eq!(run_files.of_dead_runs(), [left.as_path()], "what is left of another stays");
        fs::remove_file(left).unwrap();
        drop(run_files.leave(&living).unwrap());
        assert_eq!(fs::read_dir(runtime.path().join("ganger")).unwrap().count(), 0, "no litter");
    }
}
