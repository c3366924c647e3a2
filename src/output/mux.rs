//! From chunks of many streams to one batch of rows. Pure: bytes in, bytes out, the time an argument.

use jiff::Timestamp;
use memchr::{memchr, memrchr};

use super::batch::Batch;
use super::drawing::DrawnRow;
use super::history::{History, Part};
use super::input_line::InputLine;
use super::line_filter::LineFilter;
use super::line_matcher::LineMatcher;
use super::log_files::FileRows;
use super::mux_stream::{MuxStep, MuxStream};
use super::prefix::LogSource;
use super::sink::Sink;
use crate::escapes::plain_length;
use crate::name::InstanceName;
use crate::notice::Notice;

/// Joins all streams in one batch.
pub(super) struct Mux {
    pub(super) sink: Box<dyn Sink>,
    quiet: bool,
    /// Whether terminal controls pass.
    is_raw: bool,
    pub(super) history: Option<History>,
    /// The matchers of awaited lines: mostly none, and then this is one comparison for each run of lines.
    matchers: Vec<LineMatcher>,
    pub(super) now: Timestamp,
    /// What is to be written next. The caller takes it out and puts an empty one in.
    pub(super) batch: Batch,
    pub(super) log_sources: Vec<InstanceName>,
    pub(super) filter: LineFilter,
    /// The rows for the file of each instance, if such are written.
    pub(super) files: Option<FileRows>,
    pub(super) input_line: InputLine,
}

/// Bytes of an unfinished line that are remembered when they are shown: a program that then moves back in them edits them.
const EDITABLE: usize = 4096;
/// Bytes that one step takes of a chunk of a pipe that is shown on a terminal: it bounds what is added to the batch.
const STEP: usize = 16 << 10;

/// Notices that gather while lines are kept away, in bytes: they are shown afterwards.
const KEPT: usize = 64 << 10;

impl Mux {
    /// A mux that writes through `sink`, with `quiet` without expected notices, and keeps lines in `history`.
    pub(super) fn new(sink: Box<dyn Sink>, quiet: bool, history: Option<History>) -> Self {
        let (batch, log_sources) = (Batch::default(), Vec::new());
        let (matchers, filter) = (Vec::new(), LineFilter::default());
        let (input_line, files, is_raw) = (InputLine::default(), None, false);
        Self {
            sink,
            quiet,
            is_raw,
            history,
            matchers,
            now: Timestamp::MIN,
            batch,
            log_sources,
            filter,
            files,
            input_line,
        }
    }

    /// The same with these sources, to choose from.
    pub(super) fn with_log_sources(mut self, log_sources: impl Iterator<Item = InstanceName>) -> Self {
        self.log_sources = log_sources.collect();
        self
    }

    /// The same, with `is_raw` without a look at terminal controls.
    pub(super) fn raw(self, is_raw: bool) -> Self {
        Self { is_raw, ..self }
    }

    /// The moment of what follows.
    pub(super) fn at(&mut self, now: Timestamp) {
        // A chunk is taken in several steps: its moment is formatted once.
        if self.now != now {
            self.now = now;
            self.sink.at(now);
            if let Some(files) = &mut self.files {
                files.at(now);
            }
        }
    }

    /// From now on rows are also made for files.
    pub(super) fn make_file_rows(&mut self) {
        let mut files = FileRows::default();
        self.log_sources.iter().for_each(|name| files.add(name.clone()));
        self.files = Some(files);
    }

    /// Takes some of `chunk` and returns how much (all of it in a few steps; the caller looks at the size of
    /// the batch between them), and what became of it. With `swaps` the history does not copy whole lines of the chunk,
    /// since it will get the chunk itself: [`Mux::exchange`].
    pub(super) fn step(&mut self, stream: &mut MuxStream, chunk: &[u8], swaps: bool) -> MuxStep {
        if stream.newlines.is_some() || self.sink.shows_unfinished() {
            return self.step_drawn(stream, chunk);
        }
        // The end of a line that has begun in an earlier chunk is copied.
        let swaps = swaps && !stream.is_unfinished();
        let (mut ended, mut swapped) = (false, 0);
        let taken = stream.lines.step(chunk, &mut |run| {
            ended = true;
            let count = self.tell(stream.log_source, run);
            // A piece of a line that was cut is no line of the chunk.
            if swaps && run.ends_with(b"\n") {
                swapped += count;
            } else {
                self.remember(stream.log_source, run, count);
            }
        });
        MuxStep { taken, ended, swapped }
    }

