//! Performs what the machine decides: the joint between decisions, processes and output.

use std::cell::Cell;
use std::collections::HashMap;
use std::os::fd::AsFd;
use std::rc::Rc;

use indexmap::IndexSet;
use nix::errno::Errno;

use crate::control::event::EventKind;
use crate::exit::Exit;
use crate::machine::{Action, Event, Lifecycle, RequestResult, Target, Ticket};
use crate::name::TypeName;
use crate::notice::Notice;
use crate::output::screen::Screen;
use crate::output::{LogSource, Output, StreamSource};
use crate::plan::spec::{Observation, Spec};
use crate::process::ports_in_use::Listeners;
use crate::process::pty::{WindowSize, set_window_size};
use crate::process::spawn::{ChildStream, Spawner};
use crate::process::tree::Process;
use crate::supervisor::actions::hooks::HookRunner;
use crate::supervisor::actions::processes::Processes;
use crate::supervisor::actions::resources::SpawnResources;
use crate::supervisor::actions::signals::{self, StopSignals};
use crate::supervisor::actions::window_size::{self, terminal_size};
use crate::supervisor::channel::arrival::{HookCall, HookProgress};

/// Everything that actions need.
pub(crate) struct Executor {
    processes: Processes,
    stops: StopSignals,
    resources: SpawnResources,
    output: Output,
    /// The types; the place of each decides its colour.
    kinds: IndexSet<TypeName>,
    /// The size of the terminals of instances to which no client is attached.
    size: Rc<Cell<WindowSize>>,
    /// What is to be probed, until [`Executor::take_unprobed`].
    unprobed: Vec<Unprobed>,
    have_specs_changed: bool,
    /// What has become of instances, until [`Executor::take_reports`].
    reports: Vec<(usize, Lifecycle)>,
    /// The answers of the machine, until [`Executor::take_replies`].
    replies: Vec<(Ticket, RequestResult)>,
}

/// An instance that has been started, and is to be probed.
pub(crate) struct Unprobed {
    pub(crate) index: usize,
    /// The sockets that listened on its port before, by their numbers, if it is asked by HTTP.
    pub(crate) listened_before: Vec<u64>,
}

impl Executor {
    /// For these instances, which `output` knows, and these types.
    pub(crate) fn new(
        specs: Vec<Rc<Spec>>,
        kinds: IndexSet<TypeName>,
        (run, resources): (&str, SpawnResources),
        output: Output,
        spawner: Spawner,
    ) -> Self {
        Self {
            stops: StopSignals::default(),
            kinds,
            size: Rc::new(Cell::new(terminal_size(output.prefix_width()))),
            unprobed: Vec::new(),
            have_specs_changed: true,
            reports: Vec::new(),
            replies: Vec::new(),
            processes: Processes::new(specs, run, spawner, HookRunner::new(resources.inbox())),
            resources,
            output,
        }
    }

    /// Performs the actions of one transition in order; the answers are events for the machine.
    pub(crate) fn perform(&mut self, actions: Vec<Action>) -> Vec<Event> {
        self.processes.forget_snapshot();
        let mut answers = Vec::new();
        for action in actions {
            let Self { processes, stops, output, .. } = self;
            match action {
                Action::Enroll(index, spec) => self.enroll(index, spec),
                Action::Spawn(index) => answers.extend(self.spawn(index)),
                Action::Probe(index) => {
                    let listened_before = self.resources.listened_before(index);
                    self.unprobed.push(Unprobed { index, listened_before });
                }
                Action::Inspect(index) => answers.extend(self.inspect(index)),
                Action::Stop(target) => stops.stop(target, processes),
                Action::StopRest(target) => stops.stop_rest(target, processes),
                Action::StopAll(target) => stops.stop_all(target, processes),
                Action::Kill(target) => answers.extend(signals::kill(processes, target)),
                Action::Scan => processes.request_scan(),
                Action::ReportExit(index, notice) => output.retire(index, notice),
                // A thousand starts are a thousand of these, and each that is written alone wakes the reader.
                Action::Notify(notice @ Notice::Started { .. }) => output.notice_soon(&notice),
                Action::Notify(notice @ (Notice::Failed { .. } | Notice::Ended { .. })) => {
                    output.conclude(notice);
                }
                Action::Notify(notice) => output.notice(&notice),
                Action::Report(index, what) => self.reports.push((index, what)),
                Action::ReportSurvivors(target) => {
                    for notice in signals::survivors(processes, target) {
                        output.notice(&notice);
                    }
                }
                Action::Signal(index, signal, reach) => stops.send(processes, index, signal, reach),
                Action::Answer(ticket, answer) => self.replies.push((ticket, answer)),
                Action::Forward(signal) => stops.forward(processes, signal),
                Action::Suspend => {
                    if let Err(error) = signals::suspend(processes) {
                        let text = format!("cannot stop for Ctrl-Z: {error}");
                        output.notice(&Notice::Warning { text });
                    }
                }
                Action::Resume => signals::resume(processes),
                Action::Resize => self.resize(),
            }
        }
        answers
    }

