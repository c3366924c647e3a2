//! The values of flags: text in, what it means or why it means nothing out.

use jiff::tz::TimeZone;

use crate::config::{BasePort, Timestamps};
use crate::formation::{Formation, FormationError};
use crate::name::TypeName;
use crate::output;
use crate::signal::Signal;
use crate::suggestion::nearest;

/// `--stop-signal INT` or `--stop-signal web=QUIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRule {
    /// For this type; `None`: for all.
    pub of: Option<TypeName>,
    /// The signal.
    pub signal: Signal,
}

/// `all=1,web=2`.
///
/// # Errors
///
/// The sentences that say what is wrong, and the way out.
pub fn formation(text: &str) -> Result<Formation, FormationError> {
    Formation::parse(text)
}

/// A port, or `auto`.
///
/// # Errors
///
/// The sentence that says what is allowed.
pub fn port(text: &str) -> Result<BasePort, String> {
    if text == "auto" {
        return Ok(BasePort::Auto);
    }
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(BasePort::At(port)),
        Ok(_) | Err(_) => Err("a port is a number from 1 to 65535, or `auto`".into()),
    }
}

/// The distance of two types' ports.
///
/// # Errors
///
/// The sentence that says what is allowed.
pub fn step(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(step) if step > 0 => Ok(step),
        Ok(_) | Err(_) => Err("a step is a number from 1 to 65535".into()),
    }
}

/// Nothing, `off`, or a strftime format.
///
/// # Errors
///
/// What is wrong with the format.
pub fn timestamps(text: &str) -> Result<Timestamps, String> {
    match text {
        "" => Ok(Timestamps::Plain),
        "off" => Ok(Timestamps::Off),
        // Whether it is a format does not depend on the zone.
        _ => output::Timestamps::new(text, TimeZone::UTC).map(|_| Timestamps::Format(text.to_owned())),
    }
}

/// A type's name, whether or not the Procfile has it.
///
/// # Errors
///
/// The sentence that says what is allowed.
pub fn type_name(text: &str) -> Result<TypeName, String> {
    TypeName::new(text).ok_or_else(|| "a type's name has only A-Z, a-z, 0-9, `_` and `-`".into())
}

/// `any`, `failure`, `never` or a type's name.
///
/// # Errors
///
/// The sentence that says what is allowed.
pub fn exit_on(text: &str) -> Result<String, String> {
    type_name(text).map(|_| text.to_owned()).map_err(|_| "it is `any`, `failure`, `never` or a type".into())
}

/// `INT`, `SIGINT`, `2`, or one of them for one type: `web=INT`.
///
/// # Errors
///
/// The sentence that says what is wrong, with the nearest signal's name.
pub fn signal_rule(text: &str) -> Result<SignalRule, String> {
    let (of, name) = match text.split_once('=') {
        Some((of, name)) => (Some(type_name(of)?), name),
        None => (None, text),
    };
    match Signal::named(name) {
        Some(signal) => Ok(SignalRule { of, signal }),
        None => Err(no_signal(name)),
    }
}

fn no_signal(name: &str) -> String {
    let short = name.to_ascii_uppercase();
    let short = short.trim_start_matches("SIG");
    match nearest(short, Signal::names().map(|known| known.trim_start_matches("SIG"))) {
        Some(known) => format!("there is no such signal; did you mean `{known}`?"),
        None => "there is no such signal; `kill -l` lists them".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_that_tcp_has() {
        assert_eq!(port("3000"), Ok(BasePort::At(3000)));
        assert_eq!(port("auto"), Ok(BasePort::Auto));
        for bad in ["0", "-1", "65536", "70000", "x", "", "3000 "] {
            assert!(port(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_time_format_is_tried_before_anything_starts() {
        assert_eq!(timestamps(""), Ok(Timestamps::Plain));
        assert_eq!(timestamps("off"), Ok(Timestamps::Off));
        assert_eq!(timestamps("%H:%M"), Ok(Timestamps::Format("%H:%M".into())));
        assert!(timestamps("%!").is_err());
    }

    #[test]
    fn a_stop_signal_may_be_for_one_type() {
        assert_eq!(signal_rule("int"), Ok(SignalRule { of: None, signal: Signal::INTERRUPT }));
        let web = signal_rule("web=QUIT").unwrap();
        assert_eq!((web.of, web.signal), (TypeName::new("web"), Signal::QUIT));
        let wrong = signal_rule("TREM").unwrap_err();
        assert_eq!(wrong, "there is no such signal; did you mean `TERM`?");
    }
}