    /// The same for a stream of a terminal, or for one that is shown on a terminal.
    fn step_drawn(&mut self, stream: &mut MuxStream, chunk: &[u8]) -> MuxStep {
        let mut translated = std::mem::take(&mut stream.translated);
        stream.drawing().at(self.now);
        let (text, taken) = match &mut stream.newlines {
            // A terminal gives 4 KiB at a time: no need to bound the step.
            Some(newlines) => {
                translated.clear();
                newlines.translate(chunk, &mut translated);
                (translated.as_slice(), chunk.len())
            }
            None => (&chunk[..chunk.len().min(STEP)], chunk.len().min(STEP)),
        };
        let (mut rest, mut ended) = (text, false);
        while !rest.is_empty() {
            rest = &rest[self.step_rows(stream, rest, &mut ended)..];
        }
        stream.translated = translated;
        if taken == chunk.len() && self.sink.is_open(stream.log_source) {
            self.show_row(stream);
        }
        MuxStep { taken, ended, swapped: 0 }
    }

    /// Takes plain rows as they are, or goes on with what is drawn; how much of the text that was.
    fn step_rows(&mut self, stream: &mut MuxStream, text: &[u8], ended: &mut bool) -> usize {
        if !stream.drawing().is_idle() {
            return self.draw(stream, text, ended);
        }
        let mut plain = if self.is_raw { text.len() } else { plain_length(text) };
        if plain < text.len() {
            plain = memrchr(b'\n', &text[..plain]).map_or(0, |end| end + 1);
        }
        if plain == 0 {
            let is_shown = !stream.shown.is_empty() && stream.lines.rest().is_empty();
            let mut begun = std::mem::take(&mut stream.shown);
            stream.lines.take(&mut |rest| begun.extend_from_slice(rest));
            stream.drawing().begin(&begun, is_shown);
            return self.draw(stream, text, ended);
        }
        let MuxStream { drawing, lines, log_source, shown, .. } = stream;
        if memchr(b'\n', &text[..plain]).is_some() {
            shown.clear();
        }
        let is_begun = !lines.rest().is_empty() || self.sink.is_open(*log_source);
        let mut rest = &text[..plain];
        if !self.is_raw {
            let drawing = drawing.get_or_insert_default();
            rest = drawing.pass(rest, is_begun, &mut |row| self.emit_drawn(*log_source, row));
        }
        while !rest.is_empty() {
            let taken = lines.step(rest, &mut |run| {
                *ended = true;
                let count = self.tell(*log_source, run);
                self.remember(*log_source, run, count);
            });
            rest = &rest[taken..];
        }
        plain
    }

    fn draw(&mut self, stream: &mut MuxStream, text: &[u8], ended: &mut bool) -> usize {
        let MuxStream { drawing, log_source, .. } = stream;
        drawing.get_or_insert_default().take(text, &mut |row| {
            *ended = true;
            self.emit_drawn(*log_source, row);
        })
    }

    /// Passes a row on that was drawn.
    fn emit_drawn(&mut self, log_source: usize, row: DrawnRow<'_>) {
        self.matchers.retain_mut(|matcher| !matcher.matches(log_source, row.text));
        if let Some(files) = &mut self.files {
            files.add_drawn(log_source, row.text);
        }
        if !self.filter.shows(log_source) {
            self.filter.miss(log_source, row.text);
        } else if row.is_shown {
            self.sink.close(log_source, &mut self.batch);
        } else {
            self.sink.redrawn(log_source, row.text, &mut self.batch);
        }
        self.remember(log_source, row.text, 1);
    }

