//! Clients that follow what becomes of instances.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::control::call::ReplySender;
use crate::control::protocol::{Answer, LifecycleEvent, LostLines};
use crate::machine::{Lifecycle, Machine};
use crate::name::InstanceName;
use crate::plan::addresses::local_url;
use crate::supervisor::status::lifecycle::event_of;
use crate::supervisor::status::report::View;
use crate::supervisor::status::selector::Selector;

/// How many events wait for a client. What comes meanwhile is left out, and the client gets the number: the stack does not wait.
const AHEAD: usize = 4096;

/// All clients that follow.
#[derive(Default)]
pub(crate) struct EventStream(Vec<Follower>);

struct Follower {
    selector: Selector,
    events: Sender<LifecycleEvent>,
    /// How many were left out.
    lost: Rc<Cell<u64>>,
}

impl EventStream {
    /// Whether a client follows.
    pub(crate) fn has_clients(&self) -> bool {
        !self.0.is_empty()
    }

    /// Passes on what has become of the instance with this name.
    pub(crate) fn send(&mut self, name: &InstanceName, event: &LifecycleEvent) {
        self.0.retain(|follower| {
            if !follower.selector.selects(name) {
                return !follower.events.is_closed();
            }
            match follower.events.try_send(event.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    follower.lost.set(follower.lost.get() + 1);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
    }

    /// From now on this client follows the instances with these names: how each of `instances` is now, and then what becomes of
    /// them. What returns sends it, until the stack is over or the client is gone.
    pub(super) fn follow(
        &mut self,
        names: &[String],
        caller: ReplySender,
        instances: &[usize],
        view: &View<'_>,
    ) -> impl Future<Output = ()> + use<> {
        let (events, receiver) = channel(AHEAD);
        let lost = Rc::new(Cell::new(0));
        self.0.push(Follower { selector: Selector::new(names), events, lost: Rc::clone(&lost) });
        let now = instances.iter().filter_map(|index| Some((*index, at_present(view.machine, *index)?)));
        let now = now.map(|(index, what)| event_of(view.machine, view.now, index, &what));
        let first = now.map(|event| Answer::Event(Box::new(event))).collect();
        pass_on(caller, first, (receiver, lost), view.summary().into())
    }
}

/// What was last reported of an instance that runs.
fn at_present(machine: &Machine, index: usize) -> Option<Lifecycle> {
    let (spec, instance) = (&machine.specs()[index], &machine.instances()[index]);
    if !instance.has_own_process() {
        return None;
    }
    let url = || instance.served_port(spec).map(local_url);
    Some(if instance.ready.is_some() { Lifecycle::Ready { url: url() } } else { Lifecycle::Started })
}

async fn pass_on(
    caller: ReplySender,
    first: Vec<Answer>,
    (mut events, lost): (Receiver<LifecycleEvent>, Rc<Cell<u64>>),
    done: Answer,
) {
    if !first.is_empty() && !caller.say(first).await {
        return;
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = caller.gone() => return,
        };
        let Some(event) = event else { break };
        let mut answers = vec![Answer::Event(Box::new(event))];
        if events.is_empty() && lost.get() > 0 {
            answers.push(Answer::Lost(LostLines { lines: lost.take() }));
        }
        if !caller.say(answers).await {
            return;
        }
    }
    caller.say(vec![done]).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::call::in_process;
    use crate::control::protocol::{EventKind, Request, SCHEMA, Status};
    use crate::name::TypeName;

    fn event(restarts: u32) -> LifecycleEvent {
        LifecycleEvent {
            schema: SCHEMA,
            time: String::new(),
            event: EventKind::Started,
            process: "web.1".into(),
            r#type: "web".into(),
            pid: None,
            port: None,
            url: None,
            restarts,
            seconds: None,
            exit_status: None,
            signal: None,
            reason: None,
            again_in_seconds: None,
            failed: false,
            given_up: false,
            removed: false,
            lines: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_misses_events_and_gets_their_number() {
        let web = InstanceName { kind: TypeName::new("web").unwrap(), number: 1 };
        let (call, _typing, mut replies) = in_process(Request::Events { names: Vec::new() });
        let mut stream = EventStream::default();
        let (events, receiver) = channel(AHEAD);
        let lost = Rc::new(Cell::new(0));
        stream.0.push(Follower { selector: Selector::new(&[]), events, lost: Rc::clone(&lost) });
        let all = u32::try_from(AHEAD).unwrap() + 7;
        (0..all).for_each(|number| stream.send(&web, &event(number)));
        let passed_on = pass_on(call.caller, Vec::new(), (receiver, lost), Status::default().into());
        let (mut heard, mut missed) = (0, 0);
        let read = async {
            while let Some(answer) = replies.next().await {
                match answer {
                    Answer::Event(event) => {
                        assert_eq!(event.restarts, heard);
                        heard += 1;
                    }
                    Answer::Lost(lost) => {
                        missed += lost.lines;
                        // The stack is over.
                        stream = EventStream::default();
                    }
                    Answer::Done(_) => {}
                    Answer::Line(_)
                    | Answer::Screen(_)
                    | Answer::Attached(_)
                    | Answer::Held(_)
                    | Answer::Failed(_) => panic!("{answer:?}"),
                }
            }
        };
        tokio::join!(passed_on, read);
        assert_eq!((heard, missed, stream.has_clients()), (all - 7, 7, false));
    }
}
