//! What a stack prints with `--json`, as far as it is needed here: what each instance did since its latest start. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::doctor::observation::StartResult;
use crate::exit::Exit;
use crate::signal::Signal;

/// A line of the stack, or the part of it that counts (docs/schema/line.json).
#[derive(Debug, Deserialize)]
pub(super) struct StackRow {
    /// The instance.
    pub process: Option<String>,
    /// What happened; nothing for a line that the instance has printed.
    pub event: Option<String>,
    status: Option<u8>,
    signal: Option<String>,
    seconds: Option<f64>,
}

/// What an instance did.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceRecord {
    /// How often it was started.
    pub starts: u32,
    /// After which time its latest start was ready.
    pub ready: Option<Duration>,
    /// How it ended after that start.
    pub exit: Option<Exit>,
    /// Whether the grace was over before it had ended.
    pub was_killed: bool,
}

/// What the instances of a stack did, by their names.
#[derive(Debug, Default)]
pub(super) struct StackRecord {
    instances: BTreeMap<String, InstanceRecord>,
}

impl StackRecord {
    /// What `name` did.
    pub(super) fn of(&self, name: &str) -> InstanceRecord {
        self.instances.get(name).cloned().unwrap_or_default()
    }

    /// Notes a row.
    pub(super) fn note(&mut self, row: StackRow) {
        let (Some(process), Some(event)) = (row.process, row.event) else { return };
        let record = self.instances.entry(process).or_default();
        match event.as_str() {
            "started" => *record = InstanceRecord { starts: record.starts + 1, ..InstanceRecord::default() },
            "ready" => record.ready = row.seconds.and_then(|of| Duration::try_from_secs_f64(of).ok()),
            "killing" => record.was_killed = true,
            "exited" | "cannot_start" => {
                let signal = row.signal.as_deref().and_then(Signal::named).map(Exit::Signal);
                record.exit = signal.or(row.status.map(Exit::Status));
            }
            _ => {}
        }
    }
}

impl InstanceRecord {
    /// Whether a notice has told how its latest start went.
    pub(super) fn is_decided(&self) -> bool {
        self.ready.is_some() || self.exit.is_some()
    }

    /// How its start went, the n-th of all, if that is the latest; `is_ready` is what the stack answers, also of a
    /// one-shot that is done.
    pub(super) fn start(&self, number: u32, is_ready: bool) -> StartResult {
        match (self.ready, self.exit) {
            // What cannot be started was never a process.
            (None, Some(exit)) if self.starts + 1 == number => StartResult::Ended(exit),
            _ if self.starts != number => StartResult::NotSeen,
            (Some(after), _) => StartResult::Ready(Some(after)),
            (None, _) if is_ready => StartResult::Ready(None),
            (None, Some(exit)) => StartResult::Ended(exit),
            (None, None) => StartResult::NotReady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_by_the_rows_of_its_instance() {
        let started = r#"{"time":"t","event":"started","process":"web.1","pid":7,"port":5000}"#;
        let ready = r#"{"event":"ready","process":"web.1","seconds":0.5}"#;
        let exited = r#"{"event":"exited","process":"web.1","status":3,"seconds":0.1}"#;
        let killed = r#"{"event":"exited","process":"web.1","signal":"SIGKILL","seconds":0.1}"#;
        let missing =
            r#"{"event":"cannot_start","process":"web.1","program":"x","reason":"not found","status":127}"#;
        let text = r#"{"process":"web.1","text":"started"}"#;
        let another = r#"{"event":"ready","process":"web.2","seconds":9}"#;
        let is_ready = StartResult::Ready(Some(Duration::from_millis(500)));
        for (rows, expected) in [
            (&[][..], StartResult::NotSeen),
            (&[started], StartResult::NotReady),
            (&[started, text, another], StartResult::NotReady),
            (&[started, ready], is_ready),
            (&[started, ready, exited], is_ready),
            (&[started, exited], StartResult::Ended(Exit::Status(3))),
            (&[started, killed], StartResult::Ended(Exit::Signal(Signal::KILL))),
            (&[missing], StartResult::Ended(Exit::Status(127))),
            (&[started, exited, started], StartResult::NotSeen),
        ] {
            let mut record = StackRecord::default();
            for row in rows {
                record.note(serde_json::from_str(row).unwrap());
            }
            assert_eq!(record.of("web.1").start(1, false), expected, "{rows:?}");
        }
        let mut record = StackRecord::default();
        for row in [started, exited, started] {
            record.note(serde_json::from_str(row).unwrap());
        }
        assert_eq!(record.of("web.1").start(2, true), StartResult::Ready(None));
    }
}