    /// Why a scan for these actions failed.
    pub(crate) fn take_scan_error(&mut self) -> Option<Event> {
        self.processes.take_scan_error()
    }

    /// Whether the machine has asked for a scan since the last [`Executor::scan`].
    pub(crate) fn is_scan_due(&self) -> bool {
        self.processes.is_scan_due()
    }

    /// Reaps, and counts the processes that are left.
    pub(crate) fn scan(&mut self) -> Vec<Event> {
        self.processes.scan()
    }

    /// Reaps all children that have exited, as events.
    pub(crate) fn reap(&mut self) -> Vec<Event> {
        self.processes.reap()
    }

    /// The output, for its end: there is nothing more to perform.
    pub(crate) fn into_output(self) -> Output {
        self.output
    }

    /// The instances that are to be probed since the last call.
    pub(crate) fn take_unprobed(&mut self) -> Vec<Unprobed> {
        std::mem::take(&mut self.unprobed)
    }

    /// Whether an instance has got another spec since the last call, so that other files may be of interest.
    pub(crate) fn take_specs_changed(&mut self) -> bool {
        std::mem::take(&mut self.have_specs_changed)
    }

    /// What has become of instances since the last call.
    pub(crate) fn take_reports(&mut self) -> Vec<(usize, Lifecycle)> {
        std::mem::take(&mut self.reports)
    }

    /// A hook is to be run: at once, or when the remaining output of its instance is there.
    pub(crate) fn announce_hook(&mut self, call: HookCall) {
        let (index, is_exit) = (call.index, call.event.event == EventKind::Exited);
        let due = self.processes.hooks.announce(call);
        if is_exit { self.output.after_exit(index, due) } else { due() }
    }

    /// Calls `then` when the remaining output of an instance that has just exited is there.
    pub(crate) fn after_exit(&self, index: usize, then: Box<dyn FnOnce()>) {
        self.output.after_exit(index, then);
    }

    /// A hook is further: it is due, has printed something, or is over, and another one may have its turn.
    pub(crate) fn on_hook(&mut self, progress: HookProgress) -> Vec<Event> {
        let notice = match progress {
            HookProgress::Due(call) => self.processes.hooks.add(*call),
            HookProgress::Printed(line) => Some(line),
            HookProgress::Closed(pid) => self.processes.hooks.on_closed(pid),
        };
        if let Some(notice) = notice {
            self.output.notice(&notice);
        }
        while let Some(mut call) = self.processes.hooks.next() {
            call.event.lines = self.output.last_lines(call.index);
            if let Some(warning) = self.processes.run_hook(&call) {
                self.output.notice(&warning);
            }
        }
        // As long as there were hooks, the news that no child is left was not believed.
        if self.has_hooks() { Vec::new() } else { self.processes.reap() }
    }

    /// Whether a hook runs or will run.
    pub(crate) fn has_hooks(&self) -> bool {
        self.processes.hooks.are_there()
    }

    /// What the machine has answered since the last call.
    pub(crate) fn take_replies(&mut self) -> Vec<(Ticket, RequestResult)> {
        std::mem::take(&mut self.replies)
    }

    /// Runs a command in the environment of an instance; its id.
    ///
    /// # Errors
    /// As [`Spawner::spawn_without_output`].
    pub(crate) fn run_command(&mut self, index: usize, command: &str) -> Result<i32, Errno> {
        self.processes.run_command(index, command)
    }

    /// Kills a command, with its group.
    pub(crate) fn end_command(&self, pid: i32) {
        self.processes.commands.end(pid);
    }

    /// The commands that have exited since the last call.
    pub(crate) fn take_ended_commands(&mut self) -> HashMap<i32, Exit> {
        self.processes.commands.take_ended()
    }

