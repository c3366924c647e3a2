//! When each source of events is due. The order in which they have their turns is that of the agenda.

use std::time::Duration;

use crate::machine::{Event, Machine};
use crate::supervisor::channel::agenda::{Agenda, EventSource, Pace};

/// At most one scan in this time while many instances exit at once: a thousand exits are a handful of scans.
const SCAN_PAUSE: Duration = Duration::from_millis(5);
/// How much longer a scan waits for answers that the machine has not handled yet.
const SCAN_DELAY: Duration = Duration::from_millis(50);
/// How long starts (of a thousand) follow each other before readers, timers and signals have their turn. Children that flood
/// their pipes while nothing reads them stand still. Read after every start, they take the processors from the child that is
/// being made, and vfork(2) holds us until that child has come to its exec: ten starts took three times as long
/// (docs/design/0003).
const STRETCH: Duration = Duration::from_millis(20);

/// How long exits follow each other, which nothing waits for: each turn of the readers is a few system calls, and the notices of a hundred
/// exits are one write then.
const EXITS: Duration = Duration::from_millis(2);

/// What the schedule has to know of the other sources.
#[derive(Clone, Copy)]
pub(super) struct DueSources {
    pub(super) has_arrivals: bool,
    pub(super) has_answers: bool,
    pub(super) is_scan_due: bool,
    pub(super) review: Option<Duration>,
    pub(super) readiness: Option<Duration>,
    pub(super) files: Option<Duration>,
}

/// The times of the event loop.
pub(super) struct Schedule {
    agenda: Agenda,
    scans: Pace,
    last_yield: Duration,
}

impl Schedule {
    pub(super) fn new(now: Duration) -> Self {
        Self { agenda: Agenda::default(), scans: Pace::of(SCAN_PAUSE), last_yield: now }
    }

    /// The source that is next; `None` if none is due, and the loop can sleep.
    pub(super) fn next(&mut self, now: Duration, machine: &Machine, due: DueSources) -> Option<EventSource> {
        let is_past = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
        let Self { agenda, scans, .. } = self;
        agenda.next(|source| match source {
            EventSource::Inbox => due.has_arrivals,
            EventSource::Deadline => is_past(machine.deadline()),
            EventSource::Answer => due.has_answers,
            EventSource::Review => is_past(due.review),
            // A thousand exits are a handful of scans: for a while, the answers that are there come first.
            EventSource::Scan => {
                let delay = if due.has_answers { SCAN_DELAY } else { Duration::ZERO };
                due.is_scan_due && scans.due() + delay <= now
            }
            EventSource::Readiness => is_past(due.readiness),
            EventSource::Files => is_past(due.files),
        })
    }

    /// When the first of the sources is due, apart from arrivals.
    pub(super) fn wake_up(&self, machine: &Machine, due: DueSources) -> Option<Duration> {
        let scan = due.is_scan_due.then(|| self.scans.due());
        [scan, machine.deadline(), due.review, due.readiness, due.files].into_iter().flatten().min()
    }

    /// A scan went on from `began` to `ended`.
    pub(super) fn scanned(&mut self, began: Duration, ended: Duration) {
        self.scans.used(began, ended);
    }

    /// Actions were performed until `now`. What they end, if they do, is still there then: most of it is gone a moment later, and if that is
    /// all, no scan is needed at all.
    pub(super) fn performed(&mut self, has_ended_some: bool, now: Duration) {
        if has_ended_some {
            self.scans.put_off(now);
        }
    }

    /// Whether readers and timers have their turn before this answer: always, but for starts and exits, which wait for the end of a
    /// stretch.
    pub(super) fn yields_before(&self, answer: &Event, now: Duration) -> bool {
        let stretch = if matches!(answer, Event::Spawned { .. }) {
            STRETCH
        } else if matches!(answer, Event::Exited { .. }) {
            EXITS
        } else {
            Duration::ZERO
        };
        now.saturating_sub(self.last_yield) >= stretch
    }

    /// Readers and timers have had their turn.
    pub(super) fn yielded(&mut self, now: Duration) {
        self.last_yield = now;
    }
}
