//! How long it is from one probe of an instance to the next.

use std::time::Duration;

/// Before the first probe, and the shortest interval.
pub(super) const SHORTEST: Duration = Duration::from_millis(5);
/// The longest interval where a client or another instance may wait for it.
pub(super) const LONGEST: Duration = Duration::from_millis(250);
/// The longest interval where neither does: a probe may cost a scan of all processes.
pub(super) const LONGEST_UNAWAITED: Duration = Duration::from_secs(1);

/// An eighth of the time since the start: an instance that is ready after 40 ms is found after 45, and one that takes a minute costs four probes
/// a second.
pub(super) fn after(since_start: Duration, longest: Duration) -> Duration {
    (since_start / 8).clamp(SHORTEST, longest)
}
