//! The files by which a running stack is found, made again when they were removed: by a cleaner of /tmp, or by logind when
//! the last session of the user ends (`$XDG_RUNTIME_DIR` goes with it).
//!
//! The worker does this, which serves the socket; the lock that it takes again is its alone, so it is free a moment before the
//! monitor has ended.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::address::{Address, Claim};
use super::file_id::{FileId, id_of};
use crate::process::runtime_folder::{if_there, in_first, prepare};

/// The lock and the socket of a stack.
#[derive(Debug)]
pub(crate) struct Presence {
    address: Address,
    folder: PathBuf,
    lock: FileId,
    socket: FileId,
    /// Whether the socket was made again.
    is_anew: bool,
    /// The lock that was taken again.
    restored: Option<File>,
}

/// What came of [`Presence::restore`].
#[derive(Debug)]
pub(crate) enum RestoreResult {
    /// Nothing was missing.
    Intact,
    /// Clients connect here from now on.
    Anew(UnixListener),
    /// Another stack has taken the address meanwhile.
    Taken,
}

impl Presence {
    /// The files of `claim`, which were made for the stack at this address.
    pub(crate) fn of(claim: &Claim, address: &Address) -> Option<Self> {
        let [(path, socket), (_, lock)] = &claim.files;
        let (address, folder) = (address.clone(), path.parent()?.to_path_buf());
        Some(Self { address, folder, lock: *lock, socket: *socket, is_anew: false, restored: None })
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn is_intact(&self) -> bool {
        id_of(&self.address.lock_path(&self.folder)) == Some(self.lock)
            && id_of(&self.address.socket_path(&self.folder)) == Some(self.socket)
    }

    /// Makes again what is missing, in the same folder or in the next that can be used. `monitor` is the pid that is written into
    /// the lock.
    ///
    /// # Errors
    /// There is no folder in which it can be made, and why.
    pub(crate) fn restore(&mut self, monitor: i32) -> io::Result<RestoreResult> {
        if self.is_intact() {
            return Ok(RestoreResult::Intact);
        }
        let others = self.address.folders().iter().filter(|folder| **folder != self.folder);
        let folders: Vec<PathBuf> = [&self.folder].into_iter().chain(others).cloned().collect();
        in_first(&folders, |folder| self.restore_in(folder, monitor))
    }

    fn restore_in(&mut self, folder: &Path, monitor: i32) -> io::Result<RestoreResult> {
        prepare(folder)?;
        let lock = self.address.lock_file(folder, true)?;
        let found = lock.metadata()?;
        let id = (found.dev(), found.ino());
        if id != self.lock {
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(RestoreResult::Taken),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let _ = (&lock).write_all(format!("{monitor}\n").as_bytes());
            (self.lock, self.restored) = (id, Some(lock));
        }
        let socket = self.address.socket_path(folder);
        // The lock is ours, so no stack has a socket of this name.
        if_there(fs::remove_file(&socket))?;
        let listener = UnixListener::bind(&socket)?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        self.socket = id_of(&socket).ok_or(io::ErrorKind::NotFound)?;
        self.is_anew = true;
        self.folder = folder.to_path_buf();
        Ok(RestoreResult::Anew(listener))
    }
}

impl Drop for Presence {
    /// What was made again is removed again; what was there at the start, by its claim.
    fn drop(&mut self) {
        let socket = self.is_anew.then(|| (self.address.socket_path(&self.folder), self.socket));
        let lock = self.restored.is_some().then(|| (self.address.lock_path(&self.folder), self.lock));
        for (path, id) in socket.into_iter().chain(lock) {
            if id_of(&path) == Some(id) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
