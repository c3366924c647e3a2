//! Readiness probes: which are run, how often, and until when.
//!
//! Instances that must listen on a port are probed together: one answer of the kernel is for all, and processes are scanned only
//! where a socket listens at all. A probe ends as soon as its instance is ready, or does not run any more.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};

use crate::exit::Exit;
use crate::machine::ready::{LISTENS_WITHIN, SETTLED, may_listen};
use crate::machine::state::State;
use crate::machine::{Event, Machine, Target};
use crate::notice::Elapsed;
use crate::plan::spec::{Probe, Spec};
use crate::process::ports_in_use::Listeners;
use crate::supervisor::actions::executor::{Executor, Unprobed};
use crate::supervisor::channel::agenda;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::clock::Clock;
use crate::supervisor::readiness::http_probe::HttpProbe;
use crate::supervisor::readiness::interval;

/// A server may be in a network namespace of its own (`unshare -n`, `ip netns exec`), soon after its start. That is found out
/// once, after this time: most are not, and it costs a look at each of its processes.
const NAMESPACE_AFTER: Duration = Duration::from_millis(500);
/// The shortest interval of a command, which costs more.
const COMMAND_INTERVAL: Duration = Duration::from_millis(100);
/// How long a port is probed that neither a setting nor another instance waits for; `ps` looks by itself.
const UNAWAITED: Duration = Duration::from_mins(1);
/// How long a command may take; then it is killed, and counts as one that fails.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// The probes of all instances that are not ready yet.
pub(crate) struct Probes {
    pending: Vec<PendingProbe>,
    inbox: WeakUnboundedSender<Arrival>,
}

struct PendingProbe {
    index: usize,
    pid: i32,
    since: Duration,
    next: Duration,
    /// Whether it has a network namespace of its own, once that is known.
    has_namespace: Option<bool>,
    /// How its command failed last.
    failure: Option<String>,
    method: ProbeMethod,
}

enum ProbeMethod {
    /// A process of its tree listens on this port. Probed until then, if there is a limit.
    Listens { port: u16, until: Option<Duration>, other: OtherPort },
    /// A task finds it out.
    Task(JoinHandle<()>),
    /// This command exits with 0. With the one that runs, and its time limit.
    Command { command: Rc<str>, runs: Option<(i32, Duration)> },
    /// The instance reports it.
    Reported,
}

/// What listening on another port than PORT means.
#[derive(Clone, Copy)]
enum OtherPort {
    /// Nothing: a setting names the port.
    Ignored,
    /// The instance is ready once it is the only one of its tree, and was that a second before.
    Counts,
    /// It has been the only one since then.
    Since(u16, Duration),
}

impl PendingProbe {
    fn interval(&self, now: Duration) -> Duration {
        let longest = match self.method {
            ProbeMethod::Listens { until: Some(_), .. } => interval::LONGEST_UNAWAITED,
            ProbeMethod::Listens { until: None, .. }
            | ProbeMethod::Task(_)
            | ProbeMethod::Command { .. }
            | ProbeMethod::Reported => interval::LONGEST,
        };
        interval::after(now.saturating_sub(self.since), longest)
    }

    /// Whether its generation still runs and is not ready.
    fn is_open(&self, machine: &Machine) -> bool {
        machine.instances().get(self.index).is_some_and(|instance| {
            instance.state == State::Running && instance.pid == Some(self.pid) && instance.ready.is_none()
        })
    }

    /// Whether it is to be run now. Ports are probed together: one that is due in a moment comes along.
    fn is_due(&self, now: Duration) -> bool {
        let slack = match self.method {
            ProbeMethod::Listens { .. } => self.interval(now) / 2,
            ProbeMethod::Task(_) | ProbeMethod::Command { .. } | ProbeMethod::Reported => Duration::ZERO,
        };
        self.due().is_some_and(|due| due <= now + slack)
    }

