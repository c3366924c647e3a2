//! Which source of events has its turn next, and how soon a costly one may be used again. Pure, so that a property shows that no
//! source starves: a signal, the exit of a child, a deadline or a client waits for one scan at most, however long scans take.

use std::time::Duration;

/// A source of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventSource {
    /// The inbox: signals, children that exited, clients, the life-line.
    Inbox,
    /// The timers of the machine: the end of a grace, a restart.
    Deadline,
    /// The answers of the executor that the machine has not handled yet.
    Answer,
    /// A look at processes and sockets, for clients that wait for instances to become ready.
    Review,
    /// A scan of the processes below us.
    Scan,
    /// Readiness probes.
    Readiness,
    /// A burst of changed files that has ended.
    Files,
}

impl EventSource {
    /// One round. The cheap sources have a turn before each costly one, which bounds their wait.
    const ROUND: [Self; 16] = [
        Self::Inbox,
        Self::Deadline,
        Self::Answer,
        Self::Scan,
        Self::Inbox,
        Self::Deadline,
        Self::Answer,
        Self::Readiness,
        Self::Inbox,
        Self::Deadline,
        Self::Answer,
        Self::Review,
        Self::Inbox,
        Self::Deadline,
        Self::Answer,
        Self::Files,
    ];

    /// Whether readers, timers and signals have their turn after it: it may have taken long, or be one of many.
    pub(crate) fn is_followed_by_others(self) -> bool {
        match self {
            Self::Deadline | Self::Scan | Self::Readiness | Self::Review => true,
            Self::Inbox | Self::Answer | Self::Files => false,
        }
    }
}

/// The place of the event loop in the round.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    next: usize,
}

impl Agenda {
    /// The next source in the round that is due; `None` if none is, and the loop can sleep.
    pub(crate) fn next(&mut self, mut is_due: impl FnMut(EventSource) -> bool) -> Option<EventSource> {
        let length = EventSource::ROUND.len();
        let found =
            (self.next..self.next + length).find(|place| is_due(EventSource::ROUND[place % length]))?;
        self.next = (found + 1) % length;
        Some(EventSource::ROUND[found % length])
    }
}

/// The pace of a costly source: its next use comes after a pause that begins at the end of the last one and grows with its cost,
/// so that it never takes more than a third of the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    shortest: Duration,
    due: Duration,
    /// When it was last put off.
    last_put_off: Option<Duration>,
}

impl Pace {
    /// Due at once, and then `shortest` after each use, or later.
    pub(crate) fn of(shortest: Duration) -> Self {
        Self { shortest, due: Duration::ZERO, last_put_off: None }
    }

    /// When the next use is due.
    pub(crate) fn due(self) -> Duration {
        self.due
    }

    /// It is worth its cost only after a pause from `now` on. However often that is said, it has its time: a pause is taken in a quarter of it.
    pub(crate) fn put_off(&mut self, now: Duration) {
        if self.last_put_off.is_none_or(|before| now >= before + self.shortest * 4) {
            self.due = self.due.max(now + self.shortest);
            self.last_put_off = Some(now);
        }
    }

    /// It was used from `began` to `ended`.
    pub(crate) fn used(&mut self, began: Duration, ended: Duration) {
        self.due = ended + pause(self.shortest, ended.saturating_sub(began));
    }
}

