//! The console: lines that are typed into `ganger start`, and the terminal while an instance is attached to it.

mod attach;
mod command;
mod completion;
mod editor;
mod history;
mod input;
pub(super) mod reader;
