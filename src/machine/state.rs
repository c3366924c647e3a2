//! The state of one instance, the intent for it, and the table that joins the two.

use std::fmt;

/// What an instance should do. Kept apart from [`State`], which is what it does: the intent may change while the state is still
/// on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It should run.
    Up,
    /// It should not run.
    Down,
    /// It should end, and then run again. For the table this is `Down`; the transition starts it when it has ended.
    Restart,
}

/// What an instance does. Its own process is the one that ganger started; its tree is all that descends from it, daemons
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No process of it exists, and none was started.
    Idle,
    /// Its process is being made.
    Starting,
    /// Its own process lives.
    Running,
    /// Its own process lives and has had the stop signal.
    Stopping,
    /// Its own process lives and was sent SIGKILL.
    Killing,
    /// Its own process is gone; what it started is being stopped.
    Clearing,
    /// Its own process is gone; what it started was sent SIGKILL.
    Purging,
    /// No process of it is left.
    Ended,
}

impl State {
    /// Every state, in the order in which an instance passes through them.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Killing,
        Self::Clearing,
        Self::Purging,
        Self::Ended,
    ];

    /// Whether no process of it exists or is about to.
    pub fn is_down(self) -> bool {
        matches!(self, Self::Idle | Self::Ended)
    }

    /// Whether only its leftovers are being waited for.
    pub fn is_clearing(self) -> bool {
        matches!(self, Self::Clearing | Self::Purging)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Killing => "killing",
            Self::Clearing => "clearing",
            Self::Purging => "purging",
            Self::Ended => "ended",
        })
    }
}

/// What can happen to one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceEvent {
    /// It is its turn to start.
    Start,
    /// Its own process exists.
    Spawned,
    /// Its own process could not be made.
    Failed,
    /// Its own process ended.
    Exited,
    /// A scan found processes of it.
    Left,
    /// A scan found no process of it.
    Empty,
    /// A process that is no instance's own was reaped: it may have been the last of this tree.
    Reaped,
    /// It is to be stopped.
    Stop,
    /// It is to be killed at once.
    Kill,
    /// The next scan is due.
    Scan,
    /// Half of its grace is over.
    Half,
    /// Its grace is over.
    Expired,
    /// Its processes were killed long ago, and have not ended.
    Hopeless,
}

impl InstanceEvent {
    /// Every event.
    pub const ALL: [Self; 13] = [
        Self::Start,
        Self::Spawned,
        Self::Failed,
        Self::Exited,
        Self::Left,
        Self::Empty,
        Self::Reaped,
        Self::Stop,
        Self::Kill,
        Self::Scan,
        Self::Half,
        Self::Expired,
        Self::Hopeless,
    ];
}

impl fmt::Display for InstanceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Start => "start",
            Self::Spawned => "spawned",
            Self::Failed => "failed",
            Self::Exited => "exited",
            Self::Left => "left",
            Self::Empty => "empty",
            Self::Reaped => "reaped",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Scan => "scan",
            Self::Half => "half",
            Self::Expired => "expired",
            Self::Hopeless => "hopeless",
        })
    }
}

/// What an event asks for; without pids and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Make its own process.
    Spawn,
    /// Send the stop signal to its main processes.
    Stop,
    /// When the main processes are gone, send it to what is left of the tree, each process once.
    StopRest,
    /// Send it to all of the tree, each process once.
    StopAll,
    /// Send SIGKILL to the tree.
    Kill,
    /// Scan for what is left of its tree.
    Scan,
    /// Report how its own process exited, after the remaining output.
    ReportExit,
    /// Report what could not be ended.
    GiveUp,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Spawn => "spawn",
            Self::Stop => "stop",
            Self::StopRest => "stop rest",
            Self::StopAll => "stop all",
            Self::Kill => "kill",
            Self::Scan => "scan",
            Self::ReportExit => "report exit",
            Self::GiveUp => "give up",
        })
    }
}

/// The next state, and what to do on the way. Every cell is written out: docs/states.md is printed from here.
pub(crate) fn step(state: State, intent: Intent, event: InstanceEvent) -> (State, &'static [Effect]) {
    match state {
        State::Idle | State::Ended => down(state, intent, event),
        State::Starting => starting(intent, event),
        State::Running => running(event),
        State::Stopping => stopping(event),
        State::Killing => killing(event),
        State::Clearing => clearing(event),
        State::Purging => purging(event),
    }
}

