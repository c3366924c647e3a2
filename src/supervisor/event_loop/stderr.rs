//! Events that are logged on standard error.

use crate::machine::Event;

/// The line for an event that the output cannot report, because the output is broken.
pub(super) fn line_of(event: &Event) -> Option<String> {
    match event {
        Event::OutputClosed { error: Some(error) } => {
            Some(format!("cannot write to standard output: {error}"))
        }
        Event::Broken(what) => Some(what.clone()),
        Event::OutputClosed { error: None }
        | Event::Begin
        | Event::Spawned { .. }
        | Event::SpawnFailed { .. }
        | Event::Exited { .. }
        | Event::Reaped
        | Event::Scanned(_)
        | Event::PartlyScanned(_)
        | Event::AllGone
        | Event::Signal(_)
        | Event::Request(_)
        | Event::Change(_)
        | Event::Down { .. }
        | Event::MonitorGone
        | Event::Ready { .. }
        | Event::ProbeFailed { .. }
        | Event::Inspected { .. }
        | Event::Changed(_)
        | Event::Timeout => None,
    }
}
