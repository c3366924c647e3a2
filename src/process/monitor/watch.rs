//! The monitor's loop: it waits for the worker, and passes signals on.

use std::collections::HashSet;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{kill, raise};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::Pid;

use super::delivery::pending;
use super::options::{MonitorOptions, SUSPENDED};
use super::suspension::{Suspension, SuspensionStep};
use crate::exit::{Exit, Outcome};
use crate::process::at_rest::give_back_memory;
use crate::process::cgroup::Cgroup;
use crate::process::keyboard::Keyboard;
use crate::process::patience::Patience;
use crate::process::reaper::{WaitResult, wait_any};
use crate::process::signal_pipe::SignalPipe;
use crate::process::signals;
use crate::process::usage;
use crate::process::worker_exit::WorkerExit;
use crate::signal::Signal;

/// The time between two rounds of a monitor that cannot receive signals.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// After this time the monitor gives back memory. While the worker and its first programs start, it would take a processor from them.
const SETTLED: Duration = Duration::from_millis(50);
/// How often in a row waiting may fail before the monitor leaves all the same.
pub(super) const PERSISTENCE: u32 = 1000;
/// What was there before the worker.
pub(super) struct InheritedState {
    pub(super) preexisting_children: HashSet<i32>,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) keyboard: Option<Keyboard>,
    pub(super) pulse: UnixStream,
}

pub(super) struct Monitor<'a> {
    /// `None` once it was reaped: its number may be another's then.
    worker: Option<Pid>,
    pub(super) watch: &'a MonitorOptions<'a>,
    /// `None` if handlers could not be installed.
    signals: Option<SignalPipe>,
    pub(super) preexisting_children: HashSet<i32>,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) keyboard: Option<Keyboard>,
    /// Where the worker's signs of life come from; `None` when its end is closed.
    pulse: Option<UnixStream>,
    /// How long the worker is waited for, once a stop was passed on.
    patience: Option<Patience>,
    /// Whether the worker is stopped, by a signal that did not come from us.
    is_worker_stopped: bool,
    suspension: Suspension,
    /// Whether a process with which the stack ends is still to be waited for.
    has_parents: bool,
    /// Whether something of our own failed, so that our status cannot be a good one.
    pub(super) is_troubled: bool,
}

impl<'a> Monitor<'a> {
    pub(super) fn new(
        worker: Pid,
        watch: &'a MonitorOptions<'a>,
        signals: io::Result<SignalPipe>,
        InheritedState { preexisting_children, cgroup, keyboard, pulse }: InheritedState,
    ) -> Self {
        let mut monitor = Self {
            worker: Some(worker),
            watch,
            signals: None,
            preexisting_children,
            cgroup,
            keyboard,
            pulse: Some(pulse),
            patience: None,
            is_worker_stopped: false,
            suspension: Suspension::None,
            has_parents: true,
            is_troubled: false,
        };
        match signals {
            Ok(signals) => monitor.signals = Some(signals),
            Err(error) => monitor.trouble("cannot listen to signals", &error),
        }
        monitor
    }

    /// Something of our own failed: said once, and the worker is asked to stop the stack.
    pub(super) fn trouble(&mut self, what: &str, error: &io::Error) {
        if !std::mem::replace(&mut self.is_troubled, true) {
            self.pass_on(Signal::TERMINATE);
            (self.watch.log)(&format!("{what}: {error}: stopping all"));
        }
    }

    /// Until all has ended. `work` is what the worker has of its own: nothing is done with it here.
    pub(super) fn watch<Work>(mut self, worker_exit: OwnedFd, work: Work) -> io::Result<Outcome> {
        let mut failures = 0;
        let mut work = Some(work);
        let mut settled = Some((self.watch.now)() + SETTLED);
        let exit = loop {
            match self.reap_until_worker() {
                Ok(Some(exit)) => break exit,
                Ok(None) => failures = 0,
                Err(error) if failures > PERSISTENCE => return Err(error),
                Err(error) => {
                    failures += 1;
                    self.trouble("cannot wait for the worker", &error);
                }
            }
            self.wait_for_signal(self.patience.as_ref().map(Patience::due).into_iter().chain(settled).min());
            for signal in self.pending() {
                self.pass_on(signal);
            }
            self.check_parents();
            self.listen_to_keys();
            self.read_pulse();
            let now = (self.watch.now)();
            if settled.take_if(|moment| now >= *moment).is_some() {
                work = None;
                give_back_memory();
            }
            let used = self.processor_time();
            if self.patience.take_if(|patience| patience.is_over(now, used)).is_some() {
                self.send(Signal::KILL);
                (self.watch.log)("the worker does not end: killing it");
            }
        };
        // The control socket is in it, and is to be closed when the worker has ended.
        drop(work);
        self.conclude(exit, WorkerExit::receive(worker_exit))
    }

    /// The processor time that the worker has used, while a stop is under way: nothing else asks for it.
    fn processor_time(&self) -> Option<Duration> {
        let worker = self.worker.filter(|_| self.patience.is_some())?;
        usage::processor_time(worker.as_raw())
    }

