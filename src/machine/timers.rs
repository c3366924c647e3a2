//! The timers of one instance beside those of the table: being ready, starting again.

use std::time::Duration;

/// When each is due. All count from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// It has run long enough to count as ready.
    pub settled: Option<Duration>,
    /// It fails unless it is ready by then.
    pub ready_by: Option<Duration>,
    /// It starts again.
    pub restart: Option<Duration>,
    /// It has been blocked by others for so long that this is reported.
    pub report_blocked: Option<Duration>,
}

impl Timers {
    /// The first of them.
    pub fn first(&self) -> Option<Duration> {
        [self.settled, self.ready_by, self.restart, self.report_blocked].into_iter().flatten().min()
    }

    /// Takes out those that are due at `now`.
    #[must_use]
    pub fn take(&mut self, now: Duration) -> Self {
        let take = |moment: &mut Option<Duration>| moment.take_if(|moment| *moment <= now);
        Self {
            settled: take(&mut self.settled),
            ready_by: take(&mut self.ready_by),
            restart: take(&mut self.restart),
            report_blocked: take(&mut self.report_blocked),
        }
    }

    /// It does not run any more, or is ready: nothing waits for it to become ready in this generation.
    pub fn end_generation(&mut self) {
        (self.settled, self.ready_by) = (None, None);
    }

    /// Moves all by the time for which the whole stack was suspended.
    pub fn postpone(&mut self, by: Duration) {
        for moment in [&mut self.settled, &mut self.ready_by, &mut self.restart, &mut self.report_blocked] {
            *moment = moment.map(|moment| moment + by);
        }
    }
}
