//! Where requests come in and answers go out: names become indices, requests events of the machine, its
//! answers sentences.

mod targets;

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use targets::request_targets;

use crate::control::protocol::{self, Answer, Goal, LogsWanted, RefusalKind, RequestRefusal, Status};
use crate::control::server::{Call, ReplySender};
use crate::control::terminal::{AttachWanted, TerminalInput};
use crate::machine::{self, Event, InstanceRequest, Operation, Ticket};
use crate::output::Log;
use crate::signal::{Reach, Signal};
use crate::supervisor::attach::session::Attachments;
use crate::supervisor::requests::leases::Leases;
use crate::supervisor::requests::logs::{self, InstanceNames, LogReading};
use crate::supervisor::requests::plan_diff::PlanDiff;
use crate::supervisor::requests::replan::Replanner;
use crate::supervisor::requests::waits::{PendingWait, WaitProgress};
use crate::supervisor::status::report::View;

/// How often somebody who waits for readiness is looked after.
const LOOK: Duration = Duration::from_millis(250);
/// How long the last words of an instance may take to arrive after its end.
const REMAINING_OUTPUT: Duration = Duration::from_millis(120);
/// How many of them are told.
const LINES_OF_EXIT: usize = 20;
/// How long those who read logs have for the last lines when the stack is over.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// What one who is attached types.
type InputReceiver = Receiver<TerminalInput>;

/// All that is asked and not answered.
pub(crate) struct Router {
    replanner: Replanner,
    log: Log,
    instance_names: InstanceNames,
    next: u64,
    /// What the machine will answer, and whom it concerns.
    open: HashMap<Ticket, Pending>,
    waiting: Vec<PendingWait>,
    readers: Vec<JoinHandle<()>>,
    attachments: Attachments,
    leases: Leases,
    /// Whether somebody has been told how the start went, or will be.
    was_asked: bool,
    is_over: Rc<Cell<bool>>,
    looked: Duration,
}

/// Somebody whom the machine will answer.
struct Pending {
    caller: ReplySender,
    /// Whom it concerns.
    instances: Vec<usize>,
    /// What is to be said beside.
    notes: Vec<String>,
}

impl Router {
    /// Nobody has asked for anything.
    pub(crate) fn new(log: Log, replanner: Replanner, leases: Leases) -> Self {
        Self {
            replanner,
            log,
            instance_names: InstanceNames::default(),
            next: 0,
            open: HashMap::new(),
            waiting: Vec::new(),
            readers: Vec::new(),
            attachments: Attachments::default(),
            leases,
            was_asked: false,
            is_over: Rc::default(),
            looked: Duration::ZERO,
        }
    }

    fn take_lease(&mut self, caller: ReplySender, view: &View<'_>) {
        if !view.machine.is_stopping() {
            return self.leases.take(caller);
        }
        self.was_asked = true;
        match view.machine.first_exit() {
            Some(index) => self.answer_with_exit(caller, index, view),
            None => refuse_as_ending(caller),
        }
    }

