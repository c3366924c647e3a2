//! From chunks of many streams to one batch of rows. Pure: bytes in, bytes out, the time an argument.

use jiff::Timestamp;

use super::batch::Batch;
use super::history::{History, Part};
use super::line_matcher::LineMatcher;
use super::lines::{Limits, LineSplitter, Newlines, ends};
use super::prefix::LogSource;
use super::sink::Sink;
use crate::name::InstanceName;
use crate::notice::Notice;

/// One stream of one speaker, between its chunks.
#[derive(Debug)]
pub(super) struct MuxStream {
    log_source: usize,
    lines: LineSplitter,
    newlines: Option<Newlines>,
    /// A chunk of a terminal, its newlines translated.
    translated: Vec<u8>,
}

impl MuxStream {
    /// A stream of this speaker, from a pseudo-terminal or from a pipe.
    pub(super) fn new(log_source: usize, terminal: bool, limits: Limits) -> Self {
        let newlines = terminal.then(Newlines::default);
        Self { log_source, lines: LineSplitter::new(limits), newlines, translated: Vec::new() }
    }

    /// The instance it belongs to.
    pub(super) fn log_source(&self) -> usize {
        self.log_source
    }

    /// Whether a line has begun that has not ended.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.lines.rest().is_empty()
    }
}

/// Joins all streams in one batch.
pub(super) struct Mux {
    sink: Box<dyn Sink>,
    quiet: bool,
    history: Option<History>,
    /// The matchers of awaited lines: mostly none, and then this is one comparison for each run of lines.
    ears: Vec<LineMatcher>,
    now: Timestamp,
    /// What is to be written next. The caller takes it out and puts an empty one in.
    pub(super) batch: Batch,
    log_sources: Vec<InstanceName>,
    audience: LineFilter,
}

/// Decides which instances' lines are shown.
pub type LineChoice = Box<dyn Fn(&InstanceName) -> bool>;

/// Which lines are shown.
#[derive(Default)]
struct LineFilter {
    /// Those of the sources that it accepts; all without it.
    only: Option<LineChoice>,
    /// The answer for each source, so that it is not computed for each line; empty means all.
    shown: Vec<bool>,
    /// While one instance has the screen: what it shows there, and the lines that were kept away.
    held: Option<HeldLine>,
}

/// What gathers while lines are kept away.
#[derive(Default)]
struct HeldLine {
    shown: Batch,
    missed: u64,
}

impl LineFilter {
    fn hears(&self, log_source: usize) -> bool {
        self.held.is_none() && self.shown.get(log_source).copied().unwrap_or(true)
    }

    /// Lines that are not shown; how many they are.
    fn miss(&mut self, lines: &[u8]) -> usize {
        let count = ends(lines).count();
        if let Some(held) = &mut self.held {
            held.missed += count as u64;
        }
        count
    }
}

/// Notices that gather while lines are kept away, in bytes: they are shown afterwards.
const KEPT: usize = 64 << 10;

impl Mux {
    /// A mux that writes as `sink` says, with `quiet` without chatter, and keeps what was said in `history`.
    pub(super) fn new(sink: Box<dyn Sink>, quiet: bool, history: Option<History>) -> Self {
        let (batch, log_sources) = (Batch::default(), Vec::new());
        let (ears, audience) = (Vec::new(), LineFilter::default());
        Self { sink, quiet, history, ears, now: Timestamp::MIN, batch, log_sources, audience }
    }

    /// The same with these sources, to choose from.
    pub(super) fn with_log_sources(mut self, log_sources: impl Iterator<Item = InstanceName>) -> Self {
        self.log_sources = log_sources.collect();
        self
    }

    /// The moment of what follows.
    pub(super) fn at(&mut self, now: Timestamp) {
        // A chunk is taken in several steps: its moment is formatted once.
        if self.now != now {
            self.now = now;
            self.sink.at(now);
        }
    }

    /// Takes some of `chunk` and says how much (all of it in a few steps; the caller looks at the size of
    /// the batch between them), and what became of it. With `swaps` the history does not copy whole lines of the chunk,
    /// since it will get the chunk itself: [`Mux::exchange`].
    pub(super) fn step(&mut self, stream: &mut MuxStream, chunk: &[u8], swaps: bool) -> MuxStep {
        // The end of a line that has begun in an earlier chunk is copied, and so is what was translated.
        let swaps = swaps && stream.newlines.is_none() && !stream.is_unfinished();
        let (mut ended, mut swapped) = (false, 0);
        let mut emit = |run: &[u8]| {
            ended = true;
            let count = self.tell(stream.log_source, run);
            // A piece of a line that was cut is no line of the chunk.
            if swaps && run.ends_with(b"\n") {
                swapped += count;
            } else {
                self.remember(stream.log_source, run, count);
            }
        };
        let taken = if let Some(newlines) = &mut stream.newlines {
            // A terminal gives 4 KiB at a time: no need to bound the step.
            stream.translated.clear();
            newlines.translate(chunk, &mut stream.translated);
            let mut rest = stream.translated.as_slice();
            while !rest.is_empty() {
                rest = &rest[stream.lines.step(rest, &mut emit)..];
            }
            chunk.len()
        } else {
            stream.lines.step(chunk, &mut emit)
        };
        if taken == chunk.len() && self.sink.is_open(stream.log_source) {
            self.show_unfinished(stream);
        }
        MuxStep { taken, ended, swapped }
    }

