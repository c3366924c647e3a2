//! The only loop: name what happened, let the machine handle it, do what it answers.

mod care;
mod farewell;
mod socket;

use socket::SocketFiles;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexSet;
use tokio::runtime;
use tokio::task::{LocalSet, yield_now};
use tokio::time::timeout_at;

use super::aids::Aids;
use super::aside::line_of;
use super::clock::{self, Clock};
use super::desk::Desk;
use super::formation::{Formation, Source};
use super::holds::Holds;
use super::inbox::{Arrival, Inbox};
use super::keyboard::Keyboard;
use super::perform::Performer;
use super::probes::Probes;
use super::screen::terminal_size;
use super::status::{Facts, View};
use super::watching::Watching;
use crate::control::presence::Presence;
use crate::control::server::Server;
use crate::exit::{FAILED, Outcome};
use crate::machine::{Event, Machine};
use crate::name::TypeName;
use crate::notice::Notice;
use crate::output::history::Bounds;
use crate::output::{self, Output, Speaker};
use crate::plan::Plan;
use crate::plan::spec::Spec;
use crate::process::limits::OpenFiles;
use crate::process::log_stderr::StderrLog;
use crate::process::monitor::{Ends, Verdict, Watch, during, watch_over};
use crate::process::ports_in_use::Listeners;
use crate::process::run::Run;
use crate::process::signals::{self, Inherited};
use crate::process::spawn::Spawner;

/// At most one look in this time while many end at once: a thousand exits are a handful of looks.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// How long starts (of a thousand) follow each other before readers, timers and signals have their turn. While
/// nobody reads, children that flood stand still at their full pipes. Read after every start, they take the
/// processors from the child that is being made, and vfork(2) holds us until that one has come to its exec: ten starts
/// took three times as long (docs/design/0003).
const STRETCH: Duration = Duration::from_millis(20);

/// What the person wants of a start, beside the plan.
#[expect(clippy::struct_excessive_bools, reason = "they are independent answers, each named")]
pub struct Settings {
    /// What a row of output is.
    pub format: output::Format,
    /// Whether prefixes are coloured.
    pub color: bool,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
    /// Whether ganger's own chatter is left out.
    pub quiet: bool,
    /// Whether each instance gets a pseudo-terminal.
    pub pseudo_terminals: bool,
    /// Whether lines that are typed are read.
    pub keyboard: bool,
    /// Whether the stack gets a namespace of process ids of its own.
    pub isolate: bool,
    /// The id that marks every process of this run.
    pub run: Run,
    /// What to say first.
    pub notices: Vec<Notice>,
    /// Where clients connect; `None` where there is no socket.
    pub listener: Option<UnixListener>,
    /// The files by which they find it.
    pub presence: Option<Presence>,
    /// Whether the stack ends with the last client that holds it.
    pub ends_with_last_hold: bool,
    /// Whether who started it asks over the socket how the start went.
    pub is_background: bool,
}

/// Runs the plan to its end: as a pair of processes, of which only the monitor's return matters. The next plans
/// come from `source`.
pub fn start(plan: Plan, source: Source, settings: Settings) -> Outcome {
    let clock = Clock::start();
    // In a namespace of its own the worker could not ask for it.
    let pid = std::process::id().cast_signed();
    let grace = longest_stop(&plan);
    let keyboard = settings.keyboard;
    let log = Rc::new(StderrLog::open());
    let say = |line: &str| log.log(line);
    let watch = Watch { grace, isolate: settings.isolate, keyboard, now: &|| clock.now(), say: &say };
    let pair = watch_over(&watch, |ends, inherited| {
        let birth = Birth { ends, inherited, pid, log: Rc::clone(&log) };
        work((plan, source), settings, clock, birth)
    });
    let outcome = pair.unwrap_or_else(|error| {
        log.log(&format!("cannot start: {error}"));
        Outcome::Status(FAILED)
    });
    // In both halves: each has lines of its own.
    log.finish();
    outcome
}

/// How long a polite stop may take: the longest grace, and in an ordered stop that of one type after the other.
fn longest_stop(plan: &Plan) -> Duration {
    let longest = plan.instances.iter().map(|spec| spec.grace).max().unwrap_or_default();
    if !plan.policy.ordered_stop {
        return longest;
    }
    let types = plan.processes.iter().filter(|process| process.count > 0).count();
    longest.saturating_mul(u32::try_from(types).unwrap_or(u32::MAX))
}

