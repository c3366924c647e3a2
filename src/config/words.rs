//! The long names that flags, `GANGER_…` variables and files share, and what their values mean.

use std::net::IpAddr;
use std::time::Duration;

use super::service_policy::{EVERYWHERE, FORMS, Probe, RestartPolicy};
use super::{BasePort, ColorChoice, Located, ProcessSettings, Settings, Timestamps};
use crate::duration;
use crate::formation::{Formation, MOST};
use crate::location::Location;
use crate::name::TypeName;
use crate::signal::{Reach, Signal};
use crate::suggestion::nearest;

/// Every word that sets something for the whole stack, as the flag is called.
pub const WORDS: [&str; 30] = [
    "procfile",
    "root",
    "env",
    "formation",
    "concurrency",
    "port",
    "port-step",
    "no-port",
    "timeout",
    "exit-on",
    "exit-code-from",
    "stop-signal",
    "stop-to",
    "except",
    "timestamps",
    "prefix",
    "no-prefix",
    "quiet",
    "color",
    "json",
    "pty",
    "release",
    "ordered-stop",
    "restart",
    "ready-timeout",
    "watch",
    "sweep",
    "isolate",
    "env-wins",
    "app-json",
];

/// Every word that sets something for one type.
pub const PROCESS_WORDS: [&str; 11] = [
    "formation",
    "stop-signal",
    "stop-to",
    "timeout",
    "ready",
    "ready-timeout",
    "after",
    "once",
    "restart",
    "watch",
    "listen",
];

/// The words among all of these that may have several values, and so be lists in a file.
pub(super) const LISTS: [&str; 4] = ["env", "except", "after", "watch"];

/// Words that the design knows and this version does not do yet. They are refused by name: a file that has
/// `detach = true` must not find out in the night that it meant nothing.
const NOT_YET: [&str; 3] = ["detach", "wait", "name"];

/// Why a word or its value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// What is wrong, without the place.
    pub message: String,
    /// The way out.
    pub hint: String,
    /// Whether the word is meant and not its value.
    pub is_about_word: bool,
}

impl InvalidValue {
    fn value(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), is_about_word: false }
    }

    /// That `word` is none of `known`.
    pub(super) fn word(word: &str, known: &[&'static str]) -> Self {
        let kebab = word.replace('_', "-").to_ascii_lowercase();
        let (message, hint) = if NOT_YET.contains(&kebab.as_str()) {
            let message = format!("`{kebab}` is not built yet in this version of ganger");
            (message, "take the line out, or use a newer version".into())
        } else if known.contains(&kebab.as_str()) {
            (format!("`{word}` is written with `-` and small letters"), format!("write `{kebab}`"))
        } else if let Some(meant) = nearest(&kebab, known.iter().copied()) {
            (format!("nothing is called `{word}`"), format!("did you mean `{meant}`?"))
        } else {
            (format!("nothing is called `{word}`"), format!("the words are {}", known.join(", ")))
        };
        Self { message, hint, is_about_word: true }
    }
}

/// Sets `word` to what `value` says, said at `place`.
///
/// # Errors
///
/// If there is no such word, or the value is none for it.
pub fn set(settings: &mut Settings, word: &str, value: &str, place: &Location) -> Result<(), InvalidValue> {
    let text = || Located { value: value.to_owned(), place: place.clone() };
    let path = || Located { value: value.into(), place: place.clone() };
    match word {
        "procfile" => settings.procfile = Some(path()),
        "root" => settings.root = Some(path()),
        "env" => settings.env.extend(listed(value, place, Into::into)),
        "formation" | "concurrency" => settings.formation = Some(given(formation(value)?, place)),
        "port" => settings.port = Some(given(port(value)?, place)),
        "port-step" => settings.port_step = Some(given(step(value)?, place)),
        "no-port" => settings.no_port = Some(boolean(value)?),
        "exit-on" => settings.exit_on = Some(text()),
        "exit-code-from" => settings.exit_code_from = Some(text()),
        "stop-to" => settings.stop_to = Some(given(reach(value)?, place)),
        "except" => settings.except.extend(listed(value, place, str::to_owned)),
        "timestamps" => settings.timestamps = Some(timestamps(value)),
        "prefix" => settings.prefix = Some(boolean(value)?),
        "no-prefix" => settings.prefix = Some(!boolean(value)?),
        "quiet" => settings.quiet = Some(boolean(value)?),
        "color" => settings.color = Some(when(value)?),
        "json" => settings.json = Some(boolean(value)?),
        "pty" => settings.pty = Some(when(value)?),
        "release" => settings.release = Some(given(boolean(value)?, place)),
        "ordered-stop" => settings.ordered_stop = Some(boolean(value)?),
        "sweep" => settings.sweep = Some(boolean(value)?),
        "isolate" => settings.isolate = Some(boolean(value)?),
        "env-wins" => settings.env_wins = Some(boolean(value)?),
        "app-json" => settings.app_json = Some(boolean(value)?),
        "timeout" | "stop-signal" | "restart" | "ready-timeout" | "watch" => {
            return set_by_type(settings, word, value, place);
        }
        _ => return Err(InvalidValue::word(word, &WORDS)),
    }
    Ok(())
}

