//! The stack as the screen knows it: its latest status, samples of each instance, and which instances are chosen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::control::protocol::{InstanceStatus, Phase, Status};

/// Samples that are kept of an instance: three minutes, one a second.
const SAMPLES: usize = 180;

/// What the screen knows of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// Nothing has come yet.
    #[default]
    Waiting,
    /// The stack answers.
    Up,
    /// It runs and does not answer: it is suspended, or hangs.
    Silent,
    /// It has ended, as this sentence tells.
    Ended(String),
}

/// CPU and memory of one instance, the latest sample last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Samples {
    /// Processor time in thousandths of one processor.
    pub cpu: VecDeque<u64>,
    /// Resident bytes.
    pub memory: VecDeque<u64>,
    last: Option<(Duration, f64)>,
}

impl Samples {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no negative share, and no such large one"
    )]
    fn take(&mut self, at: Duration, row: &InstanceStatus) {
        let Some(seconds) = row.cpu_seconds else {
            self.last = None;
            return;
        };
        // The sum falls when a process of the tree has ended, and begins anew with the next generation.
        let share = self.last.and_then(|(before, used)| {
            let span = at.checked_sub(before).filter(|span| !span.is_zero())?;
            Some(((seconds - used).max(0.0) / span.as_secs_f64() * 1000.0).round() as u64)
        });
        self.last = Some((at, seconds));
        for (samples, sample) in [(&mut self.cpu, share), (&mut self.memory, row.memory_bytes)] {
            samples.extend(sample);
            if samples.len() > SAMPLES {
                samples.pop_front();
            }
        }
    }
}

/// The stack, and what is chosen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct StackView {
    /// The latest status.
    pub status: Option<Box<Status>>,
    /// When it came.
    pub at: Duration,
    /// What is known of the connection.
    pub link: Link,
    /// The samples, by instance.
    pub samples: BTreeMap<String, Samples>,
    /// The instance with the cursor; `None` is the row of all.
    pub chosen: Option<String>,
    /// Instances that are marked.
    pub marked: BTreeSet<String>,
}

impl StackView {
    /// The instances, in their order.
    pub(super) fn instances(&self) -> &[InstanceStatus] {
        self.status.as_ref().map_or(&[], |status| &status.instances)
    }

    /// The instance with the cursor.
    pub(super) fn chosen(&self) -> Option<&InstanceStatus> {
        self.chosen.as_ref().and_then(|name| self.instances().iter().find(|row| row.name == *name))
    }

    /// The row of the cursor: 0 is that of all.
    pub(super) fn cursor(&self) -> usize {
        let at = |name: &String| self.instances().iter().position(|row| row.name == *name);
        self.chosen.as_ref().and_then(at).map_or(0, |at| at + 1)
    }

    /// Moves the cursor to this row, or the last one.
    pub(super) fn choose(&mut self, row: usize) {
        let row = row.min(self.instances().len());
        self.chosen = row.checked_sub(1).map(|at| self.instances()[at].name.clone());
    }

    /// Takes the next status.
    pub(super) fn take(&mut self, at: Duration, status: Box<Status>) {
        for row in &status.instances {
            self.samples.entry(row.name.clone()).or_default().take(at, row);
        }
        let is_there = |name: &String| status.instances.iter().any(|row| row.name == *name);
        self.samples.retain(|name, _| is_there(name));
        self.marked.retain(is_there);
        if self.chosen.as_ref().is_some_and(|name| !is_there(name)) {
            // The row above it, as after `scale` down.
            let row = self.cursor().saturating_sub(1);
            self.status = Some(status);
            self.choose(row);
        } else {
            self.status = Some(status);
        }
        (self.at, self.link) = (at, Link::Up);
    }

    /// The instances whose log is shown; none means all.
    pub(super) fn shown(&self) -> Vec<String> {
        if self.marked.is_empty() {
            return self.chosen.iter().cloned().collect();
        }
        self.marked.iter().cloned().collect()
    }

    /// The instances that a key is about: the marked ones, else the one with the cursor, else all.
    pub(super) fn targets(&self) -> Vec<&InstanceStatus> {
        let shown = self.shown();
        self.instances().iter().filter(|row| shown.is_empty() || shown.contains(&row.name)).collect()
    }

    /// The place of a type in the order of the formation, which gives its colour.
    pub(super) fn kind(&self, name: &str) -> usize {
        let kind = name.rsplit_once('.').map_or(name, |(kind, _)| kind);
        let formation = self.status.as_ref().map(|status| &status.formation);
        formation.and_then(|formation| formation.get_index_of(kind)).unwrap_or(0)
    }

    /// How many instances are ready, of how many.
    pub(super) fn ready(&self) -> (usize, usize) {
        let ready = self.instances().iter().filter(|row| row.is_ready_or_done()).count();
        (ready, self.instances().len())
    }
}

/// Whether a stop request has something to stop.
pub(super) fn is_running(row: &InstanceStatus) -> bool {
    match row.state {
        Phase::Starting | Phase::Running | Phase::Stopping | Phase::Restarting | Phase::Waiting => true,
        Phase::Stopped | Phase::Exited | Phase::GivenUp | Phase::Failed | Phase::Unknown => false,
    }
}
