//! The state of the stack, as `ps` shows it.

use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::config::Groups;
use crate::control::protocol::{
    InstanceStatus, Phase, RefusalKind, RequestRefusal, SCHEMA, StartTimes, Status,
};
use crate::duration::rounded_seconds;
use crate::exit::Exit;
use crate::machine::instance::Instance;
use crate::machine::ready::{LISTENS_WITHIN, may_listen, missing, probe_kind};
use crate::machine::state::{Intent, State};
use crate::machine::{Machine, Target};
use crate::name::InstanceName;
use crate::plan::addresses::local_url;
use crate::plan::spec::{OutsideCheck, Spec};
use crate::process::ports_in_use::Listeners;
use crate::process::usage;
use crate::supervisor::actions::executor::Executor;
use crate::supervisor::status::selector::select;

/// What is known of the stack beside what the machine knows.
pub(crate) struct StatusInputs {
    /// The folder of the project.
    pub root: String,
    /// The `--name` of the stack.
    pub name: Option<String>,
    /// How many instances of each type there should be.
    pub formation: IndexMap<String, u32>,
    /// The groups of types.
    pub groups: Groups,
    /// The pid of the monitor, which users see.
    pub pid: i32,
    /// When the run began.
    pub started: Timestamp,
    /// The listening sockets, as they were read last.
    pub listeners: Listeners,
}

impl StatusInputs {
    /// This name in a request; in place of a group, the glob that means it.
    ///
    /// # Errors
    /// The group cannot be used.
    pub(crate) fn without_group(&self, name: &str) -> Result<String, RequestRefusal> {
        self.groups.pattern(name).map_err(|error| {
            RequestRefusal::new(RefusalKind::UnknownName, format!("{error}: {}", error.hint()))
        })
    }
}

/// All that is known of the stack, at one moment.
pub(crate) struct View<'a> {
    pub machine: &'a Machine,
    pub executor: &'a mut Executor,
    pub inputs: &'a mut StatusInputs,
    pub now: Duration,
}

impl View<'_> {
    /// Reads processes and ports again.
    pub(crate) fn refresh(&mut self) {
        self.executor.forget_snapshot();
        self.inputs.listeners = Listeners::now();
    }

    /// The indices of the instances with these names, among those in the stack and, with `with_retired`, those that have left it.
    ///
    /// # Errors
    /// As [`select`].
    pub(crate) fn select(&self, names: &[String], with_retired: bool) -> Result<Vec<usize>, String> {
        let all = self.machine.specs().iter().zip(self.machine.instances()).enumerate();
        let known = all.filter(|(_, (_, instance))| with_retired || !instance.is_retired);
        let known: Vec<(usize, &InstanceName)> =
            known.map(|(index, (spec, _))| (index, &spec.name)).collect();
        select(&known, names)
    }

    /// The indices of all instances in the stack, and of those that have left it but have not ended.
    pub(crate) fn present(&self) -> Vec<usize> {
        let all = self.machine.instances().iter().enumerate();
        let present = all.filter(|(_, instance)| !(instance.is_retired && instance.state.is_down()));
        present.map(|(index, _)| index).collect()
    }

    /// `web.1`
    pub(crate) fn name(&self, index: usize) -> String {
        self.machine.specs()[index].name.to_string()
    }

    /// The whole document, about these instances.
    pub(crate) fn status(&mut self, indices: &[usize]) -> Status {
        self.refresh();
        let indices = self.by_type(indices.to_vec());
        Status { instances: indices.iter().map(|index| self.row(*index)).collect(), ..self.summary() }
    }

    /// In the order of the types: an instance that was added later has a later index.
    fn by_type(&self, mut indices: Vec<usize>) -> Vec<usize> {
        indices.sort_by_cached_key(|index| {
            let name = &self.machine.specs()[*index].name;
            let kind = self.inputs.formation.get_index_of(name.kind.as_str());
            (kind.unwrap_or(usize::MAX), name.kind.clone(), name.number)
        });
        indices
    }

    /// The document without instances, which needs no scan.
    pub(crate) fn summary(&self) -> Status {
        let runs = self.machine.outcome().is_none();
        Status {
            schema: SCHEMA,
            root: self.inputs.root.clone(),
            name: self.inputs.name.clone(),
            pid: runs.then_some(self.inputs.pid),
            state: None,
            ended: None,
            started_at: runs.then(|| moment(self.inputs.started)),
            uptime_seconds: Some(rounded_seconds(self.now)),
            formation: self.inputs.formation.clone(),
            groups: self.inputs.groups.clone(),
            notes: Vec::new(),
            instances: Vec::new(),
        }
    }

    /// The whole document as the record of the run has it: without what takes a scan, and with the start of a run that is over.
    pub(crate) fn recorded(&self) -> Status {
        let instances = self.by_type(self.present()).into_iter().map(|index| self.known_row(index)).collect();
        Status { instances, started_at: Some(moment(self.inputs.started)), ..self.summary() }
    }

    /// What is known of an instance without a scan.
    fn known_row(&self, index: usize) -> InstanceStatus {
        let spec = &self.machine.specs()[index];
        let instance = &self.machine.instances()[index];
        let is_running = instance.has_own_process();
        let started = instance.started.filter(|_| is_running);
        let ended = instance.ended.map(|(exit, _)| exit);
        InstanceStatus {
            name: spec.name.to_string(),
            r#type: spec.name.kind.to_string(),
            number: spec.name.number,
            state: phase(instance),
            ready: instance.ready.is_some(),
            waiting_for: None,
            ready_by: probe_kind(spec),
            one_shot: spec.once,
            after: spec.after.iter().map(ToString::to_string).collect(),
            first_start: Some(StartTimes {
                due_seconds: rounded_seconds(instance.first_start.due),
                started_seconds: instance.first_start.started.map(rounded_seconds),
                ready_seconds: instance.first_start.ready.map(rounded_seconds),
            }),
            pid: instance.pid.filter(|_| is_running),
            port: spec.port,
            other_port: instance.other_port,
            url: None,
            started_at: started.and_then(|at| self.inputs.started.checked_add(at).ok()).map(moment),
            uptime_seconds: started.map(|at| rounded_seconds(self.now.saturating_sub(at))),
            restarts: instance.generation.saturating_sub(1),
            cpu_seconds: None,
            memory_bytes: None,
            exit_status: ended.map(Exit::status),
            signal: ended.and_then(|exit| match exit {
                Exit::Signal(signal) => Some(signal.to_string()),
                Exit::Status(_) => None,
            }),
        }
    }

    fn row(&mut self, index: usize) -> InstanceStatus {
        let ready = self.is_ready(index);
        let spec = &self.machine.specs()[index];
        let instance = &self.machine.instances()[index];
        let members = self.executor.members(Target::Instance(index));
        let used = (!members.is_empty()).then(|| usage::of(&members));
        let serves =
            |port: u16| self.inputs.listeners.is_served_by(port, members.iter().map(|process| process.pid));
        let is_probed = !spec.service.probe.is_timer() || spec.service.is_awaited;
        let is_waiting = !ready && instance.state == State::Running && is_probed;
        let missing = is_waiting
            .then(|| missing(spec, instance, &self.executor.observe(index, &self.inputs.listeners)));
        InstanceStatus {
            ready,
            waiting_for: missing,
            url: [spec.port, instance.other_port]
                .into_iter()
                .flatten()
                .find(|port| serves(*port))
                .map(local_url),
            cpu_seconds: used.map(|used| rounded_seconds(used.processor)),
            memory_bytes: used.map(|used| used.memory),
            ..self.known_row(index)
        }
    }

    /// Whether the instance is ready. One that took long and that nothing waits for is not probed any more (see `readiness::probes`):
    /// then it is found out now.
    pub(crate) fn is_ready(&mut self, index: usize) -> bool {
        let (spec, instance) = (&self.machine.specs()[index], &self.machine.instances()[index]);
        if instance.ready.is_some() {
            return true;
        }
        let Some(port) = probed_port(spec, instance) else { return false };
        let members = self.executor.members(Target::Instance(index));
        self.inputs.listeners.is_served_by(port, members.iter().map(|process| process.pid))
    }

    /// Whether a client that waits for the instance, by its name or not, may go on.
    pub(crate) fn is_ready_for(&mut self, index: usize, is_named: bool) -> bool {
        let (spec, instance) = (&self.machine.specs()[index], &self.machine.instances()[index]);
        let Some(port) = likely_port(spec, instance, self.now).filter(|_| is_named) else {
            return self.is_ready(index);
        };
        let has_settled = instance.ready.is_some();
        let members = self.executor.members(Target::Instance(index));
        let pids = || members.iter().map(|process| process.pid);
        let listeners = &self.inputs.listeners;
        listeners.is_served_by(port, pids()) || has_settled && listeners.only_port_of(pids()).is_some()
    }
}

