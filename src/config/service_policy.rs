//! The service settings of an instance: readiness, restarts, watched files, socket activation.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// What shows that an instance is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// It has run for a second.
    #[default]
    Alive,
    /// A process of its own tree listens on this port; `None`: on its PORT.
    Listen(Option<u16>),
    /// `GET` of this path on its PORT is answered with 200 to 399.
    Http(Arc<str>),
    /// It has printed a line that matches this regular expression.
    Log(Arc<str>),
    /// This command, run by a shell in its environment, exits with status 0.
    Command(Arc<str>),
    /// It sends `READY=1` to NOTIFY_SOCKET, as sd_notify(3) does.
    Notify,
}

/// The setting `ready`: a probe, or `listen:$NAME`, of which the plan knows the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadySetting {
    /// This probe.
    Probe(Probe),
    /// A process of its own tree listens on the port that this variable has.
    ListenOn(Arc<str>),
}

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

/// The service settings of one instance, all layers merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePolicy {
    /// What shows that it is ready.
    pub probe: Probe,
    /// The time that it has for that; then it has failed. `None`: no limit.
    pub ready_within: Option<Duration>,
    /// Which of its exits are followed by another start.
    pub restart: RestartPolicy,
    /// The files of which a change restarts it: patterns of paths below the root. Empty: nothing is watched.
    pub watch: Arc<[String]>,
    /// The address where ganger binds PORT for it, if it does.
    pub listen: Option<IpAddr>,
}

/// Where `listen = true` binds: every address of both families, as systemd's `ListenStream=5000` does.
pub(super) const EVERYWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
