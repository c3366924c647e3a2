//! Restarts of instances after changes of their files: once for each burst of changes, and not for ever.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use tokio::sync::mpsc::WeakUnboundedSender;

use crate::machine::instance::Instance;
use crate::machine::{Event, Machine};
use crate::name::InstanceName;
use crate::notice::Notice;
use crate::plan::spec::Spec;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::readable::Readable;
use crate::supervisor::readiness::burst::Burst;
use crate::supervisor::readiness::self_writers::{LOOP, SelfWriters};
use crate::watch::patterns::Patterns;
use crate::watch::{Tree, WatchEvents};

/// How long a restart waits for git to release the lock of its index. An older lock was left by a git that was killed.
const GIT_TIMEOUT: Duration = Duration::from_secs(30);

/// The files that are watched, and those that have changed.
pub(crate) struct FileWatch {
    root: PathBuf,
    tree: Option<WatchedTree>,
    /// The patterns that the tree was made for, by instance.
    patterns: Vec<Arc<[String]>>,
    /// The same, each once, with the instances that have it: a file is held against each once.
    distinct: Vec<(Patterns, Vec<usize>)>,
    burst: Burst,
    /// The files that have changed in it.
    paths: IndexSet<String>,
    is_overflown: bool,
    writers: SelfWriters,
    inbox: WeakUnboundedSender<Arrival>,
}

struct WatchedTree {
    tree: Tree,
    readable: Readable,
}

impl FileWatch {
    /// None yet, of a project in this folder.
    pub(crate) fn new(root: PathBuf, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self {
            root,
            tree: None,
            patterns: Vec::new(),
            distinct: Vec::new(),
            burst: Burst::default(),
            paths: IndexSet::new(),
            is_overflown: false,
            writers: SelfWriters::default(),
            inbox,
        }
    }

    /// Watches the files of all instances of the stack; a warning if that is not possible.
    pub(crate) fn follow(&mut self, machine: &Machine) -> Option<Notice> {
        let all = machine.specs().iter().zip(machine.instances());
        let patterns: Vec<Arc<[String]>> = all.map(|(spec, instance)| watched(spec, instance)).collect();
        if patterns == self.patterns {
            return None;
        }
        self.distinct = distinct(&patterns);
        self.patterns = patterns;
        self.open_tree()
    }

    fn open_tree(&mut self) -> Option<Notice> {
        self.tree = None;
        if self.distinct.is_empty() {
            return None;
        }
        let patterns = self.distinct.iter().map(|(patterns, _)| patterns.clone()).collect();
        let watched = Tree::open(&self.root, patterns).and_then(|tree| self.watch(tree));
        watched.map(|watched| self.tree = Some(watched)).err().map(|error| {
            let text = format!("files are not watched: {}", explain(&error));
            Notice::Warning { text }
        })
    }

    fn watch(&self, tree: Tree) -> io::Result<WatchedTree> {
        let readable = Readable::watch(tree.as_fd(), self.inbox.clone(), || Arrival::FilesChanged)?;
        Ok(WatchedTree { tree, readable })
    }

    /// Reads the changes that the kernel reports, and keeps them until the burst is over.
    pub(crate) fn read_changes(&mut self, now: Duration) -> Option<Notice> {
        let watched = self.tree.as_mut()?;
        let events = watched.tree.read_events();
        watched.readable.all_read();
        match events {
            Ok(events) => {
                self.keep(events, now);
                None
            }
            Err(error) => {
                let text = format!("files are not watched any more: {}", explain(&error));
                self.tree = None;
                Some(Notice::Warning { text })
            }
        }
    }

    fn keep(&mut self, events: WatchEvents, now: Duration) {
        let WatchEvents { mut paths, is_overflown } = events;
        paths.retain(|path| {
            self.distinct.iter().any(|(patterns, instances)| {
                patterns.matches(path) && instances.iter().any(|index| self.writers.counts(*index, path))
            })
        });
        if paths.is_empty() && !is_overflown {
            return;
        }
        self.is_overflown |= is_overflown;
        self.paths.extend(paths);
        self.burst.change(now, self.paths.len());
    }

