//! An export in a folder: all of it or nothing, and no file of another export or of other programs.
//!
//! New files are made in a folder of their own inside, then renamed one by one. The manifest, written first
//! with what was and what will be, lets the next export finish one that was cut short.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::files::about;
use crate::cli::system_env::SystemEnv;
use crate::cli::{print, report};
use crate::exit;
use crate::export::difference::unified;
use crate::export::folder::{
    Changes, FileChange, FolderContents, Manifest, OLD_MANIFEST, changes, manifest_name, staging_name,
};
use crate::export::options::{ExportOptions, Secrets};
use crate::export::quote;
use crate::export::removal::Removal;
use crate::export::{Bundle, File};
use crate::location::Diagnostic;
use crate::process::runtime_folder::if_there;

/// The status of `--diff` where something would change, which is diff(1)'s.
const DIFFERENT: u8 = 1;

/// Brings the folder to what `bundle` says, or with `only_show` prints what would change; returns the exit
/// status, or what is in the way.
///
/// # Errors
///
/// That a file cannot be read or written, after which the next export sets all right.
pub(super) fn write(
    folder: &Path,
    bundle: &Bundle,
    options: &ExportOptions,
    only_show: bool,
    system: &SystemEnv,
) -> Result<Result<u8, Vec<Diagnostic>>, Failure> {
    let folder = system.folder.as_deref().map_or_else(|| folder.to_owned(), |here| here.join(folder));
    let folder = OutputFolder { path: folder, manifest: manifest_name(options) };
    let format = options.format.as_str();
    let (old, is_old_name) = match folder.manifest_of(bundle, format) {
        Ok(found) => found,
        Err(error) => return Ok(Err(vec![error])),
    };
    let changes = match changes(&old, bundle, |path| folder.find(path)) {
        Ok(changes) => changes,
        Err(obstacles) => return Ok(Err(folder.in_the_way(&obstacles))),
    };
    let new = Manifest::of(bundle, format);
    if only_show {
        print::bytes(show(&changes, bundle).as_bytes())?;
        return Ok(Ok(if changes.is_empty() { exit::SUCCESS } else { DIFFERENT }));
    }
    if !changes.is_empty() || old != new || is_old_name {
        let written = folder.bring_to(&changes, bundle, &old, &new);
        written.and_then(|()| folder.forget_old_manifest(is_old_name)).map_err(|error| {
            Failure::Failed(format!(
                "{}: cannot be written: {error}; export again once that is mended",
                shown(&folder.path)
            ))
        })?;
    }
    report::say(&summary(&folder.path, bundle, &changes));
    let removed: Vec<&str> = removed(&changes).collect();
    let removal = Removal { app: &options.app, folder: &quote(&shown(&folder.path)), paths: &removed };
    let is_asked = !removed.is_empty() && options.secrets != Secrets::Only;
    if let Some(command) = is_asked.then(|| (options.format.details().end)(&removal)).flatten() {
        report::say(&format!("what is no longer in it goes on running; this ends it:\n  {command}\n"));
    }
    Ok(Ok(exit::SUCCESS))
}

/// The paths that are removed.
fn removed(changes: &Changes) -> impl Iterator<Item = &str> {
    let removed = changes.iter().filter(|(_, change)| matches!(change, FileChange::Remove(_)));
    removed.map(|(path, _)| path.as_str())
}

fn summary(folder: &Path, bundle: &Bundle, changes: &Changes) -> String {
    let removed = removed(changes).count();
    let written = changes.len() - removed;
    let same = bundle.files.len() - written;
    format!("{}: {written} written, {removed} removed, {same} as before\n", shown(folder))
}

/// A folder and the name of the manifest of this export in it.
struct OutputFolder {
    path: PathBuf,
    manifest: String,
}

impl OutputFolder {
    /// The manifest that the last export left, and whether it is one of [`OLD_MANIFEST`].
    fn manifest_of(&self, bundle: &Bundle, format: &str) -> Result<(Manifest, bool), Diagnostic> {
        if let Some(manifest) = self.read_manifest(&self.manifest)? {
            return Ok((manifest, false));
        }
        let old = self.read_manifest(OLD_MANIFEST)?.filter(|old| old.is_earlier(bundle, format));
        let is_old_name = old.is_some();
        Ok((old.unwrap_or_default(), is_old_name))
    }

