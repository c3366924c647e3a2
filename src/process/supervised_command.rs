//! A command in the user's terminal, with us around it: as if it had replaced us, but that we are there when
//! it ends.
//!
//! ```text
//!  shell ── outer    the pid that the user sees: waits, passes signals on
//!             └── inner    holds the connection to the stack, reaps what the command leaves
//!                   └── the command
//! ```
//!
//! All three are of one session and one process group, so that the terminal, Ctrl-C and Ctrl-Z are the command's
//! as in a shell. Outer and inner are each watch over the other as monitor and worker are ([`super::monitor`]):
//! both are subreapers, and a life-line pipe tells the inner one that the outer one was killed. It then stops the
//! command and all that came from it.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::kill;
use nix::sys::wait::WaitPidFlag;
use nix::unistd::Pid;

use super::calls::{ForkSide, fork};
use super::leftovers::{Leftovers, preexisting_children};
use super::monitor::during;
use super::name;
use super::parents::WatchedParents;
use super::pipe::pipe;
use super::program::MissingProgram;
use super::reaper::become_subreaper;
use super::reaper::{WaitResult, wait_any};
use super::replace::{self, Replacement};
use super::signal_receiver::{self, SignalReceiver};
use super::tree::note;
use crate::exit::{Exit, Outcome};
use crate::signal::Signal;

/// What to run, and what is needed beside it.
pub(crate) struct SupervisedCommand<'a> {
    /// The command.
    pub replacement: &'a Replacement,
    /// What its leftovers have between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// The processes with which the command ends.
    pub parents: &'a WatchedParents,
    /// The time since some moment.
    pub now: &'a dyn Fn() -> Duration,
    /// Logs a line on standard error.
    pub log: &'a dyn Fn(&str),
    /// Called once, when something comes from what is held.
    pub lost: &'a dyn Fn(),
}

/// The process that has returned from [`supervise_command`]: three do.
#[derive(Debug)]
pub(crate) enum ForkReturn<H> {
    /// The outer one: how the inner one ended.
    Outer(Exit),
    /// The inner one: how the command ended, and what is held. What it does now, and its end, the outer one waits
    /// for.
    Inner(Exit, H),
    /// What should have become the command, and could not.
    Command(MissingProgram),
}

/// Runs the command to its end, and stops what it leaves. `hold` is a connection that the inner one keeps open
/// meanwhile.
///
/// # Errors
/// When processes cannot be made (EAGAIN, EMFILE and the like), or waited for.
pub(crate) fn supervise_command<H: AsFd>(
    supervised: &SupervisedCommand<'_>,
    hold: H,
) -> io::Result<ForkReturn<H>> {
    become_subreaper().map_err(during("prctl"))?;
    let preexisting_children = preexisting_children().map_err(during("waitpid"))?;
    let (lifeline, lifeline_end) = pipe().map_err(during("pipe"))?;
    signal_receiver::block().map_err(during("sigprocmask"))?;
    match fork().map_err(during("fork"))? {
        ForkSide::Child => {
            drop(lifeline_end);
            forward_until_exit(supervised, &lifeline, hold)
        }
        ForkSide::Parent(inner) => {
            // They are the inner one's alone: they must be closed when it ends.
            drop((lifeline, hold));
            note(inner.as_raw());
            let mut watch = CommandWatch {
                supervised,
                child: inner,
                receiver: SignalReceiver::open()?,
                preexisting_children,
            };
            let exit = watch.until_ended(None, None)?;
            watch.clear()?;
            drop(lifeline_end);
            Ok(ForkReturn::Outer(exit))
        }
    }
}

fn forward_until_exit<H: AsFd>(
    supervised: &SupervisedCommand<'_>,
    lifeline: &OwnedFd,
    hold: H,
) -> io::Result<ForkReturn<H>> {
    become_subreaper().map_err(during("prctl"))?;
    let command = match fork().map_err(during("fork"))? {
        ForkSide::Child => {
            signal_receiver::unblock().map_err(during("sigprocmask"))?;
            return Ok(ForkReturn::Command(replace::exec(supervised.replacement)));
        }
        ForkSide::Parent(command) => command,
    };
    note(command.as_raw());
    #[cfg(not(target_os = "linux"))]
    super::tree::watch_forks().map_err(during("kqueue"))?;
    // Not before: the command would begin with it.
    name::set("ganger-escort", "ganger-escort: stops the command and lets go of the stack if ganger is gone");
    let mut watch = CommandWatch {
        supervised,
        child: command,
        receiver: SignalReceiver::open()?,
        preexisting_children: HashSet::new(),
    };
    let exit = watch.until_ended(Some(lifeline.as_fd()), Some(hold.as_fd()))?;
    watch.clear()?;
    Ok(ForkReturn::Inner(exit, hold))
}

