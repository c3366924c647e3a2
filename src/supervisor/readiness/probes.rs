//! Finding out when instances are ready: who is asked, how often, and until when.
//!
//! Instances that must listen on a port are looked at together: one answer of the kernel is for all, and processes are
//! only looked at where a socket listens at all. Questions end as soon as an instance is ready, or does not run any more.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::exit::Exit;
use crate::machine::state::State;
use crate::machine::{Event, Machine, Target};
use crate::plan::spec::{Probe, Spec};
use crate::process::ports_in_use::Listeners;
use crate::process::ready::http;
use crate::supervisor::actions::executor::Executor;
use crate::supervisor::channel::agenda;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::clock::Clock;

/// Questions follow each other at an eighth of the time that has been waited, within these bounds: who is there
/// after 40 ms is seen after 45, and who takes a minute costs four looks a second.
const OFTEN: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(250);
/// The same where neither a client nor another instance waits: a question may cost a look at all processes.
const IDLY: Duration = Duration::from_secs(1);
/// A server may be in a network of its own (`unshare -n`, `ip netns exec`), and is so soon after its start. It is
/// looked for once: most are not, and it costs a look at each.
const DEPARTED: Duration = Duration::from_millis(500);
/// A command is dearer: it is not run more often than this.
const COMMANDS: Duration = Duration::from_millis(100);
/// Where nobody waits for it and nobody asked for it, a port is looked for this long; `ps` looks by itself.
const CURIOSITY: Duration = Duration::from_mins(1);
/// How long a command may take; then it is ended, and counts as one that says no.
const LONGEST: Duration = Duration::from_secs(10);

/// All instances that are not known to be ready, and what is done about it.
pub(crate) struct Probes {
    waiting: Vec<PendingProbe>,
    inbox: WeakUnboundedSender<Arrival>,
}

struct PendingProbe {
    index: usize,
    pid: i32,
    since: Duration,
    next: Duration,
    /// Whether it has a network of its own, once that was looked for.
    is_elsewhere: Option<bool>,
    question: ProbeQuestion,
}

enum ProbeQuestion {
    /// Does one of its tree listen on this port? Asked until then, if ever.
    Listens { port: u16, until: Option<Duration> },
    /// A task asks.
    Task(JoinHandle<()>),
    /// Does this command end with 0? With the one that runs, and until when it may.
    Command { command: Rc<str>, runs: Option<(i32, Duration)> },
    /// It will say so itself.
    Told,
}

impl PendingProbe {
    fn interval(&self, now: Duration) -> Duration {
        let longest = match self.question {
            ProbeQuestion::Listens { until: Some(_), .. } => IDLY,
            ProbeQuestion::Listens { until: None, .. }
            | ProbeQuestion::Task(_)
            | ProbeQuestion::Command { .. }
            | ProbeQuestion::Told => SELDOM,
        };
        (now.saturating_sub(self.since) / 8).clamp(OFTEN, longest)
    }

    /// Whether the life that it is about goes on and is not ready.
    fn is_open(&self, machine: &Machine) -> bool {
        machine.instances().get(self.index).is_some_and(|instance| {
            instance.state == State::Running && instance.pid == Some(self.pid) && instance.ready.is_none()
        })
    }

    /// Whether it is its turn. Ports are looked for together: who is next in a moment comes along.
    fn is_due(&self, now: Duration) -> bool {
        let slack = match self.question {
            ProbeQuestion::Listens { .. } => self.interval(now) / 2,
            ProbeQuestion::Task(_) | ProbeQuestion::Command { .. } | ProbeQuestion::Told => Duration::ZERO,
        };
        self.due().is_some_and(|due| due <= now + slack)
    }

    /// When something is to be done about it.
    fn due(&self) -> Option<Duration> {
        match &self.question {
            ProbeQuestion::Listens { until, .. } => {
                Some(self.next).filter(|next| until.is_none_or(|until| *next < until))
            }
            ProbeQuestion::Command { runs: Some((_, until)), .. } => Some(*until),
            ProbeQuestion::Command { runs: None, .. } => Some(self.next),
            ProbeQuestion::Task(_) | ProbeQuestion::Told => None,
        }
    }
}

impl Probes {
    /// Nobody is asked yet. What is found out by others than us goes to `inbox`.
    pub(crate) fn new(inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self { waiting: Vec::new(), inbox }
    }

    /// A life has begun, and it is to be found out when it is ready.
    pub(crate) fn begin(&mut self, index: usize, machine: &Machine, now: Duration) {
        let (Some(spec), Some(instance)) = (machine.specs().get(index), machine.instances().get(index))
        else {
            return;
        };
        let Some(pid) = instance.pid.filter(|_| instance.state == State::Running) else { return };
        let question = self.question(index, pid, spec, now);
        self.waiting.push(PendingProbe {
            index,
            pid,
            since: now,
            next: now + OFTEN,
            is_elsewhere: None,
            question,
        });
    }

