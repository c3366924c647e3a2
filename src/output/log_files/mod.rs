//! A file for each instance (`--log-dir`): its finished rows, each with its time. [`FileRows`] gathers them, and the one thread of
//! [`FileWriter`] writes them, so that a slow disk holds back the instances through their pipes and not the event loop.

mod options;
mod rows;
mod writer;

pub(crate) use options::LogFileOptions;
pub(super) use rows::FileRows;
pub(super) use writer::FileWriter;
