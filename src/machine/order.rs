//! Who starts next, who waits for whom, and, with an ordered stop, who is asked to end next.

use std::time::Duration;

use super::instance::Instance;
use super::ready::missing;
use super::state::{InstanceEvent, Intent, State};
use super::target::Target;
use super::transition::Transition;
use super::{Action, Machine};
use crate::name::TypeName;
use crate::notice::Notice;

/// How long an instance waits for others before the person is told.
const TELL: Duration = Duration::from_secs(1);

/// How those stand for whom an instance waits; the worst of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DependencyState {
    /// All are ready, or have done what they are for.
    Free,
    /// This one is on its way.
    Waits(usize),
    /// A person has stopped this one, and may start it again.
    Stopped(usize),
    /// This one will not come any more.
    Gone(usize),
}

impl Machine {
    /// How the instances of a type stand for those that wait for them. One of which nothing is in the stack is
    /// not waited for: who runs `redis=0` has another one somewhere.
    fn way(&self, kind: &TypeName) -> DependencyState {
        let all = self.specs.iter().zip(&self.instances).enumerate();
        let of_kind = all.filter(|(_, (spec, instance))| spec.name.kind == *kind && !instance.is_retired);
        of_kind
            .map(|(index, (spec, instance))| way_of(index, spec.once, instance))
            .max()
            .unwrap_or(DependencyState::Free)
    }
}

fn way_of(index: usize, is_once: bool, instance: &Instance) -> DependencyState {
    let is_done = is_once && instance.ended.is_some_and(|(exit, _)| exit.is_success());
    if is_done || instance.ready.is_some() {
        return DependencyState::Free;
    }
    if instance.is_requested && instance.intent == Intent::Down && !instance.is_due {
        return DependencyState::Stopped(index);
    }
    match instance.state {
        State::Starting | State::Running | State::Stopping | State::Killing => DependencyState::Waits(index),
        State::Idle | State::Ended | State::Clearing | State::Purging => {
            if instance.will_start() || instance.is_resting {
                DependencyState::Waits(index)
            } else {
                DependencyState::Gone(index)
            }
        }
    }
}

