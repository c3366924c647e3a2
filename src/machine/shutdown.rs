//! Why the stack ends, and what that makes of our own exit status.

use std::time::Duration;

use crate::exit::{FAILED, Outcome, SUCCESS};
use crate::signal::Signal;

/// Two interrupts within this span are one: a wrapper (`npm`, `timeout`) passes on what the terminal has
/// already sent to the whole group, so a single Ctrl-C arrives twice within microseconds.
const ONE_KEYPRESS: Duration = Duration::from_millis(200);

/// Why the stack ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// We were asked to.
    Signal(Signal),
    /// The instance with this index ended, and the policy says that this is the end.
    Ended(usize),
    /// The instance with this index could not be started.
    CannotStart {
        /// Which.
        instance: usize,
        /// The status that stands for the reason.
        status: u8,
    },
    /// Somebody asked for it at the control socket.
    Request,
    /// All ended, each by itself.
    AllEnded,
    /// The monitor is gone.
    MonitorGone,
    /// Our standard output is closed (`None`) or fails (what the system said).
    OutputClosed(Option<String>),
    /// Something of our own failed.
    Broken(String),
}

/// A stop under way.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Why.
    pub cause: StopCause,
    /// Whether everything is being killed rather than asked.
    pub killing: bool,
    first_interrupt: Option<Duration>,
}

impl Shutdown {
    /// A stop that begins at `now` for this reason.
    pub fn new(now: Duration, cause: StopCause) -> Self {
        let first_interrupt = matches!(cause, StopCause::Signal(signal) if counts(signal)).then_some(now);
        Self { cause, killing: false, first_interrupt }
    }

    /// Whether this further signal is the second one, which does not wait any longer.
    pub fn is_second(&mut self, now: Duration, signal: Signal) -> bool {
        if signal == Signal::QUIT {
            return true;
        }
        if !counts(signal) {
            return false;
        }
        let first = *self.first_interrupt.get_or_insert(now);
        now.saturating_sub(first) > ONE_KEYPRESS
    }
}

/// Only these two are impatience; a hang-up is what a terminal says on its way out, often twice.
fn counts(signal: Signal) -> bool {
    signal == Signal::INTERRUPT || signal == Signal::TERMINATE
}

impl StopCause {
    /// How a line of ours names it.
    pub fn describe(&self, name: impl Fn(usize) -> String) -> String {
        match self {
            Self::Signal(signal) => format!("{signal} received"),
            Self::Ended(instance) => format!("{} ended", name(*instance)),
            Self::CannotStart { instance, .. } => format!("{} cannot start", name(*instance)),
            Self::Request => "ganger down".into(),
            Self::AllEnded => "all ended".into(),
            Self::MonitorGone => "ganger's monitor is gone".into(),
            Self::OutputClosed(None) => "standard output was closed".into(),
            Self::OutputClosed(Some(error)) => format!("standard output cannot be written to ({error})"),
            Self::Broken(what) => what.clone(),
        }
    }

    /// Our own end, where it does not depend on how an instance ended.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Signal(signal) => Some(Outcome::DieBy(*signal)),
            Self::CannotStart { status, .. } => Some(Outcome::Status(*status)),
            // What was asked for has been done: no failure, and no signal that a shell should see.
            Self::Request => Some(Outcome::Status(SUCCESS)),
            // As any writer into a pipe that nobody reads: `ganger start | head -1` under pipefail is 141.
            Self::OutputClosed(None) => Some(Outcome::DieBy(Signal::PIPE)),
            Self::OutputClosed(Some(_)) | Self::Broken(_) | Self::MonitorGone => {
                Some(Outcome::Status(FAILED))
            }
            Self::Ended(_) | Self::AllEnded => None,
        }
    }
}
