//! The instances of the stack, the processes that belong to none, and the one way in which an event reaches them.
//!
//! The rules that concern several instances (`order`, `ready`, `request`, `rolling`, `exit_disposition`) stand on this file. The
//! transition asks them; none of them calls back.

use std::rc::Rc;
use std::time::Duration;

use super::action::Action;
use super::held_stops::HeldStops;
use super::instance::Instance;
use super::instances::Instances;
use super::request::{RequestResult, Ticket};
use super::state::{Effect, InstanceEvent, Intent, State};
use super::target::Target;
use super::timers::Timers;
use crate::notice::Notice;
use crate::plan::spec::{Policy, Spec};

/// The time of one transition, and the actions that it has gathered so far.
#[derive(Debug)]
pub(super) struct Actions {
    pub(super) now: Duration,
    list: Vec<Action>,
}

impl Actions {
    pub(super) fn at(now: Duration) -> Self {
        Self { now, list: Vec::new() }
    }

    pub(super) fn push(&mut self, action: Action) {
        self.list.push(action);
    }

    pub(super) fn notify(&mut self, notice: Notice) {
        self.push(Action::Notify(notice));
    }

    pub(super) fn answer(&mut self, ticket: Ticket, result: RequestResult) {
        self.push(Action::Answer(ticket, result));
    }

    /// Asks for a scan; one answers all that ask in the same transition.
    pub(super) fn scan(&mut self) {
        if !self.list.contains(&Action::Scan) {
            self.push(Action::Scan);
        }
    }

    /// The actions, in the order in which they are to be performed.
    pub(super) fn into_list(self) -> Vec<Action> {
        self.list
    }
}

/// All instances, by their index, and the policy that they run under.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) policy: Policy,
    pub(super) instances: Instances,
    /// The processes that belong to no instance, under the same table.
    pub(super) orphans: Instance,
    held: HeldStops,
    /// Indices in the order in which their own processes ended.
    pub(super) exits: Vec<usize>,
    pub(super) has_survivors: bool,
    /// Whether an instance was never started, because a dependency of it will not come.
    pub(super) is_incomplete: bool,
    /// Whether a change left no instance that runs: then the stack waits for the next change.
    pub(super) is_emptied: bool,
}

impl Stack {
    pub(super) fn new(specs: Vec<Rc<Spec>>, policy: Policy, grace_of_orphans: Duration) -> Self {
        Self {
            instances: Instances::new(specs),
            orphans: Instance::new(grace_of_orphans),
            held: HeldStops::default(),
            policy,
            exits: Vec::new(),
            has_survivors: false,
            is_incomplete: false,
            is_emptied: false,
        }
    }

