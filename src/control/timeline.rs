//! The timeline of a start: when each instance was started, what it waited for, when it was ready, and the chain of instances for
//! which the start took so long. Pure: it follows from a status.
//!
//! It is about the first start of each instance. With restarts of an hour later, the start would be one column of the picture.

use std::collections::BTreeMap;
use std::iter::successors;

use serde::Serialize;

use super::protocol::{InstanceStatus, Phase, StartTimes, Status};
use super::table::{columns, or_dash};

/// The fewest columns of the bars. On a narrower screen they are left out.
const LEAST: usize = 10;

/// The first starts of all instances, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Timeline {
    /// How long the start took until all were ready; `null` while one is not.
    pub ready_seconds: Option<f64>,
    /// The instances for which the start took so long: each waited for the one before.
    pub critical_chain: Vec<String>,
    /// One for each instance.
    pub instances: Vec<TimelineRow>,
    /// How long each of the chain took, after the one before; `None` if it will not be ready.
    #[serde(skip)]
    took: Vec<Option<f64>>,
    /// Where the axis of the bars ends.
    #[serde(skip)]
    end: f64,
}

/// The first start of one instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TimelineRow {
    /// `web.1`.
    pub name: String,
    /// Of each type that it waited for, the instance that was ready last.
    pub waited_for: Vec<String>,
    /// Its times.
    #[serde(flatten)]
    pub times: StartTimes,
    /// Whether it is in the critical chain.
    pub is_critical: bool,
    #[serde(skip)]
    phase: Phase,
    #[serde(skip)]
    finish: f64,
}

/// A line of the timeline as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimelineLine {
    /// The text.
    pub text: String,
    /// Whether it is about an instance of the critical chain.
    pub is_critical: bool,
}

/// An instance, and when it was ready: for one that may become so, the present; for one that will not, infinity.
struct Start<'a> {
    row: &'a InstanceStatus,
    times: StartTimes,
    finish: f64,
}

impl<'a> Start<'a> {
    fn of(row: &'a InstanceStatus, now: f64) -> Option<Self> {
        let times = row.first_start?;
        let finish = match (times.ready_seconds, row.state) {
            (Some(ready), _) => ready,
            // It was found out by a look, and not when.
            (None, _) if row.ready => times.started_seconds.unwrap_or(now),
            (None, Phase::Waiting | Phase::Starting | Phase::Running | Phase::Restarting) => now,
            (
                None,
                Phase::Stopping
                | Phase::Stopped
                | Phase::Exited
                | Phase::GivenUp
                | Phase::Failed
                | Phase::Unknown,
            ) => f64::INFINITY,
        };
        Some(Self { row, times, finish })
    }

    fn is_initial(&self) -> bool {
        self.times.due_seconds <= 0.0
    }

    fn started(&self) -> f64 {
        self.times.started_seconds.unwrap_or(f64::INFINITY)
    }
}

/// All starts, and which instance of each type was ready when.
struct Starts<'a> {
    all: Vec<Start<'a>>,
    by_type: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Starts<'a> {
    fn of(status: &'a Status) -> Self {
        // The record of a run that is over: nothing becomes ready any more.
        let now = status.pid.and(status.uptime_seconds).unwrap_or(f64::INFINITY);
        let mut all: Vec<Start<'_>> = status.instances.iter().filter_map(|row| Start::of(row, now)).collect();
        all.sort_by(|one, other| one.started().total_cmp(&other.started()));
        let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, start) in all.iter().enumerate() {
            by_type.entry(&start.row.r#type).or_default().push(at);
        }
        for indices in by_type.values_mut() {
            indices.sort_by(|one, other| all[*one].finish.total_cmp(&all[*other].finish));
        }
        Self { all, by_type }
    }

    /// Of each type that this one waited for, the instance that was ready last.
    fn awaited(&self, at: usize) -> impl Iterator<Item = usize> {
        let start = &self.all[at];
        start.row.after.iter().filter_map(|kind| {
            let indices = self.by_type.get(kind.as_str())?;
            let count = indices.partition_point(|at| self.all[*at].finish <= start.started());
            let last = *indices[..count].last()?;
            (self.all[last].finish > start.times.due_seconds).then_some(last)
        })
    }

    /// Of all that this one waited for, the instance that was ready last.
    fn before(&self, at: usize) -> Option<usize> {
        self.awaited(at).max_by(|one, other| self.all[*one].finish.total_cmp(&self.all[*other].finish))
    }

    /// The longest of the chains that end with what was ready last, in the order of the starts.
    fn critical_chain(&self) -> Vec<usize> {
        // A status of another program may have a circle.
        let chain = |at: usize| -> Vec<usize> {
            let mut chain: Vec<usize> =
                successors(Some(at), |at| self.before(*at)).take(self.all.len()).collect();
            chain.reverse();
            chain
        };
        let last =
            (0..self.all.len()).filter(|at| self.all[*at].is_initial() && self.all[*at].finish.is_finite());
        let finish = last.clone().map(|at| self.all[at].finish).fold(0.0, f64::max);
        let chains = last.filter(|at| self.all[*at].finish >= finish).map(chain);
        chains.max_by_key(Vec::len).unwrap_or_default()
    }
}

