//! Stub until the reader is merged.

use std::sync::Arc;

/// A line.
#[derive(Clone)]
pub struct Assignment {
    /// Name.
    pub name: String,
    /// Value.
    pub value: Vec<u8>,
    /// File.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}
