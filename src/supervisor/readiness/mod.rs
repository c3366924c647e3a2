//! Finding out that instances are ready, and that files changed.

pub(crate) mod burst;
pub(crate) mod file_watch;
pub(crate) mod probes;
