//! What of the log is on the screen: which rows, from which on, and what is searched in them.
//!
//! Rows are known by their numbers: those that are shown are a list of numbers, and only the rows on the screen are looked at when it
//! is drawn.

use std::collections::VecDeque;

use regex_lite::Regex;

use super::log::{LogBuffer, LogRow, RowSource};
use super::row::LineFormat;
use super::text::plain;

/// A line of the screen: a row of the log, and which of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinePlace {
    /// The number of the row.
    pub row: u64,
    /// The line of it.
    pub line: usize,
}

/// The part of the screen that the log has.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogPane<'a> {
    /// The log.
    pub log: &'a LogBuffer,
    /// How rows become lines.
    pub format: LineFormat,
    /// Lines of the screen.
    pub height: usize,
}

impl LogPane<'_> {
    fn height_of(&self, row: u64) -> usize {
        self.log.get(row).map_or(1, |row| self.format.height(&row))
    }
}

/// Which rows are shown, and how.
#[derive(Debug, Default)]
pub(super) struct LogView {
    rows: VecDeque<u64>,
    /// Rows of the log before this one have been looked at.
    seen: u64,
    /// Only rows of these instances; none means all.
    only: Vec<String>,
    /// Only rows in which this is found.
    pub filter: Option<Regex>,
    /// What is searched.
    pub search: Option<Regex>,
    /// The first line on the screen; `None` shows the end.
    top: Option<LinePlace>,
    /// The row that was found last.
    pub found: Option<u64>,
    /// The first and the last row that the mouse has selected, in any order.
    pub selected: Option<(u64, u64)>,
    /// Whether long rows take several lines.
    pub is_wrapped: bool,
    /// Whether rows have their time.
    pub has_times: bool,
    /// Columns that are left out at the left margin.
    pub left: usize,
}

impl LogView {
    /// Looks at the rows that came, and forgets those that the log has dropped.
    pub(super) fn follow(&mut self, log: &LogBuffer) {
        let first = log.first();
        while self.rows.front().is_some_and(|row| *row < first) {
            self.rows.pop_front();
        }
        let only: Vec<u16> = self.only.iter().filter_map(|name| log.index(name)).collect();
        for number in self.seen.max(first)..log.end() {
            if log.get(number).is_some_and(|row| self.admits(&row, &only)) {
                self.rows.push_back(number);
            }
        }
        self.seen = log.end();
    }

    fn admits(&self, row: &LogRow<'_>, only: &[u16]) -> bool {
        match row.source {
            RowSource::Screen => true,
            RowSource::Instance(index) => {
                (self.only.is_empty() || only.contains(&index))
                    && self.filter.as_ref().is_none_or(|filter| filter.is_match(&plain(row.text)))
            }
        }
    }

    /// Shows the rows of these instances alone; of all, where none is named.
    pub(super) fn show_only(&mut self, names: Vec<String>, log: &LogBuffer) {
        if names != self.only {
            self.only = names;
            self.look_again(log);
        }
    }

    /// Shows the rows alone in which this is found.
    pub(super) fn set_filter(&mut self, filter: Option<Regex>, log: &LogBuffer) {
        self.filter = filter;
        self.look_again(log);
    }

    fn look_again(&mut self, log: &LogBuffer) {
        self.rows.clear();
        self.seen = 0;
        self.follow(log);
    }

    /// Whether each row has the name of its instance.
    pub(super) fn has_names(&self) -> bool {
        self.only.len() != 1
    }

    /// How many rows are shown, of those that are kept.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Whether the end is shown, also while rows come.
    pub(super) fn is_following(&self) -> bool {
        self.top.is_none()
    }

    /// The lines on the screen.
    pub(super) fn lines(&self, pane: &LogPane<'_>) -> Vec<LinePlace> {
        let Some(top) = self.top else { return self.last_lines(pane) };
        let begin = self.rows.partition_point(|row| *row < top.row);
        let mut lines = Vec::new();
        for row in self.rows.range(begin..) {
            let skipped = if *row == top.row { top.line } else { 0 };
            let of_row = (skipped..pane.height_of(*row)).map(|line| LinePlace { row: *row, line });
            lines.extend(of_row.take(pane.height - lines.len()));
            if lines.len() >= pane.height {
                return lines;
            }
        }
        // No empty lines below the end.
        self.last_lines(pane)
    }

    fn last_lines(&self, pane: &LogPane<'_>) -> Vec<LinePlace> {
        let mut lines = Vec::new();
        for row in self.rows.iter().rev() {
            let of_row = (0..pane.height_of(*row)).rev().map(|line| LinePlace { row: *row, line });
            lines.extend(of_row.take(pane.height - lines.len()));
            if lines.len() >= pane.height {
                break;
            }
        }
        lines.reverse();
        lines
    }

