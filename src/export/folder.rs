//! A folder of exported files: what would have to be done so that it holds exactly these, without touching
//! what others put there.
//!
//! A manifest in the folder lists the files of one export (app, format, and whether it is the values alone) and what
//! was in them, so that several stacks and formats share a folder. A file that it does not list is foreign; one that
//! is not as it was left has been changed by hand. Neither is written or removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bundle_builder::{Bundle, File};
use super::checksum::sha256;
use super::options::{ExportOptions, Secrets};

/// The manifest's name up to 0.1.0: one a folder. `kubectl apply -f DIR` takes it for an object.
pub(crate) const OLD_MANIFEST: &str = ".ganger-export.json";

/// The name of the manifest of an export with these `options`: hidden, and without an extension that an engine reads.
pub(crate) fn manifest_name(options: &ExportOptions) -> String {
    let part = if options.secrets == Secrets::Only { ".values" } else { "" };
    format!(".ganger-export.{}.{}{part}", options.app, options.format.as_str())
}

/// The folder in which an export with the manifest `manifest` makes new files before they take the place of old ones.
pub(crate) fn staging_name(manifest: &str) -> String {
    format!("{manifest}.new")
}

/// The files of one export in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The version of this shape.
    schema: u32,
    /// The format of the export.
    format: String,
    /// The files by their path, each with the SHA-256 of what may be in it: one sum, or, while an export is
    /// under way, that of before and that of after.
    files: BTreeMap<String, Vec<String>>,
}

/// Why bytes are no manifest.
#[derive(Debug, Error)]
pub(crate) enum ManifestError {
    /// They have another shape.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Another version of ganger wrote it.
    #[error("its schema is {0}, not 1")]
    Schema(u32),
    /// It names a file elsewhere.
    #[error("`{0}` leads out of the folder")]
    Outside(String),
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FolderContents {
    /// Nothing.
    Nothing,
    /// A file with these bytes and permissions.
    File(Vec<u8>, u32),
    /// Something else: a folder, a link.
    Other,
}

/// What is to be done with one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    /// It is not there yet.
    Create,
    /// It is there with these bytes.
    Replace(Vec<u8>),
    /// Only its mode changes.
    Protect,
    /// It is ours and belongs to the export no more; it had these bytes.
    Remove(Vec<u8>),
}

/// All that is to be done, by path.
pub(crate) type Changes = BTreeMap<String, FileChange>;

impl Manifest {
    /// The manifest of `bundle`.
    pub(crate) fn of(bundle: &Bundle, format: &str) -> Self {
        let files = bundle.files.iter().map(|file| (file.path.clone(), vec![sha256(&file.bytes)]));
        Self { schema: 1, format: format.to_owned(), files: files.collect() }
    }

    /// What `bytes` say.
    ///
    /// # Errors
    ///
    /// That they are no manifest, or one that leads out of its folder.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.schema != 1 {
            return Err(ManifestError::Schema(manifest.schema));
        }
        match manifest.files.keys().find(|path| !is_inside(path)) {
            Some(path) => Err(ManifestError::Outside(path.clone())),
            None => Ok(manifest),
        }
    }

    /// The manifest as text.
    pub(crate) fn text(&self) -> String {
        // Text and numbers only.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Whether this manifest, which is one of [`OLD_MANIFEST`], is that of an earlier export of `bundle` to `format`:
    /// it does not name the app, so the two have a file in common.
    pub(crate) fn is_earlier(&self, bundle: &Bundle, format: &str) -> bool {
        self.format == format && bundle.files.iter().any(|file| self.files.contains_key(&file.path))
    }

    /// The paths that are ours.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Both: what stands in the folder while one takes the other's place.
    #[must_use]
    pub(crate) fn and(mut self, next: &Self) -> Self {
        for (path, sums) in &next.files {
            let slot = self.files.entry(path.clone()).or_default();
            slot.extend(sums.iter().filter(|sum| !slot.contains(sum)).cloned().collect::<Vec<_>>());
        }
        next.format.clone_into(&mut self.format);
        self.schema = next.schema;
        self
    }

    fn is_as_left(&self, path: &str, bytes: &[u8]) -> bool {
        self.files.get(path).is_some_and(|sums| sums.contains(&sha256(bytes)))
    }
}

/// What is to be done so that the folder, in which `old` says what is ours and `find` what lies there, holds
/// the files of `bundle`.
///
/// # Errors
///
/// Every path that is in the way, and why.
pub(crate) fn changes(
    old: &Manifest,
    bundle: &Bundle,
    find: impl Fn(&str) -> FolderContents,
) -> Result<Changes, Vec<(String, &'static str)>> {
    let (mut changes, mut obstacles) = (Changes::new(), Vec::new());
    for file in &bundle.files {
        match wanted(old, file, find(&file.path)) {
            Ok(Some(change)) => {
                changes.insert(file.path.clone(), change);
            }
            Ok(None) => {}
            Err(because) => obstacles.push((file.path.clone(), because)),
        }
    }
    for path in old.paths().filter(|path| !bundle.files.iter().any(|file| file.path == **path)) {
        match find(path) {
            FolderContents::Nothing => {}
            FolderContents::File(bytes, _) if old.is_as_left(path, &bytes) => {
                changes.insert(path.to_owned(), FileChange::Remove(bytes));
            }
            FolderContents::File(..) | FolderContents::Other => obstacles.push((path.to_owned(), CHANGED)),
        }
    }
    if obstacles.is_empty() { Ok(changes) } else { Err(obstacles) }
}

