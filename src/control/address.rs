//! Where the control socket of a stack is, and the lock of the stack that has it.
//!
//! The folder is that of `process::runtime_folder`. The file's name is a hash of the root's real path and of `--name`,
//! so that the path fits the 108 bytes of `sun_path` (unix(7)) however deep the project lies.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

pub(crate) use super::claim::Claim;
use super::file_id::{FileId, id_of};
use super::lock_wait::{LockWait, is_held};
use super::witness::{self, Witness};
use crate::process::run::hash;
use crate::process::runtime_folder::{candidates, if_there, in_first, is_ours, prepare};

/// The longest path of a folder in which socket and lock fit: `sun_path` has 108 bytes with its NUL, ours are
/// `/0123456789abcdef.socket`.
const LONGEST_FOLDER: usize = 108 - 1 - 24;

/// The places that a stack may have: the first is where it goes, the others are where one may be that was
/// started in another session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    folders: Vec<PathBuf>,
    key: String,
    home: PathBuf,
}

/// The folders that a stack may be in, the one of this session first.
fn folders(runtime: Option<&Path>) -> Vec<PathBuf> {
    let mut folders = candidates(runtime);
    // Where one is that was started with the variable, which is not set here.
    let usual = PathBuf::from(format!("/run/user/{}", geteuid()));
    folders.extend(candidates(Some(&usual)).into_iter().filter(|folder| folder.starts_with(&usual)));
    let mut known = HashSet::new();
    folders.retain(|folder| known.insert(folder.clone()));
    folders.retain(|folder| folder.as_os_str().len() <= LONGEST_FOLDER);
    folders
}

/// What tells the processes of the stack called `name` in `root` from those of other stacks there: no path that
/// exists, only something to take a hash of (see [`crate::process::run`]).
pub(crate) fn home(root: &Path, name: Option<&str>) -> PathBuf {
    let Some(name) = name else { return root.to_owned() };
    let mut home = root.as_os_str().to_owned();
    home.push("\0");
    home.push(name);
    home.into()
}

/// What [`Address::claim`] came to.
#[derive(Debug)]
pub(crate) enum ClaimResult {
    /// The address is ours, and clients may connect from now on: they wait in the listener's queue.
    Ours(Claim, UnixListener),
    /// Another stack has it.
    Another,
}

impl Address {
    /// The address of the stack called `name` in `root`, a real path. `runtime` is `$XDG_RUNTIME_DIR`.
    pub(crate) fn new(root: &Path, name: Option<&str>, runtime: Option<&Path>) -> Self {
        let mut key = hash(root.as_os_str().as_bytes());
        if let Some(name) = name {
            key = hash(&[key.to_le_bytes().as_slice(), b"\0", name.as_bytes()].concat());
        }
        Self { folders: folders(runtime), key: format!("{key:016x}"), home: home(root, name) }
    }

    /// The address of this key, of a stack of which the root is not known.
    pub(super) fn of_key(key: &str, runtime: Option<&Path>) -> Self {
        Self { folders: folders(runtime), key: key.to_owned(), home: PathBuf::new() }
    }

    /// The addresses of all stacks that have a lock where stacks of this user are, each once.
    pub(super) fn all(runtime: Option<&Path>) -> Vec<Self> {
        Self::all_where(runtime, |_| true)
    }

    /// Those of them of which the lock is so.
    pub(super) fn all_where(runtime: Option<&Path>, is_so: impl Fn(&fs::DirEntry) -> bool) -> Vec<Self> {
        let folders = folders(runtime).into_iter().filter(|folder| is_ours(folder));
        let names = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let keys: BTreeSet<String> =
            names.filter_map(|entry| key_of(&entry, ".lock").filter(|_| is_so(&entry))).collect();
        keys.iter().map(|key| Self::of_key(key, runtime)).collect()
    }

