//! What of the rows is shown: those of chosen sources, or for a while the screen of one instance.

use jiff::Timestamp;

use super::batch::Batch;
use super::line_filter::{LineChoice, MissedLines};
use super::mux::Mux;
use crate::notice::Notice;

/// Lines that are shown after they were kept away.
const SHOWN: usize = 200;

impl Mux {
    /// Shows only the sources that `only` accepts, all without it; returns their number.
    pub(super) fn only(&mut self, only: Option<LineChoice>) -> usize {
        self.filter.shown =
            only.as_ref().map_or_else(Vec::new, |only| self.log_sources.iter().map(only).collect());
        self.filter.only = only;
        (0..self.log_sources.len()).filter(|log_source| self.filter.shows(*log_source)).count()
    }

    /// Keeps lines away from now on, as the instance with this name has the screen.
    pub(super) fn hold(&mut self, attached: &str) {
        let attached = self.log_sources.iter().position(|name| name.to_string() == attached);
        self.filter.held.get_or_insert_default().attached = attached;
    }

    /// Shows bytes as they are, while lines are kept away.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        if let Some(held) = &mut self.filter.held {
            held.shown.extend_from_slice(bytes);
        }
    }

    /// Lets lines come again: `sentence` tells of those that were kept away, and the latest of them follow.
    pub(super) fn release(&mut self, now: Timestamp, sentence: impl FnOnce(MissedLines) -> String) {
        let Some(held) = self.filter.held.take() else { return };
        let most = usize::try_from(held.missed).unwrap_or(usize::MAX).min(SHOWN);
        let lines = match &self.history {
            Some(history) => history.latest(most, |log_source| {
                held.attached != Some(log_source) && self.filter.chooses(log_source)
            }),
            None => Vec::new(),
        };
        let text = sentence(MissedLines { count: held.missed, shown: lines.len() as u64 });
        if !text.is_empty() {
            self.sink.at(now);
            self.sink.notice(&Notice::Answer { text }, &mut self.batch);
        }
        for line in lines {
            self.sink.at(line.time);
            self.sink.rows(line.log_source, line.text, &mut self.batch);
            if line.text.is_empty() {
                self.sink.rows(line.log_source, b"\n", &mut self.batch);
            }
        }
        // The next chunk sets the time again.
        self.now = Timestamp::MIN;
    }

    /// What is to be written now.
    pub(super) fn outgoing(&mut self) -> &mut Batch {
        self.filter.held.as_mut().map_or(&mut self.batch, |held| &mut held.shown)
    }

    /// Puts the line that is typed around a batch that is written next, unless one instance has the screen.
    pub(super) fn place_input_line(&mut self) {
        if self.filter.held.is_none() {
            self.input_line.surround(&mut self.batch, |columns, batch: &mut Batch| {
                self.sink.begin_row_below(columns, batch)
            });
        }
    }

    /// Whether something waits to be written.
    pub(super) fn has_outgoing(&mut self) -> bool {
        !self.outgoing().is_empty() || (self.filter.held.is_none() && self.input_line.is_stale())
    }
}
