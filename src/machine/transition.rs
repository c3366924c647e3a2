//! One transition of the machine: an event changes the instances that it concerns, and what follows is gathered as actions.

use std::time::Duration;

use super::action::Action;
use super::change::Change;
use super::event::{Event, SpawnFailure};
use super::facts::Facts;
use super::lifecycle::Lifecycle;
use super::request::{InstanceRequest, RequestResult, Ticket};
use super::shutdown::{Shutdown, StopCause};
use super::stack::Actions;
use super::state::{InstanceEvent, Intent};
use super::target::{ProcessCounts, Target};
use super::{exit_disposition, open_requests, order, ready};
use crate::exit::FAILED;
use crate::notice::Notice;
use crate::signal::Signal;

/// One call of [`Machine::handle`](super::Machine::handle): the facts, the time, and the actions gathered so far.
pub(super) struct Transition<'a> {
    facts: &'a mut Facts,
    actions: Actions,
}

impl<'a> Transition<'a> {
    /// Handles one event at `now`; the actions, in the order in which they are to be performed.
    pub(super) fn run(facts: &'a mut Facts, now: Duration, event: Event) -> Vec<Action> {
        let mut transition = Self { facts, actions: Actions::at(now) };
        transition.on(event);
        transition.close();
        transition.actions.into_list()
    }

    fn on(&mut self, event: Event) {
        let Self { facts, actions } = self;
        let stack = &mut facts.stack;
        match event {
            Event::Begin => {}
            Event::Spawned { instance, pid } => self.on_spawned(instance, pid),
            Event::SpawnFailed { instance, failure } => self.on_spawn_failed(instance, failure),
            Event::Exited { instance, exit } => {
                let is_stopping = facts.shutdown.is_some();
                if exit_disposition::on_exited(stack, instance, exit, is_stopping, actions) {
                    self.stop(StopCause::Ended(instance));
                }
            }
            Event::Reaped => {
                for target in stack.clearing() {
                    stack.apply(target, InstanceEvent::Reaped, actions);
                }
            }
            Event::Scanned(counts) => self.on_scanned(&counts, true),
            Event::PartlyScanned(counts) => self.on_scanned(&counts, false),
            Event::AllGone => self.on_all_gone(),
            Event::Signal(signal) => self.on_signal(signal),
            Event::Request(request) => self.on_request(request),
            Event::Change(change) => self.on_change(change),
            Event::Down { ticket, grace } => self.on_down(ticket, grace),
            Event::MonitorGone => self.stop(StopCause::MonitorGone),
            Event::OutputClosed { error } => {
                facts.has_failed |= error.is_some();
                self.stop(StopCause::OutputClosed(error));
            }
            Event::Broken(what) => {
                facts.has_failed = true;
                self.stop(StopCause::Broken(what));
            }
            Event::Ready { instance, pid, port } => ready::on_ready(stack, instance, (pid, port), actions),
            Event::ProbeFailed { instance, pid, failure } => {
                ready::on_probe_failed(stack, instance, pid, failure);
            }
            Event::Inspected { instance, pid, seen } => {
                ready::on_late(stack, instance, (pid, &seen), actions);
            }
            Event::Changed(instances) => {
                if facts.shutdown.is_none() {
                    open_requests::on_changed_files(stack, &instances, actions);
                }
            }
            Event::Timeout => self.on_timeout(),
        }
    }

    fn on_spawned(&mut self, index: usize, pid: i32) {
        let Self { facts, actions } = self;
        let stack = &mut facts.stack;
        stack.instances.edit(index, |instance| {
            (instance.pid, instance.started, instance.ended) = (Some(pid), Some(actions.now), None);
            instance.first_start.started.get_or_insert(actions.now);
            instance.generation += 1;
            (instance.failure, instance.late, instance.failed) = (None, None, None);
            instance.is_requested &= instance.intent != Intent::Up;
        });
        let spec = stack.spec(index);
        actions.notify(Notice::Started { process: spec.name.clone(), pid, port: spec.port });
        actions.push(Action::Report(index, Lifecycle::Started));
        stack.apply(Target::Instance(index), InstanceEvent::Spawned, actions);
        if facts.shutdown.as_ref().is_some_and(|shutdown| shutdown.killing) {
            stack.apply(Target::Instance(index), InstanceEvent::Kill, actions);
        }
        ready::begin(stack, index, actions);
    }

