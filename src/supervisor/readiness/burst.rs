//! When a burst of changes is over: when it has been quiet for longer than its own pauses are. Pure; time is an argument.
//!
//! There is no longest burst: a restart in the middle of a checkout or an unpacked archive runs half of it. A plain
//! time of quiet is not enough either: a writer that the machine leaves waiting would cut its own burst. So the quiet is
//! as long as the pauses within the burst and the number of its files make likely, and is looked at in steps: a step
//! that comes late, as the machine is busy, makes the quiet longer by as much.

use std::time::Duration;

/// The quiet after a single change, in full; and so much more for every few files, as a person saves one or two, up to
/// this much for many.
const QUIET: Duration = Duration::from_millis(100);
const FEW: usize = 4;
const QUIET_OF_MANY: Duration = Duration::from_secs(1);
/// So many steps are a quiet.
const STEPS: u32 = 4;
/// So many times the longest pause of a burst is the quiet that ends it.
const PAUSES: u32 = 4;
/// A longer pause than this one tells nothing of the next: it lies between two bursts.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// A burst that goes on for longer is said, once: something may be writing without end.
const LONG: Duration = Duration::from_secs(10);

/// The times of the present burst, and what the latest one has left for it.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    /// The first and the latest change; both stay when the burst is over.
    began: Option<Duration>,
    latest: Option<Duration>,
    /// The longest pause between two changes.
    pause: Duration,
    /// How many files have changed.
    files: usize,
    /// Steps in a row without a change, and when the next one is due.
    quiet: u32,
    due: Option<Duration>,
    is_said: bool,
}

impl Burst {
    /// Something changed, and with it so many files.
    pub(crate) fn change(&mut self, now: Duration, files: usize) {
        let pause =
            self.latest.map(|latest| now.saturating_sub(latest)).filter(|pause| *pause <= LONGEST_PAUSE);
        if self.due.is_none() {
            // One that follows soon upon the one before has the pauses of that one: it is the same writer.
            *self =
                Self { pause: if pause.is_some() { self.pause } else { Duration::ZERO }, ..Self::default() };
            self.began = Some(now);
        }
        self.pause = self.pause.max(pause.unwrap_or_default());
        self.latest = Some(now);
        self.files = files;
        self.wait(now);
    }

    /// Another reason to wait from the beginning.
    pub(crate) fn wait(&mut self, now: Duration) {
        self.quiet = 0;
        self.due = Some(now + self.step());
    }

    /// When [`Burst::is_over`] is to be asked.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Nothing has changed until `now`: whether that ends the burst.
    pub(crate) fn is_over(&mut self, now: Duration) -> bool {
        let Some(due) = self.due else { return false };
        if now < due {
            return false;
        }
        self.quiet += 1;
        let is_over = self.quiet >= STEPS;
        self.due = (!is_over).then(|| now + self.step());
        is_over
    }

    /// For how long it has gone on.
    pub(crate) fn length(&self, now: Duration) -> Duration {
        self.began.map_or(Duration::ZERO, |began| now.saturating_sub(began))
    }

    /// Whether it is time to say that there is no end to it; once for each burst.
    pub(crate) fn is_endless(&mut self, now: Duration) -> bool {
        let is_long = self.due.is_some() && self.length(now) >= LONG;
        is_long && !std::mem::replace(&mut self.is_said, true)
    }

    fn step(&self) -> Duration {
        let many =
            u32::try_from(self.files / FEW).map_or(QUIET_OF_MANY, |more| QUIET.saturating_mul(1 + more));
        many.min(QUIET_OF_MANY).max(self.pause * PAUSES) / STEPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// The ends of the bursts that changes after these pauses make, in milliseconds, where a look is late by `late`.
    fn ends(pauses: &[u64], late: u64) -> Vec<u64> {
        let (mut burst, mut ends, mut now) = (Burst::default(), Vec::new(), Duration::ZERO);
        let mut run_until = |burst: &mut Burst, until: Duration| {
            while let Some(due) =
                burst.due().map(|due| due + Duration::from_millis(late)).filter(|due| *due < until)
            {
                if burst.is_over(due) {
                    ends.push(u64::try_from(due.as_millis()).unwrap());
                }
            }
        };
        for pause in pauses {
            now += Duration::from_millis(*pause);
            run_until(&mut burst, now);
            burst.change(now, 1);
        }
        run_until(&mut burst, Duration::MAX);
        ends
    }

    #[test]
    fn a_quiet_ends_a_burst_and_is_longer_where_its_pauses_are() {
        for (pauses, expected) in [
            (&[0][..], &[100][..]),
            (&[0, 20, 20, 20], &[160]),
            // 90 ms between two: four times that.
            (&[0, 90], &[450]),
            (&[0, 90, 300], &[1590]),
            // A writer that is slow from the beginning is known to be slow after its first file.
            (&[0, 150, 150, 150, 150], &[100, 1200]),
            (&[0, 150, 450, 450], &[100, 2850]),
            // Two edits of a person are two bursts, and neither is slow.
            (&[0, 2000], &[100, 2100]),
        ] {
            assert_eq!(ends(pauses, 0), expected, "{pauses:?}");
        }
        // A machine on which each look is 200 ms late: 4 steps of 225 ms.
        assert_eq!(ends(&[0], 200), [900]);
        assert_eq!(ends(&[0, 400, 400], 200), [3200]);
    }

    #[test]
    fn the_more_files_the_longer_the_quiet_up_to_a_second() {
        for (files, expected) in
            [(1, 100), (3, 100), (4, 200), (18, 500), (36, 1000), (1000, 1000), (usize::MAX, 1000)]
        {
            let mut burst = Burst::default();
            burst.change(Duration::ZERO, files);
            let mut end = Duration::ZERO;
            while let Some(due) = burst.due() {
                burst.is_over(due);
                end = due;
            }
            assert_eq!(end, Duration::from_millis(expected), "{files}");
        }
    }

    #[test]
    fn one_that_does_not_end_is_said_once() {
        let (mut burst, at) = (Burst::default(), Duration::from_millis);
        let said = |burst: &mut Burst, from: u64| {
            (from..from + 30_000)
                .step_by(50)
                .filter(|now| {
                    burst.change(at(*now), 1);
                    burst.is_endless(at(*now))
                })
                .count()
        };
        assert_eq!(said(&mut burst, 0), 1);
        while !burst.is_over(burst.due().unwrap()) {}
        assert!(!burst.is_endless(at(90_000)));
        assert_eq!(said(&mut burst, 90_000), 1);
    }

    proptest! {
        /// However long it takes and however late the looks are: where no pause is four times as long as one before it,
        /// from 25 ms on, it is one burst, and it is over soon after its last change.
        #[test]
        fn pauses_that_grow_slowly_are_one_burst(
            growth in proptest::collection::vec(50_u64..390, 1..300),
            late in 0_u64..1000,
        ) {
            let mut longest = 25;
            let mut pauses = vec![0];
            for percent in growth {
                let pause = (longest * percent / 100).min(500);
                longest = longest.max(pause);
                pauses.push(pause);
            }
            let last: u64 = pauses.iter().sum();
            let ends = ends(&pauses, late);
            prop_assert_eq!(ends.len(), 1, "{:?}", pauses);
            prop_assert!(ends[0] <= last + 4 * longest.max(25) + 4 * late + 4);
        }
    }
}
