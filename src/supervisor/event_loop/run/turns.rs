//! Whose turn it is: the loop takes one event at a time from its sources.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout_at;

use super::{LOOK_PAUSE, Supervisor};
use crate::machine::Event;
use crate::supervisor::channel::agenda::EventSource;

/// How much longer a look waits for answers that the machine has not had yet.
const LOOK_DELAY: Duration = Duration::from_millis(50);
/// How long starts (of a thousand) follow each other before readers, timers and signals have their turn. While
/// nobody reads, children that flood stand still at their full pipes. Read after every start, they take the
/// processors from the child that is being made, and vfork(2) holds us until that one has come to its exec: ten starts
/// took three times as long (docs/design/0003).
const STRETCH: Duration = Duration::from_millis(20);

impl Supervisor {
    /// What happened next. Each source has its turn (see `agenda.rs`): a signal is heard between two of a thousand starts,
    /// and no look, however long it takes, keeps a deadline from its turn.
    pub(super) async fn next_event(&mut self) -> Event {
        loop {
            let Some(source) = self.next_source() else {
                if let Some(event) = self.wait().await {
                    return event;
                }
                continue;
            };
            match source {
                EventSource::Inbox => {
                    if let Some(event) = self.inbox.try_next().and_then(|arrival| self.name(arrival)) {
                        return event;
                    }
                }
                EventSource::Deadline => {
                    self.deadline = None;
                    return Event::Timeout;
                }
                EventSource::Answer => {
                    if let Some(answer) = self.answers.pop_front() {
                        self.yield_before(&answer).await;
                        return answer;
                    }
                }
                EventSource::Review => self.talk(),
                EventSource::Scan => {
                    let began = self.clock.now();
                    let seen = self.executor.look();
                    self.scans.passed(began, self.clock.now());
                    self.answers.extend(seen);
                    self.yield_to_others().await;
                }
                EventSource::Readiness => {
                    let ready = self.probes.ask(&self.clock, &mut self.executor);
                    self.answers.extend(ready);
                    self.yield_to_others().await;
                }
                EventSource::Files => self.on_quiet_files(),
            }
        }
    }

    fn next_source(&mut self) -> Option<EventSource> {
        let now = self.clock.now();
        self.refresh_deadline(now);
        if self.machine.is_stopping() {
            self.pulse.beat(now);
        }
        let is_past = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
        let Self { agenda, inbox, deadline, answers, executor, scans, router, probes, watching, .. } = self;
        agenda.next(|source| match source {
            EventSource::Inbox => !inbox.is_empty(),
            EventSource::Deadline => is_past(*deadline),
            EventSource::Answer => !answers.is_empty(),
            EventSource::Review => is_past(router.deadline()),
            // A thousand exits are a handful of looks: what is known is told first, for a while.
            EventSource::Scan => {
                let due = if answers.is_empty() { scans.due() } else { scans.due() + LOOK_DELAY };
                executor.is_look_wanted() && due <= now
            }
            EventSource::Readiness => is_past(probes.deadline()),
            EventSource::Files => is_past(watching.deadline()),
        })
    }

    /// The machine looks at every instance to find its next deadline, so it is not asked before each of a thousand
    /// answers: a deadline may be late by [`LOOK_PAUSE`].
    fn refresh_deadline(&mut self, now: Duration) {
        if now >= self.deadline_asked + LOOK_PAUSE {
            self.deadline = self.machine.deadline();
            self.deadline_asked = now;
        }
    }

    /// Lets readers, timers and signals have their turn: before each answer but that of a start, which waits for the
    /// end of a stretch.
    async fn yield_before(&mut self, answer: &Event) {
        let is_start = matches!(answer, Event::Spawned { .. });
        if !is_start || self.clock.now().saturating_sub(self.last_yield) >= STRETCH {
            self.yield_to_others().await;
        }
    }

    async fn yield_to_others(&mut self) {
        self.executor.flush();
        yield_now().await;
        self.last_yield = self.clock.now();
    }

    /// Waits for an arrival, the machine's deadline, or the next look.
    async fn wait(&mut self) -> Option<Event> {
        self.executor.flush();
        let look = self.executor.is_look_wanted().then(|| self.scans.due());
        let deadline = self.machine.deadline();
        (self.deadline, self.deadline_asked) = (deadline, self.clock.now());
        let beat = self.machine.is_stopping().then(|| self.pulse.beat(self.clock.now()));
        let own =
            [look, deadline, beat, self.router.deadline(), self.probes.deadline(), self.watching.deadline()];
        let Some(moment) = own.into_iter().flatten().min() else {
            let arrival = self.inbox.next().await;
            return self.name(arrival);
        };
        match timeout_at(self.clock.instant(moment).into(), self.inbox.next()).await {
            Ok(arrival) => self.name(arrival),
            // What is due has its turn by the agenda.
            Err(_) => None,
        }
    }
}
