//! The end of a stack: the process that started it in the background gets its answer, and the remaining output is written.

use std::time::Duration;

use tokio::time::timeout_at;

use crate::exit::Outcome;
use crate::machine::Event;
use crate::output::FinishResult;
use crate::process::monitor::WorkerExit;
use crate::supervisor::event_loop::supervisor::Supervisor;

/// How long a stop that was asked for waits for a reader of our output that reads nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long after its start a stack in the background waits, when it is over, for `start -D` to ask how the start went. It asks
/// at once; the limit is for a client that was killed, and for a slow machine.
const STARTUP_REPORT: Duration = Duration::from_secs(2);

/// The stack is over, with this outcome: writes what is still to be written.
pub(super) async fn finish(mut supervisor: Box<Supervisor>, outcome: Outcome) -> WorkerExit {
    wait_for_startup_client(&mut supervisor).await;
    let status = supervisor.final_status(outcome);
    let Supervisor {
        machine, executor, mut inbox, router, socket, console, mut pulse, recorder, log, ..
    } = *supervisor;
    if let Some(console) = console {
        // The console filters no lines of the end.
        console.finish().await;
    }
    let patience = if machine.is_awaited() { PATIENCE } else { Duration::MAX };
    let finish = tokio::select! {
        finish = executor.into_output().finish(patience) => finish,
        () = inbox.wait_for_stop() => FinishResult::Abandoned,
        () = pulse.keep_beating() => FinishResult::Abandoned,
    };
    router.close().await;
    socket.finish().await;
    if finish == FinishResult::Abandoned {
        log.log("standard output takes nothing any more: the last lines are lost");
    }
    if let Some(recorder) = recorder {
        recorder.finish(status, &machine).await;
    }
    WorkerExit { outcome, has_survivors: machine.has_survivors() }
}

/// Answers the client that started the stack, though the stack is over. Its request may still be on the way: a process that
/// fails at once is faster than a client, and only this answer has its last lines.
async fn wait_for_startup_client(supervisor: &mut Supervisor) {
    let until = supervisor.clock.instant(STARTUP_REPORT);
    while supervisor.is_background && supervisor.socket.is_open() && !supervisor.router.was_asked() {
        let Ok(arrival) = timeout_at(until.into(), supervisor.inbox.next()).await else { return };
        let Some(event) = supervisor.event_of(arrival) else { continue };
        let is_urgent = matches!(event, Event::MonitorGone | Event::Signal(_) | Event::Broken(_));
        let actions = supervisor.machine.handle(supervisor.clock.now(), event);
        supervisor.executor.perform(actions);
        supervisor.answer_clients();
        if is_urgent {
            return;
        }
    }
}
