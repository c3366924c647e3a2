//! What was said lately, for those who ask later.

use std::collections::VecDeque;

use jiff::Timestamp;
use memchr::memchr_iter;

/// How much is kept, of all instances together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Lines.
    pub lines: usize,
    /// Bytes of text.
    pub bytes: usize,
}

impl Default for Bounds {
    /// SPEC §9: 10,000 lines and 16 MiB a stack.
    fn default() -> Self {
        Self { lines: 10_000, bytes: 16 << 20 }
    }
}

/// Lines that were read together: raw bytes, one allocation, one time for all. A `String` a line would cost
/// eight times the copy (57 ns a line) and twice the memory.
#[derive(Debug)]
struct Run {
    /// Its place among the runs of all instances.
    number: u64,
    time: Timestamp,
    lines: usize,
    /// Whole lines, each with its newline.
    text: Box<[u8]>,
}

impl Run {
    fn lines_of(&self, speaker: usize) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        memchr_iter(b'\n', &self.text).map(move |end| {
            let text = &self.text[start..end];
            start = end + 1;
            Line { speaker, time: self.time, text }
        })
    }
}

/// A place between two lines of the history, which stays valid whatever is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    run: u64,
    line: usize,
}

/// The runs of one instance, oldest first.
#[derive(Debug, Default)]
struct Runs {
    queue: VecDeque<Run>,
    lines: usize,
    bytes: usize,
}

impl Runs {
    fn drop_oldest(&mut self) -> (usize, usize) {
        let Some(run) = self.queue.pop_front() else { return (0, 0) };
        self.lines -= run.lines;
        self.bytes -= run.text.len();
        (run.lines, run.text.len())
    }
}

/// One line of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Whose: the index that [`History::push`] was given.
    pub speaker: usize,
    /// When it was read.
    pub time: Timestamp,
    /// The text, without its newline.
    pub text: &'a [u8],
}

/// The latest lines of every instance, within [`Bounds`]. When they are passed, whoever has most loses
/// its oldest: a flood pushes out its own lines, not those of a quiet instance.
#[derive(Debug, Default)]
pub struct History {
    bounds: Bounds,
    speakers: Vec<Runs>,
    lines: usize,
    bytes: usize,
    next: u64,
}

impl History {
    /// An empty history.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Keeps a run of lines of one instance; a last one without a newline gets one.
    pub fn push(&mut self, speaker: usize, time: Timestamp, lines: &[u8]) {
        let (text, count) = self.latest_within_bounds(lines);
        if count == 0 {
            return;
        }
        if self.speakers.len() <= speaker {
            self.speakers.resize_with(speaker + 1, Runs::default);
        }
        let mut kept = Vec::with_capacity(text.len() + 1);
        kept.extend_from_slice(text);
        if !text.ends_with(b"\n") {
            kept.push(b'\n');
        }
        let run = Run { number: self.next, time, lines: count, text: kept.into() };
        self.next += 1;
        self.lines += count;
        self.bytes += run.text.len();
        let runs = &mut self.speakers[speaker];
        runs.lines += count;
        runs.bytes += run.text.len();
        runs.queue.push_back(run);
        while self.lines > self.bounds.lines || self.bytes > self.bounds.bytes {
            self.forget_one(speaker);
        }
    }

