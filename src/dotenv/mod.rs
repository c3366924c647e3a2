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

/// Stub.
#[derive(Clone, Default)]
pub struct Parsed {
    /// Lines.
    pub assignments: Vec<Assignment>,
    /// Errors.
    pub errors: Vec<crate::location::Diagnostic>,
    /// Warnings.
    pub warnings: Vec<crate::location::Diagnostic>,
}

/// Stub.
pub fn parse(_file: &str, _bytes: &[u8]) -> Parsed {
    Parsed::default()
}
