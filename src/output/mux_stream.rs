//! One stream between its chunks: the line that has not ended, and what is drawn.

use super::drawing::Drawing;
use super::lines::{Limits, LineSplitter, Newlines};

/// One stream of one source, between its chunks.
#[derive(Debug)]
pub(super) struct MuxStream {
    pub(super) log_source: usize,
    pub(super) lines: LineSplitter,
    pub(super) newlines: Option<Newlines>,
    /// A chunk of a terminal, its newlines translated.
    pub(super) translated: Vec<u8>,
    /// What was shown of the unfinished line of plain text, up to a limit.
    pub(super) shown: Vec<u8>,
    /// Made with the first chunk that may be drawn: a stream that only passes has none.
    pub(super) drawing: Option<Box<Drawing>>,
}

impl MuxStream {
    /// A stream of this source, from a pseudo-terminal or from a pipe.
    pub(super) fn new(log_source: usize, terminal: bool, limits: Limits) -> Self {
        Self {
            log_source,
            lines: LineSplitter::new(limits),
            newlines: terminal.then(Newlines::default),
            translated: Vec::new(),
            shown: Vec::new(),
            drawing: None,
        }
    }

    /// What the program draws.
    pub(super) fn drawing(&mut self) -> &mut Drawing {
        self.drawing.get_or_insert_default()
    }

    /// Answers to what the program has asked its terminal.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        self.drawing.as_mut().map(|drawing| drawing.take_answers()).unwrap_or_default()
    }

    /// The instance it belongs to.
    pub(super) fn log_source(&self) -> usize {
        self.log_source
    }

    /// Whether a line has begun that has not ended.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.lines.rest().is_empty() || self.drawing.as_ref().is_some_and(|drawing| drawing.is_news())
    }

    /// Whether what was shown of the unfinished line is a question, as in `Continue? [y/N] `.
    pub(super) fn is_question(&self) -> bool {
        let text = self.shown.trim_ascii_end();
        let text = text.strip_suffix(b":").unwrap_or(text);
        let choices = text.ends_with(b"]") || text.ends_with(b")");
        let start = text.iter().rposition(|byte| matches!(byte, b'[' | b'(')).filter(|_| choices);
        text[..start.unwrap_or(text.len())].trim_ascii_end().ends_with(b"?")
    }

    /// Whether a drawing was shown already, and is only to be shown again now and then.
    pub(super) fn is_moving(&self) -> bool {
        self.drawing.as_ref().is_some_and(|drawing| drawing.is_moving() && !drawing.is_idle())
    }
}

/// What one step of the mux did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MuxStep {
    /// Bytes of the chunk that were taken.
    pub taken: usize,
    /// Whether a line ended in them.
    pub ended: bool,
    /// Lines that the bytes are and that the history has not got yet.
    pub swapped: usize,
}
