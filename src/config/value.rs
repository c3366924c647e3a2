//! The values of settings, parsed. One function for each kind of value, whatever flag, variable or file it comes from.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::export_choices::{CheckMode, Secrets};
use super::invalid::InvalidValue;
use super::numbers::{is_plain_number, positive};
use super::service_policy::{EVERYWHERE, RestartPolicy};
use super::settings::{BasePort, ColorChoice, ParentToWatch, Timestamps};
use crate::duration;
use crate::formation::{Formation, MOST};
use crate::signal::{Reach, Signal};
use crate::suggestion::nearest;

type Parsed<T> = Result<T, InvalidValue>;

/// Any text.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all values")]
pub(super) fn text(value: &str) -> Parsed<String> {
    Ok(value.to_owned())
}

/// The address of a collector of OpenTelemetry, as the exporters of all languages take it.
pub(super) fn endpoint(value: &str) -> Parsed<String> {
    let host = ["http://", "https://"].iter().find_map(|scheme| value.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !value.contains(char::is_whitespace) => Ok(value.to_owned()),
        Some(_) | None => Err(InvalidValue::new(value, "expected http://HOST:PORT or https://HOST:PORT")),
    }
}

/// `true` and `false`, and the words that are put into variables: `1`, `0`, `yes`, `no`, `on`, `off`. Empty is false.
pub(super) fn boolean(value: &str) -> Parsed<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "y" | "t" => Ok(true),
        "false" | "0" | "no" | "off" | "n" | "f" | "" => Ok(false),
        _ => Err(InvalidValue::new(value, "expected true or false")),
    }
}

/// The contrary of [`boolean`].
pub(super) fn negated(value: &str) -> Parsed<bool> {
    boolean(value).map(|is_set| !is_set)
}

/// `auto`, `always`, `never`, or a boolean for the last two (foreman's `color: true`).
pub(super) fn when(value: &str) -> Parsed<ColorChoice> {
    match (value, boolean(value)) {
        ("auto", _) => Ok(ColorChoice::Auto),
        ("always", _) | (_, Ok(true)) => Ok(ColorChoice::Always),
        ("never", _) | (_, Ok(false)) => Ok(ColorChoice::Never),
        (_, Err(_)) => Err(InvalidValue::new(value, "expected auto, always or never")),
    }
}

/// A boolean, else a strftime format, which is tried when lines are printed.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all values")]
pub(super) fn timestamps(value: &str) -> Parsed<Timestamps> {
    Ok(match boolean(value) {
        Ok(true) => Timestamps::Plain,
        Ok(false) => Timestamps::Off,
        Err(_) => Timestamps::Format(value.into()),
    })
}

/// `all=1,web=2`.
pub(super) fn formation(value: &str) -> Parsed<Formation> {
    Formation::parse(value).map_err(|error| InvalidValue::new(&error.part, error.reason.to_string()))
}

/// The number of instances of one type.
pub(super) fn count(value: &str) -> Parsed<u32> {
    let count = value.parse().ok().filter(|count| is_plain_number(value) && *count <= MOST);
    count.ok_or_else(|| InvalidValue::new(value, format!("expected a number of instances from 0 to {MOST}")))
}

/// The first port, or `auto`.
pub(super) fn port(value: &str) -> Parsed<BasePort> {
    if value == "auto" {
        return Ok(BasePort::Auto);
    }
    let port = positive(value).map(BasePort::At);
    port.ok_or_else(|| InvalidValue::new(value, "expected a number from 1 to 65535, or auto"))
}

/// A boolean, or the id of a process. `1` is true, as in all variables: the first process of a system does not start a stack.
pub(super) fn parent(value: &str) -> Parsed<ParentToWatch> {
    let process = || value.parse().ok().filter(|_| is_plain_number(value)).map(ParentToWatch::Process);
    match boolean(value) {
        Ok(true) => Ok(ParentToWatch::Parent),
        Ok(false) => Ok(ParentToWatch::None),
        Err(_) => process().ok_or_else(|| InvalidValue::new(value, "expected a process id, true or false")),
    }
}

/// The step between the ports of two types.
pub(super) fn step(value: &str) -> Parsed<u16> {
    positive(value).ok_or_else(|| InvalidValue::new(value, "expected a number from 1 to 65535"))
}

/// Bytes: `4096`, `512K`, `10M`, `1G`, each step 1024; 1 KiB at least.
pub(super) fn size(value: &str) -> Parsed<u64> {
    let (number, unit) = match value.trim_end_matches(['B', 'b', 'i']) {
        text if text.ends_with(['K', 'k']) => (&text[..text.len() - 1], 1 << 10),
        text if text.ends_with(['M', 'm']) => (&text[..text.len() - 1], 1 << 20),
        text if text.ends_with(['G', 'g']) => (&text[..text.len() - 1], 1 << 30),
        text => (text, 1),
    };
    let bytes = number.parse::<u64>().ok().filter(|_| is_plain_number(number));
    let bytes = bytes.and_then(|number| number.checked_mul(unit)).filter(|bytes| *bytes >= 1 << 10);
    bytes.ok_or_else(|| InvalidValue::new(value, "expected a size of at least 1K, such as 512K or 10M"))
}

