//! One instance as the machine knows it: wish, fact, and the moments at which something is due.

use std::rc::Rc;
use std::time::Duration;

use super::restart::Backoff;
use super::state::{Effect, InstanceEvent, Intent, State, step};
use super::timers::Timers;
use crate::exit::Exit;
use crate::plan::spec::Spec;

/// How often leftovers are looked at while they have their grace: who is born in it is asked to end too.
const LOOK_CLEARING: Duration = Duration::from_millis(100);
/// How often SIGKILL is repeated while processes are still there: a fork may have slipped through.
const LOOK_KILLING: Duration = Duration::from_millis(20);
/// How long after the first SIGKILL a process counts as one that cannot be ended.
const HOPELESS: Duration = Duration::from_secs(5);

/// One instance. All moments count from the start of the run.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other, each named")]
pub struct Instance {
    /// What is wished.
    pub intent: Intent,
    /// What is.
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
    /// Whether a person has asked for what is wished of it: then the stack waits for that person.
    pub is_requested: bool,
    /// Why its latest start failed: program and reason.
    pub failure: Option<String>,
    /// Whether it has left the stack: it is stopped or being stopped, and is nobody's concern after that.
    pub is_retired: bool,
    /// What it is to be in its next life, if not what it is.
    pub(super) next: Option<Rc<Spec>>,
    /// When it was seen to be ready in its present life.
    pub ready: Option<Duration>,
    /// What is due of it beside the table's.
    pub timers: Timers,
    /// Whether it failed too often to be started again.
    pub is_given_up: bool,
    /// Whether it failed and waits for a change of its files.
    pub is_resting: bool,
    /// Whether it was not ready in time, and is ended for that.
    pub is_late: bool,
    pub(super) backoff: Backoff,
    is_told: bool,
    grace: Duration,
    half: Option<Duration>,
    expires: Option<Duration>,
    look: Option<Duration>,
    hopeless: Option<Duration>,
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
            next: None,
            ready: None,
            timers: Timers::default(),
            is_given_up: false,
            is_resting: false,
            is_late: false,
            backoff: Backoff::default(),
            is_told: false,
            grace,
            half: None,
            expires: None,
            look: None,
            hopeless: None,
        }
    }

    /// Whether the process that was made for it lives.
    pub fn has_own_process(&self) -> bool {
        matches!(self.state, State::Running | State::Stopping | State::Killing)
    }

    /// Whether nobody wants it to end.
    pub(super) fn is_wanted(&self) -> bool {
        self.intent == Intent::Up
    }

    /// Whether it will start, now or later, without anybody asking for it.
    pub fn will_start(&self) -> bool {
        self.is_due || self.timers.again.is_some() || self.intent == Intent::Again
    }

    /// Somebody decides about it: what went wrong before is forgotten.
    pub(super) fn forget_failures(&mut self) {
        self.failure = None;
        self.backoff = Backoff::default();
        self.timers.again = None;
        (self.is_given_up, self.is_resting) = (false, false);
    }

    /// It has to wait for others, and the person hears of it at this moment, once.
    pub(super) fn block(&mut self, tells: Duration) {
        if !std::mem::replace(&mut self.is_told, true) {
            self.timers.tells = Some(tells);
        }
    }

    /// It need not wait for others any more.
    pub(super) fn unblock(&mut self) {
        (self.is_told, self.timers.tells) = (false, None);
    }

    /// Another grace for the next stop.
    pub fn set_grace(&mut self, grace: Duration) {
        self.grace = grace;
    }

    /// Lets `event` happen at `now`: the table's step, and the timers that the new state needs.
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
            self.look = self.look.map(|_| now + self.look_interval());
        }
        effects
    }

    /// Puts what belongs to no instance under the same table: it has no process of its own to wait for.
    pub fn clear(&mut self, now: Duration) {
        let before = self.state;
        self.intent = Intent::Down;
        self.state = State::Clearing;
        self.enter(now, before);
    }

    fn enter(&mut self, now: Duration, before: State) {
        if before == State::Running {
            self.ready = None;
            self.timers.end_life();
        }
        match self.state {
            State::Idle | State::Starting | State::Running | State::Ended => {
                (self.half, self.expires, self.look, self.hopeless) = (None, None, None, None);
            }
            State::Stopping => self.begin_grace(now),
            State::Clearing => {
                // A leader that ended by itself leaves the whole grace to its leftovers; one that was asked
                // to end has started it already.
                if before != State::Stopping {
                    self.begin_grace(now);
                }
                self.look = Some(now + LOOK_CLEARING);
            }
            State::Killing | State::Purging => {
                (self.half, self.expires) = (None, None);
                self.look = Some(now + LOOK_KILLING);
                self.hopeless.get_or_insert(now + HOPELESS);
            }
        }
    }

    fn begin_grace(&mut self, now: Duration) {
        self.half = Some(now + self.grace / 2);
        self.expires = Some(now + self.grace);
    }

    fn look_interval(&self) -> Duration {
        if self.state == State::Clearing { LOOK_CLEARING } else { LOOK_KILLING }
    }

    /// The next moment at which something is due.
    pub fn deadline(&self) -> Option<Duration> {
        [self.half, self.expires, self.look, self.hopeless, self.timers.first()].into_iter().flatten().min()
    }

    /// What is due at `now`, the most decisive alone.
    pub fn due(&self, now: Duration) -> Option<InstanceEvent> {
        let is_due = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
        if is_due(self.hopeless) {
            Some(InstanceEvent::Hopeless)
        } else if is_due(self.expires) {
            Some(InstanceEvent::Expired)
        } else if is_due(self.half) {
            Some(InstanceEvent::Half)
        } else if is_due(self.look) {
            Some(InstanceEvent::Scan)
        } else {
            None
        }
    }

    /// Moves all that is due by the time for which the whole stack stood still (Ctrl-Z).
    pub fn postpone(&mut self, by: Duration) {
        self.timers.postpone(by);
        for moment in [&mut self.half, &mut self.expires, &mut self.look, &mut self.hopeless] {
            *moment = moment.map(|moment| moment + by);
        }
    }
}
