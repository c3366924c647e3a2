//! The end of a stack in the background that has hardly begun.

use std::time::Duration;

use tokio::time::timeout_at;

use super::Supervisor;
use crate::machine::Event;

/// How long after its beginning a stack in the background waits, when it is over, for the one who started it to ask
/// how the start went. It asks at once; this is for one that was killed, and for a machine in trouble.
const QUESTION: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Answers who started the stack, though it is over. Its question may be on the way still: a process that fails
    /// at once is faster than a client, and nobody else could tell its last words.
    pub(super) async fn be_asked(&mut self) {
        let until = self.clock.instant(QUESTION);
        while self.is_background && self.server.is_some() && !self.desk.was_asked() {
            let Ok(arrival) = timeout_at(until.into(), self.inbox.next()).await else { return };
            let Some(event) = self.name(arrival) else { continue };
            let is_urgent = matches!(event, Event::MonitorGone | Event::Signal(_) | Event::Broken(_));
            let actions = self.machine.handle(self.clock.now(), event);
            self.performer.perform(actions);
            self.talk();
            if is_urgent {
                return;
            }
        }
    }
}
