//! The facts about one instance, the wish about it, and the table that joins them.

use std::fmt;

/// What is wished of an instance. Kept apart from [`State`], which is what is: a wish may change while
/// the fact is still on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It should run.
    Up,
    /// It should not.
    Down,
    /// It should end, and then run again. The table takes it as `Down`; what follows the end is the turn's.
    Again,
}

/// What is known of an instance. "Own process" is the one that ganger started; its tree is all that came
/// from it, daemons included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing of it exists, and nothing was tried.
    Idle,
    /// Its start was asked for and has not been answered.
    Starting,
    /// Its own process lives.
    Running,
    /// Its own process lives and was asked to end.
    Stopping,
    /// Its own process lives and was sent SIGKILL.
    Killing,
    /// Its own process is gone; what it started is being asked to end.
    Clearing,
    /// Its own process is gone; what it started was sent SIGKILL.
    Purging,
    /// Nothing of it is left.
    Ended,
}

impl State {
    /// Every state, in the order of a life.
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
    /// Somebody looked: processes of it are there.
    Left,
    /// Somebody looked: no process of it is there.
    Empty,
    /// A process that is no instance's own was reaped: it may have been the last of this tree.
    Reaped,
    /// It is to end.
    Stop,
    /// It is to end at once.
    Kill,
    /// It is time to look again who is left.
    Scan,
    /// Half of its grace is over.
    Half,
    /// Its grace is over.
    Expired,
    /// Its processes do not end, though they were killed long ago.
    Hopeless,
}

impl InstanceEvent {
    /// Every happening.
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

/// What a happening asks for, in words that still know nothing of pids and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Make its own process.
    Spawn,
    /// Send the stop signal to its main processes.
    Stop,
    /// Send it to what is left of the tree, each process once, when the main processes are gone.
    StopRest,
    /// Send it to all of the tree, each process once.
    StopAll,
    /// Send SIGKILL to the tree.
    Kill,
    /// Look who is left.
    Scan,
    /// Its own process is gone: say so after its last words.
    ReportExit,
    /// Say who could not be ended.
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

/// The next state and what to do on the way. Every cell is written: docs/states.md is printed from here.
pub fn step(state: State, intent: Intent, event: InstanceEvent) -> (State, &'static [Effect]) {
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
    use InstanceEvent as H;
    match (event, intent) {
        (H::Start, Intent::Up) => (State::Starting, &[Effect::Spawn]),
        (H::Start, Intent::Down | Intent::Again)
        | (
            H::Spawned
            | H::Failed
            | H::Exited
            | H::Left
            | H::Empty
            | H::Reaped
            | H::Stop
            | H::Kill
            | H::Scan
            | H::Half
            | H::Expired
            | H::Hopeless,
            Intent::Up | Intent::Down | Intent::Again,
        ) => (state, &[]),
    }
}

/// Between the question and the answer nothing can be signalled: a stop waits in the intent.
fn starting(intent: Intent, event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match (event, intent) {
        (H::Spawned, Intent::Up) => (State::Running, &[]),
        (H::Spawned, Intent::Down | Intent::Again) => (State::Stopping, &[Effect::Stop]),
        (H::Failed, Intent::Up | Intent::Down | Intent::Again) => (State::Ended, &[]),
        (
            H::Start
            | H::Exited
            | H::Left
            | H::Empty
            | H::Reaped
            | H::Stop
            | H::Kill
            | H::Scan
            | H::Half
            | H::Expired
            | H::Hopeless,
            Intent::Up | Intent::Down | Intent::Again,
        ) => (State::Starting, &[]),
    }
}

fn running(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match event {
        H::Exited => (State::Clearing, &[Effect::ReportExit, Effect::Scan]),
        H::Stop => (State::Stopping, &[Effect::Stop]),
        H::Kill => (State::Killing, &[Effect::Kill]),
        H::Start
        | H::Spawned
        | H::Failed
        | H::Left
        | H::Empty
        | H::Reaped
        | H::Scan
        | H::Half
        | H::Expired
        | H::Hopeless => (State::Running, &[]),
    }
}

/// While its own process lives, what it started, before or during the grace, is its own to end: Celery's pool takes SIGTERM
/// for its master's order to die, and a shell's `trap` may be running its clean-up. What is left is signalled after the own
/// process has ended (`clearing`), and all of it when half of the grace is over: then there is still time for it to end.
fn stopping(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match event {
        H::Exited => (State::Clearing, &[Effect::ReportExit, Effect::Scan]),
        H::Half => (State::Stopping, &[Effect::StopAll]),
        H::Kill | H::Expired => (State::Killing, &[Effect::Kill]),
        H::Start
        | H::Spawned
        | H::Failed
        | H::Left
        | H::Empty
        | H::Reaped
        | H::Stop
        | H::Scan
        | H::Hopeless => (State::Stopping, &[]),
    }
}

fn killing(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match event {
        H::Exited => (State::Purging, &[Effect::ReportExit, Effect::Kill, Effect::Scan]),
        H::Scan => (State::Killing, &[Effect::Kill]),
        H::Hopeless => (State::Ended, &[Effect::GiveUp]),
        H::Start
        | H::Spawned
        | H::Failed
        | H::Left
        | H::Empty
        | H::Reaped
        | H::Stop
        | H::Kill
        | H::Half
        | H::Expired => (State::Killing, &[]),
    }
}

fn clearing(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match event {
        H::Empty => (State::Ended, &[]),
        H::Left => (State::Clearing, &[Effect::StopRest]),
        H::Half => (State::Clearing, &[Effect::StopAll]),
        H::Kill | H::Expired => (State::Purging, &[Effect::Kill, Effect::Scan]),
        H::Reaped | H::Scan => (State::Clearing, &[Effect::Scan]),
        H::Start | H::Spawned | H::Failed | H::Exited | H::Stop | H::Hopeless => (State::Clearing, &[]),
    }
}

/// One SIGKILL may miss who is being forked at that moment: it is sent again at every look, until none
/// is left or hope is given up.
fn purging(event: InstanceEvent) -> (State, &'static [Effect]) {
    use InstanceEvent as H;
    match event {
        H::Empty => (State::Ended, &[]),
        H::Left => (State::Purging, &[Effect::Kill]),
        H::Reaped | H::Scan => (State::Purging, &[Effect::Scan]),
        H::Hopeless => (State::Ended, &[Effect::GiveUp]),
        H::Start | H::Spawned | H::Failed | H::Exited | H::Stop | H::Kill | H::Half | H::Expired => {
            (State::Purging, &[])
        }
    }
}
