//! The latest lines, for clients that ask later.

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;

use jiff::Timestamp;
use memchr::{memchr, memchr_iter};

use super::options::Bounds;

/// Whole lines in a piece of memory, each with its newline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Where they stand.
    pub bytes: Range<usize>,
    /// How many they are.
    pub lines: usize,
}

/// Lines that were read together: raw bytes, one allocation, one time for all. A `String` a line would cost
/// eight times the copy (57 ns a line) and twice the memory.
#[derive(Debug)]
struct HistoryRun {
    /// Its place among the runs of all instances.
    number: u64,
    /// How many lines of its instance came before.
    first: u64,
    time: Timestamp,
    memory: Box<[u8]>,
    part: Part,
}

impl HistoryRun {
    fn lines_of(&self, log_source: usize) -> impl Iterator<Item = HistoryLine<'_>> {
        let (lines, mut start) = (&self.memory[self.part.bytes.clone()], 0);
        memchr_iter(b'\n', lines).map(move |end| {
            let text = &lines[start..end];
            start = end + 1;
            HistoryLine { log_source, time: self.time, text }
        })
    }
}

/// A place between two lines of the history, which stays valid whatever is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPosition {
    run: u64,
    line: usize,
    /// How many lines of each instance are before it.
    passed: Vec<u64>,
}

impl HistoryPosition {
    /// Goes on to this line of an instance: how many are passed over, if that is of interest.
    fn pass(&mut self, log_source: usize, line: u64, is_interested: impl Fn(usize) -> bool) -> u64 {
        let passed = std::mem::replace(&mut self.passed[log_source], line);
        if is_interested(log_source) { line.saturating_sub(passed) } else { 0 }
    }
}

/// What stands behind a [`HistoryPosition`].
#[derive(Debug, PartialEq, Eq)]
pub struct HistoryMatch<'a> {
    /// Lines that were forgotten before they were read.
    pub lost: u64,
    /// Those that are still there.
    pub lines: Vec<HistoryLine<'a>>,
}

/// The runs of one instance, oldest first.
#[derive(Debug, Default)]
struct Runs {
    queue: VecDeque<HistoryRun>,
    lines: usize,
    bytes: usize,
    /// All lines that there ever were.
    all_lines: u64,
}

impl Runs {
    fn take_oldest(&mut self) -> Option<HistoryRun> {
        let run = self.queue.pop_front()?;
        self.lines -= run.part.lines;
        self.bytes -= run.memory.len();
        Some(run)
    }
}

/// One line of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLine<'a> {
    /// The source: the index that [`History::push`] was given.
    pub log_source: usize,
    /// When it was read.
    pub time: Timestamp,
    /// The text, without its newline.
    pub text: &'a [u8],
}

/// The latest lines of every instance, within [`Bounds`]. When they are passed, the instance with most loses
/// its oldest: a flood pushes out its own lines, not those of a quiet instance.
#[derive(Debug, Default)]
pub struct History {
    bounds: Bounds,
    log_sources: Vec<Runs>,
    lines: usize,
    bytes: usize,
    next: u64,
    /// The largest buffer among those dropped, for the next swap.
    spare: Box<[u8]>,
}

/// How many bytes that are looked at cost as much as one that is given.
const SEARCHED: usize = 16;

impl History {
    /// An empty history.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Keeps a run of lines of one instance; a last one without a newline gets one. The caller knows how many (`count`),
    /// since it has made rows of them: to count them again would cost as much as to copy them.
    pub fn push(&mut self, log_source: usize, time: Timestamp, lines: &[u8], count: usize) {
        debug_assert_eq!(count, lines.split_inclusive(|byte| *byte == b'\n').count(), "lines of a run");
        let (text, kept) = self.latest_within_bounds(lines, count);
        self.runs(log_source).all_lines += (count - kept) as u64;
        let end: &[u8] = if text.ends_with(b"\n") { b"" } else { b"\n" };
        let part = Part { bytes: 0..text.len() + end.len(), lines: kept };
        self.keep(log_source, time, [text, end].concat().into(), part);
    }

