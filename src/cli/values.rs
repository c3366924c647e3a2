//! The values of arguments that are no settings, parsed.

use std::ffi::{OsStr, OsString};

use thiserror::Error;

use crate::config::invalid::InvalidValue;
use crate::control::request;
use crate::plan::options::Selection;
use crate::signal::Signal;
use crate::{duration, suggestion};

/// Why a value is refused. clap shows the message, and [`super::usage`] adds the way out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub(crate) struct ValueError {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl ValueError {
    /// `whole` is refused; the message names the part that is wrong, where it is not the whole.
    pub(crate) fn of(invalid: InvalidValue, whole: &OsStr) -> Self {
        let InvalidValue { value, reason, hint } = invalid;
        let message = if *whole == *value { reason } else { format!("`{value}`: {reason}") };
        Self { message, hint }
    }

    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

/// Tries a word after `start`: `web`, `web=2`, `web=2,worker`.
///
/// # Errors
///
/// A count that is none.
pub(crate) fn types(text: &str) -> Result<String, ValueError> {
    match Selection::parse(&[text]) {
        Ok(_) => Ok(text.to_owned()),
        Err(errors) => {
            Err(ValueError::new(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(", ")))
        }
    }
}

/// A number of lines.
///
/// # Errors
///
/// It is none.
pub(crate) fn lines(text: &str) -> Result<u32, ValueError> {
    text.parse().map_err(|_| ValueError::new(format!("expected a number up to {}", u32::MAX)))
}

/// A span of time in seconds.
///
/// # Errors
///
/// It is none.
pub(crate) fn span(text: &str) -> Result<f64, ValueError> {
    duration::parse(text).map(|span| span.as_secs_f64()).map_err(|error| ValueError::new(error.to_string()))
}

/// A signal's number.
///
/// # Errors
///
/// There is no such signal.
pub(crate) fn signal(text: &str) -> Result<i32, ValueError> {
    Signal::named(text).map(|signal| signal.0).ok_or_else(|| {
        let near = suggestion::nearest(&format!("SIG{}", text.trim_start_matches("SIG")), Signal::names());
        ValueError {
            message: "no such signal".into(),
            hint: near.map(|near| format!("did you mean {near}?")),
        }
    })
}

/// Tries a regular expression, and leaves it as it is.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn pattern(text: &str) -> Result<String, ValueError> {
    request::pattern(text).map(|_| text.to_owned()).map_err(|error| ValueError::new(error.to_string()))
}

/// Tries what `wait --for` waits for, and leaves it as it is.
///
/// # Errors
///
/// It is none of them, or its regular expression is none.
pub(crate) fn goal(text: &str) -> Result<String, ValueError> {
    match text.split_once('=') {
        Some(("log", expression)) => pattern(expression).map(|_| text.to_owned()),
        None if ["up", "ready", "exited"].contains(&text) => Ok(text.to_owned()),
        Some(_) | None => Err(ValueError::new("expected up, ready, exited or log=RE")),
    }
}
/// `--flag=VALUE`, as one word.
pub(crate) fn with_value(flag: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(flag);
    word.push("=");
    word.push(value);
    word
}
