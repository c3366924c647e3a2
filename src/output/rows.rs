//! The pure part of the path of a byte.

use jiff::Timestamp;

use super::batch::Batch;
use super::history::History;
use super::lines::Limits;
use super::mux::Mux;
use super::mux_stream::MuxStream;
use super::options::{OutputOptions, RowFormat};
use super::prefix::{LogSource, Prefixes};
use super::sink::{Json, Sink, TerminalSink, TextSink};
use crate::notice::Notice;

/// The mux that these options describe.
pub(super) fn mux(options: OutputOptions) -> Mux {
    let OutputOptions { format, color, terminal, quiet, raw, log_sources, history, .. } = options;
    let names: Vec<_> = log_sources.iter().map(|log_source| log_source.name.clone()).collect();
    let sink: Box<dyn Sink> = match format {
        RowFormat::Json => Box::new(Json::new(log_sources)),
        RowFormat::Text { prefix, timestamps } => {
            let prefixes = Prefixes::new(log_sources, prefix, color, timestamps);
            if terminal { Box::new(TerminalSink::new(prefixes)) } else { Box::new(TextSink::new(prefixes)) }
        }
    };
    Mux::new(sink, quiet, history.map(History::new)).with_log_sources(names.into_iter()).raw(raw)
}

/// The pure part of the path, bytes in, bytes out: for benches, and for clients that have lines but no streams.
pub struct Rows {
    mux: Mux,
    streams: Vec<MuxStream>,
}

impl Rows {
    /// Nothing has come yet.
    pub fn new(options: OutputOptions) -> Self {
        let streams =
            (0..options.log_sources.len()).map(|index| MuxStream::new(index, false, Limits::OUTPUT));
        Self { streams: streams.collect(), mux: mux(options) }
    }

    /// The terminal that they are for has so many columns, as far as that is known.
    pub fn resize(&mut self, columns: Option<usize>) {
        self.mux.resize(columns);
    }

    /// Makes rows of a chunk of this source, read at `now`, and gives the batch that they were added to.
    /// A source that is not there has no rows.
    pub fn chunk(&mut self, log_source: usize, now: Timestamp, mut chunk: &[u8]) -> &mut Batch {
        self.mux.at(now);
        if let Some(stream) = self.streams.get_mut(log_source) {
            while !chunk.is_empty() {
                chunk = &chunk[self.mux.step(stream, chunk, false).taken..];
            }
        }
        &mut self.mux.batch
    }

    /// Makes a row of a line of ganger's own, and gives the batch that it was added to.
    pub fn notice(&mut self, notice: &Notice, now: Timestamp) -> &mut Batch {
        self.mux.notice(notice, now);
        &mut self.mux.batch
    }

    /// One more source; its index is the next.
    pub fn add(&mut self, log_source: LogSource) {
        self.streams.push(MuxStream::new(self.streams.len(), false, Limits::OUTPUT));
        self.mux.add(log_source);
    }
}
