//! The state of the stack, as `ps` shows it and as its record has it, and the instances that a name in a request selects.

pub(super) mod lifecycle;
pub(super) mod report;
pub(super) mod run_end;
pub(super) mod selector;
