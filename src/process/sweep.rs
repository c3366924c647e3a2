//! What an earlier run in this root left when both of its halves were killed at once: found by its mark, stopped by the
//! table of the machine.
//!
//! They are not children of this process, so a pid may be given to another process at any time: each is opened as a pidfd,
//! checked again, and only then signalled (pidfd_open(2)).

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::pidfd;
use super::run::RunId;
use super::signalled::{Signalled, stop_sequence};
use super::tree::{Process, RUN_MARK, descendants, environment, pids, process, variable_of};
use crate::machine::{Action, Event, Machine, ProcessCounts};
use crate::signal::Signal;

/// How many ends are waited for at once; the machine looks again soon in any case.
const WATCHED: usize = 32;

/// A process that an earlier run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// Which.
    pub process: Process,
    /// The mark that it was found by; none if it was found below one that has it.
    mark: Option<String>,
}

/// Every living process that has the mark of a dead run in `root` (a real path), and all below it.
///
/// Only those of our own user and namespace of process ids: the numbers in a mark mean nothing in another,
/// and what lives in a container that mounts the same folder is its own business.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn leftovers(root: &Path) -> io::Result<Vec<Leftover>> {
    let (user, namespace) = (nix::unistd::geteuid().as_raw(), namespace_of("self"));
    let spared = ancestors();
    let mut dead: HashMap<String, bool> = HashMap::new();
    let mut found: Vec<Leftover> = Vec::new();
    for pid in pids()? {
        let Some(mark) = mark_of(pid)? else { continue };
        let is_dead = *dead.entry(mark.clone()).or_insert_with_key(|mark| is_dead_run(mark, root));
        if is_dead
            && !spared.contains(&pid)
            && is_of(pid, user)
            && namespace_of(&pid.to_string()) == namespace
        {
            found.extend(process(pid).map(|process| Leftover { process, mark: Some(mark) }));
            let below = descendants(pid)?.processes.into_iter();
            found.extend(below.map(|process| Leftover { process, mark: None }));
        }
    }
    let mut seen = HashSet::new();
    // A process found by its own mark counts as that.
    found.sort_by_key(|leftover| leftover.mark.is_none());
    found.retain(|leftover| !spared.contains(&leftover.process.pid) && seen.insert(leftover.process.pid));
    Ok(found)
}

/// A run that lives, found by the marks of what it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LivingRun {
    /// The pid of its monitor, or of its worker where that one is gone.
    pub pid: i32,
    /// `$XDG_RUNTIME_DIR` as it was when that process was started.
    pub runtime: Option<PathBuf>,
}

/// The run that lives in `root` (a real path), found without its socket.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn living(root: &Path) -> io::Result<Option<LivingRun>> {
    for pid in pids()? {
        let run = mark_of(pid)?.and_then(|mark| RunId::parse(&mark)).filter(|run| run.is_of(root));
        if let Some(pid) = run.and_then(|run| run.living_half()) {
            let environment = environment(pid)?.unwrap_or_default();
            let runtime = variable_of(&environment, b"XDG_RUNTIME_DIR").map(<[u8]>::to_vec);
            return Ok(Some(LivingRun { pid, runtime: runtime.map(|path| OsString::from_vec(path).into()) }));
        }
    }
    Ok(None)
}

fn mark_of(pid: i32) -> io::Result<Option<String>> {
    let environment = environment(pid)?.unwrap_or_default();
    Ok(variable_of(&environment, RUN_MARK).and_then(|mark| String::from_utf8(mark.to_vec()).ok()))
}

fn is_dead_run(mark: &str, root: &Path) -> bool {
    RunId::parse(mark).is_some_and(|run| run.is_of(root) && !run.is_alive())
}

/// Whether a process is this user's.
#[cfg(target_os = "linux")]
fn is_of(pid: i32, user: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok_and(|metadata| metadata.uid() == user)
}

/// The same: only of those the mark can be read.
#[cfg(not(target_os = "linux"))]
fn is_of(_pid: i32, _user: u32) -> bool {
    true
}

fn namespace_of(pid: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

/// This process and its ancestors: the shell that runs it may have been left by an earlier run.
fn ancestors() -> HashSet<i32> {
    let own = process(std::process::id().cast_signed());
    let line = std::iter::successors(own, |child| process(child.parent));
    line.map(|process| process.pid).collect()
}

/// A stop of what an earlier run left.
#[derive(Debug)]
pub(crate) struct Sweep<'a> {
    root: &'a Path,
    machine: Machine,
    signalled: Signalled,
    watched: Vec<OwnedFd>,
    survivors: Vec<Leftover>,
}