    fn read_pulse(&mut self) {
        let mut bytes = [0; 64];
        match self.pulse.as_mut().map(|pulse| pulse.read(&mut bytes)) {
            Some(Ok(0)) => self.pulse = None,
            Some(Ok(count)) => {
                let (now, used) = ((self.watch.now)(), self.processor_time());
                self.patience.iter_mut().for_each(|patience| patience.on_sign(now, used));
                // Elsewhere the worker has stopped itself, and this byte may come late.
                if self.watch.isolate && bytes[..count].contains(&SUSPENDED) {
                    let step = self.suspension.on_confirmed();
                    self.step(step);
                }
            }
            // Nothing came; or it cannot be read, and its processor time has to do.
            Some(Err(_)) | None => {}
        }
    }

    fn check_parents(&mut self) {
        if self.has_parents && self.watch.parents.has_ended() {
            self.has_parents = false;
            // A second request would kill at once, and Ctrl-C may end the caller before us.
            if self.patience.is_none() {
                (self.watch.log)("the process that started ganger has ended: stopping all");
                self.pass_on(Signal::TERMINATE);
            }
        }
    }

    fn listen_to_keys(&mut self) {
        self.keyboard.take_if(|keyboard| !keyboard.turn());
    }

    /// Sleeps until a signal came or the deadline has passed.
    pub(super) fn wait_for_signal(&mut self, deadline: Option<Duration>) {
        let left = |moment: Duration| moment.saturating_sub((self.watch.now)()) + Duration::from_millis(1);
        let patience = if self.signals.is_some() { None } else { Some(POLL_INTERVAL) };
        let timeout = match deadline.map(left).into_iter().chain(patience).min() {
            None => PollTimeout::NONE,
            Some(left) => PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
        };
        let pipe = self.signals.as_ref().map(|signals| PollFd::new(signals.as_fd(), PollFlags::POLLIN));
        let keys = self.keyboard.iter().flat_map(Keyboard::wanted);
        let pulse = self.pulse.as_ref().map(|pulse| PollFd::new(pulse.as_fd(), PollFlags::POLLIN));
        let parents = self.has_parents && self.worker.is_some();
        let parents = parents.then(|| self.watch.parents.descriptors()).into_iter().flatten();
        let mut waited: Vec<_> = pipe.into_iter().chain(pulse).chain(keys).chain(parents).collect();
        let waited = poll(&mut waited, timeout);
        match waited {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => self.trouble("cannot wait for signals", &error.into()),
        }
    }

    pub(super) fn pending(&mut self) -> Vec<Signal> {
        self.signals.as_mut().map(pending).unwrap_or_default()
    }

    fn pass_on(&mut self, signal: Signal) {
        if signal == Signal::CHILD {
            return;
        }
        let step = match signal {
            Signal::SUSPEND => self.suspension.request(),
            Signal::CONTINUE => {
                self.keyboard.iter_mut().for_each(Keyboard::go_on);
                self.suspension.withdraw(self.is_worker_stopped)
            }
            other => SuspensionStep::Send(other),
        };
        self.step(step);
        if signal.is_stop_request() && self.patience.is_none() {
            self.patience = Some(Patience::begin((self.watch.now)(), self.watch.grace));
        }
    }

    fn step(&mut self, step: SuspensionStep) {
        match step {
            SuspensionStep::Nothing => {}
            SuspensionStep::Send(signal) => self.send(signal),
            SuspensionStep::Stop => self.stand_still(),
        }
    }

    fn send(&self, signal: Signal) {
        if let Some((worker, known)) = self.worker.zip(signal.known()) {
            // ESRCH: it has ended, and the next round of reaping says so.
            let _ = kill(worker, known);
        }
    }

    /// Reaps all that can be reaped; how the worker ended, if it did. Others are orphans that fell to
    /// us: as PID 1 of a container, or after the worker's death.
    fn reap_until_worker(&mut self) -> io::Result<Option<Exit>> {
        loop {
            match wait_any(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED)? {
                WaitResult::Changed(pid, status) if Some(pid) == self.worker => {
                    self.is_worker_stopped = status.stopped_signal().is_some();
                    if !self.is_worker_stopped && !status.continued() {
                        self.worker = None;
                        return Ok(Some(Exit::from(status)));
                    }
                    if self.is_worker_stopped {
                        let step = self.suspension.on_worker_stopped();
                        self.step(step);
                    }
                }
                WaitResult::Changed(pid, status) => {
                    if status.stopped_signal().is_none() && !status.continued() {
                        self.preexisting_children.remove(&pid.as_raw());
                    }
                }
                WaitResult::Nothing | WaitResult::NoChild => return Ok(None),
            }
        }
    }

    /// The worker has stopped the stack and itself (Ctrl-Z): so do we, and the shell has its prompt, unless SIGCONT has come since. It goes on
    /// here at SIGCONT, which is passed on like any other.
    fn stand_still(&mut self) {
        self.keyboard.iter_mut().for_each(Keyboard::rest);
        let since = (self.watch.now)();
        let mut came = Vec::new();
        signals::stop_unless(|| {
            came = self.pending();
            came.contains(&Signal::CONTINUE)
        });
        came.extend(self.pending());
        if !came.contains(&Signal::CONTINUE) {
            // No shell watches the group.
            let _ = raise(nix::sys::signal::SIGSTOP);
        }
        let stood_still = (self.watch.now)().saturating_sub(since);
        self.patience.iter_mut().for_each(|patience| patience.postpone(stood_still));
        for signal in came {
            self.pass_on(signal);
        }
    }
}