    /// The same stack, where it is looked for with this `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub(crate) fn with_runtime(&self, runtime: &Path) -> Self {
        let folders = candidates(Some(runtime));
        Self { folders: folders.into_iter().chain(self.folders.iter().cloned()).collect(), ..self.clone() }
    }

    /// What its processes are marked with.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The root that it was made of.
    pub(crate) fn root(&self) -> &Path {
        let home = self.home.as_os_str().as_bytes();
        Path::new(OsStr::from_bytes(home.split(|byte| *byte == 0).next().unwrap_or_default()))
    }

    /// What its files are called.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The folders, the first one first.
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Whether a process says that a stack is here, reachable or not.
    pub(crate) fn is_witnessed(&self) -> bool {
        witness::is_held(&self.key)
    }

    /// Takes the address, if no stack has it. A socket that a killed stack left is replaced.
    ///
    /// # Errors
    /// There is no folder in which a socket can be made, and why.
    pub(crate) fn claim(&self) -> io::Result<ClaimResult> {
        let witness = match Witness::take(&self.key) {
            // A stack whose files were removed; or one that is just ending.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(ClaimResult::Another),
            other => other.ok(),
        };
        self.claim_with(witness)
    }

    /// The same, whatever process holds the name of a stack at this address: none of that stack can be found.
    ///
    /// # Errors
    /// As [`Address::claim`].
    pub(crate) fn claim_unwitnessed(&self) -> io::Result<ClaimResult> {
        self.claim_with(None)
    }

    fn claim_with(&self, mut witness: Option<Witness>) -> io::Result<ClaimResult> {
        for folder in &self.folders[1..] {
            if is_ours(folder) && self.lock_file(folder, false).is_ok_and(|file| file.try_lock().is_err()) {
                return Ok(ClaimResult::Another);
            }
        }
        in_first(&self.folders, |folder| self.claim_in(folder, &mut witness))
    }

    fn claim_in(&self, folder: &Path, witness: &mut Option<Witness>) -> io::Result<ClaimResult> {
        prepare(folder)?;
        let path = self.lock_path(folder);
        let lock = loop {
            let file = self.lock_file(folder, true)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(ClaimResult::Another),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The stack that had it may have removed the file between open and lock.
            if fs::symlink_metadata(&path)
                .is_ok_and(|there| file.metadata().is_ok_and(|ours| ours.ino() == there.ino()))
            {
                break file;
            }
        };
        let socket = self.socket_path(folder);
        // A symbolic link is removed itself, and never followed.
        if_there(fs::remove_file(&socket))?;
        let listener = UnixListener::bind(&socket)?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        let files = [with_id(socket)?, with_id(path)?];
        let mut claim = Claim { lock: Some(lock), files, witness: witness.take(), owner: 0, assigned: None };
        claim.adopt();
        Ok(ClaimResult::Ours(claim, listener))
    }

    /// A connection to the stack that has this address; `None` if there is none.
    pub(crate) fn connect(&self) -> Option<UnixStream> {
        let folders = self.folders.iter().filter(|folder| is_ours(folder));
        folders.map(|folder| UnixStream::connect(self.socket_path(folder))).find_map(Result::ok)
    }

    /// The pid of the stack that has this address, as its lock tells: that of its monitor.
    pub(crate) fn holder(&self) -> Option<i32> {
        let mut text = Vec::new();
        self.held_lock()?.read_to_end(&mut text).ok()?;
        // Its last line is a path, which may be no UTF-8.
        str::from_utf8(text.split(|byte| *byte == b'\n').next()?).ok()?.parse().ok()
    }

    /// The lock of the stack that has this address.
    pub(super) fn held_lock(&self) -> Option<File> {
        let folders = self.folders.iter().filter(|folder| is_ours(folder));
        let mut locks = folders.filter_map(|folder| self.lock_file(folder, false).ok());
        locks.find(is_held)
    }

    /// The locks of the stack that has this address now, to wait for its end; without one the wait is over at once.
    pub(crate) fn lock_wait(&self) -> LockWait {
        let folders = self.folders.iter().filter(|folder| is_ours(folder));
        let locks = folders.filter_map(|folder| self.lock_file(folder, false).ok()).collect();
        LockWait { locks, key: self.key.clone() }
    }

    pub(super) fn lock_file(&self, folder: &Path, create: bool) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(self.lock_path(folder))
    }

    pub(super) fn lock_path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.lock", self.key))
    }

    pub(super) fn socket_path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.socket", self.key))
    }
}