    /// Passes whole lines on to all but the history; returns their number.
    fn tell(&mut self, log_source: usize, lines: &[u8]) -> usize {
        self.matchers.retain_mut(|matcher| !matcher.matches(log_source, lines));
        if let Some(files) = &mut self.files {
            files.add_lines(log_source, lines);
        }
        if self.filter.shows(log_source) {
            self.sink.rows(log_source, lines, &mut self.batch)
        } else {
            self.filter.miss(log_source, lines)
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
        self.sink.shows_unfinished() && stream.is_unfinished() && self.filter.shows(stream.log_source)
    }

    /// Shows what is unfinished, and what was drawn anew above it.
    pub(super) fn show_unfinished(&mut self, stream: &mut MuxStream) {
        if self.filter.shows(stream.log_source) {
            let MuxStream { drawing, log_source, .. } = stream;
            if let Some(drawing) = drawing {
                drawing.release_blank(&mut |row| self.emit_drawn(*log_source, row));
                drawing.settle(&mut |row| self.emit_drawn(*log_source, row));
            }
            self.show_row(stream);
        }
    }

    /// Shows the unfinished line: its next piece if it only grows, all of it if it is drawn.
    fn show_row(&mut self, stream: &mut MuxStream) {
        let Self { sink, history, matchers, now, batch, filter, files, .. } = self;
        let MuxStream { drawing, lines, log_source, shown, .. } = stream;
        if !filter.shows(*log_source) {
            return;
        }
        if let Some(row) = drawing.as_mut().and_then(|drawing| drawing.show(sink.text_columns())) {
            sink.redraw(*log_source, &row, batch);
            matchers.retain_mut(|matcher| !matcher.matches(*log_source, &row));
        }
        lines.take(&mut |text| {
            sink.unfinished(*log_source, text, batch);
            matchers.retain_mut(|matcher| !matcher.matches(*log_source, text));
            shown.extend_from_slice(&text[..text.len().min(EDITABLE.saturating_sub(shown.len()))]);
            if let Some(files) = files {
                files.begin_line(*log_source, text);
            }
            // In the history the shown part is a line of its own.
            if let Some(history) = history {
                history.push(*log_source, *now, text, 1);
            }
        });
    }

    /// Nothing more comes of the stream for now: an unfinished line becomes a row.
    pub(super) fn end(&mut self, stream: &mut MuxStream) {
        let mut emit = |run: &[u8]| {
            let count = self.tell(stream.log_source, run);
            self.remember(stream.log_source, run, count);
        };
        stream.lines.take(&mut emit);
        stream.shown.clear();
        let MuxStream { drawing, log_source, .. } = stream;
        if let Some(drawing) = drawing {
            drawing.end(&mut |row| self.emit_drawn(*log_source, row));
        }
        if let Some(files) = &mut self.files {
            files.end(*log_source);
        }
        self.sink.close(stream.log_source, &mut self.batch);
    }

    /// A line of ganger's own.
    pub(super) fn notice(&mut self, notice: &Notice, now: Timestamp) {
        if !(self.quiet && notice.is_chatter()) {
            self.at(now);
            if self.filter.held.is_some() && self.batch.len() > KEPT {
                self.batch.clear();
            }
            self.sink.notice(notice, &mut self.batch);
        }
    }

    /// A line is awaited from now on; replaces the matcher of the same source.
    pub(super) fn listen(&mut self, matcher: LineMatcher) {
        self.matchers.retain(|other| other.log_source() != matcher.log_source());
        self.matchers.push(matcher);
    }

    /// The latest lines.
    pub(super) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// One more source; its index is the next.
    pub(super) fn add(&mut self, log_source: LogSource) {
        if let Some(only) = &self.filter.only {
            self.filter.shown.push(only(&log_source.name));
        }
        self.log_sources.push(log_source.name.clone());
        if let Some(files) = &mut self.files {
            files.add(log_source.name.clone());
        }
        self.sink.add(log_source);
    }

    /// The name of a source.
    pub(super) fn log_source(&self, index: usize) -> Option<InstanceName> {
        self.log_sources.get(index).cloned()
    }

    /// The index of a source.
    pub(super) fn index_of(&self, name: &InstanceName) -> Option<usize> {
        self.log_sources.iter().position(|other| other == name)
    }

    /// The terminal on standard output has so many columns from now on; nothing is wrapped with `is_raw`.
    pub(super) fn resize(&mut self, columns: Option<usize>) {
        self.sink.resize(columns.filter(|_| !self.is_raw), &mut self.batch);
    }

    /// Columns of a screen that stand before the text.
    pub(super) fn width(&self, now: Timestamp) -> usize {
        self.sink.width(now)
    }
}

#[cfg(test)]
#[path = "mux_tests.rs"]
mod tests;
