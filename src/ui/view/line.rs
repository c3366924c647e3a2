//! A line that is put together from the left and cut at its width.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use unicode_width::UnicodeWidthStr;

use super::signs::Signs;

/// A line of the screen.
pub(super) struct LineWriter<'a> {
    buffer: &'a mut Buffer,
    place: Rect,
    signs: Signs,
    column: u16,
}

impl<'a> LineWriter<'a> {
    /// The line at this place, which is one row high.
    pub(super) fn new(buffer: &'a mut Buffer, place: Rect, signs: Signs) -> Self {
        Self { buffer, place, signs, column: place.x }
    }

    /// Columns that are left.
    pub(super) fn left(&self) -> u16 {
        self.place.right().saturating_sub(self.column)
    }

    /// Adds text; where not all of it fits, it ends in a sign for that.
    pub(super) fn text(&mut self, text: &str, style: Style) -> &mut Self {
        if self.place.height == 0 || self.left() == 0 {
            return self;
        }
        let text = self.signs.shown(text);
        let left = usize::from(self.left());
        let is_cut = text.width() > left;
        let room = if is_cut { left - 1 } else { left };
        let (column, _) = self.buffer.set_stringn(self.column, self.place.y, &text, room, style);
        self.column = column;
        if is_cut {
            let cut = self.signs.cut();
            (self.column, _) = self.buffer.set_stringn(column, self.place.y, cut, 1, style);
            self.column = self.place.right();
        }
        self
    }

    /// Adds text in a cell of so many columns, on its left or right side. Where that does not fit, nothing is added.
    pub(super) fn cell(&mut self, text: &str, columns: u16, is_right: bool, style: Style) -> &mut Self {
        if self.left() < columns || self.place.height == 0 {
            return self;
        }
        let end = self.column + columns;
        let free = columns.saturating_sub(u16::try_from(text.width()).unwrap_or(columns));
        self.column += if is_right { free } else { 0 };
        let place = Rect { x: self.column, width: end - self.column, ..self.place };
        LineWriter::new(self.buffer, place, self.signs).text(text, style);
        self.column = end;
        self
    }
}
