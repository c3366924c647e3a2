//! The record of the last run of a stack: a file that outlives it, with the latest lines and the state of each instance and how
//! the run ended, so that `logs`, `ps` and `wait` can explain a stack that is gone.
//!
//! Each line of the file is one JSON object, a status or a line of the log. The last status counts. A line that was torn by a
//! SIGKILL or a full disk is skipped. docs/design/0020-the-record-of-a-run.md has the reasons.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::address::{Address, key_of};
use super::protocol::{EndCause, LogLine, Phase, RunEnd, StackState, Status};
use crate::exit::Outcome;
use crate::process::runtime_folder::{if_there, in_first, is_ours, prepare};

/// The most bytes that are read of a record. One that is written is smaller: it is written anew before it grows to that.
const LONGEST: u64 = 16 << 20;

/// How the name of a record ends, after the key of its stack.
const ENDING: &str = ".jsonl";

/// How many records are kept, of all stacks of a user. The oldest are removed.
const KEPT: usize = 100;

/// One line of a record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordEntry {
    /// The stack, as it was then.
    Status(Box<Status>),
    /// A line of its log.
    Line(LogLine),
}

impl RecordEntry {
    /// Adds it to the text of a record.
    pub(crate) fn write_to(&self, text: &mut Vec<u8>) {
        // Cannot fail: strings and numbers into a Vec.
        let _ = serde_json::to_writer(&mut *text, self);
        text.push(b'\n');
    }
}

/// A [`RecordEntry::Status`] of which only the end is of interest: a thousand instances are not worth reading for that.
#[derive(Deserialize)]
struct StatusEntry {
    status: StatusEnd,
}

/// How a run ended, if it is over.
#[derive(Deserialize)]
struct StatusEnd {
    ended: Option<IgnoredAny>,
}

/// What a record tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LastRun {
    /// The stack. Its `state` is `ended`, and `ended` tells how.
    pub status: Status,
    /// Its latest lines, in the order in which they were read.
    pub lines: Vec<LogLine>,
    /// When the record was written last.
    pub written: Timestamp,
}

/// Where the record of a stack is, and the one of the run before.
#[derive(Clone, Debug)]
pub(crate) struct LastRunFile {
    /// The first that can be used has it.
    folders: Vec<PathBuf>,
    address: Address,
}

impl LastRunFile {
    /// Of the stack at this address. `state` is `$XDG_STATE_HOME`, or what stands for it.
    pub(crate) fn of(address: &Address, state: Option<&Path>) -> Self {
        Self { folders: folders(address, state), address: address.clone() }
    }

    /// All records of this user.
    pub(super) fn all(runtime: Option<&Path>, state: Option<&Path>) -> Vec<Self> {
        let any = Self::of(&Address::of_key("", runtime), state);
        let folders = any.folders.iter().filter(|folder| is_ours(folder));
        let names = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let keys = names.filter_map(|entry| key_of(&entry, ENDING)).filter(|key| !key.contains('.'));
        let keys: BTreeSet<String> = keys.collect();
        keys.iter().map(|key| Self::of(&Address::of_key(key, runtime), state)).collect()
    }

    /// The address of its stack.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Begins the record of a run with this text. The record of the run before is kept beside it.
    ///
    /// # Errors
    /// No folder takes it, and why the last one does not.
    pub(crate) fn begin(&self, text: &[u8]) -> io::Result<()> {
        in_first(&self.folders, |folder| {
            make_folder(folder)?;
            if_there(fs::rename(self.path(folder), self.path_before(folder)))?;
            self.replace_in(folder, text)?;
            remove_oldest(folder);
            Ok(())
        })
    }

    /// Writes the record anew.
    ///
    /// # Errors
    /// As [`LastRunFile::begin`].
    pub(crate) fn replace(&self, text: &[u8]) -> io::Result<()> {
        in_first(&self.folders, |folder| {
            make_folder(folder)?;
            self.replace_in(folder, text)
        })
    }

    /// Adds to the record.
    ///
    /// # Errors
    /// There is none, or it cannot be written to.
    pub(crate) fn append(&self, text: &[u8]) -> io::Result<()> {
        in_first(&self.folders, |folder| {
            let mut options = OpenOptions::new();
            options.append(true).custom_flags(libc::O_NOFOLLOW).open(self.path(folder))?.write_all(text)
        })
    }

    /// Removes the record and the one before, for a run that is not recorded.
    pub(crate) fn remove(&self) {
        for folder in self.folders.iter().filter(|folder| is_ours(folder)) {
            let _ = fs::remove_file(self.path(folder));
            let _ = fs::remove_file(self.path_before(folder));
        }
    }

    /// What the record tells, of a stack that does not run.
    pub(crate) fn read(&self) -> Option<LastRun> {
        self.read_in(Self::path).map(LastRun::ended)
    }

    /// What the record tells, of a stack that runs and does not answer.
    pub(super) fn read_running(&self) -> Option<Status> {
        Some(self.read_in(Self::path)?.status).filter(|status| status.ended.is_none())
    }

    /// What the record of the run before tells, while a stack runs.
    pub(crate) fn read_before(&self) -> Option<LastRun> {
        self.read_in(Self::path_before).map(LastRun::ended)
    }