    /// The same for lines that fill most of their memory: it is kept as it is, and the caller gets other memory of that
    /// size. So a flood costs the history no copy.
    pub fn exchange(&mut self, log_source: usize, time: Timestamp, memory: &mut Box<[u8]>, part: Part) {
        let size = memory.len();
        if part.lines > self.bounds.lines || size > self.bounds.bytes {
            return self.push(log_source, time, &memory[part.bytes], part.lines);
        }
        let spare = mem::take(&mut self.spare);
        let other = if spare.len() == size { spare } else { vec![0; size].into() };
        self.keep(log_source, time, mem::replace(memory, other), part);
    }

    fn keep(&mut self, log_source: usize, time: Timestamp, memory: Box<[u8]>, part: Part) {
        if part.lines == 0 {
            return;
        }
        let (number, bytes, lines) = (self.next, memory.len(), part.lines);
        self.next += 1;
        self.lines += lines;
        self.bytes += bytes;
        let runs = self.runs(log_source);
        runs.queue.push_back(HistoryRun { number, first: runs.all_lines, time, memory, part });
        runs.all_lines += lines as u64;
        runs.lines += lines;
        runs.bytes += bytes;
        while self.forget_one(log_source) {}
    }

    fn runs(&mut self, log_source: usize) -> &mut Runs {
        if self.log_sources.len() <= log_source {
            self.log_sources.resize_with(log_source + 1, Runs::default);
        }
        &mut self.log_sources[log_source]
    }

