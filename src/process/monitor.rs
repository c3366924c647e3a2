//! The pair: the monitor, whose pid the user sees, and the worker, who does everything.
//!
//! The monitor is one thread that waits for its child and passes signals on. The worker has a session of
//! its own, so signals of the terminal meet the monitor only. Each is the other's keeper:
//!
//! * the worker holds the read end of the *life-line*, a pipe into which nobody writes: its end means that
//!   the monitor is gone, however that happened, and the worker stops the stack politely;
//! * the monitor is a subreaper: when the worker dies, all that it ran falls to the monitor, which stops it
//!   by the same table (a [`Machine`](crate::machine::Machine) without instances: everything is a stranger to it);
//! * when a stop was passed on and the worker has not ended long after the grace, the monitor kills it.
//!
//! A fork, not a second exec of ourselves: it costs 0.2 ms instead of a millisecond, and the plan need not
//! be written down and read again.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{kill, raise};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::{Pid, pipe2, setsid};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::calls::{Side, Waited, fork, wait_any};
use super::leftovers::Leftovers;
use super::name;
use super::reaper::become_subreaper;
use super::signals::{self, Inherited};
use crate::exit::{Exit, FAILED, Outcome};
use crate::signal::Signal;

/// How much longer than the grace the worker may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(5);

/// What the worker says at its end. No verdict means that it did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How ganger is to end.
    pub outcome: Outcome,
    /// Whether processes are left that could not be ended, and have been named.
    pub has_survivors: bool,
}

/// What the monitor needs to know.
pub struct Watch<'a> {
    /// The longest grace of any instance.
    pub grace: Duration,
    /// The time since the start of the run.
    pub now: &'a dyn Fn() -> Duration,
    /// Says a line of our own to the person, where the worker cannot any more.
    pub say: &'a dyn Fn(&str),
}

/// Runs `work` in the worker and watches over it. Returns in both processes: in the monitor with how ganger
/// is to end, in the worker (after its verdict) with an outcome that means nothing to anybody.
///
/// # Errors
/// When the pair cannot be made: EAGAIN, EMFILE and the like. Nothing has been started then.
pub fn watch_over(
    watch: &Watch<'_>,
    work: impl FnOnce(OwnedFd, &Inherited) -> Verdict,
) -> io::Result<Outcome> {
    become_subreaper()?;
    let inherited = Inherited::now();
    let (lifeline, lifeline_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (verdict, verdict_end) = pipe2(OFlag::O_CLOEXEC)?;
    signals::block()?;
    match fork()? {
        Side::Child => {
            drop((lifeline_end, verdict));
            Ok(worker(lifeline, verdict_end, &inherited, work))
        }
        Side::Parent(worker) => {
            drop((lifeline, verdict_end));
            let monitor = Monitor::new(worker, watch, &inherited)?;
            // The life-line lives as long as we do: until after the last look at what is left.
            let outcome = monitor.watch(verdict);
            drop(lifeline_end);
            outcome
        }
    }
}

fn worker(
    lifeline: OwnedFd,
    verdict: OwnedFd,
    inherited: &Inherited,
    work: impl FnOnce(OwnedFd, &Inherited) -> Verdict,
) -> Outcome {
    // Neither can fail for a process that was just forked; if one did, the monitor's side still holds.
    let _ = setsid();
    let _ = become_subreaper();
    name::set("ganger-worker", "ganger-worker: runs the stack, and stops it if its monitor is gone");
    let said = work(lifeline, inherited);
    let bytes = said.to_bytes();
    // Nobody reads it if the monitor is gone.
    let _ = std::fs::File::from(verdict).write_all(&bytes);
    Outcome::Status(0)
}

impl Verdict {
    fn to_bytes(self) -> [u8; 3] {
        let survivors = u8::from(self.has_survivors);
        match self.outcome {
            Outcome::Status(status) => [0, status, survivors],
            Outcome::DieBy(signal) => [1, u8::try_from(signal.0).unwrap_or(0), survivors],
        }
    }

    fn from_bytes([kind, value, survivors]: [u8; 3]) -> Self {
        let outcome =
            if kind == 0 { Outcome::Status(value) } else { Outcome::DieBy(Signal(i32::from(value))) };
        Self { outcome, has_survivors: survivors != 0 }
    }
}

struct Monitor<'a> {
    worker: Pid,
    watch: &'a Watch<'a>,
    signals: SignalDelivery<UnixStream, SignalOnly>,
    /// When the worker counts as stuck, once a stop was passed on.
    deadline: Option<Duration>,
    /// Whether Ctrl-Z was passed on, and so a stop of the worker is ours too.
    is_suspending: bool,
}

