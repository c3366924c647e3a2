//! The pair: the monitor, whose pid the user sees, and the worker, which runs the stack.
//!
//! The monitor is one thread that waits for its child and passes signals on. The worker has a session of
//! its own, so signals of the terminal reach the monitor only. Each watches over the other:
//!
//! * the worker holds the read end of the *life-line*, a pipe into which nothing is written: its end means that
//!   the monitor is gone, however that happened, and the worker stops the stack politely;
//! * the monitor is a subreaper: when the worker dies, all that it ran falls to the monitor, which stops it
//!   by the same table (a machine without instances: every process is an orphan to it);
//! * when a stop was passed on, the grace is over and the worker gives no sign of life, the monitor kills it
//!   (`patience.rs`). Signs come through the *pulse*, a socket that the worker's loop writes to while it stops the stack.
//!
//! Once the worker is there, no error of a system call ends the monitor: it is logged, the worker is
//! told to stop the stack, and the monitor stays until nothing is left.
//!
//! A fork, not a second exec of ourselves: it costs 0.2 ms instead of a millisecond, and the plan need not
//! be written down and read again.

mod conclude;
mod delivery;
mod options;
mod suspension;

use std::collections::HashSet;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{kill, raise};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::{Pid, setsid};

use super::at_rest::give_back_memory;
use super::calls::{ForkSide, WaitResult, fork, wait_any};
use super::cgroup::Cgroup;
use super::keyboard::Keyboard;
use super::leftovers::preexisting_children;
use super::patience::Patience;
pub(crate) use super::pipe::during;
use super::pipe::pipe;
use super::reaper::become_subreaper;
use super::signals::{self, Inherited};
pub use super::signals::{check_socket, die_by, resume_pair};
pub use super::worker_exit::WorkerExit;
use super::{isolation, name, usage};
use crate::exit::{Exit, FAILED, Outcome};
use crate::signal::Signal;
use delivery::{Delivery, listen, pending};
pub use options::{MonitorOptions, WorkerPipes};
use suspension::{Suspension, SuspensionStep};

/// The time between two rounds of a monitor that cannot receive signals.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How often in a row waiting may fail before the monitor leaves all the same.
const PERSISTENCE: u32 = 1000;
/// A byte of the pulse: a sign of life.
pub const BEAT: u8 = 1;
/// A byte of the pulse: the stack is suspended, and the worker may be stopped.
pub const SUSPENDED: u8 = 2;

/// Runs `work` in the worker and watches over it. Returns in both processes: in the monitor with how ganger
/// is to end, in the worker (after its [`WorkerExit`] is sent) with an outcome that is not used.
///
/// # Errors
/// When the pair cannot be made: EAGAIN, EMFILE and the like. Nothing has been started then.
pub fn watch_over(
    watch: &MonitorOptions<'_>,
    work: impl FnOnce(WorkerPipes, &Inherited) -> WorkerExit,
) -> io::Result<Outcome> {
    become_subreaper().map_err(during("prctl"))?;
    let inherited = Inherited::now();
    let preexisting_children = preexisting_children().map_err(during("waitpid"))?;
    let (lifeline, lifeline_end) = pipe().map_err(during("pipe"))?;
    let (worker_exit, worker_exit_end) = pipe().map_err(during("pipe"))?;
    let (pulse, pulse_end) = UnixStream::pair().map_err(during("socketpair"))?;
    for end in [&pulse, &pulse_end] {
        end.set_nonblocking(true).map_err(during("socketpair"))?;
    }
    let wake_up = UnixStream::pair().map_err(during("socketpair"))?;
    wake_up.0.set_nonblocking(true).map_err(during("socketpair"))?;
    let keyboard =
        if watch.keyboard { Some(UnixStream::pair().map_err(during("socketpair"))?) } else { None };
    let (keys, keyboard) = keyboard.unzip();
    let cgroup = Cgroup::make();
    if watch.isolate {
        isolation::begin()?;
    }
    signals::block().map_err(during("sigprocmask"))?;
    signals::ignore_reports();
    match fork().map_err(during("fork"))? {
        ForkSide::Child => {
            drop((lifeline_end, worker_exit, pulse, wake_up, keys));
            if let Some(cgroup) = &cgroup {
                cgroup.enter();
            }
            let report = prepare_worker(watch.isolate).map_or_else(
                |error| {
                    (watch.log)(&format!("cannot start: {error}"));
                    WorkerExit { outcome: Outcome::Status(FAILED), has_survivors: false }
                },
                |()| work(WorkerPipes { lifeline, pulse: pulse_end, keyboard }, &inherited),
            );
            if let Err(error) = report.send(worker_exit_end) {
                (watch.log)(&format!("the worker cannot tell how it ended: {error}"));
            }
            Ok(Outcome::Status(0))
        }
        ForkSide::Parent(worker) => {
            // What the worker's work holds (the control socket) is its alone: it must be closed when it ends.
            drop((lifeline, worker_exit_end, pulse_end, keyboard, work));
            give_back_memory();
            let signals = listen(wake_up, &inherited);
            let keyboard = keys.and_then(Keyboard::open);
            let inherited_state = InheritedState { preexisting_children, cgroup, keyboard, pulse };
            let monitor = Monitor::new(worker, watch, signals, inherited_state);
            // The life-line lives as long as we do: until after the last scan of what is left.
            let outcome = monitor.watch(worker_exit);
            drop(lifeline_end);
            outcome
        }
    }
}