/// The key of the stack that this file is of, if its name ends so.
pub(super) fn key_of(entry: &fs::DirEntry, ending: &str) -> Option<String> {
    entry.file_name().to_str()?.strip_suffix(ending).map(str::to_owned)
}

fn with_id(path: PathBuf) -> io::Result<(PathBuf, FileId)> {
    id_of(&path).map(|id| (path, id)).ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn address(runtime: &Path) -> Address {
        // A name of its own: what holds it is the same for every runtime folder.
        Address::new(Path::new("/app"), runtime.to_str(), Some(runtime))
    }

    pub(crate) fn ours(address: &Address) -> (Claim, UnixListener) {
        match address.claim().unwrap() {
            ClaimResult::Ours(claim, listener) => (claim, listener),
            ClaimResult::Another => panic!("another stack has it"),
        }
    }

    #[test]
    fn one_has_it_and_the_next_has_it_after_that() {
        let runtime = tempfile::tempdir().unwrap();
        let address = address(runtime.path());
        let first = ours(&address);
        assert!(matches!(address.claim().unwrap(), ClaimResult::Another));
        assert!(address.connect().is_some(), "a client waits until it is accepted");
        drop(first);
        assert!(address.connect().is_none());
        assert_eq!(fs::read_dir(runtime.path().join("ganger")).unwrap().count(), 0, "nothing is left");
        ours(&address);
    }

    #[test]
    fn a_root_and_a_name_have_an_address_of_their_own() {
        let of = |root: &str, name| Address::new(Path::new(root), name, None).key;
        let all =
            [of("/a", None), of("/b", None), of("/a", Some("b")), of("/a", Some("")), of("/a\0b", None)];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn files_are_for_their_owner_only() {
        let runtime = tempfile::tempdir().unwrap();
        fs::create_dir(runtime.path().join("ganger")).unwrap();
        fs::set_permissions(runtime.path().join("ganger"), Permissions::from_mode(0o755)).unwrap();
        let (claim, _listener) = ours(&address(runtime.path()));
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&runtime.path().join("ganger")), 0o700);
        assert_eq!(claim.files.each_ref().map(|(file, _)| mode(file)), [0o600, 0o600]);
    }

    #[test]
    fn what_lies_in_the_way_is_replaced_and_a_link_is_not_followed() {
        let runtime = tempfile::tempdir().unwrap();
        let address = address(runtime.path());
        let victim = runtime.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let socket = address.socket_path(&address.folders[0]);
        fs::create_dir(&address.folders[0]).unwrap();
        std::os::unix::fs::symlink(&victim, &socket).unwrap();
        ours(&address);
        drop(UnixListener::bind(&socket).unwrap());
        ours(&address);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        std::os::unix::fs::symlink(&victim, address.lock_path(&address.folders[0])).unwrap();
        assert!(address.claim_in(&address.folders[0], &mut None).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn a_long_session_folder_is_passed_over() {
        let runtime = tempfile::tempdir().unwrap();
        let long = runtime.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let tmp = PathBuf::from(format!("/tmp/ganger-{}", nix::unistd::geteuid()));
        assert_eq!(address(&long).folders[0], tmp);
        let root = PathBuf::from("/").join("deep/".repeat(100));
        let deep = Address::new(&root, None, None);
        assert!(deep.socket_path(&deep.folders[0]).as_os_str().len() < 108);
    }
}
