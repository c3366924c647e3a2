//! The pulse: shows the monitor that the worker is alive while it stops the stack. After the grace, the monitor kills a worker without
//! a pulse for five seconds, and a slow worker must not look like one that is stuck.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::process::monitor::{BEAT, SUSPENDED};

/// The time between two beats: a fifth of what the monitor waits for, so that a late one does no harm.
const INTERVAL: Duration = Duration::from_secs(1);

/// The worker's end of the pulse.
pub(super) struct Pulse {
    monitor: UnixStream,
    due: Duration,
}

impl Pulse {
    /// Through this socket, which does not block.
    pub(super) fn new(monitor: UnixStream) -> Self {
        Self { monitor, due: Duration::ZERO }
    }

    /// Sends a beat if one is due at `now`; when the next one is due.
    pub(super) fn beat(&mut self, now: Duration) -> Duration {
        if now >= self.due {
            self.due = now + INTERVAL;
            // A full socket has beats enough for the monitor to read; without a monitor they are of no use.
            let _ = (&self.monitor).write(&[BEAT]);
        }
        self.due
    }

    /// Tells the monitor that the stack is suspended.
    pub(super) fn confirm_suspended(&self) {
        let _ = (&self.monitor).write(&[SUSPENDED]);
    }

    /// Sends beats for as long as it is polled.
    pub(super) async fn keep_beating(&mut self) {
        loop {
            let _ = (&self.monitor).write(&[BEAT]);
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