    fn read_manifest(&self, name: &str) -> Result<Option<Manifest>, Diagnostic> {
        let path = self.path.join(name);
        let wrong = |message: String| about(&shown(&path), message, Some("export to another folder".into()));
        match fs::read(&path) {
            Ok(bytes) => Manifest::parse(&bytes)
                .map(Some)
                .map_err(|error| wrong(format!("this is no manifest: {error}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(wrong(format!("cannot be read: {error}"))),
        }
    }

    fn forget_old_manifest(&self, is_old_name: bool) -> io::Result<()> {
        if is_old_name { fs::remove_file(self.path.join(OLD_MANIFEST)) } else { Ok(()) }
    }

    /// What lies at `path`. A link on the way is not followed: it may lead anywhere.
    fn find(&self, path: &str) -> FolderContents {
        let mut place = self.path.clone();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            place.push(part);
            let Ok(metadata) = fs::symlink_metadata(&place) else { return FolderContents::Nothing };
            if parts.peek().is_some() {
                if !metadata.is_dir() {
                    return FolderContents::Other;
                }
            } else if metadata.is_file() {
                let mode = metadata.permissions().mode();
                return fs::read(&place)
                    .map_or(FolderContents::Other, |bytes| FolderContents::File(bytes, mode));
            }
        }
        FolderContents::Other
    }

    fn in_the_way(&self, obstacles: &[(String, &'static str)]) -> Vec<Diagnostic> {
        obstacles
            .iter()
            .map(|(path, because)| {
                let hint = "move it out of the way, or delete it to get it anew".to_owned();
                about(&shown(&self.path.join(path)), *because, Some(hint))
            })
            .collect()
    }

    fn bring_to(&self, changes: &Changes, bundle: &Bundle, old: &Manifest, new: &Manifest) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let staging = self.path.join(staging_name(&self.manifest));
        if_there(fs::remove_dir_all(&staging))?;
        // Values pass through it.
        DirBuilder::new().mode(0o700).create(&staging)?;
        let written = self.stage(&staging, changes, bundle);
        if let Err(error) = written {
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
        self.put(&staging, &old.clone().and(new).text())?;
        for (number, file) in to_write(changes, bundle).enumerate() {
            let target = self.path.join(&file.path);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(staging.join(number.to_string()), target)?;
        }
        for path in removed(changes) {
            self.remove(path)?;
        }
        self.put(&staging, &new.text())?;
        fs::remove_dir_all(&staging)
    }

    /// Writes all that is new under numbers, so that a full disk leaves the folder as it was.
    fn stage(&self, staging: &Path, changes: &Changes, bundle: &Bundle) -> io::Result<()> {
        for (number, file) in to_write(changes, bundle).enumerate() {
            make(&staging.join(number.to_string()), &file.bytes, file.mode)?;
        }
        debug_assert!(staging.starts_with(&self.path));
        Ok(())
    }

    fn put(&self, staging: &Path, text: &str) -> io::Result<()> {
        let made = staging.join("manifest");
        make(&made, text.as_bytes(), 0o644)?;
        fs::rename(made, self.path.join(&self.manifest))
    }

    /// Removes a file of ours, and the folders that are empty without it.
    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(path))?;
        let mut parents = Path::new(path).ancestors().skip(1).filter(|part| !part.as_os_str().is_empty());
        // The first that holds something else ends it.
        while let Some(parent) = parents.next()
            && fs::remove_dir(self.path.join(parent)).is_ok()
        {}
        Ok(())
    }
}

/// The files of `bundle` that differ from what lies there.
fn to_write<'a>(changes: &'a Changes, bundle: &'a Bundle) -> impl Iterator<Item = &'a File> {
    bundle.files.iter().filter(|file| changes.contains_key(&file.path))
}

/// A new file, with its permissions from the first byte on.
fn make(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mask may have taken away what others need.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The changes as a unified diff; of files with values only that they change.
fn show(changes: &Changes, bundle: &Bundle) -> String {
    let mut text = String::new();
    for (path, change) in changes {
        let file = bundle.files.iter().find(|file| file.path == *path);
        let is_secret = file.is_some_and(File::is_secret);
        let new = file.map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        let (old, from, to) = match change {
            FileChange::Create => (String::new(), "/dev/null", path.as_str()),
            FileChange::Replace(bytes) => {
                (String::from_utf8_lossy(bytes).into_owned(), path.as_str(), path.as_str())
            }
            FileChange::Protect => (new.clone().into_owned(), path.as_str(), path.as_str()),
            FileChange::Remove(bytes) => {
                (String::from_utf8_lossy(bytes).into_owned(), path.as_str(), "/dev/null")
            }
        };
        text += &format!("--- {from}\n+++ {to}\n");
        text += &match change {
            FileChange::Protect => "permissions differ\n".to_owned(),
            // The file may hold values: the manifest does not tell.
            FileChange::Remove(_) => "removed\n".to_owned(),
            FileChange::Create | FileChange::Replace(_) if is_secret => {
                "holds values: not shown\n".to_owned()
            }
            FileChange::Create | FileChange::Replace(_) => unified(&old, &new),
        };
    }
    text
}

/// A path in messages.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
