//! A tree of values in the order in which it was made, which becomes YAML, JSON, a property list or
//! sections; and `--set`, which changes a single value of it.
//!
//! Not a struct for each object of each engine: `--set` must reach fields that we have never heard of, and
//! a schema in the tests says more about the shape than our own types would.

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, Serializer};
use thiserror::Error;

/// What is wrong with a `--set`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetError {
    /// It has no path, or no value.
    #[error("write [TYPE:]KEY.KEY=VALUE")]
    Shape,
    /// The path goes on below a single value.
    #[error("`{0}` would lie inside of a single value")]
    Inside(String),
    /// The path leads into a list, past its end.
    #[error("`{0}` is no place in a list: use a number from 0 to {1}")]
    Index(String, usize),
}

use crate::location::Location;
use crate::name::TypeName;

/// A value with its parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// `null`: as a value of [`Setting`] it takes the key away.
    Nothing,
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Fraction(f64),
    /// Yes or no.
    Truth(bool),
    /// Values in order.
    List(Vec<Document>),
    /// Values with names, in the order in which they were put in.
    Map(IndexMap<String, Document>),
}

impl Document {
    /// An empty map.
    pub fn map() -> Self {
        Self::Map(IndexMap::new())
    }

    /// The map with one more value; anything else stays as it is.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Self>) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Itself, if it is a map with an entry or anything else.
    pub(super) fn unless_empty(self) -> Option<Self> {
        (self != Self::map()).then_some(self)
    }

    /// [`Document::with`] where there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Self>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The kind of an object of Kubernetes.
    pub fn object_kind(&self) -> Option<&str> {
        let Self::Map(entries) = self else { return None };
        let Some(Self::Text(kind)) = entries.get("kind") else { return None };
        Some(kind)
    }

    /// Changes one value as `setting` says; groups on the way to it are made.
    ///
    /// # Errors
    ///
    /// The part of the path that leads nowhere, and why.
    pub fn set(&mut self, setting: &Setting) -> Result<(), SetError> {
        let Some((last, groups)) = setting.path.split_last() else { return Ok(()) };
        let mut place = self;
        for step in groups {
            place = place.part(step)?;
        }
        match (&mut *place, &setting.value) {
            (Self::Map(entries), Self::Nothing) => {
                entries.shift_remove(last);
                Ok(())
            }
            (Self::List(items), Self::Nothing) => {
                let index = index_in(last, items.len().saturating_sub(1))?;
                if index < items.len() {
                    items.remove(index);
                }
                Ok(())
            }
            (_, value) => {
                *place.part(last)? = value.clone();
                Ok(())
            }
        }
    }

    /// The part called `step`, made if it is not there: a key of a map, an index of a list.
    fn part(&mut self, step: &str) -> Result<&mut Self, SetError> {
        if *self == Self::Nothing {
            *self = Self::map();
        }
        match self {
            Self::Map(entries) => Ok(entries.entry(step.to_owned()).or_insert(Self::Nothing)),
            Self::List(items) => {
                let index = index_in(step, items.len())?;
                if index == items.len() {
                    items.push(Self::Nothing);
                }
                Ok(&mut items[index])
            }
            Self::Nothing | Self::Text(_) | Self::Number(_) | Self::Fraction(_) | Self::Truth(_) => {
                Err(SetError::Inside(step.to_owned()))
            }
        }
    }
}

/// `step` as an index up to `most`.
fn index_in(step: &str, most: usize) -> Result<usize, SetError> {
    let index = step.parse().ok().filter(|index| *index <= most);
    index.ok_or_else(|| SetError::Index(step.to_owned(), most))
}

