//! The processes that an action is about: those of an instance, or those of none.

/// An instance, or all processes that belong to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The instance with this index, which never changes: an instance that leaves and is added again has the index that it had.
    Instance(usize),
    /// Every process below ganger that belongs to no instance: for example, a daemon that wiped its environment.
    Orphans,
}

impl Target {
    /// The index, if it is an instance.
    pub fn instance(self) -> Option<usize> {
        match self {
            Self::Instance(index) => Some(index),
            Self::Orphans => None,
        }
    }
}

/// How many processes a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessCounts {
    /// Of each instance, by its index. Instances that were added after the scan are not in it.
    pub instances: Vec<usize>,
    /// Of no instance.
    pub orphans: usize,
}