    fn question(&self, index: usize, pid: i32, spec: &Spec, now: Duration) -> ProbeQuestion {
        let until = spec.care.ready_within.is_none().then(|| now + CURIOSITY);
        match (&spec.care.probe, spec.port) {
            (Probe::Listen(Some(port)), _) => ProbeQuestion::Listens { port: *port, until },
            (Probe::Listen(None), Some(port)) => ProbeQuestion::Listens { port, until },
            (Probe::Http(path), Some(port)) => {
                let ready = Event::Ready { instance: index, pid };
                let asking = ask_by_http(port, path.to_string(), ready, self.inbox.clone());
                ProbeQuestion::Task(spawn_local(asking))
            }
            (Probe::Command(command), _) => {
                ProbeQuestion::Command { command: command.as_ref().into(), runs: None }
            }
            (Probe::Alive | Probe::Log(_) | Probe::Notify, _)
            | (Probe::Listen(None) | Probe::Http(_), None) => ProbeQuestion::Told,
        }
    }

    /// When [`Probes::ask`] is due.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.waiting.iter().filter_map(PendingProbe::due).min()
    }

    /// Forgets all who need not be asked any more; a command that runs for one of them is ended.
    pub(crate) fn forget(&mut self, machine: &Machine, executor: &mut Executor) {
        self.waiting.retain(|waiting| {
            let is_open = waiting.is_open(machine);
            match &waiting.question {
                ProbeQuestion::Task(task) if !is_open => task.abort(),
                ProbeQuestion::Command { runs: Some((pid, _)), .. } if !is_open => {
                    executor.resources.commands.end(*pid);
                }
                ProbeQuestion::Task(_)
                | ProbeQuestion::Command { .. }
                | ProbeQuestion::Listens { .. }
                | ProbeQuestion::Told => {}
            }
            is_open
        });
    }

    /// Asks all whose turn it is, and says who is ready.
    ///
    /// What it costs is counted: the next question comes after a pause that begins when this one is over.
    pub(crate) fn ask(&mut self, clock: &Clock, executor: &mut Executor) -> Vec<Event> {
        let now = clock.now();
        let due: Vec<usize> =
            (0..self.waiting.len()).filter(|index| self.waiting[*index].is_due(now)).collect();
        let ready = self.ask_all(now, executor);
        let ended = clock.now();
        let cost = ended.saturating_sub(now);
        for index in due {
            let waiting = &mut self.waiting[index];
            waiting.next = waiting.next.max(ended + agenda::pause(waiting.interval(now), cost));
        }
        ready
    }

    fn ask_all(&mut self, now: Duration, executor: &mut Executor) -> Vec<Event> {
        let mut ready = Vec::new();
        let mut listeners = None;
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.is_due(now)) {
            let interval = waiting.interval(now);
            let (index, pid) = (waiting.index, waiting.pid);
            match &mut waiting.question {
                ProbeQuestion::Listens { port, .. } => {
                    waiting.next = now + interval;
                    let seen = listeners.get_or_insert_with(|| {
                        executor.look_anew();
                        Listeners::now()
                    });
                    let elsewhere = if seen.has(*port) || now < waiting.since + DEPARTED {
                        None
                    } else if *waiting.is_elsewhere.get_or_insert_with(|| Listeners::elsewhere(pid).is_some())
                    {
                        Listeners::elsewhere(pid)
                    } else {
                        None
                    };
                    let seen = elsewhere.as_ref().unwrap_or(seen);
                    if seen.has(*port) && is_served(seen, *port, index, executor) {
                        ready.push(Event::Ready { instance: index, pid });
                    }
                }
                ProbeQuestion::Command { runs: runs @ Some(_), .. } => {
                    if let Some((command, _)) = runs.take() {
                        executor.resources.commands.end(command);
                    }
                    waiting.next = now + interval.max(COMMANDS);
                }
                ProbeQuestion::Command { command, runs } => {
                    *runs = executor.run_command(index, command).map(|pid| (pid, now + LONGEST));
                    waiting.next = now + interval.max(COMMANDS);
                }
                ProbeQuestion::Task(_) | ProbeQuestion::Told => {}
            }
        }
        ready
    }

    /// Commands have ended: who asked with one of them is ready, or asks again.
    pub(crate) fn on_commands(&mut self, ended: &HashMap<i32, Exit>, now: Duration) -> Vec<Event> {
        let mut ready = Vec::new();
        for waiting in &mut self.waiting {
            let interval = waiting.interval(now);
            let ProbeQuestion::Command { runs, .. } = &mut waiting.question else { continue };
            let Some(exit) = runs.and_then(|(pid, _)| ended.get(&pid)) else { continue };
            *runs = None;
            waiting.next = now + interval.max(COMMANDS);
            if exit.is_success() {
                ready.push(Event::Ready { instance: waiting.index, pid: waiting.pid });
            }
        }
        ready
    }
}

fn is_served(listeners: &Listeners, port: u16, index: usize, executor: &mut Executor) -> bool {
    let family = executor.members(Target::Instance(index));
    listeners.is_served_by(port, family.iter().map(|process| process.pid))
}

/// Asks until the answer is yes. Who listened before the instance began is not it, however it answers; but not
/// everybody who answers can be seen to listen (a container's port), so nobody else is refused.
async fn ask_by_http(port: u16, path: String, ready: Event, inbox: WeakUnboundedSender<Arrival>) {
    let before = Listeners::now().on(port).to_vec();
    let mut waited = Duration::ZERO;
    loop {
        let pause = (waited / 8).clamp(OFTEN, SELDOM);
        sleep(pause).await;
        waited += pause;
        let listening = Listeners::now();
        let others = listening.on(port);
        let is_another = !others.is_empty() && others.iter().all(|inode| before.contains(inode));
        if !is_another && http::ask(port, &path).await.is_ok() {
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Arrival::Event(ready));
            }
            return;
        }
    }
}
