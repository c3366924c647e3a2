//! What is said beside the stream, on standard error.

use std::io;

use crate::machine::Event;

/// A line of our own where there is no stream to put it in.
pub(super) fn say(line: &str) {
    use std::io::Write;
    // One write, so that it is not torn. Nobody may be there to read it.
    let _ = io::stderr().write_all(format!("ganger: {line}\n").as_bytes());
}

/// What the stream cannot tell, because it is the stream that is broken.
pub(super) fn tell_the_person(event: &Event) {
    match event {
        Event::OutputClosed { error: Some(error) } => {
            say(&format!("cannot write to standard output: {error}"));
        }
        Event::Broken(what) => say(what),
        Event::OutputClosed { error: None }
        | Event::Begin
        | Event::Spawned { .. }
        | Event::SpawnFailed { .. }
        | Event::Exited { .. }
        | Event::Reaped
        | Event::Seen(_)
        | Event::Glimpsed(_)
        | Event::AllGone
        | Event::Signal(_)
        | Event::Request(_)
        | Event::Change(_)
        | Event::Down { .. }
        | Event::MonitorGone
        | Event::Ready { .. }
        | Event::Changed(_)
        | Event::Timeout => {}
    }
}
