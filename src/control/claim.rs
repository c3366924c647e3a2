//! The lock and the socket of the stack that has an address.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::fd::IntoRawFd;
use std::path::PathBuf;

use super::file_id::{FileId, id_of};
use super::witness::Witness;

/// The right to be the stack of an address. It ends with the process, however that ends: the kernel gives
/// the lock back, and not before. Dropping it removes the files, in the process that made it and no other.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(super) lock: Option<File>,
    /// Socket and lock, each as it was made: a later one of that name is another's.
    pub(super) files: [(PathBuf, FileId); 2],
    pub(super) witness: Option<Witness>,
    pub(super) owner: u32,
}

impl Claim {
    /// From now on the files are not removed, until a process forked from this one adopts the claim.
    pub(crate) fn hand_over(&mut self) {
        self.owner = 0;
    }

    /// The claim goes on in this process, which was forked from the one that made it. The lock's file has its number,
    /// for clients that are not answered.
    pub(crate) fn adopt(&mut self) {
        self.owner = std::process::id();
        if let Some(lock) = &mut self.lock {
            // What is truncated and written again, ext4 writes to the disk when it is closed (`auto_da_alloc`, ext4(5)), and our end would
            // wait for that. A claim that was not handed over finds it empty.
            if lock.metadata().is_ok_and(|file| file.len() > 0) {
                let _ = lock.set_len(0).and_then(|()| lock.rewind());
            }
            // Without it, clients cannot tell which process hangs.
            let _ = lock.write_all(format!("{}\n", self.owner).as_bytes());
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.owner == std::process::id() {
            for (file, id) in &self.files {
                if id_of(file) == Some(*id) {
                    let _ = fs::remove_file(file);
                }
            }
            self.witness = None;
            // Left to the end of the process: a wait for the lock lasts until this process is gone. The next stack takes another
            // file.
            let _ = self.lock.take().map(IntoRawFd::into_raw_fd);
        }
    }
}
