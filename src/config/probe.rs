//! The kinds of readiness probe, and what the other rooms have to know of each. How ganger runs one is in
//! `supervisor/readiness/probes.rs`; no other room asks which kind a probe is.

use std::sync::Arc;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::invalid::InvalidValue;
use super::numbers::positive;

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

/// What shows that an instance is ready, as `ps --json` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// It has run for a second.
    #[default]
    Alive,
    /// It listens on its PORT, or does not and has run for some seconds.
    ListenOrAlive,
    /// It listens on a port.
    Listen,
    /// It answers a request.
    Http,
    /// It has printed a line.
    Log,
    /// A command exits with status 0.
    Command,
    /// It sends a message.
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

/// The port on which a probe depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbePort {
    /// None.
    None,
    /// The PORT of the instance.
    Own,
    /// This one.
    Other(u16),
}

/// What a program that is not ganger can check of a probe: `ps` by a look at the ports, the engines of `ganger export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideCheck<'a> {
    /// That the process runs.
    Runs,
    /// That this port is open; `None`: PORT.
    Port(Option<u16>),
    /// `GET` of this path on PORT.
    Http(&'a str),
    /// A command in the environment of the instance.
    Command(&'a str),
    /// The message of sd_notify(3).
    Notify,
    /// Nothing.
    Nothing,
}

/// What is seen of an instance that is not ready, from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The ports on which its processes listen, in rising order; not those of debuggers.
    pub ports: Vec<u16>,
    /// Whether it writes to a pipe, and has printed nothing.
    pub is_silent: bool,
}

/// The way out for a program that seems to print nothing.
pub(crate) const BUFFERING: &str = "a program may buffer its output on a pipe; --pty always, PYTHONUNBUFFERED=1 or `stdbuf -oL` turn that off";

/// Each kind, as ganger.toml has it.
const FORMS: &str = "expected listen, listen:6379, http:/health, log:REGEX, cmd:COMMAND, notify or alive";

impl Probe {
    /// `listen`, `http:/health` and so on.
    ///
    /// # Errors
    /// The part that is invalid, and what is expected.
    pub(super) fn parse(value: &str) -> Result<Self, InvalidValue> {
        let (word, rest) = value.split_once(':').map_or((value, None), |(word, rest)| (word, Some(rest)));
        match (word.trim(), rest) {
            ("alive", None) => Ok(Self::Alive),
            ("listen", None) => Ok(Self::Listen(None)),
            ("notify", None) => Ok(Self::Notify),
            ("listen", Some(port)) => positive(port.trim())
                .map(|port| Self::Listen(Some(port)))
                .ok_or_else(|| InvalidValue::new(value, "expected a port from 1 to 65535 after `listen:`")),
            ("http", Some(path)) => http_path(path.trim()),
            ("log", Some(expression)) if !expression.is_empty() => match Regex::new(expression) {
                Ok(_) => Ok(Self::Log(expression.into())),
                Err(error) => Err(InvalidValue::new(value, format!("not a regular expression: {error}"))),
            },
            ("cmd", Some(command)) if !command.trim().is_empty() => Ok(Self::Command(command.trim().into())),
            (_, _) => Err(InvalidValue::new(value, FORMS)),
        }
    }

    /// The probe of an instance without a `ready` line: one that serves its PORT listens on it.
    pub fn implied(serves: bool) -> Self {
        if serves { Self::Listen(None) } else { Self::Alive }
    }

    /// Whether a timer alone stands for it: nothing has to be probed.
    pub fn is_timer(&self) -> bool {
        *self == Self::Alive
    }

    /// Which it is.
    pub fn kind(&self) -> ProbeKind {
        match self {
            Self::Alive => ProbeKind::Alive,
            Self::Listen(_) => ProbeKind::Listen,
            Self::Http(_) => ProbeKind::Http,
            Self::Log(_) => ProbeKind::Log,
            Self::Command(_) => ProbeKind::Command,
            Self::Notify => ProbeKind::Notify,
        }
    }

    /// The port on which it depends.
    pub fn port(&self) -> ProbePort {
        match self {
            Self::Listen(None) | Self::Http(_) => ProbePort::Own,
            Self::Listen(Some(port)) => ProbePort::Other(*port),
            Self::Alive | Self::Log(_) | Self::Command(_) | Self::Notify => ProbePort::None,
        }
    }

