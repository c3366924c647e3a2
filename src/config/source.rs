//! A file of settings, and how a place in it is named.

use std::ops::Range;
use std::sync::Arc;

use crate::location::{Diagnostic, Location};
use crate::text;

/// The farthest into a line, in bytes, that columns are counted: each value has a place, and a file may be one line.
const COUNTED: usize = 64 << 10;

/// A file's name and text.
pub(super) struct SettingSource<'a> {
    pub(super) file: Arc<str>,
    pub(super) content: &'a str,
    /// Where each line begins, so that a place is found without reading all that stands before it.
    starts: Vec<usize>,
}

impl<'a> SettingSource<'a> {
    pub(super) fn new(file: Arc<str>, content: &'a str) -> Self {
        let ends = content.match_indices('\n');
        Self { file, content, starts: std::iter::once(0).chain(ends.map(|(end, _)| end + 1)).collect() }
    }

    /// The line around the byte `at`: its number, where it begins, and its text.
    fn line(&self, at: usize) -> (u32, usize, &'a str) {
        let number = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[number - 1];
        let end = self.starts.get(number).map_or(self.content.len(), |next| next - 1);
        (u32::try_from(number).unwrap_or(u32::MAX), start, self.content[start..end].trim_end_matches('\r'))
    }

    /// The place of the byte `at`.
    pub(super) fn location(&self, at: usize) -> Location {
        let (number, start, line) = self.line(at);
        let inside = at.saturating_sub(start);
        let column = (inside <= COUNTED).then(|| text::column(line, inside));
        Location { file: Arc::clone(&self.file), line: Some(number), column }
    }

    /// A diagnostic of a range of bytes.
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
    Err(text
        .faults
        .into_iter()
        .map(|fault| Diagnostic { excerpt: fault.excerpt.clone(), ..fault.diagnostic(file) })
        .collect())
}
