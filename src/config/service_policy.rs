//! How an instance is looked after: what shows that it is ready, and whether it is started again. The words
//! of `ready`, `restart`, `watch` and `listen`, and what they mean.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;

/// What shows that an instance is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// It has lived for a second.
    #[default]
    Alive,
    /// A process of its own tree listens on this port; `None`: on its PORT.
    Listen(Option<u16>),
    /// `GET` of this path on its PORT is answered with 200 to 399.
    Http(Arc<str>),
    /// It has said a line in which this regular expression is found.
    Log(Arc<str>),
    /// This command, run by a shell in its environment, ends with status 0.
    Command(Arc<str>),
    /// It says `READY=1` to NOTIFY_SOCKET, as sd_notify(3) does.
    Notify,
}

/// How each of them is written, for messages.
pub(super) const FORMS: &str =
    "write listen, listen:6379, http:/health, log:REGEX, cmd:COMMAND, notify or alive";

impl Probe {
    /// What `text` means.
    ///
    /// # Errors
    ///
    /// What is wrong with it; [`FORMS`] is the way out.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest)));
        match (word.trim(), rest) {
            ("alive", None) => Ok(Self::Alive),
            ("listen", None) => Ok(Self::Listen(None)),
            ("notify", None) => Ok(Self::Notify),
            ("listen", Some(port)) => match super::words::positive(port.trim()) {
                Some(port) => Ok(Self::Listen(Some(port))),
                None => Err(format!("`{}` is not a port", super::words::cut(port))),
            },
            ("http", Some(path)) => path_of(path.trim()),
            ("log", Some(expression)) if !expression.is_empty() => match Regex::new(expression) {
                Ok(_) => Ok(Self::Log(expression.into())),
                Err(error) => Err(format!("the regular expression is not understood: {error}")),
            },
            ("cmd", Some(command)) if !command.trim().is_empty() => Ok(Self::Command(command.trim().into())),
            (_, _) => Err(format!("`{}` is no sign of being ready", super::words::cut(text))),
        }
    }
}

/// The path of `http:/health`. It goes into a request as it is, so it has no blank and no control character.
fn path_of(path: &str) -> Result<Probe, String> {
    let is_path = path.starts_with('/') && !path.starts_with("//");
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path && is_plain {
        return Ok(Probe::Http(path.into()));
    }
    let shown = super::words::cut(path);
    Err(format!(
        "`{shown}` is not a path: it begins with one `/`, has no blanks, and is asked on the instance's PORT"
    ))
}

/// Which ends of an instance are followed by another start.
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
        }
    }

    /// What `text` means, if it is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|restart| restart.as_str() == text.trim())
    }
}

/// Everything about one instance's care, as it was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePolicy {
    /// What shows that it is ready.
    pub probe: Probe,
    /// How long it has for that; then it counts as failed. `None`: as long as it takes.
    pub ready_within: Option<Duration>,
    /// Whether it is started again.
    pub restart: RestartPolicy,
    /// What a change of restarts it: patterns of paths below the root. None: nothing is watched.
    pub watch: Arc<[String]>,
    /// Where ganger itself binds PORT for it, if it does.
    pub listen: Option<IpAddr>,
}

/// Where `listen = true` binds: every address of both families, as systemd's `ListenStream=5000` does.
pub(super) const EVERYWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_of_being_ready_is_read_as_it_is_written() {
        let table = [
            ("alive", Probe::Alive),
            ("listen", Probe::Listen(None)),
            ("listen:6379", Probe::Listen(Some(6379))),
            ("notify", Probe::Notify),
            ("http:/", Probe::Http("/".into())),
            ("http: /health?deep=1", Probe::Http("/health?deep=1".into())),
            ("log:ready in \\d+ ms: yes", Probe::Log("ready in \\d+ ms: yes".into())),
            ("cmd: pg_isready -p 5432", Probe::Command("pg_isready -p 5432".into())),
            ("cmd:curl http://x", Probe::Command("curl http://x".into())),
        ];
        for (text, probe) in table {
            assert_eq!(Probe::parse(text), Ok(probe), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            ":",
            "ready",
            "http",
            "http:",
            "http:health",
            "http://h/x",
            "http:/a b",
            "http:/a\nb",
            "log",
            "log:",
            "log:(",
            "cmd:",
            "cmd: ",
            "notify:x",
            "listen:0",
            "listen:x",
            "listen:65536",
            "alive:1",
        ] {
            assert!(Probe::parse(text).is_err(), "{text}");
        }
    }
}
