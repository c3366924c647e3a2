//! Linux: the folders of a root, each watched by inotify(7).
//!
//! Folders and not files are watched, so that an editor that writes a new file in place of the old one is reported too.
//! The kernel is asked only for what changes something: that a file is opened or read wakes no process, and so a server
//! that reads its own sources does not restart itself.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use super::WatchEvents;
use super::ignored::Ignored;
use super::patterns::Patterns;

/// The folders below a root that can hold what is meant.
#[derive(Debug)]
pub(crate) struct Tree {
    inotify: Inotify,
    root: PathBuf,
    patterns: Vec<Patterns>,
    ignored: Ignored,
    folders: HashMap<WatchDescriptor, String>,
}

impl Tree {
    /// Watches the folders of `root` into which one of these patterns reaches.
    ///
    /// # Errors
    /// As inotify_init1(2) and inotify_add_watch(2): ENOSPC and EMFILE are limits of the user's.
    pub(crate) fn open(root: &Path, patterns: Vec<Patterns>) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let mut tree = Self {
            inotify,
            root: root.to_path_buf(),
            patterns,
            ignored: Ignored::default(),
            folders: HashMap::new(),
        };
        tree.ignore_from_above();
        tree.enter(String::new(), &mut Vec::new())?;
        Ok(tree)
    }

    /// All that was reported since the last call.
    ///
    /// # Errors
    /// As read(2) and inotify_add_watch(2).
    pub(crate) fn read_events(&mut self) -> io::Result<WatchEvents> {
        let mut heard = WatchEvents::default();
        loop {
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN) => return Ok(heard),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in events {
                self.take(&event, &mut heard)?;
            }
        }
    }

    fn take(&mut self, event: &InotifyEvent, heard: &mut WatchEvents) -> io::Result<()> {
        use AddWatchFlags as Flags;
        if event.mask.contains(Flags::IN_Q_OVERFLOW) {
            heard.is_overflown = true;
            return Ok(());
        }
        if event.mask.contains(Flags::IN_IGNORED) {
            self.folders.remove(&event.wd);
            return Ok(());
        }
        let Some(folder) = self.folders.get(&event.wd) else { return Ok(()) };
        let Some(name) = event.name.as_ref().and_then(|name| name.to_str()) else { return Ok(()) };
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let is_folder = event.mask.contains(Flags::IN_ISDIR);
        if self.ignored.holds(&path, is_folder) {
            return Ok(());
        }
        if !is_folder {
            // A new file that is being written is heard again when it is closed; a link is not.
            if !event.mask.contains(Flags::IN_CREATE) || is_link(&self.root.join(&path)) {
                heard.paths.push(path);
            }
            return Ok(());
        }
        if event.mask.intersects(Flags::IN_DELETE | Flags::IN_MOVED_FROM) {
            self.leave(&path);
            heard.paths.push(path);
            return Ok(());
        }
        // What was written into it before it was watched is not told: it is looked for.
        self.enter(path, &mut heard.paths)
    }

    /// Watches a folder and all below it that can hold something; `found` are the files that are there.
    fn enter(&mut self, folder: String, found: &mut Vec<String>) -> io::Result<()> {
        let mut unread = vec![folder];
        while let Some(folder) = unread.pop() {
            if !self.patterns.iter().any(|patterns| patterns.reach_into(&folder)) || !self.add(&folder)? {
                continue;
            }
            let path = self.root.join(&folder);
            if let Ok(text) = fs::read_to_string(path.join(".gitignore")) {
                self.ignored.add(&folder, &text);
            }
            // One that is gone by now has nothing to be watched.
            let Ok(entries) = fs::read_dir(&path) else { continue };
            for entry in entries.flatten() {
                let (Ok(kind), Some(name)) =
                    (entry.file_type(), entry.file_name().to_str().map(str::to_owned))
                else {
                    continue;
                };
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if self.ignored.holds(&path, kind.is_dir()) {
                    continue;
                }
                let list = if kind.is_dir() { &mut unread } else { &mut *found };
                list.push(path);
            }
        }
        Ok(())
    }

    /// Whether the folder is there and watched now.
    fn add(&mut self, folder: &str) -> io::Result<bool> {
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR;
        match self.inotify.add_watch(&self.root.join(folder), flags) {
            Ok(descriptor) => {
                self.folders.insert(descriptor, folder.to_owned());
                Ok(true)
            }
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A folder is gone from here; if it was moved away, its watches would tell its old names.
    fn leave(&mut self, path: &str) {
        let below = format!("{path}/");
        let gone: Vec<WatchDescriptor> = (self.folders.iter())
            .filter(|(_, folder)| *folder == path || folder.starts_with(&below))
            .map(|(descriptor, _)| *descriptor)
            .collect();
        for descriptor in gone {
            self.folders.remove(&descriptor);
            let _ = self.inotify.rm_watch(descriptor);
        }
    }

    /// The .gitignore files between the root and the top of its repository, the outermost first, and the rules that
    /// are kept beside the repository.
    fn ignore_from_above(&mut self) {
        let Some(top) = self.root.ancestors().find(|folder| folder.join(".git").exists()) else { return };
        let (top, root) = (top.to_path_buf(), self.root.clone());
        let excluded = fs::read_to_string(top.join(".git/info/exclude")).unwrap_or_default();
        let above: Vec<&Path> =
            root.ancestors().skip(1).take_while(|folder| folder.starts_with(&top)).collect();
        let inside = |folder: &Path| root.strip_prefix(folder).ok().and_then(Path::to_str).map(str::to_owned);
        match inside(&top).filter(|inside| !inside.is_empty()) {
            Some(inside) => self.ignored.add_from_above(&inside, &excluded),
            None => self.ignored.add("", &excluded),
        }
        for folder in above.into_iter().rev() {
            if let (Some(inside), Ok(text)) = (inside(folder), fs::read_to_string(folder.join(".gitignore")))
            {
                self.ignored.add_from_above(&inside, &text);
            }
        }
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink() || data.nlink() > 1)
}

impl AsFd for Tree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl AsRawFd for Tree {
    fn as_raw_fd(&self) -> RawFd {
        self.inotify.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folder: &Path, patterns: &[&str]) -> Tree {
        let patterns = patterns.iter().map(ToString::to_string).collect();
        Tree::open(folder, vec![Patterns::new(patterns)]).unwrap()
    }

    /// Writes a file that nothing is to be heard of. Not by this process: a child that another test starts meanwhile would have it
    /// open too, and close it later.
    fn write_before(path: &Path, text: &str) {
        let script = "printf %s \"$1\" >\"$0\"";
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", script]).arg(path).arg(text).status().unwrap().success());
    }

    fn heard(tree: &mut Tree) -> Vec<String> {
        let mut paths = tree.read_events().unwrap().paths;
        paths.sort();
        paths.dedup();
        paths
    }

    #[test]
    fn what_is_written_renamed_linked_or_removed_is_heard_and_what_is_read_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("src/deep")).unwrap();
        write_before(&at("src/a"), "1");
        let mut tree = tree(folder.path(), &["src"]);
        assert_eq!(tree.folders.len(), 3);
        assert_eq!(fs::read_to_string(at("src/a")).unwrap(), "1");
        assert_eq!(heard(&mut tree), [""; 0]);
        fs::write(at("src/a"), "2").unwrap();
        fs::write(at("src/deep/b"), "3").unwrap();
        assert_eq!(heard(&mut tree), ["src/a", "src/deep/b"]);
        fs::rename(at("src/a"), at("src/c")).unwrap();
        assert_eq!(heard(&mut tree), ["src/a", "src/c"]);
        std::os::unix::fs::symlink("c", at("src/link")).unwrap();
        fs::remove_file(at("src/c")).unwrap();
        assert_eq!(heard(&mut tree), ["src/c", "src/link"]);
    }

    #[test]
    fn a_new_folder_is_watched_with_what_is_in_it_already_and_a_moved_one_under_its_new_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut tree = tree(folder.path(), &["*.py"]);
        fs::create_dir_all(at("app/inner")).unwrap();
        fs::write(at("app/inner/early.py"), "").unwrap();
        assert_eq!(heard(&mut tree), ["app/inner/early.py"]);
        fs::rename(at("app"), at("lib")).unwrap();
        assert_eq!(heard(&mut tree), ["app", "lib/inner/early.py"]);
        fs::write(at("lib/inner/late.py"), "").unwrap();
        assert_eq!(heard(&mut tree), ["lib/inner/late.py"]);
    }

    #[test]
    fn what_git_ignores_is_not_watched_nor_what_no_pattern_reaches() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["node_modules/x", ".git/info", "dist/y", "lib", "src/log", "services/shop/dist/z"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        write_before(&at(".gitignore"), "dist\n*.tmp\n");
        write_before(&at(".git/info/exclude"), "secret\n");
        write_before(&at("src/.gitignore"), "log/\n");
        let mut all = tree(folder.path(), &["."]);
        let mut watched: Vec<&str> = all.folders.values().map(String::as_str).collect();
        watched.sort_unstable();
        assert_eq!(watched, ["", "lib", "services", "services/shop", "src"]);
        fs::write(at("src/a.tmp"), "").unwrap();
        fs::write(at("secret"), "").unwrap();
        fs::create_dir_all(at("lib/node_modules/y")).unwrap();
        assert_eq!(heard(&mut all), [""; 0]);
        assert_eq!(tree(folder.path(), &["src"]).folders.len(), 2);
        let inner = tree(&at("services/shop"), &["."]);
        assert_eq!(
            inner.folders.len(),
            1,
            "what an outer .gitignore names is ignored too: {:?}",
            inner.folders
        );
    }
}
