//! The values of flags: text in, what it means or why it means nothing out.

use std::time::Duration;

use crate::config::BasePort;
use crate::formation::{Formation, FormationError};
use crate::name::TypeName;
use crate::signal::Signal;

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

/// A time span: `5`, `2.5`, `500ms`, `2m`, `1h`.
///
/// # Errors
///
/// The sentence that says what is allowed.
pub fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[digits.len()..] {
        "ms" => Some(0.001),
        "" | "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let number =
        digits.parse::<f64>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    number
        .zip(scale)
        .map(|(number, scale)| number * scale)
        .filter(|seconds| *seconds <= 31_536_000.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a time is a number of seconds, or as `500ms`, `2m`, `1h`; a year at most".into())
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
    let upper = name.to_ascii_uppercase();
    let nearest = Signal::names()
        .map(|known| known.trim_start_matches("SIG"))
        .map(|known| (strsim::damerau_levenshtein(known, upper.trim_start_matches("SIG")), known))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    match nearest {
        Some((_, known)) => format!("there is no such signal; did you mean `{known}`?"),
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
    fn a_time_has_a_unit_or_is_in_seconds() {
        let table =
            [("5", 5_000), ("0", 0), ("2.5", 2_500), ("500ms", 500), ("10s", 10_000), ("2m", 120_000)];
        for (text, millis) in table {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "-1", "x", "5x", "ms", "1e3", "inf", "nan", "+5", "99999999999999999999", "5 s", "é"]
        {
            assert!(span(bad).is_err(), "{bad:?}");
        }
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
