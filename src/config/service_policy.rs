//! The service settings of an instance: readiness, restarts, watched files, socket activation.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::probe::Probe;

/// Which exits of an instance are followed by another start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// None.
    #[default]
    Never,
    /// Those with a status that is not 0, or by a signal.
    OnFailure,
    /// All.
    Always,
}

impl RestartPolicy {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Never, Self::OnFailure, Self::Always];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
        }
    }
}

/// When a command of the project's own is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// When an instance has failed.
    OnCrash,
    /// When an instance is ready.
    OnReady,
}

impl Hook {
    /// The setting that has its command.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnCrash => "on-crash",
            Self::OnReady => "on-ready",
        }
    }
}

/// The hooks of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The command of [`Hook::OnCrash`].
    pub on_crash: Option<Arc<str>>,
    /// The command of [`Hook::OnReady`].
    pub on_ready: Option<Arc<str>>,
    /// How long each may run; then it is killed.
    pub limit: Duration,
}

impl Hooks {
    /// How long a hook may run where nothing is set.
    pub(crate) const LIMIT: Duration = Duration::from_secs(30);

    /// The command of this hook, if there is one.
    pub fn command(&self, hook: Hook) -> Option<&Arc<str>> {
        match hook {
            Hook::OnCrash => self.on_crash.as_ref(),
            Hook::OnReady => self.on_ready.as_ref(),
        }
    }
}

/// The service settings of one instance, all layers merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePolicy {
    /// What shows that it is ready.
    pub probe: Probe,
    /// Whether no setting names the probe: it follows from the type's name and command.
    pub is_implied: bool,
    /// Whether another type comes `after` it.
    pub is_awaited: bool,
    /// The time that it has for that; then it has failed. `None`: no limit.
    pub ready_within: Option<Duration>,
    /// What the engine of an export asks as long as it runs; ganger itself does not.
    pub liveness: Option<Probe>,
    /// Which of its exits are followed by another start. `None`: nothing is set, and none is.
    pub restart: Option<RestartPolicy>,
    /// Whether its exit leaves the stack running, whatever its status.
    pub can_die: bool,
    /// The files of which a change restarts it: patterns of paths below the root. Empty: nothing is watched.
    pub watch: Arc<[String]>,
    /// The address where ganger binds PORT for it, if it does.
    pub listen: Option<IpAddr>,
    /// The commands that are run when something becomes of it; `None`: there are none.
    pub hooks: Option<Arc<Hooks>>,
}

/// Where `listen = true` binds: every address of both families, as systemd's `ListenStream=5000` does.
pub(super) const EVERYWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