/// What makes a worker of a process that was just forked.
fn prepare_worker(isolate: bool) -> io::Result<()> {
    setsid().map_err(during("setsid"))?;
    become_subreaper().map_err(during("prctl"))?;
    name::set("ganger-worker", "ganger-worker: runs the stack, and stops it if its monitor is gone");
    if isolate { isolation::enter() } else { Ok(()) }
}

/// What was there before the worker.
struct InheritedState {
    preexisting_children: HashSet<i32>,
    cgroup: Option<Cgroup>,
    keyboard: Option<Keyboard>,
    pulse: UnixStream,
}

struct Monitor<'a> {
    /// `None` once it was reaped: its number may be another's then.
    worker: Option<Pid>,
    watch: &'a MonitorOptions<'a>,
    /// `None` if handlers could not be installed.
    signals: Option<Delivery>,
    preexisting_children: HashSet<i32>,
    cgroup: Option<Cgroup>,
    keyboard: Option<Keyboard>,
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
    is_troubled: bool,
}

impl<'a> Monitor<'a> {
    fn new(
        worker: Pid,
        watch: &'a MonitorOptions<'a>,
        signals: io::Result<Delivery>,
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
    fn trouble(&mut self, what: &str, error: &io::Error) {
        if !std::mem::replace(&mut self.is_troubled, true) {
            self.pass_on(Signal::TERMINATE);
            (self.watch.log)(&format!("{what}: {error}: stopping all"));
        }
    }

    fn watch(mut self, worker_exit: OwnedFd) -> io::Result<Outcome> {
        let mut failures = 0;
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
            self.wait_for_signal(self.patience.as_ref().map(Patience::due));
            for signal in self.pending() {
                self.pass_on(signal);
            }
            self.check_parents();
            self.listen_to_keys();
            self.read_pulse();
            let now = (self.watch.now)();
            let used = self.processor_time();
            if self.patience.take_if(|patience| patience.is_over(now, used)).is_some() {
                self.send(Signal::KILL);
                (self.watch.log)("the worker does not end: killing it");
            }
        };
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
        if let Some(keyboard) = self.keyboard.take_if(|keyboard| !keyboard.turn()) {
            keyboard.finish();
        }
    }

    /// Sleeps until a signal came or the deadline has passed.
    fn wait_for_signal(&mut self, deadline: Option<Duration>) {
        let left = |moment: Duration| moment.saturating_sub((self.watch.now)()) + Duration::from_millis(1);
        let patience = if self.signals.is_some() { None } else { Some(POLL_INTERVAL) };
        let timeout = match deadline.map(left).into_iter().chain(patience).min() {
            None => PollTimeout::NONE,
            Some(left) => PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
        };
        let pipe =
            self.signals.as_ref().map(|signals| PollFd::new(signals.get_read().as_fd(), PollFlags::POLLIN));
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

    fn pending(&mut self) -> Vec<Signal> {
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
                    use std::os::unix::process::ExitStatusExt;
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
                    use std::os::unix::process::ExitStatusExt;
                    if status.stopped_signal().is_none() && !status.continued() {
                        self.preexisting_children.remove(&pid.as_raw());
                    }
                }
                WaitResult::Nothing | WaitResult::NoChild => return Ok(None),
            }
        }
    }

    /// The worker has stopped the stack and itself (Ctrl-Z): so do we, and the shell has its prompt. It goes on
    /// here at SIGCONT, which waits in `signals` and is passed on like any other.
    fn stand_still(&mut self) {
        let since = (self.watch.now)();
        let _ = raise(nix::sys::signal::SIGSTOP);
        let stood_still = (self.watch.now)().saturating_sub(since);
        self.patience.iter_mut().for_each(|patience| patience.postpone(stood_still));
    }
}