/// How we end after something that ended so: by the same signal, so that the parent sees the same; but
/// we leave no core of our own.
pub(crate) fn mirrored(exit: Exit) -> Outcome {
    const QUIET: [Signal; 5] =
        [Signal::HANGUP, Signal::INTERRUPT, Signal::KILL, Signal::PIPE, Signal::TERMINATE];
    match exit {
        Exit::Signal(signal) if QUIET.contains(&signal) => Outcome::DieBy(signal),
        Exit::Signal(_) | Exit::Status(_) => Outcome::Status(exit.status()),
    }
}

/// One of the two, which waits for its child.
struct CommandWatch<'a> {
    supervised: &'a SupervisedCommand<'a>,
    child: Pid,
    receiver: SignalReceiver,
    /// Children that are no business of ours.
    preexisting_children: HashSet<i32>,
}

impl CommandWatch<'_> {
    /// Waits for the end of the child, or of the life-line, which counts as a SIGKILL. The inner one, which has the life-line,
    /// also waits for the end of a parent, which counts as a SIGTERM. Passes on the signals that
    /// processes send; those of the terminal, the child has had already.
    fn until_ended(
        &mut self,
        lifeline: Option<BorrowedFd<'_>>,
        mut news: Option<BorrowedFd<'_>>,
    ) -> io::Result<Exit> {
        loop {
            if let Some(exit) = self.reap()? {
                return Ok(exit);
            }
            let parents = lifeline.map(|_| self.supervised.parents);
            let awaited = [Some(self.receiver.as_fd()), lifeline, news];
            let [_, is_outer_gone, has_news] = wait_for(awaited, parents, None)?;
            if is_outer_gone {
                return Ok(Exit::Signal(Signal::KILL));
            }
            if parents.is_some_and(WatchedParents::has_ended) {
                (self.supervised.log)("the process that started ganger has ended: stopping the command");
                return Ok(Exit::Signal(Signal::TERMINATE));
            }
            if has_news {
                news = None;
                (self.supervised.lost)();
            }
            for signal in self.received(true) {
                if let Some(known) = signal.known() {
                    // ESRCH: it has ended, and the next round says so.
                    let _ = kill(self.child, known);
                }
            }
        }
    }

    /// The signals that came but SIGCHLD; those of the terminal only on request.
    fn received(&mut self, without_keys: bool) -> Vec<Signal> {
        let signals = self.receiver.signals().into_iter();
        signals
            .filter(|signal| signal.signal != Signal::CHILD && !(without_keys && signal.is_from_terminal))
            .map(|signal| signal.signal)
            .collect()
    }

    /// Reaps all that can be reaped; how the child ended, if it did.
    fn reap(&mut self) -> io::Result<Option<Exit>> {
        loop {
            match wait_any(WaitPidFlag::WNOHANG)? {
                WaitResult::Changed(pid, status) if pid == self.child => return Ok(Some(Exit::from(status))),
                WaitResult::Changed(pid, _) => {
                    self.preexisting_children.remove(&pid.as_raw());
                }
                WaitResult::Nothing => return Ok(None),
                WaitResult::NoChild => return Err(io::Error::other("the command is not there")),
            }
        }
    }

    /// Stops everything below us, if there is anything: SIGTERM, the grace, SIGKILL. A signal that comes meanwhile
    /// counts as it would for a stack: the second one kills at once.
    fn clear(&mut self) -> io::Result<()> {
        let now = self.supervised.now;
        let preexisting_children = std::mem::take(&mut self.preexisting_children);
        let mut leftovers = Leftovers::begin(self.supervised.grace, now(), preexisting_children);
        let mut signals = Vec::new();
        loop {
            leftovers.advance(now(), &signals)?;
            if leftovers.is_over() {
                break;
            }
            let left = leftovers.deadline().map(|deadline| deadline.saturating_sub(now()));
            wait_for([Some(self.receiver.as_fd())], None, left)?;
            signals = self.received(false);
        }
        for refusal in leftovers.survivors() {
            (self.supervised.log)(&format!("cannot end {} (pid {})", refusal.name, refusal.pid));
        }
        Ok(())
    }
}

/// Sleeps until there is something at one of these, one of the parents ends, or the time is over: at which.
fn wait_for<const COUNT: usize>(
    awaited: [Option<BorrowedFd<'_>>; COUNT],
    parents: Option<&WatchedParents>,
    patience: Option<Duration>,
) -> io::Result<[bool; COUNT]> {
    let there = awaited.iter().flatten().map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN));
    let parents = parents.into_iter().flat_map(WatchedParents::descriptors);
    let mut asked: Vec<PollFd<'_>> = there.chain(parents).collect();
    // Rounded up: waking too early would mean asking again and again.
    let patience = patience.map(|left| left + Duration::from_millis(1));
    let timeout =
        patience.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    match poll(&mut asked, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(during("poll")(error)),
    }
    let mut answers = asked.iter().map(|asked| asked.any().unwrap_or(false));
    Ok(awaited.map(|descriptor| descriptor.is_some() && answers.next().unwrap_or(false)))
}
