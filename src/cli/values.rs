//! The values of flags, tried while clap still knows which flag it is. What they mean is decided in one
//! place for all layers: [`words`].

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::config::{Settings, words};
use crate::control::request;
use crate::location::Location;
use crate::output::TimestampFormat;
use crate::plan::options::Selection;
use crate::signal::Signal;
use crate::{duration, suggestion};

/// What `--color` and `--pty` can be.
pub const WHEN: [&str; 3] = ["auto", "always", "never"];

/// Why a value is refused. clap shows the sentence, and keeps the error for the one who adds the way out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct ValueError {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// Tries values of `word`, as [`words::WORDS`] has it, and leaves them as they are.
pub fn of(word: &'static str) -> impl Fn(&str) -> Result<String, ValueError> + Clone {
    move |text| {
        let place = Location { file: word.into(), line: None, column: None };
        match words::set(&mut Settings::default(), word, text, &place) {
            Ok(()) => Ok(text.to_owned()),
            Err(refusal) => Err(ValueError { message: refusal.message, hint: Some(refusal.hint) }),
        }
    }
}

/// Tries a word after `start`: `web`, `web=2`, `web=2,worker`.
///
/// # Errors
///
/// A count that is none.
pub fn types(text: &str) -> Result<String, ValueError> {
    match Selection::parse(&[text]) {
        Ok(_) => Ok(text.to_owned()),
        Err(errors) => {
            let message = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(", ");
            Err(ValueError { message, hint: None })
        }
    }
}

/// A span of time in seconds.
///
/// # Errors
///
/// It is none.
pub fn span(text: &str) -> Result<f64, String> {
    duration::parse(text).map(|span| span.as_secs_f64()).map_err(|error| error.to_string())
}

/// A signal's number.
///
/// # Errors
///
/// There is no such signal.
pub fn signal(text: &str) -> Result<i32, ValueError> {
    Signal::named(text).map(|signal| signal.0).ok_or_else(|| {
        let near = suggestion::nearest(&format!("SIG{}", text.trim_start_matches("SIG")), Signal::names());
        ValueError {
            message: "there is no such signal".into(),
            hint: near.map(|near| format!("did you mean {near}?")),
        }
    })
}

/// Tries a regular expression, and leaves it as it is.
///
/// # Errors
///
/// What is wrong with it.
pub fn pattern(text: &str) -> Result<String, String> {
    request::pattern(text).map(|_| text.to_owned())
}

/// Tries what `wait --for` waits for, and leaves it as it is.
///
/// # Errors
///
/// It is none of them, or its regular expression is none.
pub fn goal(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("log", expression)) => pattern(expression).map(|_| text.to_owned()),
        None if ["up", "ready", "exited"].contains(&text) => Ok(text.to_owned()),
        Some(_) | None => Err("write up, ready, exited or log=RE".into()),
    }
}

/// Tries the format of `--timestamps`.
///
/// # Errors
///
/// What is wrong with the format.
pub fn timestamps(text: &str) -> Result<String, String> {
    // Whether it is a format does not depend on the zone.
    TimestampFormat::new(text, TimeZone::UTC).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_tried_and_left_as_it_is() {
        assert_eq!(of("port")("3000"), Ok("3000".into()));
        assert_eq!(of("timeout")("500ms"), Ok("500ms".into()));
        let wrong = of("port")("70000").unwrap_err();
        assert_eq!(wrong.message, "`70000` is not a port");
        assert_eq!(wrong.hint.as_deref(), Some("use a number from 1 to 65535, or auto"));
        assert!(types("web=2,worker").is_ok());
        assert!(types("web=x").is_err());
    }

    #[test]
    fn a_time_format_is_tried_before_anything_starts() {
        assert!(timestamps("%H:%M").is_ok());
        assert!(timestamps("true").is_ok());
        assert!(timestamps("%!").is_err());
    }
}
