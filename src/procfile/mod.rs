//! Stub until the reader is merged.

use std::sync::Arc;

use crate::name::TypeName;

/// A line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name.
    pub name: TypeName,
    /// Command.
    pub command: Arc<str>,
    /// Line.
    pub line: u32,
}

/// A Procfile.
#[derive(Clone, Debug)]
pub struct Procfile {
    /// File.
    pub file: Arc<str>,
    /// Lines.
    pub entries: Vec<Entry>,
}
