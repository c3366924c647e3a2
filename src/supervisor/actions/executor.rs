//! Doing what the machine wants: the joint between decisions, processes and output.

use std::cell::Cell;
mod signals;
use signals::InstanceStop;

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;

use indexmap::IndexSet;

use crate::supervisor::actions::resources::SpawnResources;
use crate::supervisor::actions::window_size::terminal_size;

use crate::exit::Exit;
use crate::machine::{Action, Event, RequestResult, Target, Ticket};
use crate::name::TypeName;
use crate::notice::Notice;
use crate::output::screen::Screen;
use crate::output::{LogSource, Output, StreamSource};
use crate::plan::spec::Spec;
use crate::process::calls::{WindowSize, set_window_size};
use crate::process::reaper::{self, Reaped};
use crate::process::spawn::{ChildStream, SpawnedChild, Spawner};
use crate::process::tree::{Process, ProcessSnapshot, ProcessTracker};
use crate::signal::Signal;

/// Everything that actions need.
pub(crate) struct Executor {
    /// What each instance is in its present life, or was in its last.
    specs: Vec<Rc<Spec>>,
    /// The types, each at the place that decides its colour.
    kinds: IndexSet<TypeName>,
    output: Output,
    spawner: Spawner,
    tracker: ProcessTracker,
    /// The latest process of each instance, until its session is empty.
    leaders: Vec<Option<i32>>,
    /// The session of that process.
    sessions: Vec<Option<i32>>,
    /// Those of them that have not been reaped, and whose.
    alive: HashMap<i32, usize>,
    /// The processes that have had the stop signal.
    asked: HashSet<(i32, u64)>,
    /// The stop under way of each instance that is being stopped.
    stops: HashMap<usize, InstanceStop>,
    /// The look that all actions of one turn share.
    snapshot: Option<ProcessSnapshot>,
    /// The terminal of each instance.
    terminals: Vec<Option<std::path::PathBuf>>,
    /// The size that instances' terminals have, unless somebody is attached.
    size: Rc<Cell<WindowSize>>,
    is_look_wanted: bool,
    /// Why the latest look saw nothing, until the machine has heard it.
    blindness: Option<io::Error>,
    /// What the machine answered.
    replies: Vec<(Ticket, RequestResult)>,
    pub(crate) resources: SpawnResources,
}

impl Executor {
    /// For these instances, whom `output` knows, and these types, of the run with this id.
    pub(crate) fn new(
        specs: Vec<Rc<Spec>>,
        kinds: IndexSet<TypeName>,
        (run, resources): (&str, SpawnResources),
        output: Output,
        spawner: Spawner,
    ) -> Self {
        let count = specs.len();
        let size = Rc::new(Cell::new(terminal_size(output.prefix_width())));
        Self {
            specs,
            kinds,
            output,
            spawner,
            tracker: ProcessTracker::new(run.as_bytes()),
            leaders: vec![None; count],
            sessions: vec![None; count],
            alive: HashMap::new(),
            asked: HashSet::new(),
            stops: HashMap::new(),
            snapshot: None,
            terminals: vec![None; count],
            size,
            is_look_wanted: false,
            blindness: None,
            replies: Vec::new(),
            resources,
        }
    }

    /// Does one turn's actions in order; the answers are events for the machine.
    pub(crate) fn perform(&mut self, actions: Vec<Action>) -> Vec<Event> {
        self.snapshot = None;
        let mut answers = Vec::new();
        for action in actions {
            match action {
                Action::Enroll(index, spec) => self.enroll(index, spec),
                Action::Spawn(index) => answers.extend(self.spawn(index)),
                Action::Probe(index) => self.resources.unprobed.push(index),
                Action::Stop(target) => self.ask(target),
                Action::StopRest(target) => self.ask_rest(target),
                Action::StopAll(target) => self.ask_all(target),
                Action::Kill(Target::Orphans) => answers.extend(self.kill_all()),
                Action::Kill(Target::Instance(index)) => answers.extend(self.kill(index)),
                Action::Scan => self.is_look_wanted = true,
                Action::ReportExit(index, notice) => self.output.retire(index, notice),
                // A thousand starts are a thousand of these, and each that goes alone wakes the reader.
                Action::Notify(notice @ Notice::Started { .. }) => self.output.notice_soon(&notice),
                Action::Notify(notice) => self.output.notice(&notice),
                Action::ReportSurvivors(target) => self.name_survivors(target),
                Action::Signal(index, signal, reach) => self.signal_instance(index, signal, reach),
                Action::Answer(ticket, answer) => self.replies.push((ticket, answer)),
                Action::Forward(signal) => self.forward(signal),
                Action::Suspend => self.suspend(),
                Action::Resume => self.everywhere(Signal::CONTINUE),
                Action::Resize => self.resize(),
            }
        }
        answers.extend(self.tell_of_blindness());
        answers
    }