    /// When it is to be run, or its command killed.
    fn due(&self) -> Option<Duration> {
        match &self.method {
            ProbeMethod::Listens { until, .. } => {
                Some(self.next).filter(|next| until.is_none_or(|until| *next < until))
            }
            ProbeMethod::Command { runs: Some((_, until)), .. } => Some(*until),
            ProbeMethod::Command { runs: None, .. } => Some(self.next),
            ProbeMethod::Task(_) | ProbeMethod::Reported => None,
        }
    }
    /// Runs it once; `listeners` are read for the first probe that needs them.
    fn run(
        &mut self,
        now: Duration,
        listeners: &mut Option<Listeners>,
        executor: &mut Executor,
    ) -> Option<Event> {
        let interval = self.interval(now);
        match &mut self.method {
            ProbeMethod::Listens { port, .. } => {
                let port = *port;
                self.next = now + interval;
                let listeners = listeners.get_or_insert_with(|| {
                    executor.forget_snapshot();
                    Listeners::now()
                });
                let is_ready = if listeners.has(port) {
                    is_served(listeners, port, self.index, executor)
                } else {
                    self.is_served_in_namespace(port, now, executor)
                };
                let on = if is_ready { Some(port) } else { self.settled_elsewhere(now, listeners, executor) };
                return on.map(|port| Event::Ready { instance: self.index, pid: self.pid, port: Some(port) });
            }
            ProbeMethod::Command { runs: runs @ Some(_), .. } => {
                if let Some((command, _)) = runs.take() {
                    executor.end_command(command);
                }
                self.next = now + interval.max(COMMAND_INTERVAL);
                return self.failed(format!("it runs for more than {}", Elapsed(COMMAND_TIMEOUT)));
            }
            ProbeMethod::Command { command, runs } => {
                self.next = now + interval.max(COMMAND_INTERVAL);
                match executor.run_command(self.index, command) {
                    Ok(pid) => *runs = Some((pid, now + COMMAND_TIMEOUT)),
                    Err(errno) => return self.failed(format!("it cannot be run: {}", errno.desc())),
                }
            }
            ProbeMethod::Task(_) | ProbeMethod::Reported => {}
        }
        None
    }

    /// That its command failed, unless it failed like that before.
    fn failed(&mut self, failure: String) -> Option<Event> {
        if self.failure.as_ref() == Some(&failure) {
            return None;
        }
        self.failure = Some(failure.clone());
        Some(Event::ProbeFailed { instance: self.index, pid: self.pid, failure })
    }

    /// The port that has been the only one of its tree for a second, where that counts.
    fn settled_elsewhere(
        &mut self,
        now: Duration,
        listeners: &Listeners,
        executor: &mut Executor,
    ) -> Option<u16> {
        let ProbeMethod::Listens { other, .. } = &mut self.method else { return None };
        // It costs a look at each of its processes: not while most servers open their PORT.
        if matches!(other, OtherPort::Ignored) || now < self.since + NAMESPACE_AFTER {
            return None;
        }
        let members = executor.members(Target::Instance(self.index));
        let only = listeners.only_port_of(members.iter().map(|process| process.pid));
        let since = match (*other, only) {
            (OtherPort::Since(port, since), Some(only)) if port == only => since,
            (OtherPort::Ignored | OtherPort::Counts | OtherPort::Since(..), _) => now,
        };
        *other = only.map_or(OtherPort::Counts, |port| OtherPort::Since(port, since));
        only.filter(|_| now >= since + SETTLED)
    }

    fn is_served_in_namespace(&mut self, port: u16, now: Duration, executor: &mut Executor) -> bool {
        if now < self.since + NAMESPACE_AFTER {
            return false;
        }
        let pid = self.pid;
        if !*self.has_namespace.get_or_insert_with(|| Listeners::elsewhere(pid).is_some()) {
            return false;
        }
        Listeners::elsewhere(pid)
            .is_some_and(|listeners| listeners.has(port) && is_served(&listeners, port, self.index, executor))
    }
}

impl Probes {
    /// None yet. What tasks find out goes to `inbox`.
    pub(crate) fn new(inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self { pending: Vec::new(), inbox }
    }

