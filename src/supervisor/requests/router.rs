//! Receives requests and sends answers: names become indices, requests become events, and answers of the machine sentences.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::control::call::{Call, ReplySender};
use crate::control::protocol::{Answer, LogsWanted, RefusalKind, Request, RequestRefusal, Status};
use crate::control::terminal::{AttachWanted, TerminalInput};
use crate::machine::{Event, InstanceRequest, Operation, RequestResult, Ticket};
use crate::output::Log;
use crate::signal::{Reach, Signal};
use crate::supervisor::attach::attachments::Attachments;
use crate::supervisor::channel::clock::Clock;
use crate::supervisor::requests::events::EventStream;
use crate::supervisor::requests::exit_answer;
use crate::supervisor::requests::leases::Leases;
use crate::supervisor::requests::logs::{InstanceNames, LogReader};
use crate::supervisor::requests::plan_diff::PlanDiff;
use crate::supervisor::requests::replan::Replanner;
use crate::supervisor::requests::waits::{EndedWait, Waits};
use crate::supervisor::status::report::View;

/// How long clients have to read the last lines when the stack is over.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The keys of a client that attaches.
type InputReceiver = Receiver<TerminalInput>;

/// All requests that have not been answered.
pub(crate) struct Router {
    replanner: Replanner,
    log: Log,
    instance_names: InstanceNames,
    next: u64,
    /// The requests that the machine will answer.
    open: HashMap<Ticket, PendingAnswer>,
    waits: Waits,
    /// The clients that follow what becomes of instances.
    pub(crate) events: EventStream,
    /// Tasks that answer clients piece by piece.
    tasks: Vec<JoinHandle<()>>,
    attachments: Attachments,
    leases: Leases,
    /// Whether a client has asked how the start went.
    was_asked: bool,
    is_over: Rc<Cell<bool>>,
}

/// A request that the machine will answer.
struct PendingAnswer {
    caller: ReplySender,
    /// The instances that the answer describes.
    instances: Vec<usize>,
    /// Further sentences of the answer.
    notes: Vec<String>,
}

impl Router {
    /// No request yet.
    pub(crate) fn new(log: Log, replanner: Replanner, leases: Leases) -> Self {
        Self {
            replanner,
            log,
            instance_names: InstanceNames::default(),
            next: 0,
            open: HashMap::new(),
            waits: Waits::default(),
            events: EventStream::default(),
            tasks: Vec::new(),
            attachments: Attachments::default(),
            leases,
            was_asked: false,
            is_over: Rc::default(),
        }
    }

    fn take_lease(&mut self, caller: ReplySender, view: &View<'_>) {
        if !view.machine.is_stopping() {
            return self.leases.take(caller);
        }
        self.was_asked = true;
        if let Some(index) = view.machine.first_exit() {
            return self.answer_with_exit(caller, index, view);
        }
        caller.answer(RequestRefusal::ending());
    }