    /// The latest `count` lines of the instances that `wanted` names, in the order in which they were read.
    pub fn latest(&self, count: usize, wanted: impl Fn(usize) -> bool) -> Vec<HistoryLine<'_>> {
        let mut runs: Vec<(usize, &HistoryRun)> = Vec::new();
        for (log_source, own) in
            self.log_sources.iter().enumerate().filter(|(log_source, _)| wanted(*log_source))
        {
            runs.extend(own.queue.iter().map(|run| (log_source, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| run.number);
        let (mut first, mut found) = (runs.len(), 0);
        while first > 0 && found < count {
            first -= 1;
            found += runs[first].1.part.lines;
        }
        let lines = runs[first..].iter().flat_map(|(log_source, run)| run.lines_of(*log_source));
        lines.skip(found.saturating_sub(count)).collect()
    }

    /// The latest lines of each instance within these bounds, in the order in which they were read; of a last line that is longer, its end.
    pub fn tail(&self, each: Bounds) -> Vec<HistoryLine<'_>> {
        let mut found: Vec<(u64, usize, HistoryLine<'_>)> = Vec::new();
        for (log_source, own) in self.log_sources.iter().enumerate() {
            let (mut lines, mut bytes) = (each.lines, each.bytes);
            'runs: for run in own.queue.iter().rev() {
                let all: Vec<HistoryLine<'_>> = run.lines_of(log_source).collect();
                for (place, mut line) in all.into_iter().enumerate().rev() {
                    if lines == each.lines {
                        line.text = &line.text[line.text.len().saturating_sub(bytes)..];
                    }
                    if lines == 0 || line.text.len() > bytes {
                        break 'runs;
                    }
                    (lines, bytes) = (lines - 1, bytes - line.text.len());
                    found.push((run.number, place, line));
                }
            }
        }
        found.sort_unstable_by_key(|(run, place, _)| (*run, *place));
        found.into_iter().map(|(_, _, line)| line).collect()
    }

    /// Where the latest `count` lines begin of those that `wanted` accepts.
    pub fn place_of_latest(
        &self,
        count: usize,
        wanted: impl Fn(&HistoryLine<'_>) -> bool,
    ) -> HistoryPosition {
        let mut runs: Vec<(usize, &HistoryRun)> = Vec::new();
        for (log_source, own) in self.log_sources.iter().enumerate() {
            runs.extend(own.queue.iter().map(|run| (log_source, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| std::cmp::Reverse(run.number));
        let mut place = (self.next, 0);
        let mut left = count;
        'search: for (log_source, run) in runs {
            let lines: Vec<HistoryLine<'_>> = run.lines_of(log_source).collect();
            for (line, text) in lines.iter().enumerate().rev() {
                if left == 0 {
                    break 'search;
                }
                if wanted(text) {
                    left -= 1;
                    place = (run.number, line);
                }
            }
        }
        self.place(place)
    }

    /// Behind the latest line.
    pub fn end(&self) -> HistoryPosition {
        self.place((self.next, 0))
    }

    fn place(&self, (run, line): (u64, usize)) -> HistoryPosition {
        let passed = |own: &Runs| match own.queue.get(own.queue.partition_point(|other| other.number < run)) {
            Some(next) if next.number == run => next.first + line as u64,
            Some(next) => next.first,
            None => own.all_lines,
        };
        HistoryPosition { run, line, passed: self.log_sources.iter().map(passed).collect() }
    }

    /// Whether nothing stands behind `place`.
    pub fn is_end(&self, place: &HistoryPosition) -> bool {
        place.run == self.next
    }

    /// The lines from `place` on that `wanted` accepts, in the order in which they were read, until they
    /// have `most` bytes, or many more have been looked at; `place` is then behind them. What was forgotten meanwhile is counted, of the instances
    /// in which the caller `is_interested`: the content of those lines is lost.
    pub fn from(
        &self,
        place: &mut HistoryPosition,
        most: usize,
        is_interested: impl Fn(usize) -> bool,
        wanted: impl Fn(&HistoryLine<'_>) -> bool,
    ) -> HistoryMatch<'_> {
        place.passed.resize(self.log_sources.len(), 0);
        let mut runs: Vec<(usize, &HistoryRun)> = Vec::new();
        for (log_source, own) in self.log_sources.iter().enumerate() {
            let first = own.queue.partition_point(|run| run.number < place.run);
            runs.extend(own.queue.range(first..).map(|run| (log_source, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| run.number);
        let (mut found, mut bytes) = (HistoryMatch { lost: 0, lines: Vec::new() }, 0);
        for (log_source, run) in runs {
            let skipped = if run.number == place.run { place.line } else { 0 };
            found.lost += place.pass(log_source, run.first + skipped as u64, &is_interested);
            for (number, line) in run.lines_of(log_source).enumerate().skip(skipped) {
                if bytes >= most {
                    (place.run, place.line) = (run.number, number);
                    return found;
                }
                // What is passed over costs time too: a search goes through it.
                bytes += 1 + line.text.len() / SEARCHED;
                place.passed[log_source] += 1;
                if wanted(&line) {
                    bytes += line.text.len();
                    found.lines.push(line);
                }
            }
        }
        for (log_source, runs) in self.log_sources.iter().enumerate() {
            found.lost += place.pass(log_source, runs.all_lines, &is_interested);
        }
        (place.run, place.line) = (self.next, 0);
        found
    }

    /// The end of these `count` lines that fits at all, and how many lines it has.
    fn latest_within_bounds<'a>(&self, lines: &'a [u8], mut count: usize) -> (&'a [u8], usize) {
        let unended = usize::from(lines.last().is_some_and(|byte| *byte != b'\n'));
        let mut start = 0;
        let fits = |start: usize, count: usize| {
            count <= self.bounds.lines && lines.len() - start + unended <= self.bounds.bytes
        };
        while count > 0 && !fits(start, count) {
            start = memchr(b'\n', &lines[start..]).map_or(lines.len(), |end| start + end + 1);
            count -= 1;
        }
        (&lines[start..], count)
    }

    /// If there is more than the bounds allow, drops the oldest run of the source that has more than its share, mostly the one that has just
    /// `written`; whether it has. A run goes as a whole, so one that is needed for the latest lines stays: `head -n 60000` is a few runs.
    fn forget_one(&mut self, written: usize) -> bool {
        let share = |runs: &Runs| {
            // In thousandths of the bounds, of which the one that is nearer counts.
            (runs.lines * 1000 / self.bounds.lines.max(1)).max(runs.bytes * 1000 / self.bounds.bytes.max(1))
        };
        let fair = 1000 / self.log_sources.len().max(1);
        let most = if share(&self.log_sources[written]) > fair {
            written
        } else {
            let largest = self.log_sources.iter().enumerate().max_by_key(|(_, runs)| share(runs));
            largest.map_or(written, |(log_source, _)| log_source)
        };
        let oldest = self.log_sources[most].queue.front().map_or(0, |run| run.part.lines);
        let has_lines_enough = self.lines > self.bounds.lines && self.lines - oldest >= self.bounds.lines;
        if !has_lines_enough && self.bytes <= self.bounds.bytes {
            return false;
        }
        let Some(run) = self.log_sources[most].take_oldest() else { return false };
        self.lines -= run.part.lines;
        self.bytes -= run.memory.len();
        if run.memory.len() > self.spare.len() {
            self.spare = run.memory;
        }
        true
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
