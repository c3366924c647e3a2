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
mod watch;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::setsid;

use super::calls::{ForkSide, fork, trim_stack};
use super::cgroup::Cgroup;
pub(crate) use super::keyboard::KeyChannel;
use super::keyboard::Keyboard;
use super::leftovers::preexisting_children;
pub(crate) use super::pipe::during;
use super::pipe::pipe;
use super::reaper::become_subreaper;
use super::signals::{self, Inherited};
pub(crate) use super::signals::{check_socket, die_by, resume_pair};
use super::tree::note;
pub(crate) use super::worker_exit::WorkerExit;
use super::{isolation, name};
use crate::exit::{FAILED, Outcome};
use delivery::listen;
pub(crate) use options::{BEAT, MonitorOptions, SUSPENDED, WorkerPipes};
use watch::{InheritedState, Monitor};

/// The milliseconds that a worker takes until its first program starts, with some to spare.
const START: u8 = 2;

/// Runs `work` in the worker and watches over it. Returns in both processes: in the monitor with how ganger
/// is to end, in the worker (after its [`WorkerExit`] is sent) with an outcome that is not used.
///
/// # Errors
/// When the pair cannot be made: EAGAIN, EMFILE and the like. Nothing has been started then.
pub(crate) fn watch_over(
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
    let keyboard = if watch.keyboard { KeyChannel::pair().map_err(during("socketpair"))? } else { None };
    let (keys, keyboard) = keyboard.unzip();
    let cgroup = Cgroup::make();
    if watch.isolate {
        isolation::begin()?;
    }
    signals::block().map_err(during("sigprocmask"))?;
    signals::ignore_reports();
    // Both halves would keep what the command line and the plan took of it.
    trim_stack();
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
            drop((lifeline, worker_exit_end, pulse_end, keyboard));
            give_way(&worker_exit);
            // Where orphans do not fall to us, what the worker makes is recognised by the worker.
            note(worker.as_raw());
            let signals = listen(wake_up, &inherited);
            let keyboard = keys.and_then(Keyboard::open);
            let inherited_state = InheritedState { preexisting_children, cgroup, keyboard, pulse };
            let monitor = Monitor::new(worker, watch, signals, inherited_state);
            // The life-line lives as long as we do: until after the last scan of what is left.
            let outcome = monitor.watch(worker_exit, work);
            drop(lifeline_end);
            outcome
        }
    }
}

/// Waits for a moment, or for the end of the worker: it has more to do before the first line, and the kernel often keeps both on one processor
/// for that time, where yielding to a process of another session (sched(7), "The autogroup feature") holds for microseconds only. Signals are
/// blocked, and come after it.
fn give_way(worker_exit: &OwnedFd) {
    // If it is interrupted, or fails, the worker starts a little later.
    let _ = poll(&mut [PollFd::new(worker_exit.as_fd(), PollFlags::POLLIN)], START);
}

/// What makes a worker of a process that was just forked.
fn prepare_worker(isolate: bool) -> io::Result<()> {
    setsid().map_err(during("setsid"))?;
    become_subreaper().map_err(during("prctl"))?;
    #[cfg(not(target_os = "linux"))]
    super::tree::watch_forks().map_err(during("kqueue"))?;
    name::set("ganger-worker", "ganger-worker: runs the stack, and stops it if its monitor is gone");
    if isolate { isolation::enter() } else { Ok(()) }
}
