//! Finds out when instances are ready, and when their files have changed.

mod burst;
pub(super) mod file_watch;
mod http_probe;
mod interval;
pub(super) mod probes;
mod self_writers;