    fn on_spawn_failed(&mut self, index: usize, failure: SpawnFailure) {
        let Self { facts, actions } = self;
        let stack = &mut facts.stack;
        let SpawnFailure { program, reason, status } = failure;
        let process = stack.spec(index).name.clone();
        let failure = format!("{program}: {reason}");
        actions.notify(Notice::CannotStart { process, program, reason, status });
        // Also while the stack stops for another reason: the system has refused something.
        facts.has_failed |= status == FAILED;
        stack.apply(Target::Instance(index), InstanceEvent::Failed, actions);
        stack.instances.edit(index, |instance| instance.failure = Some(failure));
        actions.push(Action::Report(index, Lifecycle::CannotStart));
        let is_stopping = facts.shutdown.is_some();
        if stack.instances[index].is_requested && !is_stopping {
            // The request is answered with the failure, and the rest goes on: a mistake in an edited Procfile must not end the
            // stack.
            stack.instances.edit(index, |instance| instance.intent = Intent::Down);
        } else if is_stopping || !exit_disposition::retries_start(stack, index, actions.now) {
            self.stop(StopCause::CannotStart { instance: index, status });
        }
    }

    fn on_scanned(&mut self, counts: &ProcessCounts, is_certain: bool) {
        // What is left of the others is not waited for.
        for index in self.facts.stack.instances.sets().clearing() {
            let Some(&count) = counts.instances.get(index) else { continue };
            let event = if count > 0 { InstanceEvent::Left } else { InstanceEvent::Empty };
            if count > 0 {
                order::report_leftovers(self.facts, index, count, &mut self.actions);
            }
            if count > 0 || is_certain {
                self.facts.stack.apply(Target::Instance(index), event, &mut self.actions);
            } else {
                self.facts.stack.kill_again(Target::Instance(index), &mut self.actions);
            }
        }
        // That no orphan is left is for the kernel to say (`AllGone`): one may be on its way to us.
        if counts.orphans > 0 {
            self.facts.stack.apply(Target::Orphans, InstanceEvent::Left, &mut self.actions);
        } else if !is_certain {
            self.facts.stack.kill_again(Target::Orphans, &mut self.actions);
        }
    }

    fn on_all_gone(&mut self) {
        let stack = &mut self.facts.stack;
        for target in stack.clearing() {
            if stack.at(target).state.is_clearing() {
                stack.apply(target, InstanceEvent::Empty, &mut self.actions);
            }
        }
    }

    fn on_signal(&mut self, signal: Signal) {
        match signal {
            stop if stop.is_stop_request() => self.on_stop_signal(stop),
            Signal::SUSPEND => {
                self.facts.suspended.get_or_insert(self.actions.now);
                self.actions.push(Action::Suspend);
            }
            Signal::CONTINUE => self.on_continue(),
            Signal::RESIZE => self.actions.push(Action::Resize),
            other => {
                self.actions.push(Action::Forward(other));
                self.actions.notify(Notice::Forwarded { signal: other });
            }
        }
    }

