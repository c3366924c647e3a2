//! The moments at which something is due of one instance beside the table's: being ready, starting again.

use std::time::Duration;

/// When what is due. All count from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// It has lived long enough to count as ready.
    pub settles: Option<Duration>,
    /// It should have become ready by now.
    pub late: Option<Duration>,
    /// It starts again.
    pub again: Option<Duration>,
    /// It has waited for others for so long that the person is told.
    pub tells: Option<Duration>,
}

impl Timers {
    /// The first of them.
    pub fn first(&self) -> Option<Duration> {
        [self.settles, self.late, self.again, self.tells].into_iter().flatten().min()
    }

    /// Those that have come at `now`: they are taken out, and given back.
    #[must_use]
    pub fn take(&mut self, now: Duration) -> Self {
        let take = |moment: &mut Option<Duration>| moment.take_if(|moment| *moment <= now);
        Self {
            settles: take(&mut self.settles),
            late: take(&mut self.late),
            again: take(&mut self.again),
            tells: take(&mut self.tells),
        }
    }

    /// It does not run any more: nobody waits for it to become ready in this life.
    pub fn end_life(&mut self) {
        (self.settles, self.late) = (None, None);
    }

    /// Moves all by the time for which the whole stack stood still.
    pub fn postpone(&mut self, by: Duration) {
        for moment in [&mut self.settles, &mut self.late, &mut self.again, &mut self.tells] {
            *moment = moment.map(|moment| moment + by);
        }
    }
}
