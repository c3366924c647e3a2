//! One turn of the machine: an event changes what it concerns, and what follows from that is gathered.

use std::time::Duration;

use super::instance::Instance;
use super::shutdown::{Shutdown, StopCause};
use super::state::{Effect, InstanceEvent, Intent, State};
use super::target::{ProcessCounts, Target};
use super::timers::Timers;
use super::{Action, Event, Machine, SpawnFailure};
use crate::exit::FAILED;
use crate::notice::Notice;
use crate::signal::Signal;

/// One call of [`Machine::handle`]: the machine, the time, and the actions gathered so far.
pub(super) struct Transition<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Duration,
    pub(super) actions: Vec<Action>,
    /// Whether a request may have been decided since the last look at them.
    pub(super) is_answer_due: bool,
}

impl Transition<'_> {
    pub(super) fn on(&mut self, event: Event) {
        match event {
            Event::Begin => {}
            Event::Spawned { instance, pid } => self.on_spawned(instance, pid),
            Event::SpawnFailed { instance, failure } => self.on_spawn_failed(instance, failure),
            Event::Exited { instance, exit } => self.on_exited(instance, exit),
            Event::Reaped => self.for_all(InstanceEvent::Reaped),
            Event::Scanned(counts) => self.on_seen(&counts, true),
            Event::PartlyScanned(counts) => self.on_seen(&counts, false),
            Event::AllGone => self.on_all_gone(),
            Event::Signal(signal) => self.on_signal(signal),
            Event::Request(request) => self.on_request(request),
            Event::Change(change) => self.on_change(change),
            Event::Down { ticket, grace } => self.on_down(ticket, grace),
            Event::MonitorGone => self.stop(StopCause::MonitorGone),
            Event::OutputClosed { error } => {
                self.machine.has_failed |= error.is_some();
                self.stop(StopCause::OutputClosed(error));
            }
            Event::Broken(what) => {
                self.machine.has_failed = true;
                self.stop(StopCause::Broken(what));
            }
            Event::Ready { instance, pid } => self.on_ready(instance, pid),
            Event::Changed(instances) => self.on_changed_files(&instances),
            Event::Timeout => self.on_timeout(),
        }
    }

    fn on_spawned(&mut self, index: usize, pid: i32) {
        let now = self.now;
        let instance = &mut self.machine.instances[index];
        (instance.pid, instance.started, instance.ended) = (Some(pid), Some(now), None);
        instance.generation += 1;
        instance.is_late = false;
        instance.is_requested &= instance.intent != Intent::Up;
        let spec = &self.machine.specs[index];
        let notice = Notice::Started { process: spec.name.clone(), pid, port: spec.port };
        self.actions.push(Action::Notify(notice));
        self.apply(Target::Instance(index), InstanceEvent::Spawned);
        if self.machine.shutdown.as_ref().is_some_and(|shutdown| shutdown.killing) {
            self.apply(Target::Instance(index), InstanceEvent::Kill);
        }
        self.await_readiness(index);
    }

    fn on_spawn_failed(&mut self, index: usize, failure: SpawnFailure) {
        let SpawnFailure { program, reason, status } = failure;
        let process = self.machine.specs[index].name.clone();
        let failure_in_words = format!("{program}: {reason}");
        self.actions.push(Action::Notify(Notice::CannotStart { process, program, reason, status }));
        // Also if the stack is ending for another reason: the system has refused us something.
        self.machine.has_failed |= status == FAILED;
        self.apply(Target::Instance(index), InstanceEvent::Failed);
        self.machine.instances[index].failure = Some(failure_in_words);
        // Who asked for this start hears of it, and the rest goes on: a slip in an edited Procfile must not
        // end a stack.
        let is_ending = self.machine.shutdown.is_some();
        let instance = &mut self.machine.instances[index];
        if instance.is_requested && !is_ending {
            instance.intent = Intent::Down;
        } else if !self.tries_again(index) {
            self.stop(StopCause::CannotStart { instance: index, status });
        }
    }

    fn on_seen(&mut self, counts: &ProcessCounts, is_certain: bool) {
        for (index, &count) in counts.instances.iter().enumerate().take(self.machine.instances.len()) {
            if count > 0 {
                self.tell_of_leftovers(index, count);
                self.apply(Target::Instance(index), InstanceEvent::Left);
            } else if is_certain {
                self.apply(Target::Instance(index), InstanceEvent::Empty);
            }
        }
        // Whether strangers are all gone is for the kernel to say (AllGone): one may be on its way here.
        if counts.orphans > 0 {
            self.apply(Target::Orphans, InstanceEvent::Left);
        }
    }

    fn tell_of_leftovers(&mut self, index: usize, count: usize) {
        let is_first = self.machine.shutdown.is_none()
            && self.machine.instances[index].state == State::Clearing
            && self.machine.instances[index].intent == Intent::Up;
        if is_first {
            let process = self.machine.specs[index].name.clone();
            self.actions.push(Action::Notify(Notice::Leftovers { process, count }));
            self.machine.instances[index].intent = Intent::Down;
        }
    }

    fn on_all_gone(&mut self) {
        for target in self.all() {
            if self.machine.at(target).state.is_clearing() {
                self.apply(target, InstanceEvent::Empty);
            }
        }
    }

    fn on_signal(&mut self, signal: Signal) {
        match signal {
            stop if stop.is_stop_request() => self.on_stop_signal(stop),
            Signal::SUSPEND => {
                self.machine.suspended.get_or_insert(self.now);
                self.actions.push(Action::Suspend);
            }
            Signal::CONTINUE => self.on_continue(),
            Signal::RESIZE => self.actions.push(Action::Resize),
            other => {
                self.actions.push(Action::Forward(other));
                self.actions.push(Action::Notify(Notice::Forwarded { signal: other }));
            }
        }
    }

    fn on_stop_signal(&mut self, signal: Signal) {
        let now = self.now;
        if let Some(shutdown) = &mut self.machine.shutdown {
            if shutdown.is_second(now, signal) && !shutdown.killing {
                self.kill(format!("second signal ({signal})"));
            }
            return;
        }
        self.stop(StopCause::Signal(signal));
        if signal == Signal::QUIT {
            self.kill(format!("{signal} received"));
        }
    }

    fn on_continue(&mut self) {
        if let Some(since) = self.machine.suspended.take() {
            let stood_still = self.now.saturating_sub(since);
            for target in self.all() {
                self.machine.at(target).postpone(stood_still);
            }
        }
        self.actions.push(Action::Resume);
    }

    fn on_timeout(&mut self) {
        let now = self.now;
        self.on_moments();
        let due: Vec<(Target, InstanceEvent)> =
            self.all().filter_map(|target| Some((target, self.machine.at(target).due(now)?))).collect();
        self.tell_of_killing(&due);
        for (target, happening) in due {
            self.apply(target, happening);
        }
    }

    /// One line, however many are killed at the same moment.
    fn tell_of_killing(&mut self, due: &[(Target, InstanceEvent)]) {
        // Strangers have the longest grace of all; that it is over is no news beside an instance's.
        let is_news = |target: Target| target != Target::Orphans || due.len() == 1;
        let expired = due.iter().filter(|(_, happening)| *happening == InstanceEvent::Expired);
        let mut expired = expired.map(|(target, _)| *target).filter(|target| is_news(*target));
        let Some(first) = expired.next() else { return };
        let is_alone = expired.next().is_none();
        let first = first.instance().filter(|_| is_alone);
        let process = first.map(|index| self.machine.specs[index].name.clone());
        self.actions.push(Action::Notify(Notice::Killing { process, reason: "the grace is over".into() }));
    }

    /// Ends the stack for this reason, unless it is ending already: the first reason stays.
    pub(super) fn stop(&mut self, cause: StopCause) {
        if self.machine.shutdown.is_some() {
            return;
        }
        let runs =
            self.machine.instances.iter().any(|instance| instance.pid.is_some() && instance.ended.is_none());
        if runs {
            let reason = cause.describe(|index| self.machine.name(index));
            let grace = self.machine.longest_grace();
            self.actions.push(Action::Notify(Notice::Stopping { reason, grace }));
        }
        self.machine.shutdown = Some(Shutdown::new(self.now, cause));
        for index in 0..self.machine.instances.len() {
            self.machine.instances[index].intent = Intent::Down;
            self.machine.instances[index].is_due = false;
            self.machine.instances[index].timers = Timers::default();
        }
        self.ask_next();
    }

    fn kill(&mut self, reason: String) {
        self.actions.push(Action::Notify(Notice::Killing { process: None, reason }));
        if let Some(shutdown) = &mut self.machine.shutdown {
            shutdown.killing = true;
        }
        self.for_all(InstanceEvent::Kill);
    }

    /// Every instance, and then the strangers.
    fn all(&self) -> impl Iterator<Item = Target> + use<> {
        (0..self.machine.instances.len()).map(Target::Instance).chain([Target::Orphans])
    }

    fn for_all(&mut self, happening: InstanceEvent) {
        for target in self.all() {
            self.apply(target, happening);
        }
    }

    pub(super) fn apply(&mut self, target: Target, happening: InstanceEvent) {
        let effects = self.machine.at(target).apply(self.now, happening);
        for effect in effects {
            self.carry_out(target, *effect);
        }
    }

    fn carry_out(&mut self, target: Target, effect: Effect) {
        match effect {
            // Nobody starts strangers.
            Effect::Spawn => self.actions.extend(target.instance().map(Action::Spawn)),
            Effect::Stop => self.actions.push(Action::Stop(target)),
            Effect::StopRest => self.actions.push(Action::StopRest(target)),
            Effect::StopAll => self.actions.push(Action::StopAll(target)),
            Effect::Kill => self.actions.push(Action::Kill(target)),
            Effect::Scan => {
                // One look answers for all.
                if !self.actions.contains(&Action::Scan) {
                    self.actions.push(Action::Scan);
                }
            }
            Effect::ReportExit => self.bury(target),
            Effect::GiveUp => {
                self.machine.has_survivors = true;
                self.actions.push(Action::ReportSurvivors(target));
            }
        }
    }

    /// What follows from the facts as they are now: who starts next, and whether it is over.
    pub(super) fn close(&mut self) {
        if self.machine.is_over {
            self.answer_downs();
            return;
        }
        self.roll();
        self.answer();
        if self.machine.shutdown.is_none() {
            self.start_next();
            if std::mem::take(&mut self.is_answer_due) {
                self.answer();
            }
            let is_done = |instance: &Instance| match instance.state {
                State::Ended | State::Idle if instance.is_retired => true,
                // Whom a person stopped, a person may start again.
                State::Ended | State::Idle => {
                    !instance.will_start() && !instance.is_requested && !instance.is_resting
                }
                State::Starting
                | State::Running
                | State::Stopping
                | State::Killing
                | State::Clearing
                | State::Purging => false,
            };
            if !self.machine.is_emptied && self.machine.instances.iter().all(is_done) {
                self.stop(StopCause::AllEnded);
            }
        }
        if self.machine.shutdown.is_some() {
            self.ask_next();
        }
        let is_over = self.machine.shutdown.is_some()
            && self.all().all(|target| self.machine.at(target).state.is_down());
        if is_over {
            self.machine.is_over = true;
            self.answer_downs();
            self.report_first_exit();
        }
    }

    fn report_first_exit(&mut self) {
        let Some(index) = self.machine.first_end().filter(|_| self.machine.specs.len() > 1) else { return };
        if let Some((exit, lived)) = self.machine.instances[index].ended {
            let process = self.machine.specs[index].name.clone();
            self.actions.push(Action::Notify(Notice::Ended { process, exit, lived }));
        }
    }
}