fn work(
    (mut plan, source): (Plan, Source),
    mut settings: Settings,
    clock: Clock,
    birth: Birth<'_>,
) -> Verdict {
    let log = Rc::clone(&birth.log);
    let run = || -> io::Result<Verdict> {
        settings.run = settings.run.in_worker()?;
        plan.mark(&settings.run.to_string());
        let limit = OpenFiles::inherited().map_err(during("getrlimit"))?.raised();
        limit.suffice(plan.instances.len()).map_err(io::Error::other)?;
        std::env::set_current_dir(&plan.root)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", plan.root.display())))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(during("cannot make the event loop"))?;
        LocalSet::new().block_on(&runtime, async {
            Ok(Supervisor::open((plan, source), settings, clock, (birth, limit))?.run().await)
        })
    };
    run().unwrap_or_else(|error| {
        log.log(&error.to_string());
        // Whatever was started falls to the monitor, which stops it.
        Verdict { outcome: Outcome::Status(FAILED), has_survivors: false }
    })
}

/// The loop and all that it turns.
struct Supervisor {
    machine: Machine,
    performer: Performer,
    inbox: Inbox,
    clock: Clock,
    /// Answers of the performer that the machine has not had yet.
    answers: VecDeque<Event>,
    last_look: Option<Duration>,
    desk: Desk,
    probes: Probes,
    watching: Watching,
    facts: Facts,
    server: Option<Server>,
    socket: Option<SocketFiles>,
    keyboard: Option<Keyboard>,
    is_background: bool,
    log: Rc<StderrLog>,
    /// When the others had their turn.
    last_yield: Duration,
}

