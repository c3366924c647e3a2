//! Lines that were typed earlier in this run. Pure.

/// The most lines that are kept.
const MOST: usize = 100;

/// The earlier lines, and which of them is shown.
#[derive(Debug, Default)]
pub(super) struct LineHistory {
    lines: Vec<String>,
    /// The shown line; `None` while the one that is typed is.
    shown: Option<usize>,
    /// What was typed when an earlier line took its place.
    typed: String,
}

impl LineHistory {
    /// Keeps a line, unless it is blank or the latest already.
    pub(super) fn add(&mut self, line: &str) {
        self.shown = None;
        if !line.trim().is_empty() && self.lines.last().is_none_or(|latest| latest != line) {
            self.lines.push(line.to_owned());
            self.lines.drain(..self.lines.len().saturating_sub(MOST));
        }
    }

    /// Forgets the latest line.
    pub(super) fn forget_latest(&mut self) {
        self.lines.pop();
    }

    /// The line before the shown one, if there is one, in place of `current`.
    pub(super) fn earlier(&mut self, current: &str) -> Option<String> {
        let index = self.shown.unwrap_or(self.lines.len()).checked_sub(1)?;
        if self.shown.is_none() {
            current.clone_into(&mut self.typed);
        }
        self.shown = Some(index);
        self.lines.get(index).cloned()
    }

    /// The line after the shown one; at the end, what was typed.
    pub(super) fn later(&mut self, _current: &str) -> Option<String> {
        let index = self.shown? + 1;
        self.shown = (index < self.lines.len()).then_some(index);
        Some(self.lines.get(index).unwrap_or(&self.typed).clone())
    }
}