    /// Passes whole lines on to all but the history; returns their number.
    fn tell(&mut self, log_source: usize, lines: &[u8]) -> usize {
        self.ears.retain_mut(|matcher| !matcher.hear(log_source, lines));
        if self.audience.hears(log_source) {
            self.sink.rows(log_source, lines, &mut self.batch)
        } else {
            self.audience.miss(lines)
        }
    }

    fn remember(&mut self, log_source: usize, lines: &[u8], count: usize) {
        if let Some(history) = &mut self.history {
            history.push(log_source, self.now, lines, count);
        }
    }

    /// Gives the history the lines that were lent, with the memory that they stand in; there is other memory in its
    /// place then.
    pub(super) fn exchange(&mut self, log_source: usize, memory: &mut Box<[u8]>, swapped: Part) {
        if let Some(history) = &mut self.history {
            history.exchange(log_source, self.now, memory, swapped);
        }
    }

    /// Whether this stream has something that could be shown now.
    pub(super) fn has_unfinished(&self, stream: &MuxStream) -> bool {
        self.sink.shows_unfinished() && stream.is_unfinished() && self.audience.hears(stream.log_source)
    }

    /// Shows an unfinished line as it is. CRs at its end wait: what follows says whether they go back to
    /// the first column or belong to the newline.
    pub(super) fn show_unfinished(&mut self, stream: &mut MuxStream) {
        if !self.audience.hears(stream.log_source) {
            return;
        }
        let returns = stream.lines.rest().iter().rev().take_while(|byte| **byte == b'\r').count();
        let Self { sink, history, ears, now, batch, .. } = self;
        stream.lines.take(returns, &mut |text| {
            sink.unfinished(stream.log_source, text, batch);
            ears.retain_mut(|matcher| !matcher.hear(stream.log_source, text));
            // In the history the shown part is a line of its own.
            if let Some(history) = history {
                history.push(stream.log_source, *now, text, 1);
            }
        });
    }

    /// What the stream has said is all for now: an unfinished line becomes a row.
    pub(super) fn end(&mut self, stream: &mut MuxStream) {
        let mut emit = |run: &[u8]| {
            let count = self.tell(stream.log_source, run);
            self.remember(stream.log_source, run, count);
        };
        if let Some(held) = stream.newlines.as_mut().map(Newlines::end).filter(|held| !held.is_empty()) {
            stream.lines.step(held, &mut emit);
        }
        stream.lines.take(0, &mut emit);
        self.sink.close(stream.log_source, &mut self.batch);
    }

    /// A line of ganger's own.
    pub(super) fn notice(&mut self, notice: &Notice, now: Timestamp) {
        if !(self.quiet && notice.is_chatter()) {
            self.at(now);
            if self.audience.held.is_some() && self.batch.len() > KEPT {
                self.batch.clear();
            }
            self.sink.notice(notice, &mut self.batch);
        }
    }

    /// A line is awaited from now on; replaces the matcher of the same source.
    pub(super) fn listen(&mut self, matcher: LineMatcher) {
        self.ears.retain(|other| other.log_source() != matcher.log_source());
        self.ears.push(matcher);
    }

    /// Shows only the sources that `only` accepts, all without it; returns their number.
    pub(super) fn only(&mut self, only: Option<LineChoice>) -> usize {
        self.audience.shown =
            only.as_ref().map_or_else(Vec::new, |only| self.log_sources.iter().map(only).collect());
        self.audience.only = only;
        (0..self.log_sources.len()).filter(|log_source| self.audience.hears(*log_source)).count()
    }

    /// Keeps lines away from now on.
    pub(super) fn hold(&mut self) {
        self.audience.held.get_or_insert_default();
    }

    /// Shows bytes as they are, while lines are kept away.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        if let Some(held) = &mut self.audience.held {
            held.shown.extend_from_slice(bytes);
        }
    }

    /// Lets lines come again; how many were kept away.
    pub(super) fn release(&mut self) -> u64 {
        self.audience.held.take().map_or(0, |held| held.missed)
    }

    /// What is to be written now.
    pub(super) fn outgoing(&mut self) -> &mut Batch {
        self.audience.held.as_mut().map_or(&mut self.batch, |held| &mut held.shown)
    }

    /// What was said lately.
    pub(super) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// One more source; its index is the next.
    pub(super) fn add(&mut self, log_source: LogSource) {
        if let Some(only) = &self.audience.only {
            self.audience.shown.push(only(&log_source.name));
        }
        self.log_sources.push(log_source.name.clone());
        self.sink.add(log_source);
    }

    /// The name of a speaker.
    pub(super) fn log_source(&self, index: usize) -> Option<InstanceName> {
        self.log_sources.get(index).cloned()
    }

    /// Columns of a screen that stand before the text.
    pub(super) fn width(&self, now: Timestamp) -> usize {
        self.sink.width(now)
    }
}

/// What [`Mux::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MuxStep {
    /// Bytes of the chunk that were taken.
    pub taken: usize,
    /// Whether a line ended in them.
    pub ended: bool,
    /// Lines that the bytes are and that the history has not got yet.
    pub swapped: usize,
}

#[cfg(test)]
#[path = "mux_tests.rs"]
mod tests;
