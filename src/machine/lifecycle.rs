//! What becomes of an instance: for hooks, and for clients that follow the stack.

use std::sync::Arc;

use crate::plan::spec::{Hook, Hooks};

/// What has become of an instance. The rest is known of the instance itself: see [`Instance`](super::instance::Instance).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Its process was made.
    Started,
    /// It is ready.
    Ready {
        /// Where it serves, if it serves a port.
        url: Option<String>,
    },
    /// Its own process has exited.
    Exited {
        /// Whether that is a failure that no request and no stop of the stack explains.
        is_failure: bool,
    },
    /// Its process could not be made.
    CannotStart,
}

impl Lifecycle {
    /// The hook that it runs, and the command of that hook; `None` if there is none.
    pub fn hook<'a>(&self, hooks: &'a Hooks) -> Option<(Hook, &'a Arc<str>)> {
        let hook = match self {
            Self::Ready { .. } => Hook::OnReady,
            Self::Exited { is_failure: true } | Self::CannotStart => Hook::OnCrash,
            Self::Started | Self::Exited { is_failure: false } => return None,
        };
        hooks.command(hook).map(|command| (hook, command))
    }
}
