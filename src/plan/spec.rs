//! What is to run: the plan's instances, each with all that its start needs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::entries::EnvEntries;
pub(crate) use crate::config::{Hook, Hooks, Observation, OutsideCheck, Probe, ProbeKind, ProbePort};
pub use crate::config::{RestartPolicy, ServicePolicy};
use crate::name::{InstanceName, TypeName};
use crate::signal::{Reach, Signal};

/// One instance, ready to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `web.1`.
    pub name: InstanceName,
    /// The Procfile's text after the colon, untouched.
    pub command: Arc<str>,
    /// Where the command stands, for display: `Procfile:3`.
    pub place: Arc<str>,
    /// Its whole environment.
    pub environment: Environment,
    /// What PORT is set to; `None` with `--no-port`.
    pub port: Option<u16>,
    /// What asks it to end.
    pub stop_signal: Signal,
    /// Which of its processes that goes to first.
    pub stop_to: Reach,
    /// How long it has between that and SIGKILL.
    pub grace: Duration,
    /// Whether its ending with status 0 is what it is for (a `release` line), not an end of the stack.
    pub once: bool,
    /// The types that must be ready, or have ended with status 0 if they are one-shots, before this
    /// one starts. One of which nothing runs is not waited for.
    pub after: Arc<[TypeName]>,
    /// How it is looked after.
    pub service: ServicePolicy,
}

/// Variables that many instances share: names and values as bytes (an environment need not be UTF-8).
pub type Variables = Arc<[(Vec<u8>, Vec<u8>)]>;

/// The variables of one instance. What all share is held once: a thousand instances cost a thousand
/// PORTs, not a thousand environments.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Shared by all instances; holds none of the names in `own`.
    pub shared: Variables,
    /// PORT, PS and the like.
    pub own: EnvEntries,
}

impl Environment {
    /// Every variable, name and value as bytes (an environment need not be UTF-8).
    pub fn variables(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let shared = self.shared.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        shared.chain(self.own.variables())
    }

    /// Sets this variable, whatever it was.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        if self.shared.iter().any(|(known, _)| known == name) {
            self.shared = self.shared.iter().filter(|(known, _)| known != name).cloned().collect();
        }
        let others = self.own.variables().filter(|(known, _)| *known != name);
        self.own = others.chain([(name, value)]).collect();
    }

    /// The value of `name`.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl fmt::Debug for Environment {
    /// The names only: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables().map(|(name, _)| String::from_utf8_lossy(name))).finish()
    }
}

/// What ends the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExitOn {
    /// The end of any instance.
    #[default]
    Any,
    /// The end of any instance with a status other than 0.
    Failure,
    /// Nothing but the end of all.
    Never,
    /// The end of any instance of this type.
    Type(TypeName),
}

/// What decides when the stack ends and with which status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What ends the stack.
    pub exit_on: ExitOn,
    /// The type that decides the exit status of ganger; `None`: the instance that ended the stack.
    pub exit_code_from: Option<TypeName>,
    /// Whether a type has the stop signal only when all types that came `after` it have ended.
    pub ordered_stop: bool,
    /// A random number of this run, for all that must not happen at the same moment everywhere.
    pub seed: u64,
}