/// A duration.
pub(super) fn span(value: &str) -> Parsed<Duration> {
    duration::parse(value).map_err(|error| InvalidValue::new(value, error.to_string()))
}

/// A signal by name or number.
pub(super) fn signal(value: &str) -> Parsed<Signal> {
    let name = value.trim();
    Signal::named(name).ok_or_else(|| {
        let full = format!("SIG{}", name.to_ascii_uppercase().trim_start_matches("SIG"));
        let reason = match nearest(&full, Signal::names()) {
            Some(near) => format!("no such signal; did you mean {}?", near.trim_start_matches("SIG")),
            None => "no such signal; expected a name such as TERM, INT or QUIT".into(),
        };
        InvalidValue::new(name, reason)
    })
}

/// The processes that get the stop signal first.
pub(super) fn reach(value: &str) -> Parsed<Reach> {
    match value {
        "main" => Ok(Reach::Main),
        "group" => Ok(Reach::Group),
        other => Err(InvalidValue::new(other, "expected main or group")
            .with_hint("main: the program first, then what is left of its tree; group: all at once")),
    }
}

/// Which exits are followed by another start.
pub(super) fn restart(value: &str) -> Parsed<RestartPolicy> {
    let policy = RestartPolicy::ALL.into_iter().find(|policy| policy.as_str() == value.trim());
    policy.ok_or_else(|| InvalidValue::new(value, "expected never, on-failure or always"))
}

/// Whether a validator is asked: a boolean, or what happens without one.
pub(super) fn check(value: &str) -> Parsed<CheckMode> {
    match (value, boolean(value)) {
        ("if-there", _) | (_, Ok(true)) => Ok(CheckMode::IfThere),
        ("require", _) => Ok(CheckMode::Require),
        (_, Ok(false)) => Ok(CheckMode::Never),
        (_, Err(_)) => Err(InvalidValue::new(value, "expected if-there or require")),
    }
}

/// Where values of .env go.
pub(super) fn secrets(value: &str) -> Parsed<Secrets> {
    let found = Secrets::ALL.into_iter().find(|place| place.as_str() == value);
    found.ok_or_else(|| InvalidValue::new(value, "expected reference, inline or only"))
}

/// An absolute path.
pub(super) fn absolute(value: &str) -> Parsed<PathBuf> {
    let path = Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    path.ok_or_else(|| InvalidValue::new(value, "expected an absolute path, which begins with /"))
}

/// A pattern of paths below the root. `!` has no meaning here: .gitignore has the paths that are not watched.
pub(super) fn pattern(value: &str) -> Parsed<String> {
    if value.starts_with(['/', '!', '~']) || value.split('/').any(|part| part == "..") {
        return Err(InvalidValue::new(value, "expected a path below the root")
            .with_hint("write src, *.py or app/**/*.rb; what .gitignore names is not watched"));
    }
    Ok(value.to_owned())
}

/// A boolean, or the address.
pub(super) fn listen(value: &str) -> Parsed<Option<IpAddr>> {
    match (value.parse(), boolean(value)) {
        (Ok(address), _) => Ok(Some(address)),
        (Err(_), Ok(is_wanted)) => Ok(is_wanted.then_some(EVERYWHERE)),
        (Err(_), Err(_)) => {
            Err(InvalidValue::new(value, "expected true, false or an address such as 127.0.0.1"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_value_is_refused_with_what_is_expected() {
        let message = |invalid: InvalidValue| invalid.message();
        let table = [
            (
                port("0").map_err(message).err(),
                "invalid value `0` (expected a number from 1 to 65535, or auto)",
            ),
            (port("+80").map_err(message).err(), "invalid value `+80` (expected a number from 1"),
            (step("0").map_err(message).err(), "invalid value `0` (expected a number from 1"),
            (span("soon").map_err(message).err(), "invalid value `soon` (expected seconds"),
            (span("30d").map_err(message).err(), "invalid value `30d` (longer than a week)"),
            (
                signal("TREM").map_err(message).err(),
                "invalid value `TREM` (no such signal; did you mean TERM?)",
            ),
            (when("blue").map_err(message).err(), "invalid value `blue` (expected auto, always or never)"),
            (boolean("maybe").map_err(message).err(), "invalid value `maybe` (expected true or false)"),
            (
                formation("web=x").map_err(message).err(),
                "invalid value `web=x` (expected a number of instances",
            ),
            (
                pattern("../lib").map_err(message).err(),
                "invalid value `../lib` (expected a path below the root)",
            ),
            (
                restart("sometimes").map_err(message).err(),
                "invalid value `sometimes` (expected never, on-failure or always)",
            ),
        ];
        for (found, expected) in table {
            assert!(
                found.as_ref().is_some_and(|found| found.starts_with(expected)),
                "{found:?}, not {expected}"
            );
        }
    }
}
