//! Signals: which ones we listen to, and what those that we start are given.

use nix::sys::signal::{SigSet, SigmaskHow, Signal as Known, raise, sigprocmask};

use super::calls;
use crate::signal::Signal;

/// What ganger listens to beside the requests to stop and SIGCHLD.
const HANDLED: [Signal; 5] =
    [Signal::USER1, Signal::USER2, Signal::RESIZE, Signal::SUSPEND, Signal::CONTINUE];

/// The dispositions that our parent left us. What it ignored stays ignored, by us and by those that we
/// start: that is what `nohup ganger start &` asks for (nohup(1)).
#[derive(Clone, Debug)]
pub struct Inherited {
    ignored: Vec<Signal>,
}

impl Inherited {
    /// Asks the kernel. To be called before any handler is installed.
    pub fn now() -> Self {
        // Rust's runtime ignores SIGPIPE before main: what our parent thought of it is not known any more,
        // and a filter in a pipeline needs the default.
        let all = Known::iterator().map(|known| Signal(known as i32));
        let ignored = all.filter(|signal| *signal != Signal::PIPE && calls::is_ignored(*signal)).collect();
        Self { ignored }.without_background()
    }

    /// Without what a shell in a script ignores for each `&` (POSIX XCU 2.11), which no user has asked for: Ctrl-C in a script that runs
    /// `ganger start &` is meant for the stack too, and foreman, honcho and overmind stop at it. With nohup all stays.
    fn without_background(mut self) -> Self {
        if !self.ignored.contains(&Signal::HANGUP) {
            self.ignored.retain(|signal| ![Signal::INTERRUPT, Signal::QUIT].contains(signal));
        }
        self
    }

    /// The signals to listen to, as numbers: all that our parent did not ignore, and SIGCHLD.
    pub fn handled(&self) -> Vec<i32> {
        let stops = Known::iterator().map(|known| Signal(known as i32)).filter(|it| it.is_stop_request());
        let handled = stops.chain(HANDLED).filter(|signal| !self.ignored.contains(signal));
        handled.chain([Signal::CHILD]).map(|signal| signal.0).collect()
    }

    /// Whether our parent left this signal ignored.
    #[cfg(target_os = "linux")]
    pub(super) fn is_ignored(&self, signal: Signal) -> bool {
        self.ignored.contains(&signal)
    }

    /// The signals that a new process is to have at their default.
    pub fn defaults(&self) -> SigSet {
        let mut set = SigSet::all();
        for known in self.ignored.iter().filter_map(|signal| signal.known()) {
            set.remove(known);
        }
        set
    }
}

/// Ignores what would end or stop one half of ganger, or both, without being a request to do so: a write over the limit
/// of a file's size (write(2) then says EFBIG), the terminal of another job, and real-time signals, which have no meaning of their
/// own. What ganger starts is given the default of each ([`Inherited::defaults`], which is to be asked before).
pub(crate) fn ignore_reports() {
    #[cfg(target_os = "linux")]
    let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
    #[cfg(not(target_os = "linux"))]
    let real_time = [];
    for number in [libc::SIGXFSZ, libc::SIGTTIN, libc::SIGTTOU].into_iter().chain(real_time) {
        calls::ignore(Signal(number));
    }
}

/// Holds back every signal in this thread until [`unblock`]: one that comes while a handler is being
/// installed, or while we fork, waits instead of killing us.
///
/// # Errors
/// As sigprocmask(2).
pub(crate) fn block() -> nix::Result<()> {
    change(SigmaskHow::SIG_BLOCK)
}

/// Lets signals come, those that waited first.
///
/// # Errors
/// As sigprocmask(2).
pub(crate) fn unblock() -> nix::Result<()> {
    change(SigmaskHow::SIG_UNBLOCK)
}

/// Not pthread_sigmask(3): that one returns its error, which nix takes for success. On the systems that we
/// run on, sigprocmask(2) too is for the calling thread only.
fn change(how: SigmaskHow) -> nix::Result<()> {
    sigprocmask(how, Some(&SigSet::all()), None)
}

/// Ends this process by `signal`, so that its parent sees that (a shell then stops its loop, make
/// its rules). Returns if the signal did not end us (PID 1 is immune): then 128+n is next best.
pub(crate) fn die_by(signal: Signal) {
    calls::restore_default(signal);
    let _ = unblock();
    if let Some(known) = signal.known() {
        let _ = raise(known);
    }
}

/// Stops this process as Ctrl-Z does, unless it `is_withdrawn`. That is asked when the stop signal is pending already: a SIGCONT that comes
/// later discards it (POSIX.1-2024, XSH 2.4.1). With SIGSTOP, which cannot be held back, one that comes between the question and the stop would
/// be lost. Returns when the process goes on, or at once: in an orphaned process group SIGTSTP has no effect.
pub fn stop_unless(is_withdrawn: impl FnOnce() -> bool) {
    let stop = SigSet::from(Known::SIGTSTP);
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&stop), None);
    calls::with_default(Signal::SUSPEND, || {
        let _ = raise(Known::SIGTSTP);
        if is_withdrawn() {
            // That discards it, too.
            calls::ignore(Signal::SUSPEND);
        }
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&stop), None);
    });
}

/// Makes the worker of this monitor check the files of its control socket. SIGWINCH, as it has no other effect.
pub(crate) fn check_socket(monitor: i32) {
    // ESRCH: it has ended.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(monitor), nix::sys::signal::SIGWINCH);
}

/// Lets a suspended pair go on: the monitor passes SIGCONT on to the worker, and to the stack.
pub(crate) fn resume_pair(monitor: i32) {
    // ESRCH: it has ended.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(monitor), nix::sys::signal::SIGCONT);
}
