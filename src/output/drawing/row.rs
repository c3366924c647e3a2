//! One row of a program's drawing: text that only grows, until something moves back in it.

use std::rc::Rc;

use unicode_width::UnicodeWidthChar;

use crate::escapes::{EscapeScanner, Style};
use crate::output::columns::next_stop;

/// Columns that a row can be edited in. A longer one is handed on in pieces.
pub(super) const WIDEST: usize = 4096;

/// A row. It stays the bytes that were written until a cell of it is changed: nearly all rows with colours are never
/// edited, and pass as the program wrote them.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The style at its beginning, and behind what was written.
    start: Rc<Style>,
    end: Rc<Style>,
    /// Text, colours and links, while there are no cells.
    written: Vec<u8>,
    cells: Option<Vec<Cell>>,
}

/// One column.
#[derive(Clone, Debug)]
struct Cell {
    /// A character with its marks; empty behind a wide one.
    text: [u8; 12],
    length: u8,
    style: Rc<Style>,
}

impl Cell {
    fn new(text: &[u8], style: &Rc<Style>) -> Self {
        let mut cell = Self { text: [0; 12], length: 0, style: Rc::clone(style) };
        cell.add(text);
        cell
    }

    /// Adds a mark, if there is room.
    fn add(&mut self, text: &[u8]) {
        let end = usize::from(self.length) + text.len();
        if let Some(room) = self.text.get_mut(usize::from(self.length)..end) {
            room.copy_from_slice(text);
            self.length += u8::try_from(text.len()).unwrap_or(0);
        }
    }

    fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    fn is_blank(&self) -> bool {
        self.text() == b" " && self.style.is_plain()
    }
}

impl Row {
    /// An empty row.
    pub(super) fn new(start: &Rc<Style>) -> Self {
        Self { start: Rc::clone(start), end: Rc::clone(start), written: Vec::new(), cells: None }
    }

    /// Whether it has no text.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.cells.as_ref().is_none_or(Vec::is_empty)
    }

    /// Adds bytes at the end of a row that has not been edited, behind which the style is `end`; whether it could.
    pub(super) fn append(&mut self, bytes: &[u8], end: &Rc<Style>) -> bool {
        if self.cells.is_none() {
            self.written.extend_from_slice(bytes);
            self.end = Rc::clone(end);
        }
        self.cells.is_none()
    }

    /// Bytes of a row that has not been edited.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }

    /// Columns that are in use.
    pub(super) fn width(&mut self) -> usize {
        self.cells().len()
    }

    fn cells(&mut self) -> &mut Vec<Cell> {
        if self.cells.is_none() {
            let written = std::mem::take(&mut self.written);
            self.cells = Some(cells_of(&written, &self.start));
        }
        self.cells.get_or_insert_default()
    }

    /// Puts text at this column; the column behind it.
    pub(super) fn put(&mut self, mut column: usize, text: &[u8], style: &Rc<Style>) -> usize {
        let cells = self.cells();
        for chunk in text.utf8_chunks() {
            for character in chunk.valid().chars() {
                column = put(cells, column, character, style);
            }
            for byte in chunk.invalid() {
                set(cells, column, Cell::new(&[*byte], style));
                column += 1;
            }
        }
        column
    }

    /// Erases the columns from `from` up to `to`.
    pub(super) fn erase(&mut self, from: usize, to: usize) {
        let cells = self.cells();
        if to >= cells.len() {
            cells.truncate(from);
        } else {
            let style = Rc::default();
            (from..to).for_each(|column| set(cells, column, Cell::new(b" ", &style)));
        }
    }

    /// Takes `count` columns out, those behind them move up.
    pub(super) fn delete(&mut self, column: usize, count: usize) {
        let cells = self.cells();
        let start = column.min(cells.len());
        cells.drain(start..column.saturating_add(count).min(cells.len()).max(start));
    }

    /// Puts blanks in at this column.
    pub(super) fn insert(&mut self, column: usize, count: usize) {
        let cells = self.cells();
        if column < cells.len() {
            let blank = Cell::new(b" ", &Rc::default());
            cells.splice(column..column, vec![blank; count.min(WIDEST)]);
            cells.truncate(WIDEST);
        }
    }

    /// Its bytes, which leave a terminal in the style of the beginning.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Some(cells) = &self.cells else {
            let mut out = Vec::with_capacity(self.written.len() + 8);
            self.start.write(&Style::default(), &mut out);
            out.extend_from_slice(&self.written);
            Style::default().write(&self.end, &mut out);
            return out;
        };
        bytes_of(cells)
    }

    /// Its first `columns` columns.
    pub(super) fn clipped(&mut self, columns: usize) -> Vec<u8> {
        let cells = self.cells();
        let mut end = columns.min(cells.len());
        // Not half of a wide character.
        while end > 0 && cells.get(end).is_some_and(|next| next.length == 0) {
            end -= 1;
        }
        bytes_of(&cells[..end])
    }
}

