//! Everything that the machine knows of a running stack. A transition changes it.

use std::time::Duration;

use super::open_requests::OpenRequests;
use super::rolling::RollingRestarts;
use super::shutdown::{Shutdown, StopCause};
use super::stack::Stack;

/// The instances, and what is under way. Times count from the start of the run.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) stack: Stack,
    pub(super) requests: OpenRequests,
    pub(super) rolls: RollingRestarts,
    pub(super) shutdown: Option<Shutdown>,
    /// When the stack was suspended (Ctrl-Z).
    pub(super) suspended: Option<Duration>,
    /// Whether something of ganger's own failed, before or during the stop.
    pub(super) has_failed: bool,
    pub(super) is_over: bool,
}

impl Facts {
    pub(super) fn new(stack: Stack) -> Self {
        Self {
            stack,
            requests: OpenRequests::default(),
            rolls: RollingRestarts::default(),
            shutdown: None,
            suspended: None,
            has_failed: false,
            is_over: false,
        }
    }

    /// The instance that stops the stack by its exit, if one does.
    pub(super) fn first_exit(&self) -> Option<usize> {
        match self.shutdown.as_ref()?.cause {
            StopCause::Ended(instance) | StopCause::CannotStart { instance, .. } => Some(instance),
            StopCause::AllEnded => self.stack.exits.first().copied(),
            StopCause::Signal(_)
            | StopCause::Request
            | StopCause::MonitorGone
            | StopCause::OutputClosed(_)
            | StopCause::Broken(_) => None,
        }
    }
}