impl Transition<'_> {
    /// One start at a time: between two of them signals and exits have their turn, so a stop in the
    /// middle of a thousand starts is heard at once.
    pub(super) fn start_next(&mut self) {
        let mut known: Vec<(TypeName, DependencyState)> = Vec::new();
        let held = self.machine.ports_being_left();
        let mut next = None;
        for index in 0..self.machine.instances.len() {
            let instance = &self.machine.instances[index];
            if !instance.is_due || !instance.state.is_down() {
                continue;
            }
            match self.way_of_all(index, &mut known) {
                DependencyState::Free => {
                    self.machine.instances[index].unblock();
                    let has_port = self.machine.next_port(index).is_none_or(|port| !held.contains(&port));
                    next = next.or(Some(index).filter(|_| has_port));
                }
                DependencyState::Stopped(who) if instance.is_requested => self.fail_dependent(index, who),
                DependencyState::Gone(who) => self.fail_dependent(index, who),
                DependencyState::Waits(_) | DependencyState::Stopped(_) => {
                    self.machine.instances[index].block(self.now + TELL);
                }
            }
        }
        let is_busy = self.machine.instances.iter().any(|instance| instance.state == State::Starting);
        if let Some(next) = next.filter(|_| !is_busy) {
            let instance = &mut self.machine.instances[next];
            (instance.is_due, instance.intent) = (false, Intent::Up);
            self.machine.is_emptied = false;
            self.adopt(next);
            self.apply(Target::Instance(next), InstanceEvent::Start);
        }
    }

    /// Of many instances that wait for the same types, the first one asks for all.
    fn way_of_all(&self, index: usize, known: &mut Vec<(TypeName, DependencyState)>) -> DependencyState {
        let has_lived = self.machine.instances[index].generation > 0;
        let mut worst = DependencyState::Free;
        for kind in self.machine.coming(index).after.iter() {
            let found = known.iter().find(|(name, _)| name == kind).map(|(_, way)| *way);
            let way = found.unwrap_or_else(|| {
                let way = self.machine.way(kind);
                known.push((kind.clone(), way));
                way
            });
            worst = worst.max(match way {
                // An order of starting, no bond for life: who has run and is started again waits for those that
                // come, and goes without those that do not.
                DependencyState::Stopped(_) | DependencyState::Gone(_) if has_lived => DependencyState::Free,
                DependencyState::Free
                | DependencyState::Waits(_)
                | DependencyState::Stopped(_)
                | DependencyState::Gone(_) => way,
            });
        }
        worst
    }

    /// It cannot start, because another one will not come.
    fn fail_dependent(&mut self, index: usize, who: usize) {
        let other = self.machine.name(who);
        let how = match &self.machine.instances[who] {
            instance if instance.is_requested => "is stopped",
            instance if instance.is_given_up => "is given up",
            instance if instance.ended.is_some() => "has ended",
            _ => "is not started",
        };
        let reason = format!("{other}, which it waits for, {how}");
        let instance = &mut self.machine.instances[index];
        instance.unblock();
        (instance.is_due, instance.intent) = (false, Intent::Down);
        if !instance.is_requested {
            self.machine.is_incomplete = true;
            let text = format!("{} is not started: {reason}", self.machine.name(index));
            self.actions.push(Action::Notify(Notice::Warning { text }));
        }
        self.machine.instances[index].failure = Some(reason);
        self.is_answer_due = true;
    }

    /// One line for each who is waited for, whoever waits.
    pub(super) fn tell_what_is_awaited(&mut self, waiting: &[usize]) {
        let mut awaited: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut known = Vec::new();
        for index in waiting {
            let (DependencyState::Waits(who) | DependencyState::Stopped(who)) =
                self.way_of_all(*index, &mut known)
            else {
                continue;
            };
            match awaited.iter_mut().find(|(known, _)| *known == who) {
                Some((_, all)) => all.push(*index),
                None => awaited.push((who, vec![*index])),
            }
        }
        for (who, waiting) in awaited {
            let spec = &self.machine.specs[who];
            let notice = Notice::Awaited {
                process: spec.name.clone(),
                reason: missing(spec, &self.machine.instances[who]),
                waiting: waiting.iter().map(|index| self.machine.specs[*index].name.clone()).collect(),
            };
            self.actions.push(Action::Notify(notice));
        }
    }

    /// The stack is being stopped: asks those whose turn it is. Without an order that is everybody, at once.
    pub(super) fn ask_next(&mut self) {
        for index in 0..self.machine.instances.len() {
            if self.machine.instances[index].state == State::Running && !self.is_needed(index) {
                self.apply(Target::Instance(index), InstanceEvent::Stop);
            }
        }
        // Strangers have the longest grace of all, and after it everybody is killed: it begins with the last.
        let is_asked = |instance: &Instance| match instance.state {
            State::Starting | State::Running => !self.machine.policy.ordered_stop,
            State::Idle
            | State::Stopping
            | State::Killing
            | State::Clearing
            | State::Purging
            | State::Ended => true,
        };
        if self.machine.orphans.state == State::Idle && self.machine.instances.iter().all(is_asked) {
            self.machine.orphans.clear(self.now);
            self.actions.push(Action::Scan);
            if self.machine.shutdown.as_ref().is_some_and(|shutdown| shutdown.killing) {
                self.apply(Target::Orphans, InstanceEvent::Kill);
            }
        }
    }

    /// Whether somebody is still there who came after this one.
    fn is_needed(&self, index: usize) -> bool {
        let kind = &self.machine.specs[index].name.kind;
        let mut all = self.machine.specs.iter().zip(&self.machine.instances);
        self.machine.policy.ordered_stop
            && all.any(|(spec, instance)| !instance.state.is_down() && spec.after.contains(kind))
    }
}
