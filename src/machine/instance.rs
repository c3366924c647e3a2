//! One instance as the machine knows it: intent, state, and timers.

use std::rc::Rc;
use std::time::Duration;

use super::restart::Backoff;
use super::state::{Effect, InstanceEvent, Intent, State, step};
use super::timers::Timers;
use crate::exit::Exit;
use crate::plan::spec::{ProbePort, Spec};

/// How often a tree is scanned during its grace: processes that it starts meanwhile get the stop signal too.
const SCAN_CLEARING: Duration = Duration::from_millis(100);
/// How often SIGKILL is repeated while processes are left: a fork may have slipped through.
const SCAN_KILLING: Duration = Duration::from_millis(20);
/// How long after the first SIGKILL a process counts as one that cannot be ended.
const HOPELESS: Duration = Duration::from_secs(5);
/// How often SIGKILL is repeated at least before that. Where all of these seconds went by at once (a machine that stood still, a
/// kill of a thousand instances on a busy one), what has ended long since has to be heard of first.
const REPETITIONS: u32 = 3;

/// The first start of an instance, of which the timeline of a start is made. Later generations do not change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstStart {
    /// When it was to start: at the start of the run, or when a request added it.
    pub due: Duration,
    /// When its own process was made.
    pub started: Option<Duration>,
    /// When it was ready, or had succeeded if it is a one-shot.
    pub ready: Option<Duration>,
}

/// One instance. All moments count from the start of the run.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other, each named")]
pub struct Instance {
    /// What it should do.
    pub intent: Intent,
    /// What it does.
    pub state: State,
    /// The id of its own process, while it lives and after.
    pub pid: Option<i32>,
    /// When its own process was made.
    pub started: Option<Duration>,
    /// How its own process ended, and after how long.
    pub ended: Option<(Exit, Duration)>,
    /// How often its own process was made.
    pub generation: u32,
    /// Whether it waits for its turn to start.
    pub is_due: bool,
    /// Whether a request has set its intent: then the stack does not end before the next request.
    pub is_requested: bool,
    /// Why its latest start failed: program and reason.
    pub failure: Option<String>,
    /// Whether it has left the stack: it is stopped or being stopped, and does not count after that.
    pub is_retired: bool,
    /// Whether it only stands in for others in a rolling restart: it is of no formation, and leaves the stack at the end of that.
    pub is_stand_in: bool,
    /// Its spec in the next generation, if it is another than now.
    pub(super) next: Option<Rc<Spec>>,
    /// When it became ready in its present generation.
    pub ready: Option<Duration>,
    /// Its first start.
    pub first_start: FirstStart,
    /// The port on which it listens, where that is not its PORT.
    pub other_port: Option<u16>,
    /// How the latest request or command of its probe failed, as a clause.
    pub probe_failure: Option<String>,
    /// Its timers beside those of the table.
    pub timers: Timers,
    /// When its present generation failed without being asked to end, whatever follows.
    pub failed: Option<Duration>,
    /// Whether it failed too often to be started again.
    pub is_given_up: bool,
    /// Whether it failed and waits for a change of its files.
    pub awaits_change: bool,
    /// What it lacked when it was not ready in time, and is stopped for that.
    pub late: Option<String>,
    pub(super) backoff: Backoff,
    is_blocked: bool,
    grace: Duration,
    half: Option<Duration>,
    expires: Option<Duration>,
    scan: Option<Duration>,
    hopeless: Option<Duration>,
    repetitions: u32,
}

impl Instance {
    /// An instance of which nothing exists yet, with this grace between stop signal and SIGKILL.
    pub fn new(grace: Duration) -> Self {
        Self {
            intent: Intent::Up,
            state: State::Idle,
            pid: None,
            started: None,
            ended: None,
            generation: 0,
            is_due: true,
            is_requested: false,
            failure: None,
            is_retired: false,
            is_stand_in: false,
            next: None,
            ready: None,
            first_start: FirstStart::default(),
            other_port: None,
            probe_failure: None,
            timers: Timers::default(),
            failed: None,
            is_given_up: false,
            awaits_change: false,
            late: None,
            backoff: Backoff::default(),
            is_blocked: false,
            grace,
            half: None,
            expires: None,
            scan: None,
            hopeless: None,
            repetitions: 0,
        }
    }

    /// Whether its own process lives.
    pub fn has_own_process(&self) -> bool {
        matches!(self.state, State::Running | State::Stopping | State::Killing)
    }

    /// It is ready in its present generation.
    pub(super) fn become_ready(&mut self, now: Duration) {
        self.ready = Some(now);
        self.first_start.ready.get_or_insert(now);
        self.timers.end_generation();
    }

    /// The port on which it serves, as far as its probe shows that.
    pub fn served_port(&self, spec: &Spec) -> Option<u16> {
        match spec.service.probe.port() {
            ProbePort::Other(_) => None,
            ProbePort::Own => self.other_port.or(spec.port),
            ProbePort::None => self.other_port,
        }
    }

    /// Whether it should go on running.
    pub(super) fn is_wanted(&self) -> bool {
        self.intent == Intent::Up
    }

