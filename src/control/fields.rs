//! The fields of a JSON object, asked for by name and bounds. Each error is one sentence that has both.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// The most characters of a wrong value that are shown.
const SHOWN: usize = 60;

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
    ) -> Result<Option<T>, String> {
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
    ) -> Result<T, String> {
        let missing = format!("`{}` is missing; allowed: {allowed}", self.named(name));
        self.optional(name, allowed, read)?.ok_or(missing)
    }

    /// `read`, which must be there.
    pub(super) fn needed<T>(&self, name: &str, read: Option<T>) -> Result<T, String> {
        read.ok_or_else(|| format!("`{}` is missing", self.named(name)))
    }

    /// A whole number in these bounds.
    pub(super) fn whole<T>(&self, name: &str, bounds: RangeInclusive<T>) -> Result<Option<T>, String>
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
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.optional(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A text of so many characters.
    pub(super) fn text(&self, name: &str, length: RangeInclusive<usize>) -> Result<Option<String>, String> {
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
    ) -> Result<Vec<String>, String> {
        let allowed = format!("a string of 0 to {longest} characters");
        let read = |(index, value): (usize, &Value)| {
            let text = value.as_str().filter(|text| text.chars().count() <= longest);
            let place = || self.named(&format!("{name}[{index}]"));
            text.map(str::to_owned).ok_or_else(|| wrong(&place(), value, &allowed))
        };
        self.array(name, count)?.iter().enumerate().map(read).collect()
    }

    /// So many objects. A field that is not there has none.
    pub(super) fn objects(&self, name: &str, count: RangeInclusive<usize>) -> Result<Vec<Self>, String> {
        let read = |(index, value): (usize, &'a Value)| {
            let place = self.named(&format!("{name}[{index}]"));
            match value {
                Value::Object(object) => Ok(Self { object, place: place + "." }),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    Err(wrong(&place, value, "an object"))
                }
            }
        };
        self.array(name, count)?.iter().enumerate().map(read).collect()
    }

    /// That the field, which is there, has a value that is not allowed.
    pub(super) fn refuse(&self, name: &str, allowed: impl Display) -> String {
        wrong(&self.named(name), self.object.get(name).unwrap_or(&Value::Null), allowed)
    }

    /// That two fields are there which exclude each other.
    pub(super) fn both(&self, one: &str, other: &str) -> String {
        format!("`{}` and `{}` are both there; allowed: one of them", self.named(one), self.named(other))
    }

    /// That one of two fields must be there.
    pub(super) fn neither(&self, one: &str, other: &str) -> String {
        format!("neither `{}` nor `{}` is there; allowed: one of them", self.named(one), self.named(other))
    }

    fn array(&self, name: &str, count: RangeInclusive<usize>) -> Result<&'a [Value], String> {
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

/// `signal` is 999; allowed: …
fn wrong(place: &str, value: &Value, allowed: impl Display) -> String {
    let shown = value.to_string();
    let cut = shown.char_indices().nth(SHOWN).map_or(shown.len(), |(at, _)| at);
    let rest = if cut < shown.len() { "…" } else { "" };
    format!("`{place}` is {}{rest}; allowed: {allowed}", &shown[..cut])
}
