//! What a new plan for a stack that runs already has to respect.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::name::TypeName;

/// A running stack, as far as it matters for its next plan.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// The counts set by `scale` by now, whatever files and flags say.
    pub counts: IndexMap<TypeName, u32>,
    /// The types that there were. Flags may still name one that is gone: that is no slip of the finger.
    pub known: Vec<TypeName>,
    /// Where its ports begin: they stay there unless another base is named.
    pub base: Option<u16>,
    /// From one type's ports to the next one's, if no port may move; else it is chosen anew.
    pub step: Option<u16>,
    /// The ports of its own instances: that they are in use is no news.
    pub held: HashSet<u16>,
}

impl Running {
    /// Whether there was a type of this name.
    pub(super) fn knew(&self, name: &str) -> bool {
        self.known.iter().any(|known| known.as_str() == name)
    }
}