    /// When [`FileWatch::end_burst`] is due.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.burst.due()
    }

    /// If the burst is over: the instances to restart. And the notices to print.
    pub(crate) fn end_burst(&mut self, now: Duration, machine: &Machine) -> (Option<Event>, Vec<Notice>) {
        // Changes that the kernel has reported by now count, although the loop has not read them yet.
        let mut notices: Vec<Notice> = self.read_changes(now).into_iter().collect();
        if self.burst.is_endless(now) {
            notices.push(self.endless_burst());
        }
        let began = now.saturating_sub(self.burst.length(now));
        if !self.burst.is_over(now) {
            return (None, notices);
        }
        let is_git_at_work = self.root.join(".git/index.lock").exists();
        if is_git_at_work && self.burst.length(now) < GIT_TIMEOUT {
            self.burst.wait(now);
            return (None, notices);
        }
        let (paths, is_overflown) = (std::mem::take(&mut self.paths), std::mem::take(&mut self.is_overflown));
        if is_overflown || paths.iter().any(|path| path.rsplit('/').next() == Some(".gitignore")) {
            notices.extend(self.open_tree());
        }
        let (mut instances, mut cause) = (Vec::new(), None);
        for (index, found) in self.touched(&paths, is_overflown) {
            let instance = &machine.instances()[index];
            if let Some(path) = found
                && self.writers.is_loop(index, instance, path, (began, now))
            {
                notices.push(restart_loop(&machine.specs()[index].name, path));
                continue;
            }
            cause = cause.or(found);
            instances.push(index);
        }
        if instances.is_empty() {
            return (None, notices);
        }
        let path = cause.cloned();
        notices.push(Notice::Changed {
            path,
            others: paths.len().saturating_sub(1),
            processes: instances.iter().map(|index| machine.specs()[*index].name.clone()).collect(),
        });
        (Some(Event::Changed(instances)), notices)
    }

    /// The instances that watch one of these files, with the first that they do; all that watch any where some may not have been seen.
    fn touched<'a>(
        &self,
        paths: &'a IndexSet<String>,
        is_overflown: bool,
    ) -> BTreeMap<usize, Option<&'a String>> {
        let mut touched = BTreeMap::new();
        for (patterns, instances) in &self.distinct {
            let watched: Vec<&String> = paths.iter().filter(|path| patterns.matches(path)).collect();
            for index in instances {
                let found = watched.iter().find(|path| self.writers.counts(*index, path)).copied();
                if found.is_some() || is_overflown {
                    touched.insert(*index, found);
                }
            }
        }
        touched
    }

    /// An instance has been started.
    pub(crate) fn on_start(&mut self, index: usize) {
        self.writers.on_start(index);
    }

    fn endless_burst(&self) -> Notice {
        let path = self.paths.last().map_or("?", String::as_str);
        let text = format!(
            "files keep changing, at last {path}: what watches them is restarted when that has an end; put what is \
             written all the time into .gitignore, or watch less"
        );
        Notice::Warning { text }
    }
}

fn restart_loop(name: &InstanceName, path: &str) -> Notice {
    let text = format!(
        "{name} was restarted {LOOP} times in a row soon after its start for {path}: it seems to write that file itself, so changes \
         of it are passed over until {name} is started again; put it into .gitignore, or watch less"
    );
    Notice::Warning { text }
}

/// The patterns of the files that restart an instance.
fn watched(spec: &Spec, instance: &Instance) -> Arc<[String]> {
    if instance.is_retired { Arc::default() } else { Arc::clone(&spec.service.watch) }
}

/// These patterns of instances, each once, with the indices of the instances that have them; without those of none.
fn distinct(patterns: &[Arc<[String]>]) -> Vec<(Patterns, Vec<usize>)> {
    let mut distinct: IndexMap<&Arc<[String]>, Vec<usize>> = IndexMap::new();
    for (index, own) in patterns.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
        distinct.entry(own).or_default().push(index);
    }
    distinct.into_iter().map(|(own, instances)| (Patterns::new(Arc::clone(own)), instances)).collect()
}

fn explain(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOSPC) => {
            "there are more folders than may be watched (sysctl fs.inotify.max_user_watches)".into()
        }
        Some(libc::EMFILE) => "too many programs watch files (sysctl fs.inotify.max_user_instances)".into(),
        Some(_) | None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_many_instances_have_are_kept_once() {
        let own = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect::<Arc<[String]>>();
        let web = own(&["src", "*.css"]);
        let all = [web.clone(), own(&[]), own(&["*.py"]), web, own(&["src", "*.css"])];
        let patterns = |texts: &[&str]| Patterns::new(own(texts));
        assert_eq!(
            distinct(&all),
            [(patterns(&["src", "*.css"]), vec![0, 3, 4]), (patterns(&["*.py"]), vec![2])]
        );
    }
}