/// The pause after a use that took `cost`.
pub(crate) fn pause(shortest: Duration, cost: Duration) -> Duration {
    shortest.max(cost * 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A loop under full load: all costly sources that have a pace are due all the time.
    struct BusyLoop {
        agenda: Agenda,
        now: Duration,
        costly: [(EventSource, Pace); 3],
        answers: usize,
    }

    impl BusyLoop {
        fn new() -> Self {
            let pace = Pace::of(Duration::from_millis(5));
            let costly = [EventSource::Scan, EventSource::Readiness, EventSource::Review];
            Self {
                agenda: Agenda::default(),
                now: Duration::ZERO,
                costly: costly.map(|source| (source, pace)),
                answers: 0,
            }
        }

        /// When this source is due, if it is a costly one.
        fn due(&self, source: EventSource) -> Option<Duration> {
            self.costly.iter().find(|(costly, _)| *costly == source).map(|(_, pace)| pace.due())
        }

        /// One turn, in which a costly source takes `cost`; the source that had it.
        fn turn(
            &mut self,
            cost: Duration,
            is_signalled: bool,
            deadline: Option<Duration>,
        ) -> Option<EventSource> {
            let Self { now, costly, answers, .. } = *self;
            let is_past = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
            let pace_of = |source| costly.iter().find(|(other, _)| *other == source).map(|(_, pace)| pace);
            let source = self.agenda.next(|source| match source {
                EventSource::Inbox => is_signalled,
                EventSource::Deadline => is_past(deadline),
                EventSource::Answer => answers > 0,
                EventSource::Scan | EventSource::Readiness | EventSource::Review => {
                    is_past(pace_of(source).map(|pace| pace.due()))
                }
                EventSource::Files => false,
            });
            let used = self.costly.iter_mut().find(|(costly, _)| Some(*costly) == source);
            if let Some((_, pace)) = used {
                self.now += cost;
                pace.used(now, self.now);
                self.answers += 1;
            } else if source == Some(EventSource::Answer) {
                self.answers -= 1;
            } else if source.is_none() {
                self.now = self.costly.iter().map(|(_, pace)| pace.due()).min().unwrap();
            }
            source
        }
    }

    #[test]
    fn a_pause_comes_first_and_shortens_none() {
        let at = Duration::from_millis;
        let mut pace = Pace::of(at(5));
        pace.put_off(at(100));
        assert_eq!(pace.due(), at(105));
        pace.used(at(200), at(300));
        pace.put_off(at(301));
        assert_eq!(pace.due(), at(500));
    }

    #[test]
    fn pauses_that_follow_each_other_leave_time_for_a_use() {
        let at = Duration::from_millis;
        let mut pace = Pace::of(at(5));
        let (pauses, used) = (0..100).fold((0, 0), |(pauses, used), now| {
            pace.put_off(at(now));
            if pace.due() > at(now) {
                return (pauses + 1, used);
            }
            pace.used(at(now), at(now));
            (pauses, used + 1)
        });
        assert!(used >= 10, "{used} uses, {pauses} times put off");
    }

    proptest! {
        #[test]
        fn a_deadline_a_signal_and_an_answer_wait_for_one_scan_at_most(
            costs in proptest::collection::vec(0_u64..2000, 1..60),
            moment in 0_u64..20_000,
            is_signal in any::<bool>(),
        ) {
            let longest = Duration::from_millis(costs.iter().copied().max().unwrap_or(0));
            let moment = Duration::from_millis(moment);
            let mut busy = BusyLoop::new();
            let mut costs = costs.into_iter().cycle().map(Duration::from_millis);
            let waited = if is_signal { EventSource::Inbox } else { EventSource::Deadline };
            // At most one costly source may come first.
            let mut costly = 0;
            loop {
                let is_there = busy.now >= moment;
                let deadline = (!is_signal).then_some(moment);
                let source = busy.turn(costs.next().unwrap_or_default(), is_signal && is_there, deadline);
                if source == Some(waited) {
                    break;
                }
                costly += usize::from(is_there && source.is_some_and(|source| busy.due(source).is_some()));
                prop_assert!(costly <= 1, "{source:?} at {:?}", busy.now);
            }
            // The loop sleeps until the next scan at most, and a scan under way is not interrupted.
            prop_assert!(busy.now <= moment.max(Duration::ZERO) + longest * 3 + Duration::from_millis(5));
        }

        #[test]
        fn no_source_starves_and_scans_take_no_more_than_a_third_each(
            costs in proptest::collection::vec(1_u64..1000, 1..20),
        ) {
            let longest = Duration::from_millis(costs.iter().copied().max().unwrap_or(0));
            let mut busy = BusyLoop::new();
            let mut costs = costs.into_iter().cycle().map(Duration::from_millis);
            let mut scanned = Duration::ZERO;
            for _ in 0..2000 {
                let (before, costly) = (busy.now, busy.costly);
                let source = busy.turn(costs.next().unwrap_or_default(), false, None);
                if source == Some(EventSource::Scan) {
                    scanned += busy.now.saturating_sub(before);
                }
                let used = costly.iter().find(|(costly, _)| Some(*costly) == source);
                let late = used.map_or(Duration::ZERO, |(_, pace)| before.saturating_sub(pace.due()));
                prop_assert!(late <= longest * 2, "it waits for each of the other two costly sources once at most: {late:?}");
                prop_assert!(busy.answers <= 1, "each answer is handled before the next costly source");
            }
            // The pause after the last scan is not over.
            prop_assert!(scanned <= busy.now / 3 + Duration::from_secs(1), "{scanned:?} of {:?}", busy.now);
        }
    }
}