    fn on_stop_signal(&mut self, signal: Signal) {
        if let Some(shutdown) = &mut self.facts.shutdown {
            if shutdown.is_second(self.actions.now, signal) && !shutdown.killing {
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
        if let Some(since) = self.facts.suspended.take() {
            let stack = &mut self.facts.stack;
            for target in stack.targets() {
                stack.edit(target, |instance| instance.postpone(self.actions.now.saturating_sub(since)));
            }
        }
        self.actions.push(Action::Resume);
    }

    fn on_timeout(&mut self) {
        let late = self.facts.stack.instances.sets().late(self.actions.now);
        self.on_timers(&late);
        let Self { facts, actions } = self;
        let targets = late.into_iter().map(Target::Instance).chain([Target::Orphans]);
        let due = targets.filter_map(|target| Some((target, facts.stack.at(target).due(actions.now)?)));
        let due: Vec<(Target, InstanceEvent)> = due.collect();
        order::report_killing(facts, &due, actions);
        for (target, event) in due {
            facts.stack.apply(target, event, actions);
        }
    }

    /// Handles the timers of these instances that stand beside the table.
    fn on_timers(&mut self, late: &[usize]) {
        let Self { facts, actions } = self;
        let stack = &mut facts.stack;
        let mut blocked = Vec::new();
        for &index in late {
            let due = stack.instances.edit(index, |instance| instance.take_due(actions.now));
            if due.settled.is_some() {
                ready::on_settled(stack, index, actions);
            }
            if due.ready_by.is_some() {
                // Whether it listens elsewhere, or prints nothing, is seen from outside.
                actions.push(Action::Inspect(index));
            }
            if due.report_blocked.is_some() {
                blocked.push(index);
            }
        }
        order::report_blocked(stack, &blocked, actions);
    }

    fn on_request(&mut self, request: InstanceRequest) {
        let InstanceRequest { ticket, operation, instances } = request;
        let Self { facts, actions } = self;
        if facts.shutdown.is_some() {
            return actions.answer(ticket, RequestResult::Ending);
        }
        if let Some(instance) = open_requests::first_without_process(&facts.stack, operation, &instances) {
            return actions.answer(ticket, RequestResult::NotRunning { instance });
        }
        if operation.ends_instances() {
            facts.stack.hold_stops(&instances);
        }
        let awaited = open_requests::begin(&mut facts.stack, operation, &instances, actions);
        facts.requests.open(ticket, awaited);
    }

    fn on_change(&mut self, change: Change) {
        let Self { facts, actions } = self;
        if facts.shutdown.is_some() {
            return actions.answer(change.request.ticket, RequestResult::Ending);
        }
        change.begin(facts, actions);
    }

    /// A request for the end of the stack, with this grace for all instances if one is given.
    fn on_down(&mut self, ticket: Ticket, grace: Option<Duration>) {
        self.facts.requests.open_down(ticket);
        if self.facts.shutdown.is_none() {
            if let Some(grace) = grace {
                let stack = &mut self.facts.stack;
                stack.targets().for_each(|target| stack.edit(target, |instance| instance.set_grace(grace)));
            }
            self.stop(StopCause::Request);
        }
    }

    /// Stops the stack for this reason, unless it stops already: the first reason stays.
    fn stop(&mut self, cause: StopCause) {
        if self.facts.shutdown.is_some() {
            return;
        }
        let stack = &mut self.facts.stack;
        let mut instances = stack.instances.iter();
        // SIGQUIT leaves no grace, which the notice would name.
        if cause != StopCause::Signal(Signal::QUIT)
            && instances.any(|instance| instance.pid.is_some() && instance.ended.is_none())
        {
            let reason = cause.describe(|index| stack.name(index));
            self.actions.notify(Notice::Stopping { reason, grace: stack.longest_grace() });
        }
        self.facts.shutdown = Some(Shutdown::new(self.actions.now, cause));
        stack.cancel_starts();
        self.stop_next();
    }

    fn stop_next(&mut self) {
        let Self { facts, actions } = self;
        if let Some(shutdown) = &facts.shutdown {
            order::stop_next(&mut facts.stack, shutdown.killing, actions);
        }
    }

    fn kill(&mut self, reason: String) {
        self.actions.notify(Notice::Killing { process: None, reason });
        if let Some(shutdown) = &mut self.facts.shutdown {
            shutdown.killing = true;
        }
        self.facts.stack.apply_to_all(InstanceEvent::Kill, &mut self.actions);
    }

    /// What follows from the facts as they are now: answers, the next start or stop, and whether the stack is over.
    fn close(&mut self) {
        if self.facts.is_over {
            return self.answer_downs();
        }
        self.answer();
        if self.facts.shutdown.is_none() {
            if order::start_next(&mut self.facts.stack, &mut self.actions) {
                self.answer();
            }
            if self.facts.stack.is_finished() {
                self.stop(StopCause::AllEnded);
            }
        }
        self.stop_next();
        let stack = &self.facts.stack;
        let are_all_down = stack.instances.sets().are_all_down() && stack.orphans.state.is_down();
        if self.facts.shutdown.is_some() && are_all_down {
            self.facts.is_over = true;
            self.answer_downs();
            self.facts.end_notices().into_iter().for_each(|notice| self.actions.notify(notice));
        }
    }

    /// The next steps of rolling restarts, and the answers of all requests that can be answered.
    fn answer(&mut self) {
        let Facts { stack, requests, rolls, shutdown, .. } = &mut *self.facts;
        stack.stop_free(&mut self.actions);
        rolls.advance(stack, shutdown.is_some(), &mut self.actions);
        requests.answer(stack, shutdown.is_some(), &mut self.actions);
        stack.schedule_restarts();
    }

    fn answer_downs(&mut self) {
        let Facts { stack, requests, .. } = &mut *self.facts;
        requests.answer_downs(stack.has_survivors, &mut self.actions);
    }
}