    fn tell_of_blindness(&mut self) -> Option<Event> {
        let error = self.blindness.take()?;
        Some(Event::Broken(format!("cannot see in /proc which processes are left: {error}")))
    }

    /// Whether somebody asked who is left since the last [`Executor::look`].
    pub(crate) fn is_look_wanted(&self) -> bool {
        self.is_look_wanted
    }

    /// Reaps, and says who is left.
    pub(crate) fn look(&mut self) -> Vec<Event> {
        self.is_look_wanted = false;
        let mut events = self.reap();
        if events.contains(&Event::AllGone) {
            return events;
        }
        self.snapshot = None;
        let snapshot = self.snapshot();
        let counts = snapshot.counts();
        let is_certain = snapshot.is_certain;
        if let Some(blind) = self.tell_of_blindness() {
            events.push(blind);
        } else if is_certain {
            self.forget_sessions(&counts.instances);
            events.push(Event::Scanned(counts));
        } else {
            self.is_look_wanted = true;
            events.push(Event::PartlyScanned(counts));
        }
        events
    }

    /// The number of a session that is empty may be given to another one.
    fn forget_sessions(&mut self, counts: &[usize]) {
        let mut ended = Vec::new();
        for (index, count) in counts.iter().enumerate() {
            let is_alive = self.leaders[index].is_some_and(|leader| self.alive.contains_key(&leader));
            if *count == 0 && !is_alive {
                self.leaders[index] = None;
                ended.extend(self.sessions[index].take());
            }
        }
        self.spawner.end_sessions(&ended);
    }

    /// Reaps all who have ended, as events.
    pub(crate) fn reap(&mut self) -> Vec<Event> {
        let reaped = reaper::reap();
        self.as_events(reaped)
    }

    /// The output, for its end: there is nothing more to perform.
    pub(crate) fn into_output(self) -> Output {
        self.output
    }

    fn ended(&mut self, pid: i32, exit: Exit) -> Event {
        if let Some(instance) = self.alive.remove(&pid) {
            self.resources.commands.end_all_of(instance);
            return Event::Exited { instance, exit };
        }
        self.resources.commands.on_reaped(pid, exit);
        self.spawner.on_reaped(pid);
        Event::Reaped
    }

    /// Runs a command in the environment of an instance; its id, if it could be run.
    pub(crate) fn run_command(&mut self, index: usize, command: &str) -> Option<i32> {
        self.resources.commands.run(index, &self.specs[index], command, &mut self.spawner)
    }

    /// The own process of an instance that has said since the last call that it is ready: `READY=1` from a process
    /// of its own tree.
    pub(crate) fn take_notice(&mut self, index: usize) -> Option<i32> {
        let mut found = None;
        while let Some(word) = self.resources.notified.next(index) {
            self.look_anew();
            let is_own = word.is_ready
                && self.members(Target::Instance(index)).iter().any(|process| process.pid == word.pid);
            found = found.or(self.leaders[index].filter(|_| is_own));
        }
        self.resources.notified.all_read(index);
        found
    }

    /// Takes what an instance is from now on. One past the last speaks from now on, in the colour of its type.
    fn enroll(&mut self, index: usize, spec: Rc<Spec>) {
        self.resources.has_changed = true;
        if let Some(known) = self.specs.get_mut(index) {
            *known = spec;
            return;
        }
        let kind = self.kinds.insert_full(spec.name.kind.clone()).0;
        let width = self.output.prefix_width();
        self.output.add(LogSource { name: spec.name.clone(), kind });
        self.specs.push(spec);
        self.leaders.push(None);
        self.sessions.push(None);
        self.terminals.push(None);
        // A longer name leaves less room to all.
        if self.output.prefix_width() != width {
            self.resize();
        }
    }

