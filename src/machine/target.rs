//! Whose processes: an instance's, or nobody's.

/// Of whom something is said or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The instance with this index, which is its own for as long as the stack runs: whoever leaves and comes
    /// back has the index that it had.
    Instance(usize),
    /// Every process of ours that belongs to no instance: a daemon that wiped its environment, say.
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

/// How many processes a look saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessCounts {
    /// Of each instance, by its index. One that came after the look is not in it.
    pub instances: Vec<usize>,
    /// Of no instance.
    pub orphans: usize,
}
