//! Finds the end of a burst of changes: it is over when it has been quiet for longer than its own pauses. Pure; time is an argument.
//!
//! There is no limit for its length: a restart in the middle of a checkout or of an archive that is being unpacked runs half of it.
//! A fixed time of quiet is not enough either: a writer that waits for a busy machine would end its own burst. So the quiet
//! depends on the pauses within the burst and on the number of its files, and is counted in steps: a step that comes late, because
//! the machine is busy, makes the quiet longer by as much.

use std::time::Duration;

/// The quiet after a single change; as much more for every few files, as an editor saves one or two; and the quiet after many.
const QUIET: Duration = Duration::from_millis(100);
const FEW: usize = 4;
const QUIET_OF_MANY: Duration = Duration::from_secs(1);
/// How many steps a quiet has.
const STEPS: u32 = 4;
/// How many times as long as the longest pause of a burst its quiet is.
const PAUSES: u32 = 4;
/// A longer pause lies between two bursts, and does not count.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// A longer burst is reported, once: a program may be writing without end.
const LONG: Duration = Duration::from_secs(10);

/// The times of the present burst, and the longest pause of the one before.
#[derive(Debug, Default)]
pub(super) struct Burst {
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
    is_reported: bool,
}

impl Burst {
    /// Something changed; `files` have changed in this burst.
    pub(super) fn change(&mut self, now: Duration, files: usize) {
        let pause =
            self.latest.map(|latest| now.saturating_sub(latest)).filter(|pause| *pause <= LONGEST_PAUSE);
        if self.due.is_none() {
            // A burst that follows soon is of the same writer, and keeps the pauses of the one before.
            *self =
                Self { pause: if pause.is_some() { self.pause } else { Duration::ZERO }, ..Self::default() };
            self.began = Some(now);
        }
        self.pause = self.pause.max(pause.unwrap_or_default());
        self.latest = Some(now);
        self.files = files;
        self.wait(now);
    }

    /// Begins the quiet again.
    pub(super) fn wait(&mut self, now: Duration) {
        self.quiet = 0;
        self.due = Some(now + self.step());
    }

    /// When [`Burst::is_over`] is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Nothing has changed until `now`; whether that ends the burst.
    pub(super) fn is_over(&mut self, now: Duration) -> bool {
        let Some(due) = self.due else { return false };
        if now < due {
            return false;
        }
        self.quiet += 1;
        let is_over = self.quiet >= STEPS;
        self.due = (!is_over).then(|| now + self.step());
        is_over
    }

    /// How long it is at `now`.
    pub(super) fn length(&self, now: Duration) -> Duration {
        self.began.map_or(Duration::ZERO, |began| now.saturating_sub(began))
    }

    /// Whether it is to be reported that it does not end; once for each burst.
    pub(super) fn is_endless(&mut self, now: Duration) -> bool {
        let is_long = self.due.is_some() && self.length(now) >= LONG;
        is_long && !std::mem::replace(&mut self.is_reported, true)
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

    /// The ends of the bursts with these pauses between the changes, in milliseconds, where each step is late by `late`.
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
            // Two edits are two bursts, and both are quick.
            (&[0, 2000], &[100, 2100]),
        ] {
            assert_eq!(ends(pauses, 0), expected, "{pauses:?}");
        }
        // A machine on which each step is 200 ms late: 4 steps of 225 ms.
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
    fn a_burst_that_does_not_end_is_reported_once() {
        let (mut burst, at) = (Burst::default(), Duration::from_millis);
        let reports = |burst: &mut Burst, from: u64| {
            (from..from + 30_000)
                .step_by(50)
                .filter(|now| {
                    burst.change(at(*now), 1);
                    burst.is_endless(at(*now))
                })
                .count()
        };
        assert_eq!(reports(&mut burst, 0), 1);
        while !burst.is_over(burst.due().unwrap()) {}
        assert!(!burst.is_endless(at(90_000)));
        assert_eq!(reports(&mut burst, 90_000), 1);
    }

    proptest! {
        /// However long it takes and however late the steps are: where no pause is four times as long as one before it, from
        /// 25 ms on, it is one burst, and it is over soon after its last change.
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