    /// Moves by so many lines; down to the end, the end is followed again.
    pub(super) fn scroll(&mut self, lines: isize, pane: &LogPane<'_>) {
        let Some(first) = self.lines(pane).first().copied() else { return };
        let top = self.moved(first, lines, pane);
        let is_at_end = self.last_lines(pane).first().is_none_or(|last| top >= *last);
        self.top = (lines < 0 || !is_at_end).then_some(top);
    }

    fn moved(&self, from: LinePlace, lines: isize, pane: &LogPane<'_>) -> LinePlace {
        let (mut place, mut at) = (from, self.rows.partition_point(|row| *row < from.row));
        for _ in 0..lines.unsigned_abs() {
            if lines > 0 {
                if place.line + 1 < pane.height_of(place.row) {
                    place.line += 1;
                    continue;
                }
                let Some(row) = self.rows.get(at + 1) else { break };
                (at, place) = (at + 1, LinePlace { row: *row, line: 0 });
            } else if place.line > 0 {
                place.line -= 1;
            } else {
                let Some(above) = at.checked_sub(1) else { break };
                let row = self.rows[above];
                (at, place) = (above, LinePlace { row, line: pane.height_of(row) - 1 });
            }
        }
        place
    }

    /// Shows the first row.
    pub(super) fn go_to_top(&mut self) {
        self.top = self.rows.front().map(|row| LinePlace { row: *row, line: 0 });
    }

    /// Shows the end, also while rows come.
    pub(super) fn go_to_end(&mut self) {
        (self.top, self.found) = (None, None);
    }

    /// The rows that are selected, else those on the screen.
    pub(super) fn to_copy(&self, pane: &LogPane<'_>) -> Vec<u64> {
        if let Some((one, other)) = self.selected {
            let (from, to) = (one.min(other), one.max(other));
            let begin = self.rows.partition_point(|row| *row < from);
            return self.rows.range(begin..).take_while(|row| **row <= to).copied().collect();
        }
        let mut rows: Vec<u64> = self.lines(pane).iter().map(|place| place.row).collect();
        rows.dedup();
        rows
    }

    /// Whether this row is selected.
    pub(super) fn is_selected(&self, row: u64) -> bool {
        self.selected.is_some_and(|(one, other)| (one.min(other)..=one.max(other)).contains(&row))
    }

    /// Keeps what is on the screen, while rows come.
    pub(super) fn stay(&mut self, pane: &LogPane<'_>) {
        self.top = self.lines(pane).first().copied();
    }

    /// Shows the first row from the top of the screen on in which the search is found, else the nearest above. Whether there is one.
    pub(super) fn find_first(&mut self, pane: &LogPane<'_>) -> bool {
        let top = self.lines(pane).first().map_or(0, |line| line.row);
        let begin = self.rows.partition_point(|row| *row < top);
        let found = self.first_found((begin..self.rows.len()).chain((0..begin).rev()), pane.log);
        found.is_some_and(|at| {
            self.show(self.rows[at], pane);
            true
        })
    }

    /// Shows the next row below (or above) the one that was found, and after the last one the first. Whether it came around; `None`
    /// if nothing is found.
    pub(super) fn find_next(&mut self, is_down: bool, pane: &LogPane<'_>) -> Option<bool> {
        let start = self.found.or_else(|| Some(self.lines(pane).first()?.row))?;
        let (at, count) = (self.rows.partition_point(|row| *row < start), self.rows.len());
        let found = if is_down {
            self.first_found((1..=count).map(|step| (at + step) % count), pane.log)?
        } else {
            self.first_found((1..=count).map(|step| (at + count - step) % count), pane.log)?
        };
        self.show(self.rows[found], pane);
        Some(if is_down { found <= at } else { found >= at })
    }

    fn first_found(&self, mut places: impl Iterator<Item = usize>, log: &LogBuffer) -> Option<usize> {
        places.find(|at| self.rows.get(*at).is_some_and(|row| self.is_found(*row, log)))
    }

    fn is_found(&self, row: u64, log: &LogBuffer) -> bool {
        let search = self.search.as_ref().zip(log.get(row));
        search.is_some_and(|(search, row)| search.is_match(&plain(row.text)))
    }

    /// Shows this row, in the middle where it is not on the screen.
    fn show(&mut self, row: u64, pane: &LogPane<'_>) {
        self.found = Some(row);
        let lines = self.lines(pane);
        let top = if lines.iter().any(|line| line.row == row) {
            lines[0]
        } else {
            let half = isize::try_from(pane.height / 2).unwrap_or(0);
            self.moved(LinePlace { row, line: 0 }, -half, pane)
        };
        self.top = Some(top);
    }
}

#[cfg(test)]
#[path = "log_view_tests.rs"]
mod tests;
