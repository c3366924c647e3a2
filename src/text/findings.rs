//! A list of mistakes that cannot grow without bound.

use crate::location::{Diagnostic, Location};
use std::sync::Arc;

/// What was found wrong in one file, in order of place.
///
/// Dozens of mistakes can be mended from one list, but not a million: a log file that was named by
/// mistake must cost neither the memory nor the screen. So past [`Findings::MOST`] they are only counted.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<Diagnostic>,
    unlisted: usize,
}

impl Findings {
    /// The most that are listed.
    pub(crate) const MOST: usize = 100;

    /// Adds what `diagnostic` makes; it is not called when the list is full.
    pub(crate) fn add(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.listed.len() < Self::MOST {
            self.listed.push(diagnostic());
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Forgets all but the first.
    pub(crate) fn keep_first(&mut self) {
        self.listed.truncate(1);
        self.unlisted = 0;
    }

    /// The list, with a last entry about `file` that says how many more there are, if any.
    pub(crate) fn into_list(mut self, file: &Arc<str>) -> Vec<Diagnostic> {
        if self.unlisted > 0 {
            self.listed.push(Diagnostic {
                location: Location { file: Arc::clone(file), line: None, column: None },
                message: format!("{} more lines like these are not listed", self.unlisted),
                hint: Some("look at the first ones: perhaps this is another kind of file".into()),
                excerpt: None,
            });
        }
        self.listed
    }
}
