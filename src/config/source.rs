//! A file of settings, and how a place in it is named.

use std::ops::Range;
use std::sync::Arc;

use crate::location::{Diagnostic, Location};
use crate::text;

/// A file's name and text.
pub(super) struct Source<'a> {
    pub(super) file: Arc<str>,
    pub(super) content: &'a str,
}

impl Source<'_> {
    /// The line around the byte `at`: its number, where it begins, and its text.
    fn line(&self, at: usize) -> (u32, usize, &str) {
        let before = self.content.get(..at).unwrap_or(self.content);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let number = before.bytes().filter(|byte| *byte == b'\n').count();
        let line = self.content[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        (u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1), start, line)
    }

    /// The place of the byte `at`.
    pub(super) fn location(&self, at: usize) -> Location {
        let (number, start, line) = self.line(at);
        let column = text::column(line, at.saturating_sub(start));
        Location { file: Arc::clone(&self.file), line: Some(number), column: Some(column) }
    }

    /// What is to be said about a range of bytes.
    pub(super) fn diagnostic(&self, span: Range<usize>, message: String, hint: Option<String>) -> Diagnostic {
        let (_, start, line) = self.line(span.start);
        let mark = span.start.saturating_sub(start)..span.end.saturating_sub(start).min(line.len());
        let excerpt = Some(text::excerpt(line, mark));
        Diagnostic { location: self.location(span.start), message, hint, excerpt }
    }
}

/// `bytes` as text, or why they are none.
pub(super) fn decoded<'a>(
    file: &Arc<str>,
    bytes: &'a [u8],
) -> Result<std::borrow::Cow<'a, str>, Vec<Diagnostic>> {
    let text = text::decode(bytes);
    if text.faults.is_empty() {
        return Ok(text.content);
    }
    let shown = |fault: text::Fault| Diagnostic { excerpt: fault.excerpt.clone(), ..fault.diagnostic(file) };
    Err(text.faults.into_iter().map(shown).collect())
}
