//! The state of the stack, as `ps` shows it.

pub(crate) mod report;
pub(crate) mod selector;
