//! What is typed into `ganger start`.

pub(crate) mod attach;
pub(crate) mod command;
pub(crate) mod reader;
