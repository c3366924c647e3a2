//! Files by the names that a user gave them, read whole; and why they cannot be read.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::location::{Diagnostic, Location};

/// The most bytes that are read of one file. Real ones have a few hundred; a database or /dev/zero is refused.
const LARGEST: u64 = 64 << 20;

/// What has been read and cannot be read again: standard input, pipes, devices. A project that is read a second
/// time finds it here, and opens nothing but plain files: a pipe without a writer would hold up a whole stack.
#[derive(Debug, Default)]
pub(crate) struct InputCache {
    read: RefCell<HashMap<PathBuf, Vec<u8>>>,
    is_frozen: Cell<bool>,
}

impl InputCache {
    /// From now on only plain files are opened.
    pub(crate) fn freeze(&self) {
        self.is_frozen.set(true);
    }

    /// As [`read`], but what is no plain file is read once only.
    ///
    /// # Errors
    ///
    /// As [`read`]'s.
    pub(crate) fn read(&self, path: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
        // `/dev/stdin` may be a plain file here, and another one for the process that reads it again.
        let is_ours = path.starts_with("/dev") || path.starts_with("/proc");
        let is_other = is_ours || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        self.once(path, name, is_other, || read(path, name))
    }

    /// [`InputCache::read`], but a file that is not there is `None`.
    ///
    /// # Errors
    ///
    /// As [`read`]'s, for a file that is there.
    pub(crate) fn read_if_there(&self, path: &Path, name: &str) -> Result<Option<Vec<u8>>, Diagnostic> {
        match fs::metadata(path) {
            Err(error) if is_absent(&error) => Ok(None),
            Ok(_) | Err(_) => self.read(path, name).map(Some),
        }
    }

    /// As `read_standard_input`, once only.
    ///
    /// # Errors
    ///
    /// As `read_standard_input`'s.
    pub(crate) fn read_standard_input(&self) -> Result<Vec<u8>, Diagnostic> {
        self.once(Path::new("-"), "standard input", true, read_standard_input)
    }

    fn once(
        &self,
        path: &Path,
        name: &str,
        is_other: bool,
        read: impl FnOnce() -> Result<Vec<u8>, Diagnostic>,
    ) -> Result<Vec<u8>, Diagnostic> {
        if let Some(known) = self.read.borrow().get(path) {
            return Ok(known.clone());
        }
        if is_other && self.is_frozen.get() {
            let message = "this is no plain file, and cannot be read while the stack runs";
            return Err(about(name, message, Some("`ganger down`, and start it anew".into())));
        }
        let bytes = read()?;
        if is_other {
            self.read.borrow_mut().insert(path.to_owned(), bytes.clone());
        }
        Ok(bytes)
    }
}

/// A diagnostic of the file `name` as a whole.
pub(crate) fn about(name: &str, message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    let location = Location { file: name.into(), line: None, column: None };
    Diagnostic { location, message: message.into(), hint, excerpt: None }
}

/// The bytes of the file at `path`, which messages call `name`.
///
/// A pipe is read to its end, so that `-f <(generate)` and a .env that a password manager serves work.
///
/// # Errors
///
/// That it is not there, a directory, not readable or too large.
pub(crate) fn read(path: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let because = |error: io::Error| unreadable(path, name, &error);
    let metadata = fs::metadata(path).map_err(because)?;
    if let Some(kind) = not_a_file(metadata.file_type()) {
        return Err(about(name, format!("this is a {kind}, not a file"), None));
    }
    // Before it is opened: a file of 10 GB is refused at once.
    if metadata.len() > LARGEST {
        return Err(too_large(name));
    }
    let file = File::open(path).map_err(because)?;
    read_all(file, name)
}

/// Standard input to its end.
///
/// # Errors
///
/// That it cannot be read or is too large.
fn read_standard_input() -> Result<Vec<u8>, Diagnostic> {
    read_all(io::stdin().lock(), "standard input")
}

/// The names of files in `folder` that `is` says yes to, sorted.
pub(crate) fn names_in(folder: &Path, is: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is(name) && folder.join(name).is_file())
        .collect();
    names.sort();
    names
}

/// Whether the path does not lead to anything.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_all(from: impl Read, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits.
    match from.take(LARGEST + 1).read_to_end(&mut bytes) {
        Err(error) => Err(about(name, format!("cannot be read: {error}"), None)),
        Ok(_) if bytes.len() as u64 > LARGEST => Err(too_large(name)),
        Ok(_) => Ok(bytes),
    }
}

fn too_large(name: &str) -> Diagnostic {
    about(name, format!("larger than {} MiB: not read", LARGEST >> 20), None)
}

fn not_a_file(kind: FileType) -> Option<&'static str> {
    if kind.is_dir() {
        Some("directory")
    } else if kind.is_socket() {
        Some("socket")
    } else if kind.is_block_device() {
        Some("disk")
    } else {
        None
    }
}

fn unreadable(path: &Path, name: &str, error: &io::Error) -> Diagnostic {
    if is_absent(error) {
        return about(name, "no such file", None);
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return about(name, "no permission to read it", Some(format!("see ls -ld {}", path.display())));
    }
    about(name, format!("cannot be read: {error}"), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_said_with_the_way_to_look() {
        // Not with a real file: root may read everything.
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let found = unreadable(Path::new("/app/.env"), ".env", &error);
        assert_eq!(
            (found.location.to_string(), found.message),
            (".env".into(), "no permission to read it".into())
        );
        assert_eq!(found.hint.as_deref(), Some("see ls -ld /app/.env"));
    }
}
