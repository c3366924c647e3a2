//! The folder of a stack that runs for `ganger doctor`: its sockets, and what it prints on standard error.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;

use crate::cli::system_env::SystemEnv;

/// How the name of a folder of a trial begins.
const FOLDER: &str = "ganger-doctor-";

/// What the stack prints on standard error. It is locked as long as one of its two halves has it open.
const ERRORS: &str = "errors";

/// A folder younger than this may have no lock yet.
const LOCKED_WITHIN: Duration = Duration::from_mins(1);

/// A folder that goes when it is dropped.
pub(super) struct TrialFolder(PathBuf);

impl TrialFolder {
    /// A new one, for its owner only. Those that killed runs have left go.
    ///
    /// # Errors
    /// As mkdir(2).
    pub(super) fn new() -> io::Result<Self> {
        let parent = SystemEnv::temporary_folder();
        for left in fs::read_dir(&parent).into_iter().flatten().flatten() {
            if left.file_name().to_string_lossy().starts_with(FOLDER) && is_left(&left.path()) {
                // Another user's cannot be removed, and is not ours to.
                let _ = fs::remove_dir_all(left.path());
            }
        }
        let path = parent.join(format!("{FOLDER}{}", SystemEnv::mark()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// The file for the standard error of the stack: locked until both of its halves have closed it.
    ///
    /// # Errors
    /// As open(2) and flock(2).
    pub(super) fn errors(&self) -> io::Result<File> {
        let errors = File::create(self.0.join(ERRORS))?;
        errors.try_lock()?;
        Ok(errors)
    }

    /// What was printed there.
    pub(super) fn printed_errors(&self) -> String {
        fs::read_to_string(self.0.join(ERRORS)).unwrap_or_default()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &PathBuf {
        &self.0
    }
}

/// Whether the run that this folder is of has ended.
fn is_left(folder: &Path) -> bool {
    let is_ours =
        fs::symlink_metadata(folder).ok().filter(|of| of.is_dir() && of.uid() == geteuid().as_raw());
    let age = is_ours.and_then(|of| of.modified().ok()?.elapsed().ok());
    let mut options = OpenOptions::new();
    // A pipe of that name would wait for its other end.
    let errors = options.read(true).custom_flags(libc::O_NONBLOCK).open(folder.join(ERRORS));
    age.is_some_and(|age| age > LOCKED_WITHIN) && !errors.is_ok_and(|errors| errors.try_lock().is_err())
}

impl Drop for TrialFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
