//! The places of the parts of the screen.

use ratatui_core::layout::Rect;

/// Below this many columns, or this many rows, the list of instances is one line.
const NARROW: (u16, u16) = (60, 8);

/// The places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    /// Root, uptime, formation.
    pub header: Rect,
    /// The instances; one row high where they are folded into one line.
    pub list: Rect,
    /// What the log is of.
    pub title: Rect,
    /// The rows of the log.
    pub log: Rect,
    /// The keys, a prompt, or an answer.
    pub footer: Rect,
    /// Whether the list is folded.
    pub is_folded: bool,
}

/// The places on a terminal of this size.
pub(super) fn areas((columns, rows): (u16, u16), is_list_folded: bool) -> Areas {
    let row = |at: u16| Rect::new(0, at.min(rows.saturating_sub(1)), columns, u16::from(at < rows));
    let is_folded = is_list_folded || columns < NARROW.0 || rows < NARROW.1;
    let below = rows.saturating_sub(1);
    let (list, title, left, top) = if is_folded {
        let line = Rect { height: u16::from(rows > 2), ..row(1) };
        (line, Rect::new(0, 2.min(below), columns, 0), 0, 2)
    } else {
        let width = match columns {
            ..100 => 32,
            100..160 => 44,
            160.. => 72,
        };
        let list = Rect::new(0, 1, width, below.saturating_sub(1));
        let left = width + 1;
        (list, Rect::new(left, 1, columns - left, 1), left, 2)
    };
    let log = Rect::new(left, top.min(below), columns - left, below.saturating_sub(top));
    let footer = Rect::new(0, below, columns, u16::from(rows > 1));
    Areas { header: row(0), list, title, log, footer, is_folded }
}

/// The first row of a list of which the row with the cursor is to be seen.
pub(super) fn list_top(cursor: usize, count: usize, height: u16) -> usize {
    let height = usize::from(height).max(1);
    // In the middle, where the list goes on in both directions.
    cursor.saturating_sub(height / 2).min(count.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_outside_of_the_terminal_and_none_lies_on_another() {
        for columns in 1..220 {
            for rows in 1..70 {
                for folded in [false, true] {
                    let screen = Rect::new(0, 0, columns, rows);
                    let Areas { header, list, title, log, footer, .. } = areas((columns, rows), folded);
                    let all = [header, list, title, log, footer];
                    for (at, place) in all.iter().enumerate() {
                        assert_eq!(
                            place.intersection(screen).area(),
                            place.area(),
                            "{columns}x{rows}: {place}"
                        );
                        let is_on = |other: &Rect| place.intersection(*other).area() > 0;
                        assert!(!all[at + 1..].iter().any(is_on), "{columns}x{rows} {all:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_row_with_the_cursor_is_always_seen() {
        for count in 1..40 {
            for height in 1..12 {
                for cursor in 0..count {
                    let top = list_top(cursor, count, height);
                    assert!((top..top + usize::from(height)).contains(&cursor));
                    assert!(top == 0 || top + usize::from(height) <= count, "no empty rows");
                }
            }
        }
    }
}
