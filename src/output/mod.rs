//! One stream of whole lines out of many: the path of a byte from a child to standard output.
//!
//! A reader task for each stream, one mux that makes rows, and what writes them. Bytes never
//! go through the machine. docs/design/0003-the-path-of-a-byte.md has the figures and the roads not taken.

mod batch;
mod columns;
pub(crate) mod console_handle;
mod descriptor;
mod drawing;
pub(crate) mod history;
mod input_line;
mod line_filter;
mod line_matcher;
mod lines;
mod log;
mod log_files;
mod mux;
mod mux_stream;
mod mux_view;
mod options;
mod palette;
mod password;
mod pipe;
mod prefix;
mod reader;
mod reader_control;
mod room;
mod rows;
pub(crate) mod screen;
mod shared;
mod sink;
mod stack_output;
mod stdout_sink;
pub(crate) mod thread;
mod writer;

pub(crate) use log::Log;
pub(crate) use log_files::LogFileOptions;
pub use options::{Bounds, OutputOptions, RowFormat};
pub use prefix::{LogSource, TimestampFormat};
pub use rows::Rows;
pub(crate) use stack_output::FinishResult;
pub use stack_output::{Output, StreamSource};