    /// Whether a client has asked how the start went.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked
    }

    fn forget_closed_clients(&mut self) {
        self.waits.retain_connected();
        self.tasks.retain(|task| !task.is_finished());
    }

    /// Receives a request: answers it at once, keeps it open, or makes an event of it.
    pub(crate) fn receive(&mut self, call: Call, mut view: View<'_>) -> Option<Event> {
        self.forget_closed_clients();
        let Call { request, caller, typed } = call;
        let (request, instances) = match self.select(request, &view) {
            Ok(selected) => selected,
            Err(refusal) => {
                caller.answer(refusal);
                return None;
            }
        };
        match request {
            Request::Hello => caller.answer(view.summary()),
            Request::Status => {
                let present = view.present();
                caller.answer(view.status(&present));
            }
            Request::Logs(wanted) => self.read_logs(wanted, caller, &view),
            Request::Attach(wanted) => {
                self.attach(&wanted, (caller, typed?), &instances, &mut view);
            }
            Request::Start { .. } => return self.renew(Operation::Start, caller, &instances, &mut view),
            Request::Stop { .. } => return Some(self.event(Operation::Stop, caller, instances)),
            Request::Restart { names } if names.is_empty() => {
                let diff = self.replanner.renew_all(view.machine);
                return self.change(diff, caller, &mut view);
            }
            Request::Restart { .. } => return self.renew(Operation::Restart, caller, &instances, &mut view),
            Request::Roll { .. } => {
                let diff = self.replanner.roll(&instances, view.machine);
                return self.change(diff, caller, &mut view);
            }
            Request::Scale { steps } if steps.is_empty() => caller.answer(view.summary()),
            Request::Scale { steps } => {
                let diff = self.replanner.scale(&steps, view.machine);
                return self.change(diff, caller, &mut view);
            }
            Request::Kill { signal, group, .. } => {
                let reach = if group { Reach::Group } else { Reach::Main };
                return Some(self.event(Operation::Signal(Signal(signal), reach), caller, instances));
            }
            Request::Wait { until, names } => {
                self.was_asked = true;
                self.waits.add(caller, until, instances, !names.is_empty());
                self.review(view);
            }
            Request::Events { names } => {
                let followed = self.events.follow(&names, caller, &instances, &view);
                self.tasks.push(spawn_local(followed));
            }
            Request::Hold => self.take_lease(caller, &view),
            Request::Keep if view.machine.is_stopping() => caller.answer(RequestRefusal::ending()),
            Request::Keep => caller.answer(self.leases.keep(view.summary())),
            Request::Down { grace_seconds } => {
                let grace = grace_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                return Some(Event::Down { ticket: self.ticket(caller, instances), grace });
            }
        }
        None
    }

    /// The request without groups, and the instances that it is about.
    fn select(&self, mut request: Request, view: &View<'_>) -> Result<(Request, Vec<usize>), RequestRefusal> {
        for name in request.targets_mut() {
            *name = view.inputs.without_group(name)?;
        }
        let (names, needs_names) = request.targets();
        if needs_names && names.is_empty() {
            let message = "name at least one: a type, an instance or a glob";
            return Err(RequestRefusal::new(RefusalKind::BadRequest, message));
        }
        let with_retired = matches!(request, Request::Logs(_));
        let instances = view.select(names, with_retired).map_err(|message| {
            let is_start = matches!(request, Request::Start { .. } | Request::Restart { .. });
            let better = is_start.then(|| self.replanner.explain(names, view.machine)).flatten();
            RequestRefusal::new(RefusalKind::UnknownName, better.unwrap_or(message))
        })?;
        Ok((request, instances))
    }

    /// A client has given up its lease. If the stack ends with that, the client is answered when nothing is left.
    pub(crate) fn release(&mut self, caller: ReplySender, view: &View<'_>) -> Option<Event> {
        if self.leases.release() {
            return Some(Event::Down { ticket: self.ticket(caller, Vec::new()), grace: None });
        }
        caller.answer(view.summary());
        None
    }

    fn event(&mut self, operation: Operation, caller: ReplySender, instances: Vec<usize>) -> Event {
        let ticket = self.ticket(caller, instances.clone());
        Event::Request(InstanceRequest { ticket, operation, instances })
    }

    /// Reads the project again for this operation on these instances.
    fn renew(
        &mut self,
        operation: Operation,
        caller: ReplySender,
        instances: &[usize],
        view: &mut View<'_>,
    ) -> Option<Event> {
        let diff = self.replanner.renew(operation, instances, view.machine);
        self.change(diff, caller, view)
    }

    fn change(
        &mut self,
        diff: Result<PlanDiff, RequestRefusal>,
        caller: ReplySender,
        view: &mut View<'_>,
    ) -> Option<Event> {
        view.inputs.formation =
            self.replanner.counts().into_iter().map(|(name, count)| (name.to_string(), count)).collect();
        view.inputs.groups = self.replanner.groups();
        match diff {
            Err(refusal) => {
                caller.answer(refusal);
                None
            }
            Ok(mut diff) => {
                let ticket = self.ticket(caller, diff.indices());
                let notes = std::mem::take(&mut diff.notes);
                self.open.entry(ticket).and_modify(|pending| pending.notes = notes);
                Some(Event::Change(diff.change(ticket)))
            }
        }
    }

    fn ticket(&mut self, caller: ReplySender, instances: Vec<usize>) -> Ticket {
        self.next += 1;
        self.open.insert(Ticket(self.next), PendingAnswer { caller, instances, notes: Vec::new() });
        Ticket(self.next)
    }

    fn read_logs(&mut self, wanted: LogsWanted, caller: ReplySender, view: &View<'_>) {
        self.instance_names.update(view.machine);
        let reader = LogReader {
            log: self.log.clone(),
            instance_names: self.instance_names.clone(),
            caller,
            is_over: Rc::clone(&self.is_over),
        };
        self.tasks.push(spawn_local(reader.run(wanted, view.summary().into())));
    }

    fn attach(
        &mut self,
        wanted: &AttachWanted,
        client: (ReplySender, InputReceiver),
        instances: &[usize],
        view: &mut View<'_>,
    ) {
        let &[index] = instances else {
            let names: Vec<String> = instances.iter().map(|index| view.name(*index)).collect();
            let message = format!("`{}` means {}: name one of them", wanted.name, names.join(", "));
            return refuse(client.0, RefusalKind::UnknownName, message);
        };
        let done = Answer::from(view.summary());
        match self.attachments.open(index, wanted, client, (view, done)) {
            Ok(session) => self.tasks.push(spawn_local(session)),
            Err(refused) => refused.0.answer(refused.1),
        }
    }

    /// Passes an answer of the machine on to the client.
    pub(crate) fn deliver(&mut self, ticket: Ticket, answer: RequestResult, mut view: View<'_>) {
        let Some(PendingAnswer { caller, instances, notes }) = self.open.remove(&ticket) else { return };
        let name = |index: usize| view.name(index);
        match answer.into_refusal(name) {
            None => caller.answer(Status { notes, ..view.status(&instances) }),
            Some(message) => refuse(caller, RefusalKind::Failed, message),
        }
    }

    /// Answers the clients that need not wait any more, as far as the machine knows. It is asked after every event.
    pub(crate) fn review(&mut self, mut view: View<'_>) {
        self.instance_names.update(view.machine);
        if view.machine.is_stopping() {
            self.attachments.stop();
        }
        let over = self.waits.review(view.machine, view.now);
        self.end_waits(over, &mut view);
    }

    /// Answers the clients that need not wait any more, as a look at processes and sockets shows.
    pub(crate) fn look(&mut self, mut view: View<'_>, clock: Clock) {
        let over = self.waits.look(&mut view);
        self.waits.looked(view.now, clock.now());
        self.end_waits(over, &mut view);
    }

    fn end_waits(&mut self, over: Vec<EndedWait>, view: &mut View<'_>) {
        for EndedWait { caller, result } in over {
            match result {
                Ok(instances) => caller.answer(view.status(&instances)),
                Err(index) => self.answer_with_exit(caller, index, view),
            }
        }
    }

    fn answer_with_exit(&mut self, caller: ReplySender, index: usize, view: &View<'_>) {
        self.tasks.push(spawn_local(exit_answer::send(caller, index, self.log.clone(), view)));
    }

    /// When [`Router::look`] is due: readiness is no event where nothing probes for it.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.waits.deadline()
    }

    /// The stack is over and all of its output is in the history: clients that read it get the rest.
    pub(crate) async fn close(mut self) {
        self.is_over.set(true);
        self.log.wake();
        self.attachments.close();
        self.leases.close();
        (self.waits, self.events) = (Waits::default(), EventStream::default());
        self.open.clear();
        let tasks = std::mem::take(&mut self.tasks);
        let all = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        let _ = timeout(FINISH_TIMEOUT, all).await;
    }
}

fn refuse(caller: ReplySender, kind: RefusalKind, message: impl Into<String>) {
    caller.answer(RequestRefusal::new(kind, message));
}
