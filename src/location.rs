//! Places in files, and what is to be said about them.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// A place in a file of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as the user would name it: relative to the current folder if they named it so.
    pub file: Arc<str>,
    /// Line, from 1; `None` when the file as a whole is meant.
    pub line: Option<u32>,
    /// Column in characters, from 1; `None` when the line as a whole is meant.
    pub column: Option<u32>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// The piece of a line that a diagnostic points at. The text must be fit to print: a value of a .env
/// file is masked by the reader that makes the excerpt, before it gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or the part of a long line around the place.
    pub text: String,
    /// Byte range of what the caret marks, within `text`.
    pub mark: std::ops::Range<usize>,
}

/// Something wrong, or worth a warning, in a file or an argument: where, what, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub location: Location,
    /// What: one sentence without a full stop.
    pub message: String,
    /// The way out, one sentence.
    pub hint: Option<String>,
    /// The line itself.
    pub excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// `message` about `place`, without an excerpt.
    pub fn at(place: &Location, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { location: place.clone(), message: message.into(), hint, excerpt: None }
    }
}

impl Serialize for Diagnostic {
    /// `{"file","line","column","message","hint"}`; what is not known is `null`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnostic", 5)?;
        object.serialize_field("file", &*self.location.file)?;
        object.serialize_field("line", &self.location.line)?;
        object.serialize_field("column", &self.location.column)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("hint", &self.hint)?;
        object.end()
    }
}
