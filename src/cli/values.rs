//! The values of flags, tried while clap still knows which flag it is. What they mean is decided in one
//! place for all layers: [`words`].

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::config::{Settings, words};
use crate::location::Location;
use crate::output::Timestamps;
use crate::plan::options::Selection;

/// What `--color` and `--pty` can be.
pub const WHEN: [&str; 3] = ["auto", "always", "never"];

/// Why a value is refused. clap shows the sentence, and keeps the error for the one who adds the way out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// Tries values of `word`, as [`words::WORDS`] has it, and leaves them as they are.
pub fn of(word: &'static str) -> impl Fn(&str) -> Result<String, Refused> + Clone {
    move |text| {
        let place = Location { file: word.into(), line: None, column: None };
        match words::set(&mut Settings::default(), word, text, &place) {
            Ok(()) => Ok(text.to_owned()),
            Err(refusal) => Err(Refused { message: refusal.message, hint: Some(refusal.hint) }),
        }
    }
}

/// Tries a word after `start`: `web`, `web=2`, `web=2,worker`.
///
/// # Errors
///
/// A count that is none.
pub fn types(text: &str) -> Result<String, Refused> {
    match Selection::parse(&[text]) {
        Ok(_) => Ok(text.to_owned()),
        Err(errors) => {
            let message = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(", ");
            Err(Refused { message, hint: None })
        }
    }
}

/// Tries the format of `--timestamps`.
///
/// # Errors
///
/// What is wrong with the format.
pub fn timestamps(text: &str) -> Result<String, String> {
    // Whether it is a format does not depend on the zone.
    Timestamps::new(text, TimeZone::UTC).map(|_| text.to_owned())
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
