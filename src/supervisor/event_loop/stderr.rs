//! What is logged on standard error, beside the stream.

use crate::machine::Event;

/// The line for what the stream cannot tell, because it is the stream that is broken.
pub(crate) fn line_of(event: &Event) -> Option<String> {
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
        | Event::Changed(_)
        | Event::Timeout => None,
    }
}