impl From<&str> for Document {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Document {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Document {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<T: Into<Document>> From<Vec<T>> for Document {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<serde_json::Value> for Document {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(truth) => Self::Truth(truth),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Number(whole),
                None => Self::Fraction(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Text(text),
            Value::Array(items) => items.into(),
            Value::Object(entries) => {
                Self::Map(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Fraction(number) => serializer.serialize_f64(*number),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// `--set [TYPE:]PATH=VALUE`: one value that the user wants otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Where it was said, for messages.
    pub place: Location,
    /// The type that it is for; `None`: all.
    pub kind: Option<String>,
    /// The kind of the object that it is for (`Service/spec.type=LoadBalancer`); `None`: the main one of a type.
    pub object: Option<String>,
    /// Keys from the outside to the inside; a number is a place in a list.
    pub path: Vec<String>,
    /// JSON if it reads as such, else text. `null` takes the key away.
    pub value: Document,
}

impl Setting {
    /// Whether it is for this type, or, with `None`, for all.
    pub fn is_for(&self, kind: Option<&TypeName>) -> bool {
        match (&self.kind, kind) {
            (None, _) => true,
            (Some(name), Some(kind)) => name == kind.as_str(),
            (Some(_), None) => false,
        }
    }

    /// Whether it is for an object of this kind beside the main one of a type: by name, or as `metadata`, which all have.
    pub fn is_for_beside(&self, object: Option<&str>) -> bool {
        match &self.object {
            Some(named) => object == Some(named),
            None => self.path.first().is_some_and(|key| key == "metadata"),
        }
    }

    /// What `text` says: `spec.replicas=null`, `web:Service.MemoryMax=512M`. A dot in a key is written `\.`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SetError> {
        let (place, value) = text.split_once('=').ok_or(SetError::Shape)?;
        let (kind, path) = match place.split_once(':') {
            Some((kind, path)) => (Some(kind.to_owned()), path),
            None => (None, place),
        };
        let (object, path) = match path.split_once('/').filter(|(word, _)| is_kind_of_object(word)) {
            Some((object, path)) => (Some(object.to_owned()), path),
            None => (None, path),
        };
        let path = keys(path);
        if path.iter().any(String::is_empty) || kind.as_ref().is_some_and(String::is_empty) {
            return Err(SetError::Shape);
        }
        let value = match serde_json::from_str::<serde_json::Value>(value) {
            Ok(value) => value.into(),
            Err(_) => value.into(),
        };
        let place = Location { file: format!("--set {text}").into(), line: None, column: None };
        Ok(Self { place, kind, object, path, value })
    }
}

fn is_kind_of_object(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && !word.contains('.')
}

/// `text` split at its dots, but for those after a backslash.
fn keys(text: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '.' => keys.push(String::new()),
            '\\' if characters.peek() == Some(&'.') => {
                characters.next();
                push(&mut keys, '.');
            }
            other => push(&mut keys, other),
        }
    }
    keys
}

fn push(keys: &mut [String], character: char) {
    if let Some(key) = keys.last_mut() {
        key.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(settings: &[&str]) -> Result<String, SetError> {
        let list = vec![Document::map().with("name", "web")];
        let mut document =
            Document::map().with("spec", Document::map().with("replicas", 2).with("list", list));
        for text in settings {
            document.set(&Setting::parse(text)?)?;
        }
        Ok(serde_json::to_string(&document).unwrap())
    }

    impl From<i32> for Document {
        fn from(number: i32) -> Self {
            Self::Number(number.into())
        }
    }

    #[test]
    fn a_setting_changes_adds_or_takes_away_one_value() {
        let table: [(&[&str], &str); 7] = [
            (&["spec.replicas=3"], r#"{"spec":{"replicas":3,"list":[{"name":"web"}]}}"#),
            (&["spec.replicas=null"], r#"{"spec":{"list":[{"name":"web"}]}}"#),
            (&["a.b=x=y"], r#"{"spec":{"replicas":2,"list":[{"name":"web"}]},"a":{"b":"x=y"}}"#),
            (&["spec.list.0.name=api"], r#"{"spec":{"replicas":2,"list":[{"name":"api"}]}}"#),
            (
                &["spec.list.1={\"a\":[1.5,true]}"],
                r#"{"spec":{"replicas":2,"list":[{"name":"web"},{"a":[1.5,true]}]}}"#,
            ),
            (&["spec.list.0=null"], r#"{"spec":{"replicas":2,"list":[]}}"#),
            (&[r"a\.b/c=1", "spec=null"], r#"{"a.b/c":1}"#),
        ];
        for (settings, expected) in table {
            assert_eq!(after(settings).as_deref(), Ok(expected), "{settings:?}");
        }
    }

    #[test]
    fn a_setting_that_leads_nowhere_is_refused() {
        assert_eq!(after(&["spec.replicas.x=1"]), Err(SetError::Inside("x".into())));
        assert_eq!(after(&["spec.list.9=1"]), Err(SetError::Index("9".into(), 1)));
        for text in ["", "a", "=1", "a..b=1", ":a=1", "a.=1"] {
            assert_eq!(after(&[text]), Err(SetError::Shape), "{text:?}");
        }
    }

    #[test]
    fn a_setting_can_be_for_one_type() {
        let setting = Setting::parse("web:a=1").unwrap();
        assert_eq!((setting.kind.as_deref(), setting.path), (Some("web"), vec!["a".to_owned()]));
    }
}