fn down(state: State, intent: Intent, event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match (event, intent) {
        (E::Start, Intent::Up) => (State::Starting, &[Effect::Spawn]),
        (E::Start, Intent::Down | Intent::Restart)
        | (
            E::Spawned
            | E::Failed
            | E::Exited
            | E::Left
            | E::Empty
            | E::Reaped
            | E::Stop
            | E::Kill
            | E::Scan
            | E::Half
            | E::Expired
            | E::Hopeless,
            Intent::Up | Intent::Down | Intent::Restart,
        ) => (state, &[]),
    }
}

/// While the process is being made it cannot be signalled: a stop waits in the intent.
fn starting(intent: Intent, event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match (event, intent) {
        (E::Spawned, Intent::Up) => (State::Running, &[]),
        (E::Spawned, Intent::Down | Intent::Restart) => (State::Stopping, &[Effect::Stop]),
        (E::Failed, Intent::Up | Intent::Down | Intent::Restart) => (State::Ended, &[]),
        (
            E::Start
            | E::Exited
            | E::Left
            | E::Empty
            | E::Reaped
            | E::Stop
            | E::Kill
            | E::Scan
            | E::Half
            | E::Expired
            | E::Hopeless,
            Intent::Up | Intent::Down | Intent::Restart,
        ) => (State::Starting, &[]),
    }
}

fn running(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match event {
        E::Exited => (State::Clearing, &[Effect::ReportExit, Effect::Scan]),
        E::Stop => (State::Stopping, &[Effect::Stop]),
        E::Kill => (State::Killing, &[Effect::Kill]),
        E::Start
        | E::Spawned
        | E::Failed
        | E::Left
        | E::Empty
        | E::Reaped
        | E::Scan
        | E::Half
        | E::Expired
        | E::Hopeless => (State::Running, &[]),
    }
}

/// While its own process lives, that process stops what it started: Celery's pool takes SIGTERM for its master's order to exit,
/// and a shell's `trap` may be running its clean-up. What is left is signalled after the own process has exited (`clearing`),
/// and all of it when half of the grace is over: then there is still time for it to end.
fn stopping(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match event {
        E::Exited => (State::Clearing, &[Effect::ReportExit, Effect::Scan]),
        E::Half => (State::Stopping, &[Effect::StopAll]),
        E::Kill | E::Expired => (State::Killing, &[Effect::Kill]),
        E::Start
        | E::Spawned
        | E::Failed
        | E::Left
        | E::Empty
        | E::Reaped
        | E::Stop
        | E::Scan
        | E::Hopeless => (State::Stopping, &[]),
    }
}

fn killing(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match event {
        E::Exited => (State::Purging, &[Effect::ReportExit, Effect::Kill, Effect::Scan]),
        E::Scan => (State::Killing, &[Effect::Kill]),
        E::Hopeless => (State::Ended, &[Effect::GiveUp]),
        E::Start
        | E::Spawned
        | E::Failed
        | E::Left
        | E::Empty
        | E::Reaped
        | E::Stop
        | E::Kill
        | E::Half
        | E::Expired => (State::Killing, &[]),
    }
}

fn clearing(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match event {
        E::Empty => (State::Ended, &[]),
        E::Left => (State::Clearing, &[Effect::StopRest]),
        E::Half => (State::Clearing, &[Effect::StopAll]),
        E::Kill | E::Expired => (State::Purging, &[Effect::Kill, Effect::Scan]),
        E::Reaped | E::Scan => (State::Clearing, &[Effect::Scan]),
        E::Start | E::Spawned | E::Failed | E::Exited | E::Stop | E::Hopeless => (State::Clearing, &[]),
    }
}

/// SIGKILL may miss a process that is being forked at that moment: it is sent again at every scan, until no process is left or
/// it counts as one that cannot be ended.
fn purging(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as E;
    match event {
        E::Empty => (State::Ended, &[]),
        E::Left => (State::Purging, &[Effect::Kill]),
        E::Reaped | E::Scan => (State::Purging, &[Effect::Scan]),
        E::Hopeless => (State::Ended, &[Effect::GiveUp]),
        E::Start | E::Spawned | E::Failed | E::Exited | E::Stop | E::Kill | E::Half | E::Expired => {
            (State::Purging, &[])
        }
    }
}
