//! Which lines are shown on standard output.

use super::batch::Batch;
use super::lines::ends;
use crate::name::InstanceName;

/// Decides which instances' lines are shown.
pub(crate) type LineChoice = Box<dyn Fn(&InstanceName) -> bool>;

/// Which lines are shown.
#[derive(Default)]
pub(super) struct LineFilter {
    /// Those of the sources that it accepts; all without it.
    pub(super) only: Option<LineChoice>,
    /// The answer for each source, so that it is not computed for each line; empty means all.
    pub(super) shown: Vec<bool>,
    /// While one instance has the screen: what it shows there, and the lines that were kept away.
    pub(super) held: Option<HeldLine>,
}

/// What gathers while lines are kept away.
#[derive(Default)]
pub(super) struct HeldLine {
    pub(super) shown: Batch,
    pub(super) missed: u64,
    /// The source that has the screen.
    pub(super) attached: Option<usize>,
}

/// Lines of others that were kept away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedLines {
    /// How many they are.
    pub count: u64,
    /// How many of them, the latest, are shown now.
    pub shown: u64,
}

impl LineFilter {
    /// Whether lines of this source are shown now.
    pub(super) fn shows(&self, log_source: usize) -> bool {
        self.held.is_none() && self.chooses(log_source)
    }

    /// Whether lines of this source would be shown, if no instance had the screen.
    pub(super) fn chooses(&self, log_source: usize) -> bool {
        self.shown.get(log_source).copied().unwrap_or(true)
    }

    /// Counts lines of this source that are not shown.
    pub(super) fn miss(&mut self, log_source: usize, lines: &[u8]) -> usize {
        let (count, is_chosen) = (ends(lines).count(), self.chooses(log_source));
        if let Some(held) = self.held.as_mut().filter(|held| is_chosen && held.attached != Some(log_source)) {
            held.missed += count as u64;
        }
        count
    }
}
