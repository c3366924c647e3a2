//! Where ganger keeps what belongs to the session of its user: sockets, locks and run files.
//!
//! That is `$XDG_RUNTIME_DIR/ganger`, which the system empties at the end of a session (XDG Base Directory
//! Specification), or `/tmp/ganger-UID`. Only its owner may look into it.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// The folders that it may be: the first is where things go, in the other one may lie what was started in another
/// session. `runtime` is `$XDG_RUNTIME_DIR`.
pub(crate) fn candidates(runtime: Option<&Path>) -> Vec<PathBuf> {
    let own = geteuid().as_raw();
    // Another user's, as su leaves it, is no place for us.
    let in_session = runtime
        .filter(|folder| {
            folder.is_absolute()
                && fs::metadata(folder).is_ok_and(|found| found.is_dir() && found.uid() == own)
        })
        .map(|folder| folder.join("ganger"));
    in_session.into_iter().chain([PathBuf::from(format!("/tmp/ganger-{own}"))]).collect()
}

/// Makes the folder, or makes sure that it is what we would have made.
///
/// # Errors
/// It cannot be made, it is a link, or it belongs to another user.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() {
        return Err(io::Error::other("this is not a folder of ours"));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Does it in the first of the folders in which it can be done.
///
/// # Errors
/// It can be done in none, and why not in the last.
pub(crate) fn in_first<'a, T>(
    folders: impl IntoIterator<Item = &'a PathBuf>,
    mut act: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for folder in folders {
        match act(folder) {
            Ok(done) => return Ok(done),
            Err(error) => last = io::Error::new(error.kind(), format!("{}: {error}", folder.display())),
        }
    }
    Err(last)
}

/// What was removed or renamed, if it was there.
///
/// # Errors
/// Another than that it was not there.
pub(crate) fn if_there(done: io::Result<()>) -> io::Result<()> {
    done.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Whether this is a folder into which no other user can have put files.
pub(crate) fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_session_or_none_at_all_is_passed_over() {
        let runtime = tempfile::tempdir().unwrap();
        let tmp = PathBuf::from(format!("/tmp/ganger-{}", geteuid()));
        assert_eq!(candidates(Some(runtime.path())), [runtime.path().join("ganger"), tmp.clone()]);
        assert_eq!(candidates(Some(Path::new("relative"))), std::slice::from_ref(&tmp));
        assert_eq!(candidates(Some(&runtime.path().join("absent"))), std::slice::from_ref(&tmp));
        assert_eq!(candidates(None), [tmp]);
    }

    #[test]
    fn what_others_could_read_is_closed_and_a_link_is_no_place() {
        let place = tempfile::tempdir().unwrap();
        let (folder, link) = (place.path().join("folder"), place.path().join("link"));
        prepare(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        assert!(!is_ours(&folder));
        prepare(&folder).unwrap();
        assert_eq!(fs::symlink_metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert!(is_ours(&folder));
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(prepare(&link).is_err());
        assert!(!is_ours(&link));
    }
}
