//! A ganger that runs, with its output read line by line.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe2};

use super::{Mark, PATIENCE, holds};

/// A started ganger.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    mark: Mark,
    /// Whether what has the mark is ours alone.
    is_alone: bool,
    /// The read end of a pipe; every process inherits the write end, so it ends when all are gone.
    lifetime: OwnedFd,
}

impl Running {
    /// Starts `command` and reads its standard output.
    pub(crate) fn start(command: Command) -> Self {
        Self::with_mark(command, Mark::new(), true)
    }

    /// Starts `command` with these as its standard output and standard error, of which nothing is read.
    pub(crate) fn start_on(command: Command, stdout: Stdio, stderr: Stdio) -> Self {
        Self::with_streams(command, Mark::new(), true, (stdout, stderr))
    }

    /// The same as one of several that belong together: the owner of the mark sweeps.
    pub(crate) fn start_as(command: Command, mark: &Mark) -> Self {
        Self::with_mark(command, mark.clone(), false)
    }

    fn with_mark(command: Command, mark: Mark, is_alone: bool) -> Self {
        Self::with_streams(command, mark, is_alone, (Stdio::piped(), Stdio::piped()))
    }

    fn with_streams(
        mut command: Command,
        mark: Mark,
        is_alone: bool,
        (stdout, stderr): (Stdio, Stdio),
    ) -> Self {
        let starting = super::one_start_at_a_time();
        let (lifetime, held) = pipe2(OFlag::empty()).unwrap();
        nix::fcntl::fcntl(&lifetime, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        command.env(Mark::NAME, mark.value()).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let mut child = command.spawn().unwrap();
        // It holds the ends that the child was given.
        drop((held, command));
        drop(starting);
        let (sender, lines) = channel();
        if let Some(mut stderr) = child.stderr.take() {
            let errors = sender.clone();
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = stderr.read_to_string(&mut text);
                for line in text.lines() {
                    let _ = errors.send(format!("stderr: {line}"));
                }
            });
        }
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let (mut stdout, mut line) = (BufReader::new(stdout), Vec::new());
                while stdout.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_string();
                    if sender.send(text).is_err() {
                        return;
                    }
                    line.clear();
                }
            });
        }
        Self { child, lines, seen: Vec::new(), mark, is_alone, lifetime }
    }

    /// The pid that a user sees.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// The other half of the pair: the child of the monitor.
    pub(crate) fn worker(&self) -> i32 {
        self.worker_if_any().expect("no worker")
    }

    /// The same, if it has not ended.
    pub(crate) fn worker_if_any(&self) -> Option<i32> {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid())).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Kills both processes of ganger at once, and waits until both are gone.
    pub(crate) fn kill_both(&mut self) {
        let worker = self.worker();
        let _ = kill(Pid::from_raw(self.pid()), Signal::SIGKILL);
        let _ = kill(Pid::from_raw(worker), Signal::SIGKILL);
        // A zombie has no `exe`.
        let worker = PathBuf::from(format!("/proc/{worker}/exe"));
        assert!(holds(|| !worker.exists()), "the worker does not die");
        self.wait();
    }

    /// The mark that everything of this start has.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Waits for a line that contains `text`, and returns it.
    pub(crate) fn line(&mut self, text: &str) -> String {
        self.line_where(&format!("{text:?}"), |line| line.contains(text))
    }

    /// Waits for a line for each of these texts, in any order.
    pub(crate) fn lines(&mut self, texts: &[&str]) {
        let mut awaited = texts.to_vec();
        while !awaited.is_empty() {
            let what = format!("{awaited:?}");
            let line = self.line_where(&what, |line| awaited.iter().any(|text| line.contains(text)));
            awaited.retain(|text| !line.contains(text));
        }
    }

    /// Waits for a line of which `is_it` is true.
    pub(crate) fn line_where(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if is_it(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no line {what}; seen:\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    /// Sends a signal again and again until a line that contains `text` is there.
    pub(crate) fn signal_until(&mut self, signal: Signal, text: &str) {
        let begin = self.seen.len();
        let is_there = holds(|| {
            self.signal(signal);
            self.seen.extend(self.lines.try_iter());
            self.seen[begin..].iter().any(|line| line.contains(text))
        });
        assert!(is_there, "no line {text:?}; seen:\n{}", self.seen.join("\n"));
    }

    /// Sends a signal to the pid that a user sees.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Waits for its end; everything that it said, and how it ended. That nothing is left is checked too.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.wait();
        let left = self.mark.processes();
        assert!(left.is_empty(), "left behind: {left:?}; seen:\n{}", self.seen.join("\n"));
        self.seen.extend(self.lines.iter());
        (status, std::mem::take(&mut self.seen))
    }

    /// Everything that it has said, now that it has ended.
    pub(crate) fn all_said(&mut self) -> Vec<String> {
        self.seen.extend(self.lines.iter());
        std::mem::take(&mut self.seen)
    }

    /// Waits for its end only.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        let pidfd_free = self.child.id();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            // The end of its output is a sign of its end; until then lines are kept.
            match self.lines.recv_timeout(Duration::from_millis(20)) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => drop(poll(&mut [], PollTimeout::from(10_u8))),
            }
            assert!(Instant::now() < end, "{pidfd_free} does not end; seen:\n{}", self.seen.join("\n"));
        }
    }

    /// Waits until every process that inherited our descriptors is gone; `false` after `limit`.
    pub(crate) fn all_gone_within(&self, limit: Duration) -> bool {
        let mut wait = [PollFd::new(self.lifetime.as_fd(), PollFlags::POLLIN)];
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match poll(&mut wait, PollTimeout::try_from(left).unwrap()) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(_) => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        if self.is_alone {
            self.mark.sweep();
        }
        let _ = self.child.wait();
    }
}
