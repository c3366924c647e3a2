//! The fields of a JSON object, asked for by name and bounds. Each error is one sentence that has both.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// The most characters of a wrong value that are shown.
const SHOWN: usize = 60;

/// Why a field, or a whole line, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// The line is no JSON object; the reason of the JSON parser, if it has one.
    NoObject(Option<String>),
    /// A field has a value that is not allowed.
    Wrong {
        /// Where: `steps[3].by`.
        place: String,
        /// The value, cut.
        value: String,
        /// The values that are allowed.
        allowed: String,
    },
    /// A field is not there.
    Missing {
        /// Where.
        place: String,
        /// The values that are allowed, if they are told.
        allowed: Option<String>,
    },
    /// Two fields are there that exclude each other.
    Both(String, String),
    /// One of two fields must be there.
    Neither(String, String),
    /// The regular expression of this field cannot be used.
    Pattern(String, PatternError),
}

/// Why a regular expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It has more than this many characters.
    TooLong(usize),
    /// It is none, or compiles to too much; the reason of the compiler.
    Invalid(String),
}

impl Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject(None) => write!(f, "the line is no JSON object"),
            Self::NoObject(Some(reason)) => write!(f, "the line is no JSON object: {reason}"),
            Self::Wrong { place, value, allowed } => write!(f, "`{place}` is {value}; allowed: {allowed}"),
            Self::Missing { place, allowed: None } => write!(f, "`{place}` is missing"),
            Self::Missing { place, allowed: Some(allowed) } => {
                write!(f, "`{place}` is missing; allowed: {allowed}")
            }
            Self::Both(one, other) => write!(f, "`{one}` and `{other}` are both there; allowed: one of them"),
            Self::Neither(one, other) => {
                write!(f, "neither `{one}` nor `{other}` is there; allowed: one of them")
            }
            Self::Pattern(place, reason) => {
                write!(f, "`{place}` is no regular expression that can be used: {reason}")
            }
        }
    }
}

impl Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(most) => write!(f, "longer than {most} characters"),
            Self::Invalid(reason) => f.write_str(reason),
        }
    }
}

/// An object, and where it stands in the request.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// `steps[3].`, or nothing.
    place: String,
}

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Map<String, Value>) -> Self {
        Self { object, place: String::new() }
    }

    /// What `read` makes of the field, or `None` where it is not there; `null` is as good as not there.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        allowed: impl Display,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.object.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(wrong(&self.named(name), value, allowed)),
        }
    }

    /// The same of a field that must be there.
    pub(super) fn required<T>(
        &self,
        name: &str,
        allowed: impl Display,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, FieldError> {
        let missing = FieldError::Missing { place: self.named(name), allowed: Some(allowed.to_string()) };
        self.optional(name, allowed, read)?.ok_or(missing)
    }

    /// `read`, which must be there.
    pub(super) fn needed<T>(&self, name: &str, read: Option<T>) -> Result<T, FieldError> {
        read.ok_or_else(|| FieldError::Missing { place: self.named(name), allowed: None })
    }

    /// A whole number in these bounds.
    pub(super) fn whole<T>(&self, name: &str, bounds: RangeInclusive<T>) -> Result<Option<T>, FieldError>
    where
        T: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        let allowed = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.optional(name, allowed, |value| {
            value
                .as_i64()
                .and_then(|number| T::try_from(number).ok())
                .filter(|number| bounds.contains(number))
        })
    }

    /// Yes or no; no where it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, FieldError> {
        Ok(self.optional(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A text of so many characters.
    pub(super) fn text(
        &self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<String>, FieldError> {
        let allowed = format!("a string of {} to {} characters", length.start(), length.end());
        self.optional(name, allowed, |value| {
            value.as_str().filter(|text| length.contains(&text.chars().count())).map(str::to_owned)
        })
    }

    /// So many texts, at most so long. A field that is not there has none.
    pub(super) fn texts(
        &self,
        name: &str,
        count: RangeInclusive<usize>,
        longest: usize,
    ) -> Result<Vec<String>, FieldError> {
        let allowed = format!("a string of 0 to {longest} characters");
        self.array(name, count)?
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let text = value.as_str().filter(|text| text.chars().count() <= longest);
                let place = || self.named(&format!("{name}[{index}]"));
                text.map(str::to_owned).ok_or_else(|| wrong(&place(), value, &allowed))
            })
            .collect()
    }

    /// So many objects. A field that is not there has none.
    pub(super) fn objects(&self, name: &str, count: RangeInclusive<usize>) -> Result<Vec<Self>, FieldError> {
        self.array(name, count)?
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let place = self.named(&format!("{name}[{index}]"));
                match value {
                    Value::Object(object) => Ok(Self { object, place: place + "." }),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                        Err(wrong(&place, value, "an object"))
                    }
                }
            })
            .collect()
    }

    /// The field is there, with a value that is not allowed.
    pub(super) fn refuse(&self, name: &str, allowed: impl Display) -> FieldError {
        wrong(&self.named(name), self.object.get(name).unwrap_or(&Value::Null), allowed)
    }

    /// Two fields are there that exclude each other.
    pub(super) fn both(&self, one: &str, other: &str) -> FieldError {
        FieldError::Both(self.named(one), self.named(other))
    }

    /// One of two fields must be there.
    pub(super) fn neither(&self, one: &str, other: &str) -> FieldError {
        FieldError::Neither(self.named(one), self.named(other))
    }

    fn array(&self, name: &str, count: RangeInclusive<usize>) -> Result<&'a [Value], FieldError> {
        let allowed = format!("an array of {} to {} items", count.start(), count.end());
        let read = |value: &'a Value| {
            value.as_array().map(Vec::as_slice).filter(|array| count.contains(&array.len()))
        };
        if *count.start() > 0 {
            return self.required(name, allowed, read);
        }
        Ok(self.optional(name, allowed, read)?.unwrap_or_default())
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }
}

fn wrong(place: &str, value: &Value, allowed: impl Display) -> FieldError {
    let shown = value.to_string();
    let cut = shown.char_indices().nth(SHOWN).map_or(shown.len(), |(at, _)| at);
    let rest = if cut < shown.len() { "…" } else { "" };
    FieldError::Wrong {
        place: place.to_owned(),
        value: format!("{}{rest}", &shown[..cut]),
        allowed: allowed.to_string(),
    }
}