    fn spawn(&mut self, index: usize) -> Vec<Event> {
        let failed = |failure| Event::SpawnFailed { instance: index, failure };
        let extra = self.resources.extra(index, &self.specs[index]);
        let made = extra.and_then(|extra| self.spawner.spawn(&self.specs[index], &extra));
        let SpawnedChild { pid, session, stream } = match made {
            Ok(made) => made,
            Err(failure) => return vec![failed(failure)],
        };
        self.leaders[index] = Some(pid);
        self.stops.remove(&index);
        let before = self.sessions[index].replace(session);
        self.spawner.end_sessions(before.as_slice());
        self.alive.insert(pid, index);
        self.resources.listen(index, pid, &self.specs[index], &self.output);
        let source = match stream {
            ChildStream::Pipe(ours) => StreamSource::Pipe(ours),
            ChildStream::Terminal { master, path } => {
                self.terminals[index] = Some(path);
                StreamSource::Terminal(master)
            }
        };
        let mut events = vec![Event::Spawned { instance: index, pid }];
        if let Err(error) = self.output.attach(index, source) {
            // It runs, but nobody would hear it: the whole stack ends, and this one with it.
            let name = &self.specs[index].name;
            events.push(Event::Broken(format!("cannot read the output of {name}: {error}")));
        }
        events
    }

    fn snapshot(&mut self) -> &ProcessSnapshot {
        if self.snapshot.is_none() {
            let specs = &self.specs;
            let named = |mark: &[u8]| instance_named(specs, mark);
            let looked = self.tracker.look(&self.sessions, &named);
            self.snapshot = looked.map_err(|error| self.blindness = Some(error)).ok();
            if let Some(snapshot) = &mut self.snapshot {
                self.resources.commands.leave_out(snapshot);
                snapshot.retain(|process| !self.spawner.has(process.pid));
            }
        }
        self.snapshot.get_or_insert_default()
    }

    /// Sends on its way what was said: others have their turn now, or all wait.
    pub(crate) fn flush(&self) {
        self.output.flush();
    }

    /// Says a line of ganger's own.
    pub(crate) fn say(&self, notice: &Notice) {
        self.output.notice(notice);
    }

    /// Forgets the look that is shared, so that the next question sees who is there now.
    pub(crate) fn look_anew(&mut self) {
        self.snapshot = None;
    }

    /// The terminal of an instance, if it has had one.
    pub(crate) fn screen(&self, index: usize) -> Option<Rc<Screen>> {
        self.output.screen(index)
    }

    /// The size of the terminals of instances to which nobody is attached.
    pub(crate) fn size(&self) -> Rc<Cell<WindowSize>> {
        Rc::clone(&self.size)
    }

    fn is_watched(&self, index: usize) -> bool {
        self.screen(index).is_some_and(|screen| screen.is_watched())
    }

    /// What the machine has answered since the last call.
    pub(crate) fn take_replies(&mut self) -> Vec<(Ticket, RequestResult)> {
        std::mem::take(&mut self.replies)
    }

    /// The processes of one instance, or of none, as the latest look saw them.
    pub(crate) fn members(&mut self, target: Target) -> Vec<Process> {
        self.snapshot().of(target).to_vec()
    }

    fn as_events(&mut self, reaped: Reaped) -> Vec<Event> {
        let Reaped { ended, is_empty, failure } = reaped;
        let mut events: Vec<Event> = ended.into_iter().map(|(pid, exit)| self.ended(pid, exit)).collect();
        events.dedup_by(|one, other| *one == Event::Reaped && *other == Event::Reaped);
        if is_empty {
            self.forget_sessions(&vec![0; self.sessions.len()]);
            events.push(Event::AllGone);
        }
        if let Some(error) = failure {
            // The kernel will not tell again what it told: somebody has to come back and ask.
            self.is_look_wanted = true;
            events.push(Event::Broken(format!("cannot wait for processes: {error}")));
        }
        events
    }

    fn resize(&mut self) {
        let size = terminal_size(self.output.prefix_width());
        self.spawner.set_size(size);
        self.size.set(size);
        for (index, path) in self.terminals.iter().enumerate() {
            // Whoever is attached has chosen.
            let Some(path) = path.as_ref().filter(|_| !self.is_watched(index)) else { continue };
            // One whose instance has ended is gone.
            let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOCTTY).open(path);
            let Ok(terminal) = opened else { continue };
            let _ = set_window_size(terminal.as_fd(), size);
        }
    }
}

/// The instance that has this mark.
fn instance_named(specs: &[Rc<Spec>], mark: &[u8]) -> Option<usize> {
    specs.iter().position(|spec| spec.name.to_string().as_bytes() == mark)
}
