//! The rows of the log on the screen.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};
use ratatui_core::text::Line;

use super::line::LineWriter;
use super::list::summary;
use super::signs::{Signs, faint};
use crate::ui::log::{LogRow, RowSource};
use crate::ui::state::{State, TIME, prefix_columns};

/// What the log is of, and how it is shown.
pub(super) fn draw_title(state: &State, signs: Signs, buffer: &mut Buffer, place: Rect) {
    let stack = &state.stack;
    let mut writer = LineWriter::new(buffer, place, signs);
    let shown = stack.shown();
    let only = |name: &String| stack.instances().iter().find(|row| row.name == *name);
    match shown.as_slice() {
        [] => writer.text("all instances", Style::new()),
        [name] => {
            let summary = only(name).map(|row| summary(row, signs)).unwrap_or_default();
            writer.text(name, signs.kind(stack.kind(name)).add_modifier(Modifier::BOLD));
            writer.text("  ", Style::new()).text(&summary, faint())
        }
        names => writer.text(&names.join(", "), Style::new()),
    };
}

/// Draws the rows.
pub(super) fn draw(state: &State, signs: Signs, buffer: &mut Buffer, place: Rect) {
    let pane = state.pane();
    let (time, name) = prefix_columns(&state.log, &state.view, usize::from(place.width));
    let prefix = u16::try_from(time + name).unwrap_or(0);
    let mut drawn: Option<(u64, Vec<Line<'static>>)> = None;
    for (y, line) in (place.y..).zip(state.view.lines(&pane)) {
        let Some(row) = state.log.get(line.row) else { continue };
        let lines = match &drawn {
            Some((number, lines)) if *number == line.row => lines,
            _ => &drawn.insert((line.row, pane.format.lines(&row, state.view.search.as_ref()))).1,
        };
        let whole = Rect { y, height: 1, ..place };
        if line.line == 0 {
            let mut writer = LineWriter::new(buffer, Rect { width: prefix, ..whole }, signs);
            draw_prefix(&mut writer, state, &row, (time, name));
        }
        if let Some(text) = lines.get(line.line) {
            buffer.set_line(place.x + prefix, y, text, place.width - prefix);
        }
        let style = match row.source {
            RowSource::Screen => faint(),
            RowSource::Instance(_) => Style::new(),
        };
        let is_found = state.view.found == Some(line.row);
        let selected = Style::new().add_modifier(Modifier::REVERSED);
        let style = if state.view.is_selected(line.row) { selected } else { style };
        buffer.set_style(whole, if is_found { style.add_modifier(Modifier::BOLD) } else { style });
    }
}

fn draw_prefix(writer: &mut LineWriter<'_>, state: &State, row: &LogRow<'_>, (time, name): (usize, usize)) {
    if time > 0 {
        let at = row.at.to_zoned(state.zone.clone()).strftime("%H:%M:%S%.3f ").to_string();
        writer.cell(&at, u16::try_from(TIME).unwrap_or(0), false, faint());
    }
    if let (1.., RowSource::Instance(index)) = (name, row.source) {
        let signs = Signs::new(state.looks);
        let (instance, columns) = (state.log.name(index), name - " | ".len());
        let style = signs.kind(state.stack.kind(instance));
        writer.cell(instance, u16::try_from(columns).unwrap_or(0), false, style).text(" | ", style);
    }
}