    /// The own process of an instance that has sent `READY=1` to its NOTIFY_SOCKET since the last call, from a process of its
    /// tree.
    pub(crate) fn take_ready_message(&mut self, index: usize) -> Option<i32> {
        let mut ready = None;
        for message in self.resources.notify_sockets.read(index) {
            self.processes.forget_snapshot();
            let has_sender = |members: &[Process]| members.iter().any(|process| process.pid == message.pid);
            let target = Target::Instance(index);
            // The message comes once, so one more look is worth its cost where the walk does not find the sender.
            let is_own = message.is_ready
                && (has_sender(&self.members(target)) || has_sender(&self.processes.members(target)));
            ready = ready.or(self.processes.leader(index).filter(|_| is_own));
        }
        ready
    }

    /// Writes the notices that were held back for the next write.
    pub(crate) fn flush(&self) {
        self.output.flush();
    }

    /// Prints a notice.
    pub(crate) fn notify(&self, notice: &Notice) {
        self.output.notice(notice);
    }

    /// Forgets the shared walk, so that the next question sees the processes as they are then.
    pub(crate) fn forget_snapshot(&mut self) {
        self.processes.forget_snapshot();
    }

    /// The processes of one instance, or of none, as the shared walk found them.
    pub(crate) fn members(&mut self, target: Target) -> Vec<Process> {
        self.processes.walked_members(target)
    }

    /// What is seen of an instance from outside, where these sockets listen.
    pub(crate) fn observe(&mut self, index: usize, listeners: &Listeners) -> Observation {
        let members = self.members(Target::Instance(index));
        Observation {
            ports: listeners.server_ports_of(members.iter().map(|process| process.pid)),
            is_silent: self.is_silent(index),
        }
    }

    /// Whether an instance that has no terminal has printed nothing.
    fn is_silent(&self, index: usize) -> bool {
        if self.screen(index).is_some() {
            return false;
        }
        self.output.with_history(|history| history.latest(1, |own| own == index).is_empty()) == Some(true)
    }

    fn inspect(&mut self, index: usize) -> Option<Event> {
        let seen = self.observe(index, &Listeners::now());
        self.processes.leader(index).map(|pid| Event::Inspected { instance: index, pid, seen })
    }

    /// The screen of an instance, if it has had a terminal.
    pub(crate) fn screen(&self, index: usize) -> Option<Rc<Screen>> {
        self.output.screen(index)
    }

    /// The size of the terminals of instances to which no client is attached.
    pub(crate) fn size(&self) -> Rc<Cell<WindowSize>> {
        Rc::clone(&self.size)
    }

    /// Sets the spec of an instance. A new one gets a prefix, in the colour of its type.
    fn enroll(&mut self, index: usize, spec: Rc<Spec>) {
        self.have_specs_changed = true;
        let name = spec.name.clone();
        if !self.processes.enroll(index, spec) {
            return;
        }
        let kind = self.kinds.insert_full(name.kind.clone()).0;
        let width = self.output.prefix_width();
        self.output.add(LogSource { name, kind });
        // A longer name leaves fewer columns to all.
        if self.output.prefix_width() != width {
            self.resize();
        }
    }

    fn spawn(&mut self, index: usize) -> Vec<Event> {
        let resources = self.resources.for_child(index, &self.processes.specs[index]);
        let child = match resources.and_then(|resources| self.processes.spawn(index, &resources)) {
            Ok(child) => child,
            Err(failure) => return vec![Event::SpawnFailed { instance: index, failure }],
        };
        self.stops.forget(index, child.pid);
        let spec = &self.processes.specs[index];
        self.resources.match_log(index, child.pid, spec, &self.output);
        let source = match child.stream {
            ChildStream::Pipe(ours) => StreamSource::Pipe(ours),
            ChildStream::Terminal(master) => StreamSource::Terminal(master),
        };
        let mut events = vec![Event::Spawned { instance: index, pid: child.pid }];
        if let Err(error) = self.output.attach(index, source) {
            // It runs without a reader: the whole stack stops, and this instance with it.
            events.push(Event::Broken(format!("cannot read the output of {}: {error}", spec.name)));
        }
        events
    }

    fn resize(&mut self) {
        self.output.resize(window_size::columns());
        let size = terminal_size(self.output.prefix_width());
        self.processes.spawner.set_size(size);
        self.size.set(size);
        let screens = (0..self.processes.specs.len()).filter_map(|index| self.screen(index));
        // An attached client has set the size.
        for screen in screens.filter(|screen| !screen.is_watched()) {
            // The terminal of an instance that has ended is gone.
            if let Ok(Some(master)) = screen.master() {
                let _ = set_window_size(master.as_fd(), size);
            }
        }
    }
}