impl Timeline {
    /// The timeline of this stack.
    pub(crate) fn of(status: &Status) -> Self {
        let starts = Starts::of(status);
        let chain = starts.critical_chain();
        let name = |at: usize| starts.all[at].row.name.clone();
        let initial = || starts.all.iter().filter(|start| start.is_initial());
        let is_ready = initial().all(|start| start.times.ready_seconds.is_some() || start.row.ready);
        let ends = initial().flat_map(|start| [start.finish, start.started()]);
        let end = ends.filter(|end| end.is_finite()).fold(0.0, f64::max);
        let took = |(place, at): (usize, &usize)| {
            let begin = place.checked_sub(1).map(|place| starts.all[chain[place]].finish);
            let took = starts.all[*at].finish - begin.unwrap_or(starts.all[*at].times.due_seconds);
            took.is_finite().then_some(took)
        };
        Self {
            ready_seconds: (is_ready && !chain.is_empty()).then_some(end),
            critical_chain: chain.iter().map(|at| name(*at)).collect(),
            instances: starts
                .all
                .iter()
                .enumerate()
                .map(|(at, start)| TimelineRow {
                    name: name(at),
                    waited_for: starts.awaited(at).map(name).collect(),
                    times: start.times,
                    is_critical: chain.contains(&at),
                    phase: start.row.state,
                    finish: start.finish,
                })
                .collect(),
            took: chain.iter().enumerate().map(took).collect(),
            end,
        }
    }

    /// As text of so many columns: a row an instance with a bar, where there is room, and the critical chain.
    pub(crate) fn lines(&self, width: usize, is_unicode: bool) -> Vec<TimelineLine> {
        let head = ["  NAME", "WAITED FOR", "STARTED", "READY"].map(String::from);
        let cells: Vec<[String; 4]> =
            [head].into_iter().chain(self.instances.iter().map(TimelineRow::cells)).collect();
        let table = columns(&cells);
        let left = table.lines().map(|line| line.chars().count()).max().unwrap_or(0) + 2;
        let bars = width.checked_sub(left).filter(|bars| *bars >= LEAST && self.end > 0.0);
        let axis = |bars: usize| format!("0 s{:>1$}", seconds(self.end), bars - 3);
        let bar = |row: &TimelineRow, bars: usize| row.bar(self.end, bars, is_unicode);
        let rows = table.lines().enumerate().map(|(at, cells)| {
            let row = at.checked_sub(1).map(|at| &self.instances[at]);
            let bar =
                bars.map(|bars| row.map_or_else(|| axis(bars), |row| bar(row, bars))).unwrap_or_default();
            TimelineLine {
                text: format!("{cells:left$}{bar}").trim_end().to_owned(),
                is_critical: row.is_some_and(|row| row.is_critical),
            }
        });
        rows.chain(self.sum()).collect()
    }

    /// `* critical chain: db.1 3.21 s, web.1 2.00 s; all are ready after 5.21 s`
    fn sum(&self) -> Option<TimelineLine> {
        if self.critical_chain.is_empty() {
            return None;
        }
        let parts: Vec<String> = self
            .critical_chain
            .iter()
            .zip(&self.took)
            .map(|(name, took)| format!("{name} {}", took.map_or_else(|| "(not ready)".into(), seconds)))
            .collect();
        let end = match self.ready_seconds {
            Some(ready) => format!("all are ready after {}", seconds(ready)),
            None => format!("not all are ready after {}", seconds(self.end)),
        };
        let text = format!("* critical chain: {}; {end}", parts.join(", "));
        Some(TimelineLine { text, is_critical: false })
    }
}

impl TimelineRow {
    fn cells(&self) -> [String; 4] {
        let ready = match (self.times.ready_seconds, self.phase) {
            (Some(ready), _) => seconds(ready),
            (None, Phase::Running) => "not yet".into(),
            (None, phase) => phase.as_str().into(),
        };
        [
            format!("{} {}", if self.is_critical { "*" } else { " " }, self.name),
            or_dash(Some(self.waited_for.join(", "))),
            or_dash(self.times.started_seconds.map(seconds)),
            ready,
        ]
    }

    /// From when it was to start until its start, and from then until it was ready. One that was added later has none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "columns"
    )]
    fn bar(&self, end: f64, width: usize, is_unicode: bool) -> String {
        if self.times.due_seconds > 0.0 {
            return String::new();
        }
        let column = |time: f64| ((time / end * width as f64).round() as usize).min(width);
        let started = self.times.started_seconds.map(column);
        let waited = started.unwrap_or_else(|| column(self.finish)).min(width - 1);
        let ready = started.map_or(waited, |_| {
            if self.finish.is_finite() { column(self.finish).max(waited + 1) } else { waited + 1 }
        });
        let (wait, run) = if is_unicode { ("░", "█") } else { (".", "#") };
        wait.repeat(waited) + &run.repeat(ready - waited)
    }
}

fn seconds(time: f64) -> String {
    format!("{time:.2} s")
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