/// Sets `word` for one type.
///
/// # Errors
///
/// If there is no such word for a type, or the value is none for it.
pub fn set_for_type(
    process: &mut ProcessSettings,
    word: &str,
    value: &str,
    place: &Location,
) -> Result<(), InvalidValue> {
    match word {
        "formation" => process.formation = Some(given(count(value)?, place)),
        "stop-signal" => process.stop_signal = Some(given(signal(value)?, place)),
        "stop-to" => process.stop_to = Some(given(reach(value)?, place)),
        "timeout" => process.timeout = Some(given(span(value)?, place)),
        "ready" => process.ready = Some(given(probe(value)?, place)),
        "ready-timeout" => process.ready_timeout = Some(given(span(value)?, place)),
        "after" => process.after.extend(listed(value, place, str::to_owned)),
        "once" => process.once = Some(given(boolean(value)?, place)),
        "restart" => process.restart = Some(given(restart(value)?, place)),
        "watch" => process.watch.extend(patterns(value, place)?),
        "listen" => process.listen = Some(given(listen(value)?, place)),
        _ => return Err(InvalidValue::word(word, &PROCESS_WORDS)),
    }
    Ok(())
}

/// `INT`, `web=QUIT` or both, parted by commas: for all, or for one type.
fn set_by_type(
    settings: &mut Settings,
    word: &str,
    value: &str,
    place: &Location,
) -> Result<(), InvalidValue> {
    // `--watch web=src,*.py`: what stands behind a type's pattern is that type's too.
    let mut last = None;
    for part in value.split(',') {
        let named = part.split_once('=');
        match named.or(last.filter(|_| word == "watch").map(|name| (name, part))) {
            Some((name, value)) => {
                last = Some(name);
                let kind = TypeName::new(name.trim()).ok_or_else(|| {
                    InvalidValue::value(format!("`{name}` cannot be the name of a type"), "write TYPE=VALUE")
                })?;
                set_for_type(settings.processes.entry(kind).or_default(), word, value, place)?;
            }
            None if word == "timeout" => settings.timeout = Some(given(span(part)?, place)),
            None if word == "ready-timeout" => settings.ready_timeout = Some(given(span(part)?, place)),
            None if word == "restart" => settings.restart = Some(given(restart(part)?, place)),
            None if word == "watch" => settings.watch.extend(patterns(part, place)?),
            None => settings.stop_signal = Some(given(signal(part)?, place)),
        }
    }
    Ok(())
}

fn reach(value: &str) -> Result<Reach, InvalidValue> {
    match value {
        "main" => Ok(Reach::Main),
        "group" => Ok(Reach::Group),
        other => Err(InvalidValue::value(
            format!("invalid value `{}` (expected main or group)", cut(other)),
            "main: the program first, then what is left of its tree; group: all at once",
        )),
    }
}

fn given<T>(value: T, place: &Location) -> Located<T> {
    Located { value, place: place.clone() }
}

fn listed<'a, T>(
    value: &'a str,
    place: &'a Location,
    of: fn(&'a str) -> T,
) -> impl Iterator<Item = Located<T>> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(move |part| given(of(part), place))
}

fn formation(value: &str) -> Result<Formation, InvalidValue> {
    let example = "for example web=2,worker=1 or all=1";
    Formation::parse(value).map_err(|error| InvalidValue::value(error.to_string(), example))
}

fn count(value: &str) -> Result<u32, InvalidValue> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let count = value.parse().ok().filter(|count| is_plain && *count <= MOST);
    let wrong = || {
        InvalidValue::value(
            format!("`{}` is not a number of instances", cut(value)),
            format!("use 0 to {MOST}"),
        )
    };
    count.ok_or_else(wrong)
}