    /// What can be checked of it from outside.
    pub fn outside(&self) -> OutsideCheck<'_> {
        match self {
            Self::Alive => OutsideCheck::Runs,
            Self::Listen(port) => OutsideCheck::Port(*port),
            Self::Http(path) => OutsideCheck::Http(path),
            Self::Command(command) => OutsideCheck::Command(command),
            Self::Notify => OutsideCheck::Notify,
            Self::Log(_) => OutsideCheck::Nothing,
        }
    }

    /// As ganger.toml has it, without the text of a command or an expression.
    pub fn form(&self) -> String {
        match self {
            Self::Alive => "alive".into(),
            Self::Listen(None) => "listen".into(),
            Self::Listen(Some(port)) => format!("listen:{port}"),
            Self::Http(path) => format!("http:{path}"),
            Self::Log(_) => "log:…".into(),
            Self::Command(_) => "cmd:…".into(),
            Self::Notify => "notify".into(),
        }
    }

    /// What an instance with this PORT lacks to be ready, as a clause of a sentence. `seen` is from outside; `failure` is how the
    /// latest request or command of the probe failed.
    pub fn missing(&self, port: Option<u16>, seen: &Observation, failure: Option<&str>) -> String {
        let own = port.map_or_else(|| "its port".into(), |port| format!("port {port}"));
        let failure = failure.map(|failure| format!(" ({failure})")).unwrap_or_default();
        match self {
            Self::Alive => "it has not run for a second".into(),
            Self::Listen(None) if !seen.ports.is_empty() => {
                let port = port.map_or_else(String::new, |port| format!(" {port}"));
                format!("it {}", listens_elsewhere(&seen.ports, &format!("its PORT{port}")))
            }
            Self::Listen(None) => format!("nothing of it listens on {own}"),
            Self::Listen(Some(port)) if !seen.ports.is_empty() => {
                format!("it {}", listens_elsewhere(&seen.ports, &format!("port {port}")))
            }
            Self::Listen(Some(port)) => format!("nothing of it listens on port {port}"),
            Self::Http(path) => {
                let is_elsewhere =
                    !seen.ports.is_empty() && port.is_none_or(|port| !seen.ports.contains(&port));
                let elsewhere = if is_elsewhere {
                    format!("; it listens on {}", listed(&seen.ports))
                } else {
                    String::new()
                };
                format!("GET {path} on {own} is not answered with 200 to 399{failure}{elsewhere}")
            }
            Self::Log(expression) => {
                let none = format!("it has printed no line that matches /{expression}/");
                if seen.is_silent { format!("{none}, and no other ({BUFFERING})") } else { none }
            }
            Self::Command(command) => format!("`{command}` does not exit with status 0{failure}"),
            Self::Notify => "it has not sent READY=1".into(),
        }
    }
}

/// That an instance listens on these ports and not on that one, with the setting that names the first, as a clause of a sentence.
pub(crate) fn listens_elsewhere(ports: &[u16], not_on: &str) -> String {
    let first = ports.first().copied().unwrap_or_default();
    format!("listens on {}, not on {not_on} (ready = \"listen:{first}\")", listed(ports))
}

fn listed(ports: &[u16]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

impl ReadySetting {
    /// A probe, or the variable of `listen:$PGPORT`. PORT is each instance's own.
    ///
    /// # Errors
    /// As [`Probe::parse`]; or what stands after `$` is no name.
    pub(super) fn parse(value: &str) -> Result<Self, InvalidValue> {
        let Some(name) = value.strip_prefix("listen:").and_then(|port| port.trim().strip_prefix('$')) else {
            return Probe::parse(value).map(Self::Probe);
        };
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match name {
            "PORT" => Ok(Self::Probe(Probe::Listen(None))),
            name if is_name => Ok(Self::ListenOn(name.into())),
            _ => Err(InvalidValue::new(value, "expected a variable after `listen:`, such as $PGPORT")),
        }
    }

    /// The probe, where variables have these ports.
    pub fn probe(&self, port_of: impl FnOnce(&str) -> Option<u16>) -> Probe {
        match self {
            Self::Probe(probe) => probe.clone(),
            Self::ListenOn(name) => Probe::Listen(port_of(name)),
        }
    }
}

/// The path of `http:/health`. It goes into a request as it is, so it has no blank and no control character.
fn http_path(path: &str) -> Result<Probe, InvalidValue> {
    let is_path = path.starts_with('/') && !path.starts_with("//");
    if is_path && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Probe::Http(path.into()));
    }
    Err(InvalidValue::new(path, "expected a path such as /health: one `/` first, no blanks")
        .with_hint("it is requested on the instance's PORT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readiness_probe_is_read_as_it_is_written() {
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
        for (text, expected) in table {
            assert_eq!(ReadySetting::parse(text), Ok(ReadySetting::Probe(expected)), "{text}");
        }
        for text in ["listen:$PGPORT", "listen: ${PGPORT}"] {
            assert_eq!(ReadySetting::parse(text), Ok(ReadySetting::ListenOn("PGPORT".into())), "{text}");
        }
        assert_eq!(ReadySetting::parse("listen:$PORT"), Ok(ReadySetting::Probe(Probe::Listen(None))));
        for text in ["listen:$", "listen:$A-B", "listen:${A"] {
            assert!(ReadySetting::parse(text).is_err(), "{text}");
        }
        let wrong = "|:|ready|http|http:|http:health|http://h/x|http:/a b|http:/a\nb|log|log:|log:(|cmd:|cmd: |notify:x|\
                     listen:0|listen:x|listen:65536|alive:1";
        for text in wrong.split('|') {
            assert!(Probe::parse(text).is_err(), "{text}");
        }
    }
}