    /// The latest `count` lines of the instances that `wanted` names, in the order in which they were read.
    pub fn latest(&self, count: usize, wanted: impl Fn(usize) -> bool) -> Vec<Line<'_>> {
        let mut runs: Vec<(usize, &Run)> = Vec::new();
        for (speaker, own) in self.speakers.iter().enumerate().filter(|(speaker, _)| wanted(*speaker)) {
            runs.extend(own.queue.iter().map(|run| (speaker, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| run.number);
        let total: usize = runs.iter().map(|(_, run)| run.lines).sum();
        let lines = runs.into_iter().flat_map(|(speaker, run)| run.lines_of(speaker));
        lines.skip(total.saturating_sub(count)).collect()
    }

    /// Where the latest `count` lines begin of those that `wanted` says yes to.
    pub fn place_of_latest(&self, count: usize, wanted: impl Fn(&Line<'_>) -> bool) -> Place {
        let mut runs: Vec<(usize, &Run)> = Vec::new();
        for (speaker, own) in self.speakers.iter().enumerate() {
            runs.extend(own.queue.iter().map(|run| (speaker, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| std::cmp::Reverse(run.number));
        let mut place = self.end();
        let mut left = count;
        for (speaker, run) in runs {
            let lines: Vec<Line<'_>> = run.lines_of(speaker).collect();
            for (line, text) in lines.iter().enumerate().rev() {
                if left == 0 {
                    return place;
                }
                if wanted(text) {
                    left -= 1;
                    place = Place { run: run.number, line };
                }
            }
        }
        place
    }

    /// Behind the latest line.
    pub fn end(&self) -> Place {
        Place { run: self.next, line: 0 }
    }

    /// The lines from `place` on that `wanted` says yes to, in the order in which they were read, until they
    /// have `most` bytes; `place` is then behind them. What was forgotten meanwhile is passed over.
    pub fn from(&self, place: &mut Place, most: usize, wanted: impl Fn(&Line<'_>) -> bool) -> Vec<Line<'_>> {
        let mut runs: Vec<(usize, &Run)> = Vec::new();
        for (speaker, own) in self.speakers.iter().enumerate() {
            let first = own.queue.partition_point(|run| run.number < place.run);
            runs.extend(own.queue.range(first..).map(|run| (speaker, run)));
        }
        runs.sort_unstable_by_key(|(_, run)| run.number);
        let (mut found, mut bytes) = (Vec::new(), 0);
        for (speaker, run) in runs {
            let skipped = if run.number == place.run { place.line } else { 0 };
            for (number, line) in run.lines_of(speaker).enumerate().skip(skipped) {
                if bytes >= most {
                    *place = Place { run: run.number, line: number };
                    return found;
                }
                // What is passed over costs time too.
                bytes += 1;
                if wanted(&line) {
                    bytes += line.text.len();
                    found.push(line);
                }
            }
        }
        *place = self.end();
        found
    }

    /// The end of `lines` that fits at all, and how many lines it has.
    fn latest_within_bounds<'a>(&self, lines: &'a [u8]) -> (&'a [u8], usize) {
        let unended = usize::from(lines.last().is_some_and(|byte| *byte != b'\n'));
        let mut count = memchr_iter(b'\n', lines).count() + unended;
        let mut start = 0;
        let fits = |start: usize, count: usize| {
            count <= self.bounds.lines && lines.len() - start + unended <= self.bounds.bytes
        };
        while count > 0 && !fits(start, count) {
            start = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len(), |end| start + end + 1);
            count -= 1;
        }
        (&lines[start..], count)
    }

    /// Drops the oldest run of whoever has more than its share; mostly that is who has just spoken.
    fn forget_one(&mut self, spoke: usize) {
        let share = |runs: &Runs| {
            // In thousandths of the bounds, of which the one that is nearer counts.
            (runs.lines * 1000 / self.bounds.lines.max(1)).max(runs.bytes * 1000 / self.bounds.bytes.max(1))
        };
        let fair = 1000 / self.speakers.len().max(1);
        let most = if share(&self.speakers[spoke]) > fair {
            spoke
        } else {
            let largest = self.speakers.iter().enumerate().max_by_key(|(_, runs)| share(runs));
            largest.map_or(spoke, |(speaker, _)| speaker)
        };
        let (lines, bytes) = self.speakers[most].drop_oldest();
        self.lines -= lines;
        self.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reading_in_pieces_from_a_place_gives_what_reading_at_once_gives() {
        let mut history = History::new(Bounds { lines: 1000, bytes: 100_000 });
        for turn in 0..50 {
            let text = ["a\n", "b\nc\n", "d\ne\nf\n"][turn % 3].repeat(turn % 4 + 1);
            history.push(turn % 5, Timestamp::UNIX_EPOCH, text.as_bytes());
        }
        let wanted = |line: &Line<'_>| line.speaker != 1;
        let all: Vec<&[u8]> =
            history.latest(1000, |speaker| speaker != 1).iter().map(|line| line.text).collect();
        for count in [0, 1, 7, all.len(), 1000] {
            let mut place = history.place_of_latest(count, wanted);
            let mut pieces = Vec::new();
            while place != history.end() {
                pieces.extend(history.from(&mut place, 5, wanted).iter().map(|line| line.text));
            }
            assert_eq!(pieces, all[all.len().saturating_sub(count)..], "{count}");
        }
    }

    fn texts(history: &History, count: usize) -> Vec<String> {
        let lines = history.latest(count, |_| true);
        lines.iter().map(|line| format!("{} {}", line.speaker, line.text.escape_ascii())).collect()
    }

    #[test]
    fn lines_come_back_in_the_order_in_which_they_were_read() {
        let mut history = History::new(Bounds::default());
        history.push(1, Timestamp::UNIX_EPOCH, b"a\n\nb\n");
        history.push(0, Timestamp::UNIX_EPOCH, b"c");
        history.push(1, Timestamp::UNIX_EPOCH, b"d\n");
        assert_eq!(texts(&history, 9), ["1 a", "1 ", "1 b", "0 c", "1 d"]);
        assert_eq!(texts(&history, 2), ["0 c", "1 d"]);
        let own = history.latest(9, |speaker| speaker == 0);
        assert_eq!(own, [Line { speaker: 0, time: Timestamp::UNIX_EPOCH, text: b"c" }]);
    }

    #[test]
    fn a_flood_pushes_out_its_own_lines_only() {
        let mut history = History::new(Bounds { lines: 10, bytes: 1000 });
        history.push(0, Timestamp::UNIX_EPOCH, b"rare\n");
        for number in 0..100 {
            history.push(1, Timestamp::UNIX_EPOCH, format!("{number}\n").as_bytes());
        }
        let lines = texts(&history, 99);
        assert_eq!(lines.len(), 10);
        assert_eq!((lines[0].as_str(), lines[9].as_str()), ("0 rare", "1 99"));
    }

    #[test]
    fn of_a_run_that_is_too_large_the_end_is_kept() {
        let mut history = History::new(Bounds { lines: 2, bytes: 6 });
        history.push(0, Timestamp::UNIX_EPOCH, b"a\nb\nc\n");
        assert_eq!(texts(&history, 9), ["0 b", "0 c"]);
        history.push(0, Timestamp::UNIX_EPOCH, b"too long for it\n");
        assert_eq!(texts(&history, 9), ["0 b", "0 c"]);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_whatever_is_said(
            pushes in prop::collection::vec((0_usize..3, "[a-z\n]{0,40}"), 0..60),
            lines in 0_usize..20,
            bytes in 0_usize..200,
        ) {
            let mut history = History::new(Bounds { lines, bytes });
            for (speaker, text) in &pushes {
                history.push(*speaker, Timestamp::UNIX_EPOCH, text.as_bytes());
                let kept = history.latest(usize::MAX, |_| true);
                prop_assert!(kept.len() <= lines);
                prop_assert!(kept.iter().map(|line| line.text.len() + 1).sum::<usize>() <= bytes);
                prop_assert_eq!(kept.len(), history.lines);
            }
        }
    }
}