fn port(value: &str) -> Result<BasePort, InvalidValue> {
    if value == "auto" {
        return Ok(BasePort::Auto);
    }
    positive(value).map(BasePort::At).ok_or_else(|| {
        InvalidValue::value(
            format!("`{}` is not a port", cut(value)),
            "use a number from 1 to 65535, or auto",
        )
    })
}

fn step(value: &str) -> Result<u16, InvalidValue> {
    positive(value).ok_or_else(|| {
        InvalidValue::value(
            format!("`{}` is not a step between ports", cut(value)),
            "use a number from 1, such as 100",
        )
    })
}

/// A number from 1 to 65535 in plain digits (`u16::from_str` alone would take `+80`).
pub(super) fn positive(value: &str) -> Option<u16> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| is_plain && *number > 0)
}

fn span(value: &str) -> Result<Duration, InvalidValue> {
    duration::parse(value).map_err(|error| {
        InvalidValue::value(format!("`{}`: {error}", cut(value)), "use seconds (5) or a unit (500ms, 2m)")
    })
}

fn signal(value: &str) -> Result<Signal, InvalidValue> {
    let name = value.trim();
    Signal::named(name).ok_or_else(|| {
        let full = format!("SIG{}", name.to_ascii_uppercase().trim_start_matches("SIG"));
        let hint = match nearest(&full, Signal::names()) {
            Some(meant) => format!("did you mean {}?", meant.trim_start_matches("SIG")),
            None => "use a name such as TERM, INT or QUIT".into(),
        };
        InvalidValue::value(format!("`{}` is not a signal", cut(name)), hint)
    })
}

/// Patterns of paths below the root. `!` has no meaning: what is not to be watched stands in .gitignore.
fn patterns(value: &str, place: &Location) -> Result<Vec<Located<String>>, InvalidValue> {
    let all: Vec<Located<String>> = listed(value, place, str::to_owned).collect();
    let is_wrong =
        |pattern: &str| pattern.starts_with(['/', '!', '~']) || pattern.split('/').any(|part| part == "..");
    match all.iter().find(|given| is_wrong(&given.value)) {
        Some(wrong) => Err(InvalidValue::value(
            format!("`{}` is not a path below the root", cut(&wrong.value)),
            "write src, *.py or app/**/*.rb; what .gitignore names is not watched",
        )),
        None => Ok(all),
    }
}

fn probe(value: &str) -> Result<Probe, InvalidValue> {
    Probe::parse(value).map_err(|message| InvalidValue::value(message, FORMS))
}

fn restart(value: &str) -> Result<RestartPolicy, InvalidValue> {
    RestartPolicy::parse(value).ok_or_else(|| {
        InvalidValue::value(format!("`{}` is no choice", cut(value)), "write never, on-failure or always")
    })
}

/// A boolean, or the address.
fn listen(value: &str) -> Result<Option<IpAddr>, InvalidValue> {
    if let Ok(address) = value.parse() {
        return Ok(Some(address));
    }
    let is_wanted = boolean(value).map_err(|_| {
        InvalidValue::value(
            format!("`{}` is neither true, false nor an address", cut(value)),
            "write true, or an address such as 127.0.0.1",
        )
    })?;
    Ok(is_wanted.then_some(EVERYWHERE))
}

/// `true` and `false`, and what people put into variables: `1`, `0`, `yes`, `no`, `on`, `off`. Empty is no.
fn boolean(value: &str) -> Result<bool, InvalidValue> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err(InvalidValue::value(
            format!("`{}` is neither true nor false", cut(value)),
            "write true or false",
        )),
    }
}

/// `auto`, `always`, `never`, or a boolean for the last two (foreman's `color: true`).
fn when(value: &str) -> Result<ColorChoice, InvalidValue> {
    match value {
        "auto" => Ok(ColorChoice::Auto),
        "always" => Ok(ColorChoice::Always),
        "never" => Ok(ColorChoice::Never),
        _ => match boolean(value) {
            Ok(true) => Ok(ColorChoice::Always),
            Ok(false) => Ok(ColorChoice::Never),
            Err(_) => Err(InvalidValue::value(
                format!("`{}` is no choice", cut(value)),
                "write auto, always or never",
            )),
        },
    }
}

/// A boolean, else a format.
fn timestamps(value: &str) -> Timestamps {
    match boolean(value) {
        Ok(true) => Timestamps::Plain,
        Ok(false) => Timestamps::Off,
        Err(_) => Timestamps::Format(value.into()),
    }
}

/// As much of `value` as a message holds.
pub(super) fn cut(value: &str) -> String {
    const MOST_SHOWN: usize = 40;
    match value.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.into(),
    }
}
