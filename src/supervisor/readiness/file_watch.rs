//! From files that changed to instances that start again: once a burst, and not for ever.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;
use tokio::sync::mpsc::WeakUnboundedSender;

use crate::machine::instance::Instance;
use crate::machine::{Event, Machine};
use crate::notice::Notice;
use crate::plan::spec::Spec;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::readable::Readable;
use crate::supervisor::readiness::burst::Burst;
use crate::watch::patterns::Patterns;
use crate::watch::{Tree, WatchEvents};

/// git is waited for while it holds the lock of its index, unless it has died of old age by then and left it.
const LONGEST_OF_GIT: Duration = Duration::from_secs(30);
/// A change so soon after a start that it may be the start's own doing.
const SOON: Duration = Duration::from_secs(3);
/// So many of them in a row, and it is.
const LOOP: u32 = 4;

/// What is watched, and what has changed.
pub(crate) struct FileWatch {
    root: PathBuf,
    tree: Option<WatchedType>,
    /// The patterns that the tree was made for, by instance.
    patterns: Vec<Arc<[String]>>,
    burst: Burst,
    /// What has changed in it.
    paths: IndexSet<String>,
    is_overflown: bool,
    /// For each instance, changes in a row that came soon after a start.
    soon: HashMap<usize, u32>,
    /// Paths that instances write themselves, as it seems: nobody is restarted for them any more.
    own: Vec<String>,
    inbox: WeakUnboundedSender<Arrival>,
}

struct WatchedType {
    tree: Tree,
    readable: Readable,
}

impl FileWatch {
    /// Nothing yet, below this root.
    pub(crate) fn new(root: PathBuf, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self {
            root,
            tree: None,
            patterns: Vec::new(),
            burst: Burst::default(),
            paths: IndexSet::new(),
            is_overflown: false,
            soon: HashMap::new(),
            own: Vec::new(),
            inbox,
        }
    }

    /// Watches what the instances of the stack want to be watched; says what keeps it from that.
    pub(crate) fn follow(&mut self, machine: &Machine) -> Option<Notice> {
        let all = machine.specs().iter().zip(machine.instances());
        let of_one = |(spec, instance): (&Rc<Spec>, &Instance)| {
            if instance.is_retired { Arc::default() } else { Arc::clone(&spec.care.watch) }
        };
        let patterns: Vec<Arc<[String]>> = all.map(of_one).collect();
        if patterns == self.patterns {
            return None;
        }
        self.patterns = patterns;
        self.look_anew()
    }

    fn look_anew(&mut self) -> Option<Notice> {
        self.tree = None;
        let mut distinct: Vec<Patterns> = Vec::new();
        for patterns in self.patterns.iter().filter(|patterns| !patterns.is_empty()) {
            let patterns = Patterns::new(Arc::clone(patterns));
            if !distinct.contains(&patterns) {
                distinct.push(patterns);
            }
        }
        if distinct.is_empty() {
            return None;
        }
        let watched = Tree::open(&self.root, distinct).and_then(|tree| self.listen(tree));
        watched.map(|watched| self.tree = Some(watched)).err().map(|error| {
            let text = format!("files are not watched: {}", in_words(&error));
            Notice::Warning { text }
        })
    }

    fn listen(&self, tree: Tree) -> io::Result<WatchedType> {
        let readable = Readable::tell(tree.as_fd(), self.inbox.clone(), || Arrival::FilesChanged)?;
        Ok(WatchedType { tree, readable })
    }

    /// Something changed: takes it, so that it is dealt with when the burst is over.
    pub(crate) fn hear(&mut self, now: Duration) -> Option<Notice> {
        let watched = self.tree.as_mut()?;
        let heard = watched.tree.hear();
        watched.readable.all_read();
        match heard {
            Ok(heard) => {
                self.take(heard, now);
                None
            }
            Err(error) => {
                let text = format!("files are not watched any more: {}", in_words(&error));
                self.tree = None;
                Some(Notice::Warning { text })
            }
        }
    }

    fn take(&mut self, heard: WatchEvents, now: Duration) {
        let WatchEvents { mut paths, is_overflown } = heard;
        paths.retain(|path| !self.own.contains(path) && self.patterns.iter().any(|own| is_meant(own, path)));
        if paths.is_empty() && !is_overflown {
            return;
        }
        self.is_overflown |= is_overflown;
        self.paths.extend(paths);
        self.burst.change(now, self.paths.len());
    }

    /// When [`FileWatch::end`] is due.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.burst.due()
    }

    /// The deadline has come; if the burst is over, what is to start again. And what is to be said.
    pub(crate) fn end(&mut self, now: Duration, machine: &Machine) -> (Option<Event>, Vec<Notice>) {
        // What the kernel has to tell by now counts, although the loop had no time yet to ask.
        let mut notices: Vec<Notice> = self.hear(now).into_iter().collect();
        if self.burst.is_endless(now) {
            notices.push(self.tell_of_no_end());
        }
        if !self.burst.is_over(now) {
            return (None, notices);
        }
        let is_git_at_work = self.root.join(".git/index.lock").exists();
        if is_git_at_work && self.burst.length(now) < LONGEST_OF_GIT {
            self.burst.wait(now);
            return (None, notices);
        }
        let (paths, is_overflown) = (std::mem::take(&mut self.paths), std::mem::take(&mut self.is_overflown));
        let is_rule = |path: &String| path.rsplit('/').next() == Some(".gitignore");
        if is_overflown || paths.iter().any(is_rule) {
            notices.extend(self.look_anew());
        }
        let (mut instances, mut cause) = (Vec::new(), None);
        for (index, patterns) in self.patterns.clone().iter().enumerate() {
            let found = paths.iter().find(|path| is_meant(patterns, path));
            let is_possible = is_overflown && !patterns.is_empty();
            if found.is_none() && !is_possible {
                continue;
            }
            if let (Some(path), true) = (found, self.is_loop(index, now, machine)) {
                notices.push(self.tell_of_loop(index, path.clone(), machine));
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

    /// Whether it is time to believe that this instance writes what it watches.
    fn is_loop(&mut self, index: usize, now: Duration, machine: &Machine) -> bool {
        let started = machine.instances().get(index).and_then(|instance| instance.started);
        let is_soon = started.is_some_and(|started| now.saturating_sub(started) < SOON);
        let count = self.soon.entry(index).or_default();
        *count = if is_soon { *count + 1 } else { 0 };
        *count >= LOOP
    }

    fn tell_of_no_end(&self) -> Notice {
        let path = self.paths.last().map_or("?", String::as_str);
        let text = format!(
            "files keep changing, at last {path}: what watches them is restarted when that has an end; put what is \
             written all the time into .gitignore, or watch less"
        );
        Notice::Warning { text }
    }

    fn tell_of_loop(&mut self, index: usize, path: String, machine: &Machine) -> Notice {
        self.soon.remove(&index);
        let name = &machine.specs()[index].name;
        let text = format!(
            "{name} was restarted {LOOP} times in a row soon after its start, at last for {path}: it seems to write \
             that file itself, so changes of it are passed over from now on; put it into .gitignore, or watch less"
        );
        self.own.push(path);
        Notice::Warning { text }
    }
}

fn is_meant(patterns: &Arc<[String]>, path: &str) -> bool {
    Patterns::new(Arc::clone(patterns)).matches(path)
}

fn in_words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOSPC) => {
            "there are more folders than may be watched (sysctl fs.inotify.max_user_watches)".into()
        }
        Some(libc::EMFILE) => "too many programs watch files (sysctl fs.inotify.max_user_instances)".into(),
        Some(_) | None => error.to_string(),
    }
}
