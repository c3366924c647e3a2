//! The clocks: the only place that reads the time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A monotonic clock that counts from the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The instant at which [`Clock::now`] returns `moment`.
    pub(crate) fn instant(&self, moment: Duration) -> Instant {
        self.start + moment
    }
}

/// The wall clock, for users and logs.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}
