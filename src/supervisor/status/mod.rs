//! The state of the stack, as `ps` shows it, and the instances that a name in a request selects.

pub(super) mod report;
pub(super) mod selector;
