//! The history of a running stack, for its readers.

use std::rc::Rc;

use super::history::History;
use super::shared::Shared;

/// The history of an `Output`, to be read and waited for. It may outlive the output.
#[derive(Clone)]
pub struct Log {
    pub(super) shared: Rc<Shared>,
}

impl Log {
    /// Looks at the history, if one is kept.
    pub fn with_history<T>(&self, look: impl FnOnce(&History) -> T) -> Option<T> {
        self.shared.with_mux(|mux| mux.history().map(look))
    }

    /// Wakes all waiters in [`Log::grown`].
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// Waits until something may have come to the history since the last look: there must be no other wait
    /// between that look and this one.
    pub async fn grown(&self) {
        self.shared.grown().await;
    }
}
