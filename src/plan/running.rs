//! What a new plan for a stack that runs already has to respect.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::environment;
use super::spec::{Environment, Spec};
use super::{Plan, PlannedType};
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

impl Plan {
    /// How many of each type it has, in the order of the Procfile.
    pub fn counts(&self) -> IndexMap<TypeName, u32> {
        self.processes.iter().map(|PlannedType { name, count, .. }| (name.clone(), *count)).collect()
    }

    /// Tells every instance the ports of the types as an instance that runs was told them: for a plan of which
    /// only a part is carried out, so that all others stay where they are.
    pub fn tell_ports_as(&mut self, told: &Environment) {
        let is_port = |(name, _): &&(Vec<u8>, Vec<u8>)| name.starts_with(environment::PORT_OF.as_bytes());
        let others = self.shared.shared.iter().filter(|variable| !is_port(variable));
        let shared = others.chain(told.shared.iter().filter(is_port)).cloned().collect();
        self.share(shared);
    }
}

impl Spec {
    /// The same instance with another PORT, or none.
    #[must_use]
    pub fn with_port(mut self, port: Option<u16>) -> Self {
        self.environment.own = environment::own(&self.name, port);
        self.port = port;
        self
    }

    /// Whether it would be another process than `other`: another command, environment, port or end.
    pub fn differs(&self, other: &Self) -> bool {
        let sorted = |spec: &Self| {
            let mut variables: Vec<_> =
                spec.environment.variables().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            variables.sort_unstable();
            variables
        };
        (&self.command, self.port, self.stop_signal, self.stop_to, self.grace)
            != (&other.command, other.port, other.stop_signal, other.stop_to, other.grace)
            || (self.once, &self.after, &self.care) != (other.once, &other.after, &other.care)
            || sorted(self) != sorted(other)
    }
}