    /// Completes the record where the worker did not: `monitor` is the pid of this process, and the run ended like this
    /// at `now`.
    pub(crate) fn complete(&self, monitor: i32, outcome: Outcome, now: Timestamp) {
        let is_open = |status: &Status| status.ended.is_none() && status.pid == Some(monitor);
        // A worker that came to its end has written the record anew, with a status that is first and says so.
        let is_unfinished = self.first_status().is_some_and(|status| status.ended.is_none());
        let Some(mut run) = is_unfinished.then(|| self.read_in(Self::path)).flatten() else { return };
        if !is_open(&run.status) {
            return;
        }
        let exit_status = outcome.status();
        run.status.ended = Some(Box::new(RunEnd {
            at: Some(format!("{now:.3}")),
            cause: EndCause::WorkerKilled,
            message: "the worker of ganger was killed".into(),
            process: None,
            exit_status: Some(exit_status),
        }));
        // There is no place left to report a failure to.
        let _ = self.replace(&run.ended().text());
    }

    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}{ENDING}", self.address.key()))
    }

    fn path_before(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.before{ENDING}", self.address.key()))
    }

    fn replace_in(&self, folder: &Path, text: &[u8]) -> io::Result<()> {
        let new = folder.join(format!("{}.new", self.address.key()));
        if_there(fs::remove_file(&new))?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| file.write_all(text))
            .and_then(|()| fs::rename(&new, self.path(folder)));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn open(&self, path: impl Fn(&Self, &Path) -> PathBuf) -> Option<File> {
        let folders = self.folders.iter().filter(|folder| is_ours(folder));
        folders
            .map(|folder| path(self, folder))
            .find_map(|path| OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path).ok())
    }

    /// `None` if the record begins with a line of the log.
    fn first_status(&self) -> Option<StatusEnd> {
        let mut line = Vec::new();
        BufReader::new(self.open(Self::path)?.take(LONGEST)).read_until(b'\n', &mut line).ok()?;
        serde_json::from_slice(&line).map(|StatusEntry { status }| status).ok()
    }

    fn read_in(&self, path: impl Fn(&Self, &Path) -> PathBuf) -> Option<LastRun> {
        let file = self.open(path)?;
        let written = file.metadata().ok()?.modified().ok()?;
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        let mut run = LastRun { written: Timestamp::try_from(written).ok()?, ..LastRun::default() };
        let mut has_status = false;
        for line in text.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(RecordEntry::Status(status)) => (run.status, has_status) = (*status, true),
                Ok(RecordEntry::Line(line)) => run.lines.push(line),
                Err(_) => {}
            }
        }
        has_status.then_some(run)
    }
}

impl LastRun {
    /// The same, of a run that is over. Where its end was not recorded, both processes of ganger were killed.
    fn ended(mut self) -> Self {
        let status = &mut self.status;
        (status.pid, status.state) = (None, Some(StackState::Ended));
        let end = status.ended.get_or_insert_with(|| {
            Box::new(RunEnd {
                at: None,
                cause: EndCause::Killed,
                message: "both processes of ganger were killed, or the machine went down".into(),
                process: None,
                exit_status: None,
            })
        });
        let is_known = !matches!(end.cause, EndCause::Killed | EndCause::WorkerKilled);
        for row in &mut status.instances {
            (row.pid, row.url, row.uptime_seconds, row.ready) = (None, None, None, false);
            match row.state {
                Phase::Running | Phase::Starting | Phase::Stopping if !is_known => row.state = Phase::Unknown,
                Phase::Waiting
                | Phase::Starting
                | Phase::Running
                | Phase::Stopping
                | Phase::Stopped
                | Phase::Exited
                | Phase::Restarting
                | Phase::GivenUp
                | Phase::Failed
                | Phase::Unknown => {}
            }
        }
        self
    }

    fn text(self) -> Vec<u8> {
        let mut text = Vec::new();
        RecordEntry::Status(Box::new(self.status)).write_to(&mut text);
        self.lines.into_iter().for_each(|line| RecordEntry::Line(line).write_to(&mut text));
        text
    }

    /// The latest lines of one instance.
    pub(crate) fn lines_of(&self, process: &str, count: usize) -> Vec<LogLine> {
        let own = self.lines.iter().filter(|line| line.process == process);
        let all: Vec<&LogLine> = own.collect();
        all[all.len().saturating_sub(count)..].iter().map(|line| (*line).clone()).collect()
    }
}

/// The folders that may hold what outlives the stack at this address. `state` is `$XDG_STATE_HOME`, or what stands for it.
pub(super) fn folders(address: &Address, state: Option<&Path>) -> Vec<PathBuf> {
    let in_state = state.map(|folder| folder.join("ganger"));
    in_state.into_iter().chain(address.folders().first().cloned()).collect()
}

/// The folder and those above it, as the XDG Base Directory Specification asks: for their owner only.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.is_dir()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    prepare(folder)
}

/// Removes the oldest records beyond [`KEPT`].
fn remove_oldest(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut records: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let is_record = path.as_os_str().as_encoded_bytes().ends_with(ENDING.as_bytes());
            let written = entry.metadata().and_then(|found| found.modified()).ok()?;
            is_record.then_some((written, path))
        })
        .collect();
    if records.len() > KEPT {
        records.sort();
        for (_, path) in &records[..records.len() - KEPT] {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
#[path = "last_run_tests.rs"]
mod tests;
