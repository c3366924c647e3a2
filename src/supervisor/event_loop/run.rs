//! The only loop: name what happened, let the machine handle it, do what it answers.

mod side_effects;
mod socket;
mod startup_report;
mod turns;

use socket::SocketFiles;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexSet;
use tokio::runtime;
use tokio::task::LocalSet;

use crate::control::presence::Presence;
use crate::control::server::Server;
use crate::exit::{FAILED, Outcome};
use crate::machine::{Event, Machine};
use crate::name::TypeName;
use crate::notice::Notice;
use crate::output::history::Bounds;
use crate::output::{self, LogSource, Output};
use crate::plan::Plan;
use crate::plan::spec::Spec;
use crate::process::limits::OpenFiles;
use crate::process::log_stderr::StderrLog;
use crate::process::monitor::{MonitorOptions, WorkerExit, WorkerPipes, during, watch_over};
use crate::process::ports_in_use::Listeners;
use crate::process::run::RunId;
use crate::process::session::Sessions;
use crate::process::signals::{self, Inherited};
use crate::process::spawn::Spawner;
use crate::supervisor::actions::executor::Executor;
use crate::supervisor::actions::resources::SpawnResources;
use crate::supervisor::actions::window_size::terminal_size;
use crate::supervisor::channel::agenda::{Agenda, Pace};
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::clock::{self, Clock};
use crate::supervisor::console::reader::Console;
use crate::supervisor::event_loop::inbox::Inbox;
use crate::supervisor::event_loop::pulse::Pulse;
use crate::supervisor::event_loop::stderr::line_of;
use crate::supervisor::readiness::file_watch::FileWatch;
use crate::supervisor::readiness::probes::Probes;
use crate::supervisor::requests::leases::Leases;
use crate::supervisor::requests::replan::{PlanSource, Replanner};
use crate::supervisor::requests::router::Router;
use crate::supervisor::status::report::{StatusInputs, View};

