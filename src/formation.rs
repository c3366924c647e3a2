//! Stub until the reader is merged.

use indexmap::IndexMap;

use crate::name::TypeName;

/// How many of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formation {
    /// Of those not named.
    pub all: Option<u32>,
    /// Of those named.
    pub counts: IndexMap<TypeName, u32>,
}
