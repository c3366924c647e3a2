//! Finds out when instances are ready, and when their files have changed.

mod burst;
pub(super) mod file_watch;
pub(super) mod probes;