/// At most one look in this time while many end at once: a thousand exits are a handful of looks.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What the person wants of a start, beside the plan.
#[expect(clippy::struct_excessive_bools, reason = "they are independent answers, each named")]
pub struct StartSettings {
    /// What a row of output is.
    pub format: output::RowFormat,
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
    pub run: RunId,
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

impl StartSettings {
    fn output(&self, log_sources: Vec<LogSource>) -> output::OutputOptions {
        output::OutputOptions {
            format: self.format.clone(),
            color: self.color,
            terminal: self.is_terminal,
            quiet: self.quiet,
            history: Some(Bounds::default()),
            log_sources,
            clock: clock::wall,
        }
    }
}

/// Runs the plan to its end: as a pair of processes, of which only the monitor's return matters. The next plans
/// come from `source`.
pub fn start(plan: Plan, source: PlanSource, settings: StartSettings) -> Outcome {
    let clock = Clock::start();
    // In a namespace of its own the worker could not ask for it.
    let pid = std::process::id().cast_signed();
    let grace = longest_stop(&plan);
    let keyboard = settings.keyboard;
    let log = Rc::new(StderrLog::open());
    let say = |line: &str| log.log(line);
    let watch =
        MonitorOptions { grace, isolate: settings.isolate, keyboard, now: &|| clock.now(), say: &say };
    let pair = watch_over(&watch, |ends, inherited| {
        let context = WorkerContext { ends, inherited, pid, log: Rc::clone(&log) };
        work((plan, source), settings, clock, context)
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
    (plan, source): (Plan, PlanSource),
    settings: StartSettings,
    clock: Clock,
    context: WorkerContext<'_>,
) -> WorkerExit {
    let log = Rc::clone(&context.log);
    let root = settings.pseudo_terminals.then(|| plan.root.clone());
    let (sessions, (mut plan, source, mut settings)) =
        Sessions::begin(root.as_deref(), context.inherited, (plan, source, settings));
    let run = || -> io::Result<WorkerExit> {
        settings.run = settings.run.in_worker()?;
        plan.mark(&settings.run.to_string());
        let limit = OpenFiles::inherited().map_err(during("getrlimit"))?.raised();
        limit.raise_open_files(plan.instances.len()).map_err(io::Error::other)?;
        std::env::set_current_dir(&plan.root)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", plan.root.display())))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(during("cannot make the event loop"))?;
        LocalSet::new().block_on(&runtime, async {
            let context = (context, limit, sessions);
            Ok(Supervisor::open((plan, source), settings, clock, context)?.run().await)
        })
    };
    run().unwrap_or_else(|error| {
        log.log(&error.to_string());
        // Whatever was started falls to the monitor, which stops it.
        WorkerExit { outcome: Outcome::Status(FAILED), has_survivors: false }
    })
}

/// The loop and all that it turns.
struct Supervisor {
    machine: Machine,
    executor: Executor,
    inbox: Inbox,
    clock: Clock,
    /// Answers of the performer that the machine has not had yet.
    answers: VecDeque<Event>,
    agenda: Agenda,
    scans: Pace,
    /// The machine's next deadline, as it was when it was last asked.
    deadline: Option<Duration>,
    deadline_asked: Duration,
    router: Router,
    probes: Probes,
    watching: FileWatch,
    facts: StatusInputs,
    server: Option<Server>,
    socket: Option<SocketFiles>,
    keyboard: Option<Console>,
    pulse: Pulse,
    is_background: bool,
    log: Rc<StderrLog>,
    /// When the others had their turn.
    last_yield: Duration,
}

impl Supervisor {
    fn open(
        (plan, source): (Plan, PlanSource),
        settings: StartSettings,
        clock: Clock,
        (context, limit, sessions): (WorkerContext<'_>, OpenFiles, Option<Sessions>),
    ) -> io::Result<Self> {
        let WorkerContext { ends: WorkerPipes { lifeline, pulse, keyboard }, inherited, pid, log } = context;
        let formation = Replanner::new(source, &plan, settings.run.to_string(), limit);
        let mut specs: Vec<Rc<Spec>> = Vec::with_capacity(plan.instances.len());
        // `collect` would take over the room of the plan's own list, of whole specs.
        specs.extend(plan.instances.into_iter().map(Rc::new));
        let kinds: IndexSet<TypeName> = plan.processes.iter().map(|process| process.name.clone()).collect();
        let (inbox, closed) = Inbox::open(lifeline, inherited).map_err(during("cannot listen to signals"))?;
        let options = settings.output(specs.iter().map(|spec| log_source(spec, &kinds)).collect());
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        let output = stdout.and_then(|stdout| Output::open(options, stdout, closed));
        let output = output.map_err(during("cannot use standard output"))?;
        // The writer thread is there and has inherited the blocked mask: signals are for this thread.
        signals::unblock().map_err(during("sigprocmask"))?;
        for notice in settings.notices {
            output.notice(&notice);
        }
        let size = settings.pseudo_terminals.then(|| terminal_size(output.prefix_width()));
        let spawner = Spawner::new(limit, inherited, size, sessions).map_err(during("pipe"))?;
        let machine = Machine::new(specs.clone(), plan.policy);
        let facts = StatusInputs {
            root: plan.root.display().to_string(),
            formation: plan.processes.iter().map(|of| (of.name.to_string(), of.count)).collect(),
            pid,
            listeners: Listeners::default(),
            started: clock::wall(),
        };
        let leases = Leases::new(settings.ends_with_last_hold, inbox.sender());
        let router = Router::new(output.log(), formation, leases);
        let server = settings.listener.and_then(|listener| inbox.serve(listener));
        let socket = SocketFiles::open(settings.presence.filter(|_| server.is_some()), pid, &inbox);
        let run = settings.run.to_string();
        let keyboard = keyboard
            .zip(inbox.sender().upgrade())
            .and_then(|(keys, sender)| Console::open(keys, sender, output.console_handle()).ok());
        let executor =
            Executor::new(specs, kinds, (&run, SpawnResources::new(&run, inbox.sender())), output, spawner);
        let watching = FileWatch::new(plan.root, inbox.sender());
        Ok(Self {
            machine,
            executor,
            probes: Probes::new(inbox.sender()),
            inbox,
            clock,
            answers: VecDeque::from([Event::Begin]),
            agenda: Agenda::default(),
            scans: Pace::of(LOOK_PAUSE),
            deadline: None,
            deadline_asked: Duration::ZERO,
            router,
            watching,
            facts,
            server,
            socket,
            keyboard,
            pulse: Pulse::new(pulse),
            is_background: settings.is_background,
            log,
            last_yield: clock.now(),
        })
    }

    async fn run(mut self) -> WorkerExit {
        // Files are watched before anybody starts who could change them.
        self.care();
        let outcome = loop {
            if let Some(outcome) = self.machine.outcome() {
                break outcome;
            }
            let event = self.next_event().await;
            let line = line_of(&event);
            let actions = self.machine.handle(self.clock.now(), event);
            let answers = self.executor.perform(actions);
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
        for (ticket, answer) in self.executor.take_replies() {
            let Self { machine, executor, facts, router, .. } = self;
            router.deliver(ticket, answer, View { machine, executor, facts, now });
        }
        let Self { machine, executor, facts, router, .. } = self;
        router.review(View { machine, executor, facts, now });
    }

    fn name(&mut self, arrival: Arrival) -> Option<Event> {
        match arrival {
            Arrival::Call(call) => {
                let Self { machine, executor, facts, router, clock, .. } = self;
                router.receive(call, View { machine, executor, facts, now: clock.now() })
            }
            Arrival::Released(caller) => {
                let Self { machine, executor, facts, router, clock, .. } = self;
                router.release(caller, View { machine, executor, facts, now: clock.now() })
            }
            Arrival::Event(event) => Some(event),
            // After the answers that wait: the machine may not know yet that this process exists.
            Arrival::Heard(instance, pid) => {
                self.answers.push_back(Event::Ready { instance, pid });
                None
            }
            Arrival::Notified(instance) => {
                let ready = self.executor.take_notice(instance).map(|pid| Event::Ready { instance, pid });
                self.answers.extend(ready);
                None
            }
            Arrival::SocketRemoved => {
                self.restore_socket();
                None
            }
            Arrival::FilesChanged => {
                if let Some(notice) = self.watching.hear(self.clock.now()) {
                    self.executor.say(&notice);
                }
                None
            }
            Arrival::Child => {
                let reaped = self.executor.reap();
                self.answers.extend(reaped);
                None
            }
        }
    }
}

/// What the worker was given at its birth.
struct WorkerContext<'a> {
    ends: WorkerPipes,
    inherited: &'a Inherited,
    /// The pid that the person sees.
    pid: i32,
    log: Rc<StderrLog>,
}

/// Who speaks, in the colour of the type's place in the Procfile.
fn log_source(spec: &Spec, kinds: &IndexSet<TypeName>) -> LogSource {
    LogSource { name: spec.name.clone(), kind: kinds.get_index_of(&spec.name.kind).unwrap_or_default() }
}
