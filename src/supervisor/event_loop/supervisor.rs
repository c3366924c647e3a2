//! The event loop of the worker: takes an event, lets the machine handle it, performs the actions.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use indexmap::IndexSet;
use tokio::task::yield_now;
use tokio::time::timeout_at;

use crate::control::protocol::Status;
use crate::exit::Outcome;
use crate::machine::{Action, Event, Machine};
use crate::name::TypeName;
use crate::notice::Notice;
use crate::output::{LogSource, Output};
use crate::plan::Plan;
use crate::plan::spec::Spec;
use crate::process::limits::OpenFiles;
use crate::process::log_stderr::StderrLog;
use crate::process::monitor::{WorkerPipes, during};
use crate::process::ports_in_use::Listeners;
use crate::process::session::Sessions;
use crate::process::signals::{self, Inherited};
use crate::process::spawn::Spawner;
use crate::supervisor::actions::executor::Executor;
use crate::supervisor::actions::resources::SpawnResources;
use crate::supervisor::actions::window_size::{self, terminal_size};
use crate::supervisor::channel::agenda::EventSource;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::channel::clock::{self, Clock};
use crate::supervisor::console::reader::Console;
use crate::supervisor::event_loop::inbox::Inbox;
use crate::supervisor::event_loop::pulse::Pulse;
use crate::supervisor::event_loop::recorder::Recorder;
use crate::supervisor::event_loop::schedule::{DueSources, Schedule};
use crate::supervisor::event_loop::services::Services;
use crate::supervisor::event_loop::settings::StartSettings;
use crate::supervisor::event_loop::socket::ControlSocket;
use crate::supervisor::event_loop::stderr::line_of;
use crate::supervisor::requests::leases::Leases;
use crate::supervisor::requests::replan::{PlanSource, Replanner};
use crate::supervisor::requests::router::Router;
use crate::supervisor::status::report::{StatusInputs, View};
use crate::supervisor::status::run_end::run_end;

/// What the worker has inherited from the process that became the monitor.
pub(super) struct WorkerContext<'a> {
    pub(super) pipes: WorkerPipes,
    pub(super) inherited: &'a Inherited,
    /// The pid of the monitor, which users see.
    pub(super) pid: i32,
    pub(super) log: Rc<StderrLog>,
}

/// The event loop and everything that it uses.
pub(super) struct Supervisor {
    pub(super) machine: Machine,
    pub(super) executor: Executor,
    pub(super) inbox: Inbox,
    pub(super) clock: Clock,
    /// Answers of the executor that the machine has not handled yet.
    answers: VecDeque<Event>,
    schedule: Schedule,
    pub(super) router: Router,
    services: Services,
    status: StatusInputs,
    pub(super) socket: ControlSocket,
    pub(super) console: Option<Console>,
    pub(super) pulse: Pulse,
    pub(super) recorder: Option<Recorder>,
    pub(super) is_background: bool,
    pub(super) log: Rc<StderrLog>,
}