    /// Every instance, and then the orphans.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> + use<> {
        (0..self.instances.len()).map(Target::Instance).chain([Target::Orphans])
    }

    /// Those of which only leftovers are waited for, and the orphans.
    pub(super) fn clearing(&self) -> impl Iterator<Item = Target> + use<> {
        self.instances.sets().clearing().into_iter().map(Target::Instance).chain([Target::Orphans])
    }

    pub(super) fn at(&self, target: Target) -> &Instance {
        match target {
            Target::Instance(index) => &self.instances[index],
            Target::Orphans => &self.orphans,
        }
    }

    pub(super) fn edit<T>(&mut self, target: Target, change: impl FnOnce(&mut Instance) -> T) -> T {
        match target {
            Target::Instance(index) => self.instances.edit(index, change),
            Target::Orphans => change(&mut self.orphans),
        }
    }

    /// What an instance is in its present generation, or was in its last.
    pub(super) fn spec(&self, index: usize) -> &Rc<Spec> {
        &self.instances.specs()[index]
    }

    pub(super) fn name(&self, index: usize) -> String {
        self.instances.specs().get(index).map_or_else(|| "ganger".into(), |spec| spec.name.to_string())
    }

    /// What an instance will be in its next generation.
    pub(super) fn next_spec(&self, index: usize) -> &Spec {
        self.instances[index].next.as_ref().unwrap_or(self.spec(index))
    }

    /// The longest grace of all instances of the stack. One that is leaving may still need its own.
    pub(super) fn longest_grace(&self) -> Duration {
        let present =
            self.instances.iter().filter(|instance| !(instance.is_retired && instance.state.is_down()));
        present.map(Instance::grace).max().unwrap_or_default()
    }

    /// Whether every instance has ended, and none starts again by itself, at a request or after a change of a file.
    pub(super) fn is_finished(&self) -> bool {
        !self.is_emptied && self.instances.sets().are_all_finished()
    }

    /// Takes the table's step for this instance, and gathers what the table asks for.
    pub(super) fn apply(&mut self, target: Target, event: InstanceEvent, actions: &mut Actions) {
        let effects = self.edit(target, |instance| instance.apply(actions.now, event));
        for effect in effects {
            match effect {
                // Orphans have no spec to start from.
                Effect::Spawn => {
                    if let Target::Instance(index) = target {
                        actions.push(Action::Spawn(index));
                    }
                }
                Effect::Stop => actions.push(Action::Stop(target)),
                Effect::StopRest => actions.push(Action::StopRest(target)),
                Effect::StopAll => actions.push(Action::StopAll(target)),
                Effect::Kill => actions.push(Action::Kill(target)),
                Effect::Scan => actions.scan(),
                Effect::ReportExit => self.report_exit(target, actions),
                Effect::GiveUp => {
                    self.has_survivors = true;
                    actions.push(Action::ReportSurvivors(target));
                }
            }
        }
    }

    /// What was sent SIGKILL may live on where a scan saw nothing of it and may have overlooked some: processes that fork and end while
    /// the scan lasts are behind it each time.
    pub(super) fn kill_again(&mut self, target: Target, actions: &mut Actions) {
        if self.at(target).state == State::Purging {
            self.apply(target, InstanceEvent::Left, actions);
        }
    }

    pub(super) fn apply_to_all(&mut self, event: InstanceEvent, actions: &mut Actions) {
        for target in self.targets() {
            self.apply(target, event, actions);
        }
    }

    /// The instance that failed first, of those that have not run again since.
    pub(super) fn first_failure(&self) -> Option<usize> {
        self.instances
            .iter()
            .enumerate()
            .filter_map(|(index, instance)| {
                instance.failed.filter(|_| !instance.is_retired).map(|when| (when, index))
            })
            .min()
            .map(|(_, index)| index)
    }

    fn report_exit(&self, target: Target, actions: &mut Actions) {
        let Some(index) = target.instance() else { return };
        let instance = &self.instances[index];
        let Some((exit, lived)) = instance.ended else { return };
        let again = instance.timers.restart.map(|moment| moment.saturating_sub(actions.now));
        let process = self.spec(index).name.clone();
        let (is_failure, awaits_change) = (instance.failed.is_some(), instance.awaits_change);
        let notice = Notice::Exited { process, exit, lived, again, awaits_change, is_failure };
        actions.push(Action::ReportExit(index, notice));
    }

    /// The spec that was kept for the next generation holds from now on.
    pub(super) fn use_next_spec(&mut self, index: usize, actions: &mut Actions) {
        if let Some(spec) = self.instances.use_next_spec(index) {
            actions.push(Action::Enroll(index, spec));
        }
    }

    /// Sets the intent that an instance runs. One that runs goes on, unless `is_restart` asks for a new generation.
    pub(super) fn request_up(&mut self, index: usize, is_restart: bool, actions: &mut Actions) {
        let must_end = self.instances.edit(index, |instance| {
            instance.forget_failures();
            instance.is_requested = true;
            match instance.state {
                State::Idle | State::Ended => {
                    instance.intent = Intent::Up;
                    instance.is_due = true;
                }
                // A start that has just been asked for is new, whichever request asked.
                State::Starting if is_restart && instance.intent != Intent::Up => {
                    instance.intent = Intent::Restart;
                }
                State::Starting => instance.intent = Intent::Up,
                // A restart that waits for others comes all the same.
                State::Running if !is_restart && instance.intent == Intent::Restart => {}
                // Nothing changes, so its next exit counts as any other. A stop that waits for others is taken back.
                State::Running if !is_restart => {
                    (instance.is_requested, instance.intent) = (false, Intent::Up);
                }
                State::Running | State::Stopping | State::Killing | State::Clearing | State::Purging => {
                    instance.intent = Intent::Restart;
                    return true;
                }
            }
            false
        });
        if must_end {
            self.stop_unless_held(index, actions);
        }
    }

    /// A request stops or restarts these instances, all at once or, with an ordered stop, those first that came after others.
    pub(super) fn hold_stops(&mut self, instances: &[usize]) {
        if self.policy.ordered_stop {
            self.held.hold(&self.instances, instances);
        }
    }

    /// Whether the stop of this instance waits for that of others.
    pub(super) fn is_held(&self, index: usize) -> bool {
        self.held.contain(index)
    }

    /// Stops the instances of which those have ended that were to end first.
    pub(super) fn stop_free(&mut self, actions: &mut Actions) {
        for index in self.held.take_free(&self.instances) {
            self.apply(Target::Instance(index), InstanceEvent::Stop, actions);
        }
    }

    fn stop_unless_held(&mut self, index: usize, actions: &mut Actions) {
        if !self.is_held(index) {
            self.apply(Target::Instance(index), InstanceEvent::Stop, actions);
        }
    }

    /// Sets the intent that an instance does not run, and stops it.
    pub(super) fn request_down(&mut self, index: usize, actions: &mut Actions) {
        self.instances.edit(index, |instance| {
            instance.forget_failures();
            instance.unblock();
            instance.intent = Intent::Down;
            instance.is_due = false;
            instance.is_requested = true;
        });
        self.stop_unless_held(index, actions);
    }

    /// Takes an instance out of the stack. How it ends does not count any more.
    pub(super) fn retire(&mut self, index: usize, actions: &mut Actions) {
        self.request_down(index, actions);
        self.instances.edit(index, |instance| (instance.is_retired, instance.is_stand_in) = (true, false));
        self.exits.retain(|ended| *ended != index);
    }

    /// The stack stops: no instance is to start any more.
    pub(super) fn cancel_starts(&mut self) {
        self.held.clear();
        for index in 0..self.instances.len() {
            self.instances.edit(index, |instance| {
                (instance.intent, instance.is_due) = (Intent::Down, false);
                instance.timers = Timers::default();
            });
        }
    }

    /// Instances that have ended for a restart are due.
    pub(super) fn schedule_restarts(&mut self) {
        for index in self.instances.sets().ended_for_restart() {
            self.instances.edit(index, |instance| {
                instance.intent = Intent::Up;
                instance.is_due = true;
            });
        }
    }
}
