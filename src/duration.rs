//! Durations as they are written: `5`, `1.5`, `500ms`, `2m`, `1m30s`.

use std::time::Duration;

use thiserror::Error;

/// The longest duration that is accepted: a week. A longer one is a wrong unit.
pub(crate) const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Why a text is refused as a duration. The caller shows the text itself.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum DurationError {
    /// No number, or an unknown unit.
    #[error("expected seconds (5, 1.5) or a unit (500ms, 2m, 1h)")]
    Unreadable,
    /// Below zero.
    #[error("a time cannot be negative")]
    Negative,
    /// More than [`LONGEST`].
    #[error("longer than a week")]
    TooLong,
}

/// The units and their length in seconds; a bare number has the empty unit.
const UNITS: [(&str, f64); 10] = [
    ("s", 1.0),
    ("", 1.0),
    ("ms", 0.001),
    ("sec", 1.0),
    ("secs", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("mins", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// `text` as a duration, in seconds unless it names a unit.
///
/// Not jiff's friendly parser: that one refuses a bare number such as that of `--timeout 5`.
///
/// # Errors
///
/// It is no duration, negative or too long.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if let Some(positive) = text.strip_prefix('-') {
        return parse(positive).and(Err(DurationError::Negative));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() || text.is_empty() {
        let (part, after) = leading_part(rest).ok_or(DurationError::Unreadable)?;
        seconds += part;
        rest = after;
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if span <= LONGEST => Ok(span),
        Ok(_) | Err(_) => Err(DurationError::TooLong),
    }
}

/// The first number with its unit, in seconds, and what follows. A number without a unit must be last.
fn leading_part(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(number_end);
    let rest = rest.trim_start();
    let unit_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at(unit_end);
    if unit.is_empty() && !after.is_empty() {
        return None;
    }
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((number.parse::<f64>().ok()? * length, after))
}

/// In seconds, to the millisecond: as documents have it.
pub(crate) fn rounded_seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds_and_a_unit_multiplies_it() {
        let table = [
            ("5", 5000),
            ("0", 0),
            ("1.5", 1500),
            (".5", 500),
            ("500ms", 500),
            ("5s", 5000),
            ("5 s", 5000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
        ];
        for (text, milliseconds) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text:?}");
        }
    }

    #[test]
    fn other_text_is_refused_with_the_reason() {
        use DurationError::{Negative, TooLong, Unreadable};
        let table = [
            ("", Unreadable),
            ("-", Unreadable),
            ("five", Unreadable),
            ("5 5", Unreadable),
            ("5x", Unreadable),
            ("1.2.3", Unreadable),
            ("ms", Unreadable),
            ("inf", Unreadable),
            ("1e3", Unreadable),
            ("-1", Negative),
            ("-500ms", Negative),
            ("8d", TooLong),
            ("99999999999999999999999999", TooLong),
        ];
        for (text, error) in table {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse(&"9".repeat(500)), Err(TooLong));
    }
}
