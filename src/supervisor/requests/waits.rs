//! Clients that wait until instances have reached a goal.

use std::time::Duration;

use crate::control::call::ReplySender;
use crate::control::protocol::Goal;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::machine::state::State;
use crate::supervisor::channel::agenda::Pace;
use crate::supervisor::status::report::{View, known_readiness};

/// How often the processes and sockets of instances are looked at that a client waits for to become ready.
const INTERVAL: Duration = Duration::from_millis(250);

/// All clients that wait. After each event they are judged by what the machine knows. What only a look at processes and sockets
/// shows is looked at by itself, at a pace: a look costs as much as the stack is large, and a start of it is as many events.
pub(super) struct Waits {
    pending: Vec<PendingWait>,
    looks: Pace,
    /// The same where a client has just come, or an instance has just become ready: it need not wait for the interval.
    soonest: Pace,
    is_look_urgent: bool,
}

/// The wait of one client.
struct PendingWait {
    caller: ReplySender,
    goal: Goal,
    /// The instances that have to reach it.
    instances: Vec<usize>,
    /// Whether the client has named them.
    is_named: bool,
    unseen: Unseen,
}

/// How many of the instances only a look can tell of.
#[derive(Clone, Copy, Default)]
struct Unseen {
    all: usize,
    /// Those that the machine takes for ready.
    ready: usize,
}

/// A client whose wait is over.
pub(super) struct EndedWait {
    pub(super) caller: ReplySender,
    /// The instances that have reached the goal; or the one that cannot reach it any more.
    pub(super) result: Result<Vec<usize>, usize>,
}

/// The state of a wait.
enum WaitProgress {
    Reached,
    Pending(Unseen),
    /// This instance cannot reach the goal any more.
    Never(usize),
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            pending: Vec::new(),
            looks: Pace::of(INTERVAL),
            soonest: Pace::of(Duration::ZERO),
            is_look_urgent: false,
        }
    }
}

impl Waits {
    pub(super) fn add(&mut self, caller: ReplySender, goal: Goal, instances: Vec<usize>, is_named: bool) {
        self.pending.push(PendingWait { caller, goal, instances, is_named, unseen: Unseen::default() });
        self.is_look_urgent = true;
    }

    /// Forgets clients that are gone.
    pub(super) fn retain_connected(&mut self) {
        self.pending.retain(|wait| !wait.caller.is_gone());
    }

    /// When the next [`Waits::look`] is due; `None` where the machine knows all that is waited for.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let pace = if self.is_look_urgent { self.soonest } else { self.looks };
        self.pending.iter().any(|wait| wait.unseen.all > 0).then(|| pace.due())
    }

    /// The clients whose wait is over, as far as the machine knows.
    pub(super) fn review(&mut self, machine: &Machine, now: Duration) -> Vec<EndedWait> {
        self.judge(machine, |index, is_named| known_readiness(machine, now, index, is_named))
    }

    /// The clients whose wait is over, by a look at processes and sockets.
    pub(super) fn look(&mut self, view: &mut View<'_>) -> Vec<EndedWait> {
        view.refresh();
        let (machine, now) = (view.machine, view.now);
        self.judge_seen(machine, now, |index, is_named| view.is_ready_for(index, is_named))
    }

    /// What is not seen to be ready, and may be later without an event, is to be looked at again.
    fn judge_seen(
        &mut self,
        machine: &Machine,
        now: Duration,
        mut is_ready: impl FnMut(usize, bool) -> bool,
    ) -> Vec<EndedWait> {
        self.judge(machine, |index, is_named| {
            if is_ready(index, is_named) {
                Some(true)
            } else {
                known_readiness(machine, now, index, is_named)
            }
        })
    }

    /// A look went on from `began` to `ended`.
    pub(super) fn looked(&mut self, began: Duration, ended: Duration) {
        self.looks.used(began, ended);
        self.soonest.used(began, ended);
        self.is_look_urgent = false;
    }

    fn judge(
        &mut self,
        machine: &Machine,
        mut is_ready: impl FnMut(usize, bool) -> Option<bool>,
    ) -> Vec<EndedWait> {
        let mut over = Vec::new();
        for wait in std::mem::take(&mut self.pending) {
            let result = match wait.progress(machine, &mut is_ready) {
                WaitProgress::Reached => Ok(wait.instances),
                WaitProgress::Never(index) => Err(index),
                WaitProgress::Pending(_) if wait.caller.is_gone() => continue,
                WaitProgress::Pending(unseen) => {
                    self.is_look_urgent |= unseen.ready > wait.unseen.ready;
                    self.pending.push(PendingWait { unseen, ..wait });
                    continue;
                }
            };
            over.push(EndedWait { caller: wait.caller, result });
        }
        over
    }
}

