//! Files, whatever their names.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file it is, whatever its name is by now: device and inode.
pub(super) type FileId = (u64, u64);

/// The file that has this name now, if one has.
pub(super) fn id_of(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