impl<'a> Monitor<'a> {
    fn new(worker: Pid, watch: &'a Watch<'a>, inherited: &Inherited) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        let signals = SignalDelivery::with_pipe(read, write, SignalOnly, inherited.heard())?;
        signals::unblock()?;
        Ok(Self { worker, watch, signals, deadline: None, is_suspending: false })
    }

    fn watch(mut self, verdict: OwnedFd) -> io::Result<Outcome> {
        let exit = loop {
            if let Some(exit) = self.reap_until_worker()? {
                break exit;
            }
            self.wait_for_signal(self.deadline)?;
            for signal in self.pending() {
                self.pass_on(signal);
            }
            if self.deadline.is_some_and(|deadline| (self.watch.now)() >= deadline) {
                (self.watch.say)("the worker does not end: killing it");
                self.deadline = None;
                let _ = kill(self.worker, nix::sys::signal::SIGKILL);
            }
        };
        self.conclude(exit, read_verdict(verdict))
    }

    /// Sleeps until a signal came or the deadline has passed.
    fn wait_for_signal(&self, deadline: Option<Duration>) -> io::Result<()> {
        let timeout = match deadline {
            None => PollTimeout::NONE,
            Some(deadline) => {
                let left = deadline.saturating_sub((self.watch.now)()) + Duration::from_millis(1);
                PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
            }
        };
        let mut wait = [PollFd::new(self.signals.get_read().as_fd(), PollFlags::POLLIN)];
        match poll(&mut wait, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn pending(&mut self) -> Vec<Signal> {
        // Empties the wake-up pipe; what came is in `pending`.
        let mut bytes = [0; 64];
        while self.signals.get_read_mut().read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        self.signals.pending().map(Signal).collect()
    }

    fn pass_on(&mut self, signal: Signal) {
        if signal == Signal::CHILD {
            return;
        }
        if let Some(known) = signal.known() {
            // ESRCH: it has ended, and the next round of reaping says so.
            let _ = kill(self.worker, known);
        }
        self.is_suspending |= signal == Signal::SUSPEND;
        let is_stop = [Signal::INTERRUPT, Signal::TERMINATE, Signal::HANGUP, Signal::QUIT].contains(&signal);
        if is_stop && self.deadline.is_none() {
            self.deadline = Some((self.watch.now)() + self.watch.grace + STUCK);
        }
    }

    /// Reaps everybody who can be reaped; how the worker ended, if it did. Others are orphans that fell to
    /// us: as PID 1 of a container, or after the worker's death.
    fn reap_until_worker(&mut self) -> io::Result<Option<Exit>> {
        loop {
            match wait_any(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)? {
                Waited::Changed(pid, status) if pid == self.worker => {
                    use std::os::unix::process::ExitStatusExt;
                    if status.stopped_signal().is_none() {
                        return Ok(Some(Exit::from(status)));
                    }
                    // Somebody who stops the worker alone does not stop us: we could not end it then.
                    if std::mem::take(&mut self.is_suspending) {
                        self.stand_still();
                    }
                }
                Waited::Changed(..) => {}
                Waited::Nothing | Waited::NoChild => return Ok(None),
            }
        }
    }

    /// The worker has stopped the stack and itself (Ctrl-Z): so do we, and the shell has its prompt. We go on
    /// here when somebody sends SIGCONT, which waits in `signals` and is passed on like any other.
    fn stand_still(&mut self) {
        let since = (self.watch.now)();
        let _ = raise(nix::sys::signal::SIGSTOP);
        let stood_still = (self.watch.now)().saturating_sub(since);
        self.deadline = self.deadline.map(|deadline| deadline + stood_still);
    }

    fn conclude(mut self, exit: Exit, verdict: Option<Verdict>) -> io::Result<Outcome> {
        if let Some(verdict) = verdict {
            if verdict.has_survivors || has_no_child()? {
                return Ok(verdict.outcome);
            }
        } else {
            (self.watch.say)(&format!("the worker {exit} before its end: stopping what it ran"));
        }
        let has_survivors = self.clear()?;
        let outcome = verdict.map_or(Outcome::Status(FAILED), |verdict| verdict.outcome);
        Ok(match (verdict, exit) {
            (None, Exit::Signal(_)) => Outcome::Status(exit.status()),
            _ if has_survivors && outcome == Outcome::Status(0) => Outcome::Status(FAILED),
            _ => outcome,
        })
    }

    /// Stops everything below us. A signal that comes meanwhile counts as it would have for the worker.
    fn clear(&mut self) -> io::Result<bool> {
        let now = self.watch.now;
        let mut leftovers = Leftovers::begin(self.watch.grace, now());
        while !leftovers.is_over() {
            self.wait_for_signal(leftovers.deadline())?;
            let signals = self.pending();
            leftovers.advance(now(), &signals)?;
        }
        for refusal in leftovers.survivors() {
            (self.watch.say)(&format!("cannot end {} (pid {})", refusal.name, refusal.pid));
        }
        Ok(leftovers.has_survivors())
    }
}

fn has_no_child() -> io::Result<bool> {
    Ok(super::reaper::reap()?.is_empty)
}

fn read_verdict(verdict: OwnedFd) -> Option<Verdict> {
    let mut bytes = [0; 3];
    // The worker is gone, so this ends at once: with the bytes, or with the end of the pipe. A process that
    // inherited the write end is not possible: it is closed on exec.
    std::fs::File::from(verdict).read_exact(&mut bytes).ok()?;
    Some(Verdict::from_bytes(bytes))
}

/// Ends this process by `signal`, so that whoever waits for it sees that (a shell then stops its loop, make
/// its rules). Returns if the signal did not end us (PID 1 is immune): then 128+n is next best.
pub fn die_by(signal: Signal) {
    super::calls::restore_default(signal);
    let _ = signals::unblock();
    if let Some(known) = signal.known() {
        let _ = raise(known);
    }
}