impl PendingWait {
    /// How far the instances are, all together. `is_ready` tells of one, for a client that has named it or not, if it can.
    fn progress(
        &self,
        machine: &Machine,
        mut is_ready: impl FnMut(usize, bool) -> Option<bool>,
    ) -> WaitProgress {
        let (mut is_reached, mut unseen) = (true, Unseen::default());
        for &index in &self.instances {
            let instance = &machine.instances()[index];
            let has_run = instance.generation > 0 && !instance.has_own_process();
            let spec = &machine.specs()[index];
            let is_done =
                has_run && (spec.once || spec.service.can_die) && instance.ended.is_some_and(is_success);
            let is_lost = (instance.state.is_down() || instance.state.is_clearing())
                && !instance.will_start()
                && !instance.awaits_change;
            let has_reached = match self.goal {
                Goal::Up => instance.state == State::Running || is_done,
                Goal::Ready if is_done => true,
                Goal::Ready => {
                    let Some(is_ready) = is_ready(index, self.is_named) else {
                        unseen.all += 1;
                        unseen.ready += usize::from(instance.ready.is_some());
                        is_reached = false;
                        continue;
                    };
                    is_ready
                }
                Goal::Exited => is_lost,
            };
            if !has_reached && (is_lost || machine.is_stopping() && self.goal != Goal::Exited) {
                // Where the whole stack stops, the instance that exited first is the reason.
                return WaitProgress::Never(machine.first_exit().unwrap_or(index));
            }
            is_reached &= has_reached;
        }
        if is_reached { WaitProgress::Reached } else { WaitProgress::Pending(unseen) }
    }
}

fn is_success((exit, _): (Exit, Duration)) -> bool {
    exit.is_success()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;

    use super::*;
    use crate::control::call::{Replies, in_process};
    use crate::control::protocol::Request;
    use crate::machine::Event;
    use crate::name::{InstanceName, TypeName};
    use crate::plan::spec::{Environment, Policy, Probe, ServicePolicy, Spec};
    use crate::signal::{Reach, Signal};

    /// An instance that has to listen on its PORT.
    fn listener(number: u32) -> Spec {
        Spec {
            name: InstanceName { kind: TypeName::new("web").unwrap(), number },
            command: Arc::from("server"),
            place: Arc::from("Procfile:1"),
            environment: Environment::default(),
            port: Some(5000),
            stop_signal: Signal::TERMINATE,
            stop_to: Reach::Main,
            grace: Duration::from_secs(5),
            once: false,
            after: Arc::default(),
            service: ServicePolicy { probe: Probe::Listen(None), ..ServicePolicy::default() },
        }
    }

    /// A stack of so many listeners, and a client that waits until all are ready.
    fn waiting(count: u32) -> (Machine, Waits, Replies) {
        let specs = (1..=count).map(|number| Rc::new(listener(number))).collect();
        let (call, _, replies) = in_process(Request::Hello);
        let mut waits = Waits::default();
        waits.add(call.caller, Goal::Ready, (0..count as usize).collect(), false);
        (Machine::new(specs, Policy::default()), waits, replies)
    }

    #[test]
    fn a_start_of_many_instances_costs_a_client_that_waits_a_few_looks() {
        let at = Duration::from_millis;
        let (mut machine, mut waits, _replies) = waiting(400);
        let (mut now, mut looks) = (Duration::ZERO, Vec::new());
        let _ = machine.handle(now, Event::Begin);
        for instance in 0..400 {
            now += at(1);
            let pid = 1000 + i32::try_from(instance).unwrap();
            let _ = machine.handle(now, Event::Spawned { instance, pid });
            assert!(waits.review(&machine, now).is_empty());
            if waits.deadline().is_some_and(|due| due <= now) {
                looks.push(now);
                assert!(waits.judge_seen(&machine, now, |_, _| false).is_empty());
                waits.looked(now, now + at(100));
                now += at(100);
            }
        }
        // Each comes 250 ms after the end of the one before: a look that costs more has a longer pause.
        assert_eq!(looks, [at(1), at(351)]);
    }

    #[test]
    fn what_the_machine_knows_is_answered_at_the_event_and_needs_no_look() {
        let (mut machine, mut waits, _replies) = waiting(1);
        let now = Duration::from_secs(1);
        let _ = machine.handle(now, Event::Begin);
        let _ = machine.handle(now, Event::Spawned { instance: 0, pid: 1000 });
        assert!(waits.review(&machine, now).is_empty());
        assert_eq!(waits.deadline(), Some(Duration::ZERO), "a new client waits for no interval");
        assert!(waits.judge_seen(&machine, now, |_, _| false).is_empty());
        waits.looked(now, now);
        assert_eq!(waits.deadline(), Some(now + INTERVAL), "it is looked at again though nothing happens");
        let _ = machine.handle(now, Event::Ready { instance: 0, pid: 1000, port: Some(5000) });
        let over = waits.review(&machine, now);
        assert_eq!(over.into_iter().map(|wait| wait.result).collect::<Vec<_>>(), [Ok(vec![0])]);
        assert_eq!(waits.deadline(), None);
    }

    #[test]
    fn an_instance_that_cannot_become_ready_is_named() {
        let (mut machine, mut waits, _replies) = waiting(2);
        let now = Duration::from_secs(1);
        let _ = machine.handle(now, Event::Begin);
        let _ = machine.handle(now, Event::Spawned { instance: 0, pid: 1000 });
        let _ = machine.handle(now, Event::Spawned { instance: 1, pid: 1001 });
        let _ = machine.handle(now, Event::Exited { instance: 1, exit: Exit::Status(3) });
        let over = waits.review(&machine, now);
        assert_eq!(over.into_iter().map(|wait| wait.result).collect::<Vec<_>>(), [Err(1)]);
    }
}
