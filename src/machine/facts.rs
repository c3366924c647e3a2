//! Everything that the machine knows of a running stack. A transition changes it.

use std::time::Duration;

use super::open_requests::OpenRequests;
use super::rolling::RollingRestarts;
use super::shutdown::{Shutdown, StopCause};
use super::stack::Stack;
use crate::notice::Notice;

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

    /// Tells the instance that failed, and the one that ended first. Of a single instance the rows above tell both.
    pub(super) fn end_notices(&self) -> Vec<Notice> {
        let stack = &self.stack;
        let ended = |index: usize| {
            let (exit, lived) = stack.instances[index].ended?;
            Some((stack.spec(index).name.clone(), exit, lived))
        };
        let failed = stack.first_failure().and_then(ended);
        let failed =
            failed.map(|(process, exit, lived)| Notice::Failed { process, exit, lived, lines: Vec::new() });
        let first = self.first_exit().and_then(ended);
        let first = first.map(|(process, exit, lived)| Notice::Ended { process, exit, lived });
        failed.into_iter().chain(first).filter(|_| stack.instances.len() > 1).collect()
    }
}
