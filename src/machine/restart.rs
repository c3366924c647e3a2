//! How long an instance waits for its restart, and when it is given up: arithmetic.

use std::time::Duration;

/// The shortest wait, after the first exit.
pub(crate) const SHORTEST: Duration = Duration::from_millis(500);
/// The longest wait.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);
/// An instance that ran this long has worked: earlier exits do not count any more.
pub(crate) const WORKED: Duration = Duration::from_secs(10);
/// An instance is given up after this many failures in a row.
pub(crate) const MOST_FAILURES: u32 = 5;

/// What the earlier exits of one instance mean for its next start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// Exits in a row before [`WORKED`] was over.
    quick: u32,
    /// How many of the latest of them were failures.
    failures: u32,
}

/// What follows an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStart {
    /// A start, after this time.
    Start(Duration),
    /// No start: it has failed too often.
    GivenUp,
}

impl Backoff {
    /// Counts an exit: how long the instance ran, whether it failed, and a random number for the jitter, so that a stack that
    /// has lost its database does not come back to it all at once.
    #[must_use]
    pub(crate) fn after(&mut self, lived: Duration, is_failure: bool, random: u64) -> NextStart {
        if lived >= WORKED {
            *self = Self::default();
        }
        self.quick = self.quick.saturating_add(1);
        self.failures = if is_failure { self.failures + 1 } else { 0 };
        if self.failures >= MOST_FAILURES {
            return NextStart::GivenUp;
        }
        NextStart::Start(wait(self.quick, random))
    }

    /// How many failures there were in a row.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }
}

/// Twice as long each time, and up to half of that more by chance.
fn wait(quick: u32, random: u64) -> Duration {
    let doublings = quick.saturating_sub(1).min(16);
    let wait = SHORTEST.saturating_mul(1 << doublings).min(LONGEST);
    let chance = u32::try_from(mixed(random) >> 48).unwrap_or(0);
    (wait + wait / 2 * chance / (1 << 16)).min(LONGEST)
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014): neighbouring numbers become unrelated ones.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_failures_in_a_row_are_the_end() {
        let mut backoff = Backoff::default();
        let brief = Duration::from_millis(100);
        let nexts: Vec<NextStart> = (0..5).map(|_| backoff.after(brief, true, 0)).collect();
        assert!(nexts[..4].iter().all(|next| matches!(next, NextStart::Start(_))), "{nexts:?}");
        assert_eq!(nexts[4], NextStart::GivenUp);
    }

    #[test]
    fn a_success_ends_the_row_but_not_the_waiting() {
        let mut backoff = Backoff::default();
        for count in 0..20 {
            let is_failure = count % 5 != 4;
            let next = backoff.after(Duration::ZERO, is_failure, count);
            assert_ne!(next, NextStart::GivenUp);
            if count > 7 {
                assert_eq!(next, NextStart::Start(LONGEST));
            }
        }
    }

    proptest! {
        #[test]
        fn a_wait_lies_within_its_bounds_and_doubles_until_the_longest(
            quick in 1u32..1000, one in any::<u64>(), other in any::<u64>(),
        ) {
            let (now, next) = (wait(quick, one), wait(quick + 1, other));
            prop_assert!((SHORTEST..=LONGEST).contains(&now));
            prop_assert!(next > now || next == LONGEST || now > LONGEST / 2);
        }

        #[test]
        fn an_instance_that_works_for_ten_seconds_is_never_given_up(
            ends in prop::collection::vec((0u64..20_000, any::<bool>(), any::<u64>()), 0..60),
        ) {
            let mut backoff = Backoff::default();
            let mut row = 0;
            for (milliseconds, is_failure, random) in ends {
                let lived = Duration::from_millis(milliseconds);
                if lived >= WORKED {
                    row = 0;
                }
                row = if is_failure { row + 1 } else { 0 };
                let next = backoff.after(lived, is_failure, random);
                prop_assert_eq!(next == NextStart::GivenUp, row >= MOST_FAILURES);
                if lived >= WORKED {
                    prop_assert!(matches!(next, NextStart::Start(wait) if wait <= SHORTEST * 3 / 2));
                }
                if next == NextStart::GivenUp {
                    break;
                }
            }
        }
    }
}
