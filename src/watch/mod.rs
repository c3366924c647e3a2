//! Files that change: which of them matter, and hearing of it. Nothing here decides what follows.
//!
//! By inotify(7) through nix, without a thread and without a crate of its own
//! (docs/design/0016-watching-files.md).

pub mod ignored;
pub mod patterns;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(not(target_os = "linux"))]
#[path = "tree_other.rs"]
mod tree;

pub use tree::Tree;

/// The changes that were reported at once.
#[derive(Debug, Default)]
pub struct WatchEvents {
    /// Files that changed, came or went, relative to the root.
    pub paths: Vec<String>,
    /// Whether the kernel had more to tell than it could keep: anything may have changed.
    pub is_overflown: bool,
}
