//! Which lines are shown on standard output.

use super::batch::Batch;
use super::lines::ends;
use crate::name::InstanceName;

/// Decides which instances' lines are shown.
pub type LineChoice = Box<dyn Fn(&InstanceName) -> bool>;

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
}

impl LineFilter {
    /// Whether lines of this source are shown now.
    pub(super) fn hears(&self, log_source: usize) -> bool {
        self.held.is_none() && self.shown.get(log_source).copied().unwrap_or(true)
    }

    /// Counts lines that are not shown.
    pub(super) fn miss(&mut self, lines: &[u8]) -> usize {
        let count = ends(lines).count();
        if let Some(held) = &mut self.held {
            held.missed += count as u64;
        }
        count
    }
}