impl Supervisor {
    /// Opens the output, the inbox and the control socket.
    ///
    /// # Errors
    /// The operating system refuses one of them.
    pub(super) fn open(
        (plan, source): (Plan, PlanSource),
        settings: StartSettings,
        clock: Clock,
        (context, limit, sessions): (WorkerContext<'_>, OpenFiles, Option<Sessions>),
    ) -> io::Result<Self> {
        let WorkerContext { pipes: WorkerPipes { lifeline, pulse, keyboard }, inherited, pid, log } = context;
        let run = settings.run.to_string();
        let replanner = Replanner::new(source, &plan, run.clone(), limit);
        let mut specs: Vec<Rc<Spec>> = Vec::with_capacity(plan.instances.len());
        // `collect` would reuse the allocation of the plan, which has room for whole specs.
        specs.extend(plan.instances.into_iter().map(Rc::new));
        let kinds: IndexSet<TypeName> = plan.processes.iter().map(|process| process.name.clone()).collect();
        let (inbox, closed) = Inbox::open(lifeline, inherited).map_err(during("cannot listen to signals"))?;
        let log_sources = specs.iter().map(|spec| log_source(spec, &kinds)).collect();
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        let output = stdout.and_then(|stdout| Output::open(settings.output(log_sources), stdout, closed));
        let mut output = output.map_err(during("cannot use standard output"))?;
        output.resize(window_size::columns());
        let log_files = settings.log_files.map_or(Ok(()), |options| output.write_files(options));
        signals::unblock().map_err(during("sigprocmask"))?;
        for notice in &settings.notices {
            output.notice(notice);
        }
        if let Err(error) = log_files {
            output.notice(&Notice::Warning { text: format!("--log-dir: {error}: no files are written") });
        }
        let size = settings.pseudo_terminals.then(|| terminal_size(output.prefix_width()));
        let spawner = Spawner::new(limit, inherited, size, sessions).map_err(during("pipe"))?;
        let machine = Machine::new(specs.clone(), plan.policy);
        let status = StatusInputs {
            root: plan.root.display().to_string(),
            name: settings.name,
            formation: plan.processes.iter().map(|of| (of.name.to_string(), of.count)).collect(),
            groups: plan.groups,
            pid,
            listeners: Listeners::default(),
            started: clock::wall(),
        };
        let leases = Leases::new(settings.ends_with_last_lease, inbox.sender());
        let recorder = settings.record.map(|file| Recorder::open(file, output.log(), inbox.sender()));
        let router = Router::new(output.log(), replanner, leases);
        let server = settings.listener.map(|listener| inbox.serve(listener)).transpose();
        let server = server.map_err(during("cannot watch the control socket"))?;
        let socket = ControlSocket::open(server, settings.presence, pid);
        let console = keyboard.zip(inbox.sender().upgrade()).and_then(|(keys, sender)| {
            Console::open(keys, sender, output.console_handle(), settings.detach_keys).ok()
        });
        let resources = SpawnResources::new(&run, inbox.sender());
        Ok(Self {
            machine,
            executor: Executor::new(specs, kinds, (&run, resources), output, spawner),
            services: Services::new(plan.root, &inbox.sender()),
            inbox,
            clock,
            answers: VecDeque::from([Event::Begin]),
            schedule: Schedule::new(clock.now()),
            router,
            status,
            socket,
            console,
            pulse: Pulse::new(pulse),
            recorder,
            is_background: settings.is_background,
            log,
        })
    }

    /// Runs until the stack is over.
    pub(super) async fn run(&mut self) -> Outcome {
        // Files are watched before an instance starts that could change them.
        self.follow_instances();
        loop {
            if let Some(outcome) = self.machine.outcome() {
                return outcome;
            }
            let event = self.next_event().await;
            let line = line_of(&event);
            let actions = self.machine.handle(self.clock.now(), event);
            if !actions.is_empty()
                && let Some(recorder) = &self.recorder
            {
                recorder.stack_changed();
            }
            let is_suspended = actions.contains(&Action::Suspend);
            if is_suspended && let Some(console) = &self.console {
                console.withdraw_line().await;
            }
            let has_ended_some = actions.iter().any(Action::is_end);
            self.answers.extend(self.executor.perform(actions));
            self.schedule.performed(has_ended_some, self.clock.now());
            if is_suspended {
                self.pulse.confirm_suspended();
            }
            // In front: behind the last exit it would not be reported.
            self.executor.take_scan_error().into_iter().for_each(|error| self.answers.push_front(error));
            if let Some(line) = line {
                self.log.log(&line);
            }
            self.follow_instances();
            self.answer_clients();
        }
    }

    fn follow_instances(&mut self) {
        let Self { machine, executor, router, services, clock, answers, .. } = self;
        answers.extend(services.follow(machine, (executor, router), clock.now()));
    }

    fn with_view<T>(&mut self, ask: impl FnOnce(&mut Router, View<'_>) -> T) -> T {
        let Self { machine, executor, status, router, clock, .. } = self;
        ask(router, View { machine, executor, inputs: status, now: clock.now() })
    }

    /// How the stack is recorded that ends with this outcome.
    pub(super) fn final_status(&mut self, outcome: Outcome) -> Status {
        let ended = Some(Box::new(run_end(&self.machine, outcome, clock::wall())));
        self.with_view(|_, view| Status { ended, ..view.recorded() })
    }

    fn record(&mut self) {
        let Self { machine, executor, status, recorder, clock, .. } = self;
        if let Some(recorder) = recorder {
            recorder.write(&View { machine, executor, inputs: status, now: clock.now() });
        }
    }

    /// Answers the clients that wait for what has just happened.
    pub(super) fn answer_clients(&mut self) {
        for (ticket, answer) in self.executor.take_replies() {
            self.with_view(|router, view| router.deliver(ticket, answer, view));
        }
        self.with_view(Router::review);
    }

    /// The event that an arrival is; `None` if it is one of the loop alone, which is done then.
    pub(super) fn event_of(&mut self, arrival: Arrival) -> Option<Event> {
        match arrival {
            Arrival::Event(event) => {
                if let Some(text) = self.socket.check(&event, &self.inbox) {
                    self.executor.notify(&Notice::Warning { text });
                }
                return Some(event);
            }
            Arrival::Call(call) => return self.with_view(|router, view| router.receive(call, view)),
            Arrival::Released(caller) => return self.with_view(|router, view| router.release(caller, &view)),
            // Behind the answers that wait: the machine may not know yet that this process exists.
            Arrival::Ready { instance, pid } => {
                self.answers.push_back(Event::Ready { instance, pid, port: None });
            }
            Arrival::Notified(instance) => {
                let pid = self.executor.take_ready_message(instance);
                self.answers.extend(pid.map(|pid| Event::Ready { instance, pid, port: None }));
            }
            Arrival::Hook(progress) => {
                let reaped = self.executor.on_hook(progress);
                self.answers.extend(reaped);
            }
            Arrival::FilesChanged => self.services.read_changes(&self.executor, self.clock.now()),
            Arrival::RecordDue => self.record(),
            Arrival::Recorded(result) => {
                let warning = self.recorder.as_mut().and_then(|recorder| recorder.on_written(result));
                if let Some(warning) = warning {
                    self.executor.notify(&warning);
                }
            }
            Arrival::Child => {
                let reaped = self.executor.reap();
                self.answers.extend(reaped);
            }
        }
        None
    }

    /// The next event. Each source has its turn: a signal is handled between two of a thousand starts, no scan, however long it
    /// takes, keeps a deadline from its turn, and after one that is past what has happened meanwhile arrives.
    async fn next_event(&mut self) -> Event {
        loop {
            let now = self.clock.now();
            if self.machine.is_stopping() {
                self.pulse.beat(now);
            }
            let due = self.due_sources();
            let source = self.schedule.next(now, &self.machine, due);
            let event = match source {
                None => self.wait().await,
                Some(EventSource::Inbox) => self.inbox.try_next().and_then(|arrival| self.event_of(arrival)),
                Some(EventSource::Deadline) => Some(Event::Timeout),
                Some(EventSource::Answer) => self.next_answer().await,
                Some(EventSource::Review) => {
                    let clock = self.clock;
                    self.with_view(|router, view| router.look(view, clock));
                    None
                }
                Some(EventSource::Scan) => {
                    let scanned = self.executor.scan();
                    self.schedule.scanned(now, self.clock.now());
                    self.answers.extend(scanned);
                    None
                }
                Some(EventSource::Readiness) => {
                    let ready = self.services.probe(&self.clock, &mut self.executor);
                    self.answers.extend(ready);
                    None
                }
                Some(EventSource::Files) => {
                    let Self { services, machine, executor, answers, .. } = self;
                    answers.extend(services.end_burst(machine, executor, now));
                    None
                }
            };
            if source.is_some_and(EventSource::is_followed_by_others) {
                self.yield_to_others().await;
            }
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn due_sources(&self) -> DueSources {
        DueSources {
            has_arrivals: !self.inbox.is_empty(),
            has_answers: !self.answers.is_empty(),
            is_scan_due: self.executor.is_scan_due(),
            review: self.router.deadline(),
            readiness: self.services.probes_due(),
            files: self.services.burst_due(),
        }
    }

    async fn next_answer(&mut self) -> Option<Event> {
        let answer = self.answers.pop_front()?;
        // A hook that was started since is a child.
        if answer == Event::AllGone && self.executor.has_hooks() {
            return None;
        }
        if self.schedule.yields_before(&answer, self.clock.now()) {
            self.yield_to_others().await;
        }
        Some(answer)
    }

    /// Lets readers, timers and signals have their turn.
    async fn yield_to_others(&mut self) {
        self.executor.flush();
        yield_now().await;
        self.schedule.yielded(self.clock.now());
    }

    /// Waits for an arrival, or until a source is due.
    async fn wait(&mut self) -> Option<Event> {
        self.executor.flush();
        let now = self.clock.now();
        let due = self.due_sources();
        let beat = self.machine.is_stopping().then(|| self.pulse.beat(now));
        let wake_up = self.schedule.wake_up(&self.machine, due);
        let arrival = match [wake_up, beat].into_iter().flatten().min() {
            None => self.inbox.next().await,
            Some(moment) => timeout_at(self.clock.instant(moment).into(), self.inbox.next()).await.ok()?,
        };
        self.event_of(arrival)
    }
}

/// An instance as a source of lines, in the colour of its type's place in the Procfile.
fn log_source(spec: &Spec, kinds: &IndexSet<TypeName>) -> LogSource {
    LogSource { name: spec.name.clone(), kind: kinds.get_index_of(&spec.name.kind).unwrap_or_default() }
}
