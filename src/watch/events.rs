//! What a watch reports.

/// The changes that were reported at once.
#[derive(Debug, Default)]
pub(crate) struct WatchEvents {
    /// Files that changed, came or went, relative to the root.
    pub paths: Vec<String>,
    /// Whether the kernel had more to tell than it could keep: anything may have changed.
    pub is_overflown: bool,
}
