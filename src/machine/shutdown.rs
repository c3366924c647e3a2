//! Why the stack stops, and the exit status of ganger that follows from it.

use std::time::Duration;

use crate::exit::{FAILED, Outcome, SUCCESS};
use crate::signal::Signal;

/// Two stop signals within this span are one: a wrapper (`npm`, `timeout`) passes on what the terminal has already sent to the
/// whole group, so a single Ctrl-C arrives twice within microseconds.
const ONE_KEYPRESS: Duration = Duration::from_millis(200);

/// Why the stack stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// ganger has received this signal.
    Signal(Signal),
    /// The instance with this index exited, and the policy ends the stack with it.
    Ended(usize),
    /// The instance with this index could not be started.
    CannotStart {
        /// Its index.
        instance: usize,
        /// The exit status that stands for the reason.
        status: u8,
    },
    /// A client asked for it at the control socket.
    Request,
    /// Every instance has exited by itself.
    AllEnded,
    /// The monitor is gone.
    MonitorGone,
    /// Standard output has no reader any more (`None`), or cannot be written to (the error of the system).
    OutputClosed(Option<String>),
    /// Something of ganger's own failed.
    Broken(String),
}

/// A stop under way.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown {
    /// The first reason.
    pub cause: StopCause,
    /// Whether all are killed, without waiting for the grace.
    pub killing: bool,
    first_interrupt: Option<Duration>,
}

impl Shutdown {
    /// A stop that begins at `now` for this reason.
    pub(crate) fn new(now: Duration, cause: StopCause) -> Self {
        let first_interrupt = matches!(cause, StopCause::Signal(signal) if counts(signal)).then_some(now);
        Self { cause, killing: false, first_interrupt }
    }

    /// Whether this further signal ends the grace.
    pub(crate) fn is_second(&mut self, now: Duration, signal: Signal) -> bool {
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

/// Whether a repetition of this signal ends the grace. A closing terminal sends SIGHUP, often twice.
fn counts(signal: Signal) -> bool {
    signal == Signal::INTERRUPT || signal == Signal::TERMINATE
}

impl StopCause {
    /// The reason in a notice.
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

    /// How ganger ends, where that does not depend on the exit of an instance.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Signal(signal) => Some(Outcome::DieBy(*signal)),
            Self::CannotStart { status, .. } => Some(Outcome::Status(*status)),
            // What was asked for has been done: neither a failure, nor a signal for a shell to see.
            Self::Request => Some(Outcome::Status(SUCCESS)),
            // As any writer into a pipe without a reader: `ganger start | head -1` under pipefail is 141.
            Self::OutputClosed(None) => Some(Outcome::DieBy(Signal::PIPE)),
            Self::OutputClosed(Some(_)) | Self::Broken(_) | Self::MonitorGone => {
                Some(Outcome::Status(FAILED))
            }
            Self::Ended(_) | Self::AllEnded => None,
        }
    }
}
