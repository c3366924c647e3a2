//! Blank rows that a program may have printed to scroll its screen away, or to draw in them.

/// A run of blank rows. The first is a row like any other. Those behind it are held back until it is known what follows: a
/// row of text, and they come out; or a cleared screen or a cursor that moves up, and they do not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BlankRows {
    /// Whether the latest row was blank.
    is_run: bool,
    held: usize,
}

impl BlankRows {
    /// One more blank row; whether it comes out now.
    pub(super) fn add(&mut self) -> bool {
        self.held += usize::from(self.is_run);
        !std::mem::replace(&mut self.is_run, true)
    }

    /// A row of text follows; how many rows come out before it.
    pub(super) fn end(&mut self) -> usize {
        std::mem::take(self).held
    }

    /// No text has followed for a moment; how many rows come out.
    pub(super) fn release(&mut self) -> usize {
        std::mem::take(&mut self.held)
    }

    /// They are drawn over.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether rows are held back.
    pub(super) fn is_holding(self) -> bool {
        self.held > 0
    }
}
