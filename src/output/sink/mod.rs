//! What rows look like: one implementation for each kind of reader.

mod json;
mod row_sink;
mod terminal;
mod text;
mod wrap;

pub(super) use json::Json;
pub(super) use row_sink::Sink;
pub(super) use terminal::TerminalSink;
pub(super) use text::TextSink;
