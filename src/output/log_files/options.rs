//! Where the files are, and how large they get.

use std::path::PathBuf;

/// The files of `--log-dir`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileOptions {
    /// The folder. It is made if it is not there.
    pub folder: PathBuf,
    /// Bytes after which a file is rotated.
    pub size: u64,
}

impl LogFileOptions {
    /// The size without `--log-size`: 10 MiB.
    pub const SIZE: u64 = 10 << 20;
}