    /// A generation has begun: from now on it is probed.
    pub(crate) fn begin(&mut self, unprobed: Unprobed, machine: &Machine, now: Duration) {
        let Unprobed { index, listened_before } = unprobed;
        let (Some(spec), Some(instance)) = (machine.specs().get(index), machine.instances().get(index))
        else {
            return;
        };
        let Some(pid) = instance.pid.filter(|_| instance.state == State::Running) else { return };
        let probe = HttpProbe { instance: index, pid, listened_before };
        let method = self.method(probe, spec, now);
        let next = now + interval::SHORTEST;
        self.pending.push(PendingProbe {
            index,
            pid,
            since: now,
            next,
            has_namespace: None,
            failure: None,
            method,
        });
    }

    fn method(&self, by_http: HttpProbe, spec: &Spec, now: Duration) -> ProbeMethod {
        let until = spec.service.ready_within.is_none().then(|| now + UNAWAITED);
        let other = if spec.service.is_implied { OtherPort::Counts } else { OtherPort::Ignored };
        match (&spec.service.probe, spec.port) {
            (Probe::Listen(Some(port)), _) => ProbeMethod::Listens { port: *port, until, other },
            (Probe::Listen(None), Some(port)) => ProbeMethod::Listens { port, until, other },
            (Probe::Alive, Some(port)) if may_listen(spec) => {
                ProbeMethod::Listens { port, until: Some(now + LISTENS_WITHIN), other }
            }
            (Probe::Http(path), Some(port)) => {
                ProbeMethod::Task(spawn_local(by_http.run(port, path.to_string(), self.inbox.clone())))
            }
            (Probe::Command(command), _) => {
                ProbeMethod::Command { command: command.as_ref().into(), runs: None }
            }
            (Probe::Alive | Probe::Log(_) | Probe::Notify, _)
            | (Probe::Listen(None) | Probe::Http(_), None) => ProbeMethod::Reported,
        }
    }

    /// When [`Probes::run_due`] is due.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.pending.iter().filter_map(PendingProbe::due).min()
    }

    /// Drops the probes of instances that are ready or have ended, and kills their commands.
    pub(crate) fn retain_open(&mut self, machine: &Machine, executor: &Executor) {
        self.pending.retain(|probe| {
            let is_open = probe.is_open(machine);
            match &probe.method {
                ProbeMethod::Task(task) if !is_open => task.abort(),
                ProbeMethod::Command { runs: Some((pid, _)), .. } if !is_open => {
                    executor.end_command(*pid);
                }
                ProbeMethod::Task(_)
                | ProbeMethod::Command { .. }
                | ProbeMethod::Listens { .. }
                | ProbeMethod::Reported => {}
            }
            is_open
        });
    }

    /// Runs the probes that are due; the instances that are ready.
    ///
    /// The cost counts: the next probe comes after a pause that begins when this one is over.
    pub(crate) fn run_due(&mut self, clock: &Clock, executor: &mut Executor) -> Vec<Event> {
        let now = clock.now();
        let mut due: Vec<&mut PendingProbe> =
            self.pending.iter_mut().filter(|probe| probe.is_due(now)).collect();
        let mut listeners = None;
        let ready = due.iter_mut().filter_map(|probe| probe.run(now, &mut listeners, executor)).collect();
        let ended = clock.now();
        let cost = ended.saturating_sub(now);
        for probe in due {
            probe.next = probe.next.max(ended + agenda::pause(probe.interval(now), cost));
        }
        ready
    }

    /// Commands have exited: their instances are ready, or probed again.
    pub(crate) fn on_commands(&mut self, ended: &HashMap<i32, Exit>, now: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        for probe in &mut self.pending {
            let interval = probe.interval(now);
            let ProbeMethod::Command { runs, .. } = &mut probe.method else { continue };
            let Some(exit) = runs.and_then(|(pid, _)| ended.get(&pid)) else { continue };
            *runs = None;
            probe.next = now + interval.max(COMMAND_INTERVAL);
            if exit.is_success() {
                events.push(Event::Ready { instance: probe.index, pid: probe.pid, port: None });
            } else {
                events.extend(probe.failed(exit.to_string()));
            }
        }
        events
    }
}

fn is_served(listeners: &Listeners, port: u16, index: usize, executor: &mut Executor) -> bool {
    let members = executor.members(Target::Instance(index));
    listeners.is_served_by(port, members.iter().map(|process| process.pid))
}