    /// Whether a request has stopped it, or is stopping it: it does not start before another request asks for that.
    pub(super) fn is_stopped(&self) -> bool {
        self.intent == Intent::Down && self.is_requested && self.failure.is_none()
    }

    /// Whether it will start, now or later, without another request.
    pub fn will_start(&self) -> bool {
        self.is_due || self.timers.restart.is_some() || self.intent == Intent::Restart
    }

    /// Whether it has ended, and does not start again by itself, at a request or after a change of a file.
    pub(super) fn is_finished(&self) -> bool {
        // What a request has stopped, another request may start.
        let may_start = self.will_start() || self.is_requested || self.awaits_change;
        self.state.is_down() && (self.is_retired || !may_start)
    }

    /// A request decides about it: earlier failures do not count any more.
    pub(super) fn forget_failures(&mut self) {
        self.failure = None;
        self.backoff = Backoff::default();
        self.timers.restart = None;
        (self.is_given_up, self.awaits_change) = (false, false);
    }

    /// Takes out its timers beside those of the table that are due at `now`. With that for its restart, its next start is due.
    pub(super) fn take_due(&mut self, now: Duration) -> Timers {
        let due = self.timers.take(now);
        self.is_due |= due.restart.is_some();
        due
    }

    /// It has to wait for others, which is reported at `report`, once.
    pub(super) fn block(&mut self, report: Duration) {
        if !std::mem::replace(&mut self.is_blocked, true) {
            self.timers.report_blocked = Some(report);
        }
    }

    /// It does not have to wait for others any more.
    pub(super) fn unblock(&mut self) {
        (self.is_blocked, self.timers.report_blocked) = (false, None);
    }

    /// The grace of its next stop.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// Sets the grace of its next stop.
    pub fn set_grace(&mut self, grace: Duration) {
        self.grace = grace;
    }

    /// Takes the table's step for `event` at `now`, and sets the timers that the new state needs.
    pub fn apply(&mut self, now: Duration, event: InstanceEvent) -> &'static [Effect] {
        let before = self.state;
        let (after, effects) = step(before, self.intent, event);
        self.state = after;
        if event == InstanceEvent::Half {
            self.half = None;
        }
        if after != before {
            self.enter(now, before);
        } else if event == InstanceEvent::Scan {
            self.scan = self.scan.map(|_| now + self.scan_interval());
            self.repetitions += u32::from(self.hopeless.is_some());
        }
        effects
    }

    /// Begins the stop of processes that belong to no instance: there is no own process to wait for.
    pub fn clear(&mut self, now: Duration) {
        let before = self.state;
        self.intent = Intent::Down;
        self.state = State::Clearing;
        self.enter(now, before);
    }

    fn enter(&mut self, now: Duration, before: State) {
        if before == State::Running {
            (self.ready, self.other_port, self.probe_failure) = (None, None, None);
            self.timers.end_generation();
        }
        match self.state {
            State::Idle | State::Starting | State::Running | State::Ended => {
                (self.half, self.expires, self.scan, self.hopeless) = (None, None, None, None);
                self.repetitions = 0;
            }
            State::Stopping => self.begin_grace(now),
            State::Clearing => {
                // An own process that exited by itself leaves the whole grace to what it started. If it was stopped, the grace
                // has begun already.
                if before != State::Stopping {
                    self.begin_grace(now);
                }
                self.scan = Some(now + SCAN_CLEARING);
            }
            State::Killing | State::Purging => {
                (self.half, self.expires) = (None, None);
                self.scan = Some(now + SCAN_KILLING);
                self.hopeless.get_or_insert(now + HOPELESS);
            }
        }
    }

    fn begin_grace(&mut self, now: Duration) {
        self.half = Some(now + self.grace / 2);
        self.expires = Some(now + self.grace);
    }

    fn scan_interval(&self) -> Duration {
        if self.state == State::Clearing { SCAN_CLEARING } else { SCAN_KILLING }
    }

    /// When the first of its timers is due.
    pub fn deadline(&self) -> Option<Duration> {
        // Before all repetitions it changes nothing, and would be due all the time.
        let hopeless = self.hopeless.filter(|_| self.repetitions >= REPETITIONS);
        [self.half, self.expires, self.scan, hopeless, self.timers.first()].into_iter().flatten().min()
    }

    /// The event that is due at `now`; of several, only the most decisive.
    pub fn due(&self, now: Duration) -> Option<InstanceEvent> {
        let is_due = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
        if is_due(self.hopeless) && self.repetitions >= REPETITIONS {
            Some(InstanceEvent::Hopeless)
        } else if is_due(self.expires) {
            Some(InstanceEvent::Expired)
        } else if is_due(self.half) {
            Some(InstanceEvent::Half)
        } else if is_due(self.scan) {
            Some(InstanceEvent::Scan)
        } else {
            None
        }
    }

    /// Moves all timers by the time for which the whole stack was suspended (Ctrl-Z).
    pub fn postpone(&mut self, by: Duration) {
        self.timers.postpone(by);
        for moment in [&mut self.half, &mut self.expires, &mut self.scan, &mut self.hopeless] {
            *moment = moment.map(|moment| moment + by);
        }
    }
}
