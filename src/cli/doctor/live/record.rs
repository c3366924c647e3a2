//! What a stack prints with `--json`, as far as it is needed here: what each instance did since its latest start. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::doctor::observation::{StartFailure, StartResult};
use crate::exit::Exit;
use crate::signal::Signal;

/// A line of the stack, or the part of it that counts (docs/schema/line.json).
#[derive(Debug, Deserialize)]
pub(super) struct StackRow {
    /// The instance.
    process: Option<String>,
    /// The instances that are restarted.
    #[serde(default)]
    processes: Vec<String>,
    /// What happened; nothing for a line that the instance has printed.
    pub event: Option<String>,
    /// What cannot be started, and why.
    program: Option<String>,
    reason: Option<String>,
    text: Option<IgnoredAny>,
    base64: Option<IgnoredAny>,
    status: Option<u8>,
    signal: Option<String>,
    seconds: Option<f64>,
}

impl StackRow {
    /// The instance that has printed this line, if it is one.
    pub(super) fn printed_by(&self) -> Option<&str> {
        self.process.as_deref().filter(|_| self.text.is_some() || self.base64.is_some())
    }

    /// The instance that was started, if this says so.
    pub(super) fn started(&self) -> Option<&str> {
        self.process.as_deref().filter(|_| self.event.as_deref() == Some("started"))
    }
}

/// What an instance did, from one start to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Generation {
    /// After which time it was ready.
    pub ready: Option<Duration>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Whether the grace was over before it had ended.
    pub was_killed: bool,
    /// Whether it has printed anything.
    pub has_printed: bool,
}

/// What an instance did.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceRecord {
    generations: Vec<Generation>,
    /// Whether a change of a file has restarted it: nothing follows from what it did.
    is_disturbed: bool,
}

/// What the instances of a stack did, by their names.
#[derive(Debug, Default)]
pub(super) struct StackRecord {
    instances: BTreeMap<String, InstanceRecord>,
    cannot_start: Option<StartFailure>,
}

impl StackRecord {
    /// What `name` did.
    pub(super) fn of(&self, name: &str) -> InstanceRecord {
        self.instances.get(name).cloned().unwrap_or_default()
    }

    /// The first instance that could not be started, and why: it ends the stack.
    pub(super) fn start_failure(&self) -> Option<&StartFailure> {
        self.cannot_start.as_ref()
    }

    /// Whether an instance was started, or could not be.
    pub(super) fn has_begun(&self) -> bool {
        self.instances.values().any(|instance| instance.starts() > 0)
    }

    /// Notes a row.
    pub(super) fn note(&mut self, row: StackRow) {
        for name in row.processes {
            self.instances.entry(name).or_default().is_disturbed = true;
        }
        let Some(process) = row.process else { return };
        if let (Some("cannot_start"), Some(program), Some(reason)) =
            (row.event.as_deref(), row.program, row.reason)
        {
            let name = process.clone();
            self.cannot_start.get_or_insert(StartFailure { name, program, reason });
        }
        let Some(event) = row.event else {
            let latest = self.instances.entry(process).or_default().generations.last_mut();
            return latest.into_iter().for_each(|latest| latest.has_printed = true);
        };
        let generations = &mut self.instances.entry(process).or_default().generations;
        // What cannot be started was never a process.
        if matches!(event.as_str(), "started" | "cannot_start") {
            generations.push(Generation::default());
        }
        let Some(latest) = generations.last_mut() else { return };
        match event.as_str() {
            "ready" => latest.ready = row.seconds.and_then(|of| Duration::try_from_secs_f64(of).ok()),
            "killing" => latest.was_killed = true,
            "exited" | "cannot_start" => {
                let signal = row.signal.as_deref().and_then(Signal::named).map(Exit::Signal);
                let exit = signal.or(row.status.map(Exit::Status));
                // A notice waits for the remaining output: the next generation may have begun.
                let ended = generations.iter_mut().find(|generation| generation.exit.is_none());
                if let Some(ended) = ended {
                    ended.exit = exit;
                }
            }
            _ => {}
        }
    }
}

impl InstanceRecord {
    /// How often it was started.
    pub(super) fn starts(&self) -> usize {
        self.generations.len()
    }

    /// Whether one of its generations has printed anything.
    pub(super) fn has_printed(&self) -> bool {
        self.generations.iter().any(|generation| generation.has_printed)
    }

    /// Its latest generation.
    pub(super) fn latest(&self) -> Generation {
        self.generations.last().cloned().unwrap_or_default()
    }

    /// Whether a notice has told how the start of this generation (from 1) went.
    pub(super) fn is_decided(&self, number: usize) -> bool {
        self.generations.get(number - 1).is_some_and(|of| of.ready.is_some() || of.exit.is_some())
    }

    /// How the start of this generation (from 1) went; `is_ready` is what the stack answers, also of a one-shot that is done.
    pub(super) fn start(&self, number: usize, is_ready: bool) -> StartResult {
        match self.generations.get(number - 1).filter(|_| !self.is_disturbed) {
            None => StartResult::NotSeen,
            Some(Generation { ready: Some(after), .. }) => StartResult::Ready(Some(*after)),
            Some(_) if is_ready => StartResult::Ready(None),
            Some(Generation { exit: Some(exit), .. }) => StartResult::Ended(*exit),
            Some(_) => StartResult::NotReady,
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
        let changed = r#"{"event":"changed","path":"a","others":0,"processes":["web.1"]}"#;
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
            (&[started, exited, started, ready], StartResult::Ended(Exit::Status(3))),
            (&[started, changed, exited, started], StartResult::NotSeen),
        ] {
            let mut record = StackRecord::default();
            for row in rows {
                record.note(serde_json::from_str(row).unwrap());
            }
            assert_eq!(record.of("web.1").start(1, false), expected, "{rows:?}");
        }
        for rows in [[started, exited, started], [started, started, exited]] {
            let mut record = StackRecord::default();
            for row in rows {
                record.note(serde_json::from_str(row).unwrap());
            }
            assert_eq!(record.of("web.1").start(2, true), StartResult::Ready(None));
            assert_eq!(record.of("web.1").start(1, false), StartResult::Ended(Exit::Status(3)));
        }
    }
}