fn bytes_of(cells: &[Cell]) -> Vec<u8> {
    let end = cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
    let mut out = Vec::with_capacity(end + 16);
    let plain = Rc::default();
    let mut style = &plain;
    for cell in &cells[..end] {
        if !Rc::ptr_eq(style, &cell.style) {
            cell.style.write(style, &mut out);
            style = &cell.style;
        }
        out.extend_from_slice(cell.text());
    }
    Style::default().write(style, &mut out);
    out
}

/// The cells of text with colours and links.
fn cells_of(written: &[u8], start: &Rc<Style>) -> Vec<Cell> {
    let mut row = Row { cells: Some(Vec::new()), ..Row::new(start) };
    let (mut scanner, mut style, mut column) = (EscapeScanner::default(), Rc::clone(start), 0);
    let mut rest = written;
    while !rest.is_empty() {
        let step = scanner.step(rest);
        column = row.put(column, &rest[..step.start.unwrap_or(step.taken)], &style);
        if let Some(sequence) = step.sequence {
            Rc::make_mut(&mut style).follow(sequence);
        }
        rest = &rest[step.taken..];
    }
    row.cells.unwrap_or_default()
}

/// Puts one character; the column behind it.
fn put(cells: &mut Vec<Cell>, column: usize, character: char, style: &Rc<Style>) -> usize {
    let mut bytes = [0; 4];
    let text = character.encode_utf8(&mut bytes).as_bytes();
    match character.width() {
        _ if character == '\t' => {
            let next = next_stop(column);
            pad(cells, next.min(WIDEST));
            next
        }
        None => column,
        // A mark belongs to the character before it.
        Some(0) => {
            let before = column.min(cells.len());
            if let Some(cell) = cells[..before].iter_mut().rfind(|cell| cell.length > 0) {
                cell.add(text);
            }
            column
        }
        Some(width) => {
            set(cells, column, Cell::new(text, style));
            (1..width).for_each(|at| set(cells, column + at, Cell::new(b"", style)));
            column + width
        }
    }
}

/// Replaces one column. What is left of a wide character is blank.
fn set(cells: &mut Vec<Cell>, column: usize, cell: Cell) {
    if column >= WIDEST {
        return;
    }
    pad(cells, column);
    let is_behind = cell.length == 0;
    if cells.get(column).is_some_and(|old| old.length == 0) && !is_behind && column > 0 {
        cells[column - 1] = Cell::new(b" ", &Rc::default());
    }
    if cells.get(column + 1).is_some_and(|next| next.length == 0) {
        cells[column + 1] = Cell::new(b" ", &Rc::default());
    }
    match cells.get_mut(column) {
        Some(old) => *old = cell,
        None => cells.push(cell),
    }
}

fn pad(cells: &mut Vec<Cell>, columns: usize) {
    if cells.len() < columns {
        cells.resize(columns, Cell::new(b" ", &Rc::default()));
    }
}
