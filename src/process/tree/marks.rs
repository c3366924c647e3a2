//! The marks of a process: variables of its environment.

use crate::plan::environment::{INSTANCE, RUN};

/// The variable that marks every process of a run; its value is the run's id.
pub(crate) const RUN_MARK: &[u8] = RUN.as_bytes();
/// The variable that tells which instance a process came from.
pub(crate) const INSTANCE_MARK: &[u8] = INSTANCE.as_bytes();

/// The value of `name` in an environment as the kernel shows it: entries that end with a NUL.
pub(crate) fn variable_of<'a>(environment: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    (environment.split(|byte| *byte == 0)).find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
}
