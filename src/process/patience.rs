//! When a worker that was asked to stop the stack counts as stuck. Pure: moments and processor times are arguments.

use std::time::Duration;

/// How long the worker may be silent, once the grace is over, before it counts as stuck.
const SILENCE: Duration = Duration::from_secs(5);

/// The monitor's patience with its worker, from the moment at which a stop was passed on.
///
/// A sign of life decides, not a clock: while it stops the stack, the worker's loop gives one each second (the pulse). A
/// turn of that loop can take longer than the silence allowed where the worker gets a tenth of a processor; so what it
/// works counts too, but no more than that silence in processor time: a loop that turns for ever is found out.
#[derive(Debug)]
pub(super) struct Patience {
    due: Duration,
    /// Whether the grace is over, or a sign came shortly before.
    is_grace_over: bool,
    /// The processor time that the worker had used when it was last looked at; `None` where that is not known.
    used: Option<Duration>,
    /// The same at its last sign of life.
    used_at_sign: Option<Duration>,
}

impl Patience {
    /// A stop that may take `grace` was passed on at `now`.
    pub(super) fn begin(now: Duration, grace: Duration) -> Self {
        Self { due: now + grace, is_grace_over: false, used: None, used_at_sign: None }
    }

    /// When to ask [`Patience::is_over`].
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// All stood still (Ctrl-Z) for this long.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.due += by;
    }

    /// The worker gave a sign of life, having `used` this much of the processor.
    pub(super) fn on_sign(&mut self, now: Duration, used: Option<Duration>) {
        if now + SILENCE >= self.due {
            (self.due, self.is_grace_over) = (now + SILENCE, true);
        }
        (self.used, self.used_at_sign) = (used, used);
    }

    /// Whether it is over at `now`, when the worker has `used` this much of the processor.
    pub(super) fn is_over(&mut self, now: Duration, used: Option<Duration>) -> bool {
        if now < self.due {
            return false;
        }
        let before = std::mem::replace(&mut self.used, used);
        let works =
            used > before && used.zip(self.used_at_sign).is_some_and(|(used, at)| used < at + SILENCE);
        if self.is_grace_over && !works {
            return true;
        }
        if !self.is_grace_over {
            (self.is_grace_over, self.used_at_sign) = (true, used);
        }
        self.due = now + SILENCE;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second at which patience is over that began at 0 with a grace of 10 s, if signs come in `signs` and the worker
    /// uses this share of a processor; `None` if not within two minutes.
    fn ends(signs: &[u64], share: Option<f64>) -> Option<u64> {
        let mut patience = Patience::begin(Duration::ZERO, Duration::from_secs(10));
        let used = |second: u64| share.map(|share| Duration::from_secs(second).mul_f64(share));
        (0..120).find(|second| {
            let now = Duration::from_secs(*second);
            if signs.contains(second) {
                patience.on_sign(now, used(*second));
            }
            patience.is_over(now, used(*second))
        })
    }

    #[test]
    fn a_sign_of_life_or_work_decides_and_not_the_clock() {
        let all: Vec<u64> = (0..120).collect();
        for (name, signs, share, end) in [
            ("stopped by a signal", &[][..], Some(0.0), Some(15)),
            ("stopped, and its processor time not known", &[], None, Some(15)),
            ("a sign each second", &all, Some(0.0), None),
            ("the same without /proc", &all, None, None),
            ("signs until it hangs", &all[..13], Some(0.0), Some(17)),
            ("signs before the grace is over only", &all[..3], Some(0.0), Some(15)),
            ("turns for ever on a whole processor", &[], Some(1.0), Some(15)),
            ("turns for ever on a tenth of one: five seconds of work", &[], Some(0.1), Some(60)),
            (
                "a turn that takes ten seconds on a tenth",
                &[20, 30, 40, 50, 60, 70, 80, 90, 100, 110],
                Some(0.1),
                None,
            ),
        ] {
            assert_eq!(ends(signs, share), end, "{name}");
        }
    }

    #[test]
    fn standing_still_is_no_silence() {
        let mut patience = Patience::begin(Duration::ZERO, Duration::ZERO);
        assert!(!patience.is_over(Duration::ZERO, Some(Duration::ZERO)));
        patience.postpone(Duration::from_mins(1));
        assert!(!patience.is_over(Duration::from_secs(64), Some(Duration::ZERO)));
        assert!(patience.is_over(Duration::from_secs(65), Some(Duration::ZERO)));
    }
}
