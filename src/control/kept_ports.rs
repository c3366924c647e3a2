//! The ports that stacks had with `--port auto`: each gets the same ones again while they are free, and another one gets others.
//!
//! One file for all stacks of a user, beside the records of their last runs. It is locked from the choice of the ports until they
//! are written, so that two stacks that start at the same moment do not choose the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::last_run;
use crate::plan::ports::KeptPorts;
use crate::process::runtime_folder::in_first;

/// The name of the file.
const NAME: &str = "ports.json";
/// The most bytes that are read of it.
const LONGEST: u64 = 1 << 20;
/// How many stacks are in it. Those that were not started for the longest time are forgotten.
const KEPT: usize = 100;
/// How often its lock is tried, and the pause between two tries. Another start has it for some milliseconds; one that was suspended
/// meanwhile must not hold up all others.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// The ports of one stack.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct KeptRange {
    /// The key of its address.
    key: String,
    /// Its folder. When that is gone, its ports are free for others.
    root: String,
    base: u16,
    last: u16,
}

/// The file, locked, and what is in it.
pub(crate) struct KeptPortsFile {
    file: File,
    key: String,
    root: String,
    /// The one that was started last is the last.
    ranges: Vec<KeptRange>,
}

impl KeptPortsFile {
    /// Opens it for the stack at `address`, in this folder. `state` is `$XDG_STATE_HOME`, or what stands for it.
    ///
    /// # Errors
    /// It can be opened in no folder, and why not in the last.
    pub(crate) fn open(address: &Address, root: &Path, state: Option<&Path>) -> io::Result<Self> {
        let mut file = in_first(&last_run::folders(address, state), |folder| {
            last_run::make_folder(folder)?;
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(folder.join(NAME))
        })?;
        lock(&file)?;
        let mut text = Vec::new();
        (&mut file).take(LONGEST).read_to_end(&mut text)?;
        // A start that was killed while it wrote has left half of it: then nothing is kept.
        let ranges = serde_json::from_slice(&text).unwrap_or_default();
        let root = root.to_string_lossy().into_owned();
        Ok(Self { file, key: address.key().to_owned(), root, ranges })
    }

    /// What is kept for this stack, and for others of which the folder is there.
    pub(crate) fn ports(&self) -> KeptPorts {
        let is_own = |range: &&KeptRange| range.key == self.key;
        let others = self.ranges.iter().filter(|range| !is_own(range) && Path::new(&range.root).is_dir());
        KeptPorts {
            own: self.ranges.iter().find(is_own).map(|range| range.base),
            others: others.map(|range| range.base..=range.last).collect(),
        }
    }

    /// Keeps the ports from `base` to `last` for this stack.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub(crate) fn keep(mut self, base: u16, last: u16) -> io::Result<()> {
        let Self { key, root, .. } = self;
        self.ranges.retain(|range| range.key != key && Path::new(&range.root).is_dir());
        self.ranges.drain(..self.ranges.len().saturating_sub(KEPT - 1));
        self.ranges.push(KeptRange { key, root, base, last });
        let text = serde_json::to_vec(&self.ranges)?;
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(&text)
    }
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {
                let _ = poll(&mut [], PollTimeout::try_from(PAUSE).unwrap_or(PollTimeout::ZERO));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another start holds it"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open(folder: &Path, root: &Path) -> KeptPortsFile {
        let address = Address::new(root, None, Some(folder));
        KeptPortsFile::open(&address, root, Some(folder)).unwrap()
    }

    #[test]
    fn what_is_kept_is_its_own_and_others_while_their_folder_is_there() {
        let (folder, one, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(open(folder.path(), one.path()).ports(), KeptPorts::default());
        open(folder.path(), one.path()).keep(5000, 5199).unwrap();
        open(folder.path(), other.path()).keep(5200, 5299).unwrap();
        open(folder.path(), one.path()).keep(5000, 5099).unwrap();
        let ports = open(folder.path(), one.path()).ports();
        assert_eq!(ports, KeptPorts { own: Some(5000), others: vec![5200..=5299] });
        let path = folder.path().join("ganger").join(NAME);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        other.close().unwrap();
        assert_eq!(open(folder.path(), one.path()).ports().others, []);
        // Half a file keeps nothing, and is written anew.
        std::fs::write(&path, "[{\"key\":").unwrap();
        assert_eq!(open(folder.path(), one.path()).ports(), KeptPorts::default());
        open(folder.path(), one.path()).keep(5000, 5099).unwrap();
        assert_eq!(open(folder.path(), one.path()).ports().own, Some(5000));
    }

    #[test]
    fn the_oldest_are_forgotten_and_two_do_not_have_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let roots: Vec<_> = (0..=KEPT).map(|_| tempfile::tempdir().unwrap()).collect();
        for (root, base) in roots.iter().zip(1000..) {
            open(folder.path(), root.path()).keep(base, base).unwrap();
        }
        assert_eq!(open(folder.path(), roots[0].path()).ports().own, None);
        let held = open(folder.path(), roots[1].path());
        assert_eq!(held.ports().own, Some(1001));
        let address = Address::new(roots[0].path(), None, Some(folder.path()));
        assert!(KeptPortsFile::open(&address, roots[0].path(), Some(folder.path())).is_err());
    }
}