impl<'a> Sweep<'a> {
    /// Begins it at `now`, with this grace between SIGTERM and SIGKILL.
    pub(crate) fn begin(root: &'a Path, grace: Duration, now: Duration) -> Self {
        let mut machine = Machine::without_instances(grace);
        // Its first action is a scan, which `advance` does anyway.
        let _ = machine.handle(now, Event::Broken("an earlier run was killed".into()));
        Self { root, machine, signalled: Signalled::default(), watched: Vec::new(), survivors: Vec::new() }
    }

    /// Whether nothing is left, or hope was given up.
    pub(crate) fn is_over(&self) -> bool {
        self.machine.outcome().is_some()
    }

    /// The processes that could not be ended.
    pub(crate) fn survivors(&self) -> &[Leftover] {
        &self.survivors
    }

    /// Looks and signals once.
    ///
    /// # Errors
    /// When /proc cannot be read, or the kernel has no pidfd (before 5.3).
    pub(crate) fn advance(&mut self, now: Duration) -> io::Result<()> {
        let mut left = leftovers(self.root)?;
        if left.is_empty() {
            // One that forks and ends may be missed by a scan; hardly twice.
            left = leftovers(self.root)?;
        }
        let mut events = if left.is_empty() {
            vec![Event::AllGone]
        } else {
            let counts = ProcessCounts { instances: Vec::new(), orphans: left.len() };
            vec![Event::Timeout, Event::Scanned(counts)]
        };
        while let Some(event) = events.pop() {
            for action in self.machine.handle(now, event) {
                self.perform(&action, &left)?;
            }
        }
        self.watched =
            left.iter().take(WATCHED).filter_map(|leftover| open(leftover).ok().flatten()).collect();
        Ok(())
    }

    /// Sleeps until one of them has ended, or there is something to do.
    pub(crate) fn wait(&self, now: Duration) {
        let left = self.machine.deadline().unwrap_or(now).saturating_sub(now) + Duration::from_millis(1);
        let mut ends: Vec<PollFd<'_>> =
            self.watched.iter().map(|pidfd| PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)).collect();
        // Whatever it returns, the next step is a scan.
        let _ = poll(&mut ends, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    }

    fn perform(&mut self, action: &Action, left: &[Leftover]) -> io::Result<()> {
        match action {
            Action::Stop(_) | Action::StopRest(_) | Action::StopAll(_) => {
                let mut first = left.iter().filter(|leftover| self.signalled.is_first(&leftover.process));
                first.try_for_each(|leftover| send(leftover, &stop_sequence(Signal::TERMINATE)))?;
            }
            Action::Kill(_) => left.iter().try_for_each(|leftover| send(leftover, &[Signal::KILL]))?,
            Action::ReportSurvivors(_) => self.survivors = left.to_vec(),
            // The next step is a scan in any case.
            Action::Scan
            | Action::Signal(..)
            | Action::Answer(..)
            | Action::Forward(_)
            | Action::Enroll(..)
            | Action::Spawn(_)
            | Action::Probe(_)
            | Action::Inspect(_)
            | Action::ReportExit(..)
            | Action::Report(..)
            | Action::Notify(_)
            | Action::Suspend
            | Action::Resume
            | Action::Resize => {}
        }
        Ok(())
    }
}

/// The very process that was seen, if it still is what it was; `None` if it is gone.
fn open(leftover: &Leftover) -> io::Result<Option<OwnedFd>> {
    let Leftover { process: seen, mark } = leftover;
    let pidfd = match pidfd::open(seen.pid) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
        other => other?,
    };
    // From here on the number cannot change its owner unnoticed: if it is still the same one, the descriptor
    // is of the one that was seen. By its mark too: it may have become another program since.
    let is_same = process(seen.pid).is_some_and(|now| now.identity() == seen.identity());
    let has_mark = mark.is_none() || mark_of(seen.pid)? == *mark;
    Ok((is_same && has_mark).then_some(pidfd))
}

fn send(leftover: &Leftover, signals: &[Signal]) -> io::Result<()> {
    let Some(pidfd) = open(leftover)? else { return Ok(()) };
    for signal in signals {
        // Gone by now; or it changed its user, and is named at the end.
        #[cfg(target_os = "linux")]
        let _ = pidfd::send_signal(pidfd.as_fd(), *signal);
        // A queue of the kernel tells of a process only.
        #[cfg(not(target_os = "linux"))]
        let _ = (&pidfd, super::tree::send_to(&leftover.process, *signal));
    }
    Ok(())
}