    /// Whether somebody has asked how the start went.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked
    }

    /// So that coming and going costs nothing for long.
    fn forget_closed_clients(&mut self) {
        self.waiting.retain(|waiting| !waiting.caller.is_gone());
        self.readers.retain(|reader| !reader.is_finished());
    }

    /// Takes a request: answers it at once, keeps it, or makes an event of it.
    pub(crate) fn receive(&mut self, call: Call, mut view: View<'_>) -> Option<Event> {
        use protocol::Request as Asked;
        self.forget_closed_clients();
        let Call { request, caller, typed } = call;
        let (names, needs_names) = request_targets(&request);
        if needs_names && names.is_empty() {
            refuse(caller, RefusalKind::BadRequest, "name at least one: a type, an instance or a glob");
            return None;
        }
        let is_about_the_past = matches!(request, Asked::Logs(_));
        let instances = match view.select(names, is_about_the_past) {
            Ok(instances) => instances,
            Err(message) => {
                let wants_to_run = matches!(request, Asked::Start { .. } | Asked::Restart { .. });
                let better = if wants_to_run { self.replanner.explain(names, view.machine) } else { None };
                refuse(caller, RefusalKind::UnknownName, better.unwrap_or(message));
                return None;
            }
        };
        match request {
            Asked::Hello => caller.answer(Answer::Done(view.summary())),
            Asked::Status => {
                let present = view.present();
                caller.answer(Answer::Done(view.status(&present)));
            }
            Asked::Logs(wanted) => self.read(wanted, caller, &mut view),
            Asked::Attach(wanted) => {
                self.attach(&wanted, (caller, typed?), &instances, &mut view);
            }
            Asked::Start { .. } => return self.renew(Operation::Start, caller, &instances, &mut view),
            Asked::Stop { .. } => return Some(self.ask(Operation::Stop, caller, instances)),
            Asked::Restart { names } if names.is_empty() => {
                let diff = self.replanner.renew_all(view.machine);
                return self.change(diff, caller, &mut view);
            }
            Asked::Restart { .. } => return self.renew(Operation::Restart, caller, &instances, &mut view),
            Asked::Roll { .. } => {
                let diff = self.replanner.roll(&instances, view.machine);
                return self.change(diff, caller, &mut view);
            }
            Asked::Scale { steps } if steps.is_empty() => caller.answer(Answer::Done(view.status(&[]))),
            Asked::Scale { steps } => {
                let diff = self.replanner.scale(&steps, view.machine);
                return self.change(diff, caller, &mut view);
            }
            Asked::Kill { signal, group, .. } => {
                let reach = if group { Reach::Group } else { Reach::Main };
                return Some(self.ask(Operation::Signal(Signal(signal), reach), caller, instances));
            }
            Asked::Wait { until, .. } => {
                self.was_asked = true;
                self.waiting.push(PendingWait { caller, goal: until, instances });
                self.review(view);
            }
            Asked::Hold => self.take_lease(caller, &view),
            Asked::Down { grace_seconds } => {
                let grace = grace_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                return Some(Event::Down { ticket: self.ticket(caller, instances), grace });
            }
        }
        None
    }

    /// Somebody does not hold the stack any more; if it ends with that, who let go is answered when nothing is
    /// left.
    pub(crate) fn release(&mut self, caller: ReplySender, mut view: View<'_>) -> Option<Event> {
        if self.leases.release() {
            return Some(Event::Down { ticket: self.ticket(caller, Vec::new()), grace: None });
        }
        caller.answer(Answer::Done(view.status(&[])));
        None
    }

    fn ask(&mut self, operation: Operation, caller: ReplySender, instances: Vec<usize>) -> Event {
        let ticket = self.ticket(caller, instances.clone());
        Event::Request(InstanceRequest { ticket, operation, instances })
    }

    /// Asks for these instances as the project has them now.
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
        match diff {
            Err(refusal) => {
                caller.answer(Answer::Failed(refusal));
                None
            }
            Ok(mut diff) => {
                let ticket = self.ticket(caller, diff.concerned());
                let notes = std::mem::take(&mut diff.notes);
                self.open.entry(ticket).and_modify(|pending| pending.notes = notes);
                Some(Event::Change(diff.change(ticket)))
            }
        }
    }

    fn ticket(&mut self, caller: ReplySender, instances: Vec<usize>) -> Ticket {
        self.next += 1;
        self.open.insert(Ticket(self.next), Pending { caller, instances, notes: Vec::new() });
        Ticket(self.next)
    }

    fn read(&mut self, wanted: LogsWanted, caller: ReplySender, view: &mut View<'_>) {
        self.instance_names.read_on(view.machine);
        // Without rows: they would cost a scan of /proc.
        let done = Answer::Done(view.status(&[]));
        let reading = LogReading {
            log: self.log.clone(),
            instance_names: self.instance_names.clone(),
            caller,
            is_over: Rc::clone(&self.is_over),
        };
        self.readers.push(spawn_local(reading.run(wanted, done)));
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
        let done = Answer::Done(view.status(&[]));
        match self.attachments.open(index, wanted, client, view) {
            Ok(session) => self.readers.push(spawn_local(session.run(done))),
            Err(refused) => refused.0.answer(Answer::Failed(refused.1)),
        }
    }

    /// Passes on what the machine answered.
    pub(crate) fn deliver(&mut self, ticket: Ticket, answer: machine::RequestResult, mut view: View<'_>) {
        let Some(Pending { caller, instances, notes }) = self.open.remove(&ticket) else { return };
        let name = |index: usize| view.name(index);
        let message = match answer {
            machine::RequestResult::Done => {
                return caller.answer(Answer::Done(Status { notes, ..view.status(&instances) }));
            }
            machine::RequestResult::CannotStart { instance, reason } => {
                format!("{} cannot start: {reason}", name(instance))
            }
            machine::RequestResult::Overruled { instance } => {
                format!("somebody else wanted the opposite of {} meanwhile", name(instance))
            }
            machine::RequestResult::NotRunning { instance } => format!("{} does not run", name(instance)),
            machine::RequestResult::Ending => "the stack is being stopped".into(),
            machine::RequestResult::Survivors => "processes are left that cannot be ended".into(),
        };
        refuse(caller, RefusalKind::Failed, message);
    }

    /// Answers all who have waited long enough.
    pub(crate) fn review(&mut self, mut view: View<'_>) {
        self.instance_names.read_on(view.machine);
        if view.machine.is_stopping() {
            self.attachments.stop();
        }
        if self.waiting.is_empty() {
            return;
        }
        self.looked = view.now;
        view.refresh();
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting.progress(&mut view) {
                WaitProgress::Reached => {
                    waiting.caller.answer(Answer::Done(view.status(&waiting.instances)));
                }
                WaitProgress::NotYet if waiting.caller.is_gone() => {}
                WaitProgress::NotYet => self.waiting.push(waiting),
                WaitProgress::Never(index) => self.answer_with_exit(waiting.caller, index, &view),
            }
        }
    }

    /// Says how the instance ended, with its last words, once they are there.
    fn answer_with_exit(&mut self, caller: ReplySender, index: usize, view: &View<'_>) {
        let (log, name) = (self.log.clone(), view.name(index));
        let instance = &view.machine.instances()[index];
        let how = match (&instance.failure, instance.ended) {
            (Some(reason), _) => format!("cannot start: {reason}"),
            (None, Some((exit, _))) => exit.to_string(),
            (None, None) => "is stopped".into(),
        };
        let message = format!("{name} {how}");
        let is_ending = view.machine.is_stopping();
        self.readers.push(spawn_local(async move {
            sleep(REMAINING_OUTPUT).await;
            let lines = logs::latest(&log, &name, index, LINES_OF_EXIT);
            caller.answer(Answer::Failed(RequestRefusal {
                kind: RefusalKind::Failed,
                message,
                is_ending,
                lines,
            }));
        }));
    }

    /// When [`Router::review`] is due though nothing happens: only while somebody waits for what cannot be told.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.waiting.iter().any(|waiting| waiting.goal == Goal::Ready).then_some(self.looked + LOOK)
    }

    /// The stack is over and all is in the history: those who read it get the rest.
    pub(crate) async fn close(mut self) {
        self.is_over.set(true);
        self.log.wake();
        self.attachments.close();
        self.leases.close();
        self.waiting.clear();
        self.open.clear();
        let readers = std::mem::take(&mut self.readers);
        let all = async {
            for reader in readers {
                let _ = reader.await;
            }
        };
        let _ = timeout(FINISH_TIMEOUT, all).await;
    }
}

fn refuse_as_ending(caller: ReplySender) {
    let refusal = RequestRefusal::new(RefusalKind::Failed, "the stack is being stopped");
    caller.answer(Answer::Failed(RequestRefusal { is_ending: true, ..refusal }));
}

fn refuse(caller: ReplySender, kind: RefusalKind, message: impl Into<String>) {
    caller.answer(Answer::Failed(RequestRefusal::new(kind, message)));
}
