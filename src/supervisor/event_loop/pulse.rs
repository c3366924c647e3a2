//! Signs of life for the monitor, while a stop is under way: the monitor kills a worker that gives none for five seconds
//! after the grace, and a worker that works slowly must not look like one that is stuck.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How often a sign is given. A fifth of what the monitor waits for, so that one that is late does no harm.
const INTERVAL: Duration = Duration::from_secs(1);

/// The worker's end of the pulse.
pub(crate) struct Pulse {
    monitor: UnixStream,
    due: Duration,
}

impl Pulse {
    /// Through this socket, which does not block.
    pub(crate) fn new(monitor: UnixStream) -> Self {
        Self { monitor, due: Duration::ZERO }
    }

    /// Gives a sign if one is due at `now`; when the next one is.
    pub(crate) fn beat(&mut self, now: Duration) -> Duration {
        if now >= self.due {
            self.due = now + INTERVAL;
            // A full socket has signs enough that the monitor has not read; without a monitor they are of no use.
            let _ = (&self.monitor).write(&[1]);
        }
        self.due
    }

    /// Gives signs for as long as it is polled.
    pub(crate) async fn keep_beating(&mut self) {
        loop {
            let _ = (&self.monitor).write(&[1]);
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