/// Why a file of ours is left alone.
const CHANGED: &str = "it was changed by hand since it was exported";
/// Why a foreign file is left alone.
const FOREIGN: &str = "it was not written by this export";

fn wanted(old: &Manifest, file: &File, found: FolderContents) -> Result<Option<FileChange>, &'static str> {
    let is_ours = old.files.contains_key(&file.path);
    match found {
        FolderContents::Nothing => Ok(Some(FileChange::Create)),
        FolderContents::File(..) | FolderContents::Other if !is_ours => Err(FOREIGN),
        FolderContents::File(bytes, mode) if bytes == file.bytes => {
            Ok((mode & 0o777 != file.mode).then_some(FileChange::Protect))
        }
        FolderContents::File(bytes, _) if old.is_as_left(&file.path, &bytes) => {
            Ok(Some(FileChange::Replace(bytes)))
        }
        FolderContents::File(..) | FolderContents::Other => Err(CHANGED),
    }
}

/// Whether `path` stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(files: &[(&str, &str)]) -> Bundle {
        let file =
            |(path, text): &(&str, &str)| File { path: (*path).into(), bytes: (*text).into(), mode: 0o644 };
        Bundle { files: files.iter().map(file).collect(), ..Bundle::default() }
    }

    fn in_folder<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> FolderContents + 'a {
        |path| match files.iter().find(|(name, _)| *name == path) {
            Some((_, text)) => FolderContents::File(text.as_bytes().to_vec(), 0o644),
            None => FolderContents::Nothing,
        }
    }

    #[test]
    fn a_folder_gets_what_is_new_and_loses_what_is_stale() {
        let old = Manifest::of(&bundle(&[("a", "1"), ("b", "2"), ("c", "3")]), "s6");
        let new = bundle(&[("a", "1"), ("b", "two"), ("d", "4")]);
        let folder = [("a", "1"), ("b", "2"), ("c", "3"), ("foreign", "x")];
        let expected = Changes::from([
            ("b".to_owned(), FileChange::Replace(b"2".to_vec())),
            ("c".to_owned(), FileChange::Remove(b"3".to_vec())),
            ("d".to_owned(), FileChange::Create),
        ]);
        assert_eq!(changes(&old, &new, in_folder(&folder)), Ok(expected));
    }

    #[test]
    fn what_is_foreign_or_changed_by_hand_is_in_the_way() {
        let old = Manifest::of(&bundle(&[("a", "1"), ("b", "2")]), "s6");
        let folder = [("a", "edited"), ("b", "edited"), ("c", "foreign")];
        let found = changes(&old, &bundle(&[("a", "1x"), ("c", "3")]), in_folder(&folder)).unwrap_err();
        assert_eq!(found, [("a".to_owned(), CHANGED), ("c".to_owned(), FOREIGN), ("b".to_owned(), CHANGED)]);
    }

    #[test]
    fn an_export_that_was_cut_short_is_finished_by_the_next() {
        let (before, after) = (bundle(&[("a", "1"), ("b", "1")]), bundle(&[("a", "2"), ("b", "2")]));
        let both = Manifest::of(&before, "s6").and(&Manifest::of(&after, "s6"));
        let both = Manifest::parse(both.text().as_bytes()).unwrap();
        let expected = Changes::from([("b".to_owned(), FileChange::Replace(b"1".to_vec()))]);
        assert_eq!(changes(&both, &after, in_folder(&[("a", "2"), ("b", "1")])), Ok(expected));
    }

    #[test]
    fn a_file_that_others_could_read_is_protected() {
        let mut secret = bundle(&[("a", "1")]);
        secret.files[0].mode = 0o600;
        let old = Manifest::of(&secret, "s6");
        let expected = Changes::from([("a".to_owned(), FileChange::Protect)]);
        assert_eq!(changes(&old, &secret, in_folder(&[("a", "1")])), Ok(expected));
    }

    #[test]
    fn a_manifest_does_not_lead_out_of_its_folder() {
        for path in ["../a", "/etc/passwd", "a/../../b", "", "a//b", "./a"] {
            let text = format!(r#"{{"schema": 1, "format": "s6", "files": {{"{path}": []}}}}"#);
            assert!(Manifest::parse(text.as_bytes()).is_err(), "{path:?}");
        }
        assert!(Manifest::parse(b"{}").is_err());
        assert!(Manifest::parse(br#"{"schema": 2, "format": "s6", "files": {}}"#).is_err());
    }
}