impl Supervisor {
    fn open(
        (plan, source): (Plan, Source),
        settings: Settings,
        clock: Clock,
        (birth, limit): (Birth<'_>, OpenFiles),
    ) -> io::Result<Self> {
        let Birth { ends: Ends { lifeline, keyboard }, inherited, pid, log } = birth;
        let formation = Formation::new(source, &plan, settings.run.to_string(), limit);
        let mut specs: Vec<Rc<Spec>> = Vec::with_capacity(plan.instances.len());
        // `collect` would take over the room of the plan's own list, of whole specs.
        specs.extend(plan.instances.into_iter().map(Rc::new));
        let kinds: IndexSet<TypeName> = plan.processes.iter().map(|process| process.name.clone()).collect();
        let (inbox, closed) = Inbox::open(lifeline, inherited).map_err(during("cannot listen to signals"))?;
        let options = output::Options {
            format: settings.format,
            color: settings.color,
            terminal: settings.is_terminal,
            quiet: settings.quiet,
            history: Some(Bounds::default()),
            speakers: specs.iter().map(|spec| speaker(spec, &kinds)).collect(),
            clock: clock::wall,
        };
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        let output = stdout.and_then(|stdout| Output::open(options, stdout, closed));
        let output = output.map_err(during("cannot use standard output"))?;
        // The writer thread is there and has inherited the blocked mask: signals are for this thread.
        signals::unblock().map_err(during("sigprocmask"))?;
        for notice in settings.notices {
            output.notice(&notice);
        }
        let size = settings.pseudo_terminals.then(|| terminal_size(output.prefix_width()));
        let spawner = Spawner::new(limit, inherited, size).map_err(during("pipe"))?;
        let machine = Machine::new(specs.clone(), plan.policy);
        let facts = Facts {
            root: plan.root.display().to_string(),
            formation: plan.processes.iter().map(|of| (of.name.to_string(), of.count)).collect(),
            pid,
            listeners: Listeners::default(),
            started: clock::wall(),
        };
        let holds = Holds::new(settings.ends_with_last_hold, inbox.sender());
        let desk = Desk::new(output.log(), formation, holds);
        let server = settings.listener.and_then(|listener| inbox.serve(listener));
        let socket = SocketFiles::open(settings.presence.filter(|_| server.is_some()), pid, &inbox);
        let run = settings.run.to_string();
        let keyboard = keyboard.and_then(|keys| inbox.read_keys(keys, output.stage()));
        let performer =
            Performer::new(specs, kinds, (&run, Aids::new(&run, inbox.sender())), output, spawner);
        let probes = Probes::new(inbox.sender());
        let watching = Watching::new(plan.root, inbox.sender());
        Ok(Self {
            machine,
            performer,
            inbox,
            clock,
            answers: VecDeque::from([Event::Begin]),
            last_look: None,
            desk,
            probes,
            watching,
            facts,
            server,
            socket,
            keyboard,
            is_background: settings.is_background,
            log,
            last_yield: clock.now(),
        })
    }

    async fn run(mut self) -> Verdict {
        // Files are watched before anybody starts who could change them.
        self.care();
        let outcome = loop {
            if let Some(outcome) = self.machine.outcome() {
                break outcome;
            }
            let event = self.next_event().await;
            let line = line_of(&event);
            let actions = self.machine.handle(self.clock.now(), event);
            let answers = self.performer.perform(actions);
            self.answers.extend(answers);
            if let Some(line) = line {
                self.log.log(&line);
            }
            self.care();
            self.talk();
        };
        self.finish(outcome).await
    }

    /// Answers those who wait for what has just happened.
    fn talk(&mut self) {
        let now = self.clock.now();
        for (ticket, answer) in self.performer.take_replies() {
            let Self { machine, performer, facts, desk, .. } = self;
            desk.deliver(ticket, answer, View { machine, performer, facts, now });
        }
        let Self { machine, performer, facts, desk, .. } = self;
        desk.review(View { machine, performer, facts, now });
    }

    /// What happened next. Arrivals come before answers, so that a signal is heard between two of a thousand
    /// starts; a look comes when nothing else is to be done.
    async fn next_event(&mut self) -> Event {
        loop {
            if let Some(arrival) = self.inbox.try_next() {
                if let Some(event) = self.name(arrival) {
                    return event;
                }
            } else if let Some(answer) = self.answers.pop_front() {
                self.let_others_in(&answer).await;
                return answer;
            } else if self.performer.is_look_wanted() && self.look_is_due() {
                self.last_look = Some(self.clock.now());
                let seen = self.performer.look();
                self.answers.extend(seen);
            } else if self.probes.deadline().is_some_and(|deadline| deadline <= self.clock.now()) {
                let ready = self.probes.ask(self.clock.now(), &mut self.performer);
                self.answers.extend(ready);
            } else if self.watching.deadline().is_some_and(|deadline| deadline <= self.clock.now()) {
                self.on_quiet_files();
            } else if let Some(event) = self.wait().await {
                return event;
            }
        }
    }

    /// Lets readers, timers and signals have their turn: before each answer but that of a start, which waits for the
    /// end of a stretch.
    async fn let_others_in(&mut self, answer: &Event) {
        let is_start = matches!(answer, Event::Spawned { .. });
        if !is_start || self.clock.now().saturating_sub(self.last_yield) >= STRETCH {
            self.performer.flush();
            yield_now().await;
            self.last_yield = self.clock.now();
        }
    }

    /// Waits for an arrival, the machine's deadline, or the next look.
    async fn wait(&mut self) -> Option<Event> {
        self.performer.flush();
        let look = self.performer.is_look_wanted().then(|| self.last_look.unwrap_or_default() + LOOK_PAUSE);
        let deadline = self.machine.deadline();
        let review = self.desk.deadline();
        let own = [look, deadline, review, self.probes.deadline(), self.watching.deadline()];
        let Some(moment) = own.into_iter().flatten().min() else {
            let arrival = self.inbox.next().await;
            return self.name(arrival);
        };
        match timeout_at(self.clock.instant(moment).into(), self.inbox.next()).await {
            Ok(arrival) => self.name(arrival),
            Err(_) if deadline.is_some_and(|deadline| deadline <= self.clock.now()) => Some(Event::Timeout),
            Err(_) => {
                if review.is_some_and(|review| review <= self.clock.now()) {
                    self.talk();
                }
                None
            }
        }
    }

    fn look_is_due(&self) -> bool {
        self.last_look.is_none_or(|last| last + LOOK_PAUSE <= self.clock.now())
    }

    fn name(&mut self, arrival: Arrival) -> Option<Event> {
        match arrival {
            Arrival::Call(call) => {
                let Self { machine, performer, facts, desk, clock, .. } = self;
                desk.receive(call, View { machine, performer, facts, now: clock.now() })
            }
            Arrival::Released(caller) => {
                let Self { machine, performer, facts, desk, clock, .. } = self;
                desk.release(caller, View { machine, performer, facts, now: clock.now() })
            }
            Arrival::Event(event) => Some(event),
            // After the answers that wait: the machine may not know yet that this process exists.
            Arrival::Heard(instance, pid) => {
                self.answers.push_back(Event::Ready { instance, pid });
                None
            }
            Arrival::Notified(instance) => {
                let ready = self.performer.take_notice(instance).map(|pid| Event::Ready { instance, pid });
                self.answers.extend(ready);
                None
            }
            Arrival::SocketRemoved => {
                self.restore_socket();
                None
            }
            Arrival::FilesChanged => {
                if let Some(notice) = self.watching.hear(self.clock.now()) {
                    self.performer.say(&notice);
                }
                None
            }
            Arrival::Child => {
                let reaped = self.performer.reap();
                self.answers.extend(reaped);
                None
            }
        }
    }
}

/// What the worker was given at its birth.
struct Birth<'a> {
    ends: Ends,
    inherited: &'a Inherited,
    /// The pid that the person sees.
    pid: i32,
    log: Rc<StderrLog>,
}

/// Who speaks, in the colour of the type's place in the Procfile.
fn speaker(spec: &Spec, kinds: &IndexSet<TypeName>) -> Speaker {
    Speaker { name: spec.name.clone(), kind: kinds.get_index_of(&spec.name.kind).unwrap_or_default() }
}