/// The same as [`View::is_ready_for`] as far as the machine knows; `None` where only a look at processes and sockets can tell.
pub(crate) fn known_readiness(
    machine: &Machine,
    now: Duration,
    index: usize,
    is_named: bool,
) -> Option<bool> {
    let (spec, instance) = (&machine.specs()[index], &machine.instances()[index]);
    if is_named && likely_port(spec, instance, now).is_some() {
        return None;
    }
    let is_ready = instance.ready.is_some();
    (is_ready || probed_port(spec, instance).is_none()).then_some(is_ready)
}

/// The port on which an instance that runs has to listen to be ready.
fn probed_port(spec: &Spec, instance: &Instance) -> Option<u16> {
    let OutsideCheck::Port(port) = spec.service.probe.outside() else { return None };
    port.or(spec.port).filter(|_| instance.state == State::Running)
}

/// The PORT of an instance that may open it and has not run for long. A client that waits for it by its name has longer for that than
/// the second after which it counts as ready otherwise.
fn likely_port(spec: &Spec, instance: &Instance, now: Duration) -> Option<u16> {
    let is_young = instance.started.is_some_and(|started| now < started + LISTENS_WITHIN);
    let may_come = instance.state == State::Running && may_listen(spec) && is_young;
    spec.port.filter(|_| may_come && instance.other_port.is_none())
}

/// The state of an instance, as users see it.
fn phase(instance: &Instance) -> Phase {
    match instance.state {
        State::Idle | State::Ended if instance.is_due => Phase::Waiting,
        State::Idle | State::Ended if instance.will_start() => Phase::Restarting,
        State::Ended if instance.is_given_up => Phase::GivenUp,
        State::Idle | State::Ended if instance.failure.is_some() => Phase::Failed,
        State::Idle => Phase::Stopped,
        State::Ended if instance.is_requested => Phase::Stopped,
        State::Ended => Phase::Exited,
        State::Starting => Phase::Starting,
        State::Running => Phase::Running,
        State::Clearing | State::Purging if instance.intent == Intent::Up => Phase::Exited,
        State::Stopping | State::Killing | State::Clearing | State::Purging => Phase::Stopping,
    }
}

/// A time as the document has it.
pub(super) fn moment(time: Timestamp) -> String {
    format!("{time:.3}")
}
