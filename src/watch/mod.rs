//! Files that change: which of them matter, and hearing of it. Nothing here decides what follows.
//!
//! By inotify(7) through nix, without a thread and without a crate of its own
//! (docs/design/0016-watching-files.md).

mod events;
#[cfg(any(test, target_os = "linux"))]
pub(crate) mod ignored;
pub(crate) mod patterns;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(not(target_os = "linux"))]
#[path = "tree_other.rs"]
mod tree;

pub(crate) use events::WatchEvents;
pub(crate) use tree::Tree;
