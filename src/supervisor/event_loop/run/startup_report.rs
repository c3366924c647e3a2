//! The end of a stack: who started it in the background is answered, and the last lines are written.

use std::time::Duration;

use tokio::time::timeout_at;

use super::Supervisor;
use crate::exit::Outcome;
use crate::machine::Event;
use crate::output::FinishResult;
use crate::process::monitor::WorkerExit;

/// How long an end that was asked for waits for a reader of ours that takes nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long after its beginning a stack in the background waits, when it is over, for the one who started it to ask
/// how the start went. It asks at once; this is for one that was killed, and for a machine in trouble.
const QUESTION: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Everything is stopped, with this outcome: writes what is still to be written.
    pub(super) async fn finish(mut self, outcome: Outcome) -> WorkerExit {
        self.wait_for_startup_client().await;
        if let Some(keyboard) = self.keyboard {
            // The last lines are for everybody's eyes.
            keyboard.finish().await;
        }
        let has_survivors = self.machine.has_survivors();
        let patience = if self.machine.is_awaited() { PATIENCE } else { Duration::MAX };
        let finish = tokio::select! {
            finish = self.executor.into_output().finish(patience) => finish,
            () = self.inbox.wait_for_stop() => FinishResult::Abandoned,
            () = self.pulse.keep_beating() => FinishResult::Abandoned,
        };
        self.router.close().await;
        if let Some(server) = self.server {
            server.finish().await;
        }
        if finish == FinishResult::Abandoned {
            self.log.log("standard output takes nothing any more: the last lines are lost");
        }
        WorkerExit { outcome, has_survivors }
    }

    /// Answers who started the stack, though it is over. Its question may be on the way still: a process that fails
    /// at once is faster than a client, and nobody else could tell its last words.
    async fn wait_for_startup_client(&mut self) {
        let until = self.clock.instant(QUESTION);
        while self.is_background && self.server.is_some() && !self.router.was_asked() {
            let Ok(arrival) = timeout_at(until.into(), self.inbox.next()).await else { return };
            let Some(event) = self.name(arrival) else { continue };
            let is_urgent = matches!(event, Event::MonitorGone | Event::Signal(_) | Event::Broken(_));
            let actions = self.machine.handle(self.clock.now(), event);
            self.executor.perform(actions);
            self.talk();
            if is_urgent {
                return;
            }
        }
    }
}
