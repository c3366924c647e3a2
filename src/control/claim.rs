//! The lock and the socket of the stack that has an address.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::ops::RangeInclusive;
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

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
    /// The ports that the stack has given out, and its root.
    pub(super) assigned: Option<(RangeInclusive<u16>, PathBuf)>,
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
        self.tell();
    }

    /// From now on the lock's file also tells that the stack in `root` has given out these ports.
    pub(crate) fn assign(&mut self, ports: RangeInclusive<u16>, root: &Path) {
        self.assigned = Some((ports, root.to_owned()));
        self.tell();
    }

    fn tell(&mut self) {
        let Some(lock) = &mut self.lock else { return };
        let mut text = format!("{}\n", self.owner).into_bytes();
        if let Some((ports, root)) = &self.assigned {
            text.extend(format!("{} {}\n", ports.start(), ports.end()).bytes());
            text.extend_from_slice(root.as_os_str().as_bytes());
        }
        // Without it, clients cannot tell which process hangs.
        let _ = lock.rewind().and_then(|()| lock.write_all(&text));
        // Not before: what is emptied and written again, ext4 writes to the disk when it is closed (`auto_da_alloc`, ext4(5)), and our end
        // would wait for that.
        let length = text.len() as u64;
        if lock.metadata().is_ok_and(|file| file.len() > length) {
            let _ = lock.set_len(length);
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
