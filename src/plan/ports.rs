//! Which instance gets which PORT.

/// Who listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id, if it could be seen (another user's cannot).
    pub pid: Option<i32>,
    /// Its name, as the kernel has it.
    pub name: Option<String>,
}
