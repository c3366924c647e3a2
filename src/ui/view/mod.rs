//! A frame of the state. Pure: what is drawn follows from the state alone.

mod line;
mod list;
mod log;
mod signs;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Position, Rect};
use ratatui_core::style::{Modifier, Style};
use ratatui_core::terminal::Frame;

use super::areas::Areas;
use super::keys::{BINDINGS, Command, KeyBinding};
use super::stack::Link;
use super::state::{Mode, PromptKind, State};
use crate::control::table::lived;
use crate::control::timeline::TimelineLine;
use line::LineWriter;
use signs::{Signs, faint};

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let (signs, areas) = (Signs::new(state.looks), state.areas());
    let buffer = frame.buffer_mut();
    draw_header(state, signs, buffer, areas.header);
    if let Mode::Overlay(overlay, top) = &state.mode {
        let y = areas.header.bottom();
        let place = Rect { y, height: areas.footer.y.saturating_sub(y), ..areas.header };
        draw_overlay((overlay.title(), &state.overlay_lines(overlay), *top), signs, buffer, place);
    } else {
        draw_stack(state, signs, buffer, areas);
    }
    let cursor = draw_footer(state, signs, buffer, areas.footer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// The instances, and the log.
fn draw_stack(state: &State, signs: Signs, buffer: &mut Buffer, areas: Areas) {
    if areas.is_folded {
        list::draw_folded(&state.stack, signs, buffer, areas.list);
    } else {
        list::draw(&state.stack, signs, buffer, areas.list);
        for y in areas.list.y..areas.list.bottom() {
            buffer.set_string(areas.list.right(), y, signs.bar(), faint());
        }
        log::draw_title(state, signs, buffer, areas.title);
    }
    log::draw(state, signs, buffer, areas.log);
}

/// How the stack stands: root, how long it runs, formation, how many are ready.
fn draw_header(state: &State, signs: Signs, buffer: &mut Buffer, place: Rect) {
    let stack = &state.stack;
    let base = Style::new().add_modifier(Modifier::BOLD);
    let mut writer = LineWriter::new(buffer, place, signs);
    let link = match &stack.link {
        Link::Waiting => Some("not answered yet".to_owned()),
        Link::Up => None,
        Link::Silent => Some("does not answer: suspended, or it hangs".to_owned()),
        Link::Ended(sentence) => Some(sentence.clone()),
    };
    if let Some(text) = link {
        let style = if stack.link == Link::Waiting { faint() } else { signs.failure() };
        writer.text(&text, style).text(signs.dot(), faint());
    }
    let Some(status) = &stack.status else { return };
    let (ready, of) = stack.ready();
    let name = status.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    // The end of a path tells more than its beginning.
    let is_long = status.root.chars().count() > usize::from(writer.left() / 3);
    let folder = status.root.rsplit('/').next().filter(|_| is_long).unwrap_or(&status.root);
    let formation: Vec<String> =
        status.formation.iter().map(|(kind, count)| format!("{kind}={count}")).collect();
    writer.text(&format!("{folder}{name}"), base);
    writer.text(&format!("{}{ready}/{of} ready", signs.dot()), if ready == of { Style::new() } else { base });
    if let Some(up) = status.uptime_seconds.filter(|_| status.pid.is_some()) {
        writer.text(&format!("{}up {}", signs.dot(), lived(up.floor())), Style::new());
    }
    writer.text(signs.dot(), faint()).text(&formation.join(" "), faint());
}

fn draw_overlay(
    (title, lines, top): (&str, &[TimelineLine], usize),
    signs: Signs,
    buffer: &mut Buffer,
    place: Rect,
) {
    let row = |at: u16| Rect { y: place.y + at, height: u16::from(at < place.height), ..place };
    LineWriter::new(buffer, row(0), signs).text(title, Style::new().add_modifier(Modifier::BOLD));
    for (at, line) in (1..place.height).zip(&lines[top.min(lines.len())..]) {
        let style = if line.is_critical { signs.failure() } else { Style::new() };
        buffer.set_stringn(place.x, place.y + at, &line.text, usize::from(place.width), style);
    }
}

/// The last row: a prompt, a question, the answer to a key, or the keys. Where the cursor is to be.
fn draw_footer(state: &State, signs: Signs, buffer: &mut Buffer, place: Rect) -> Option<Position> {
    let mut writer = LineWriter::new(buffer, place, signs);
    match &state.mode {
        Mode::Prompt(kind, text) => {
            let label = match kind {
                PromptKind::Search => "/".to_owned(),
                PromptKind::Filter => "filter: ".to_owned(),
                PromptKind::Signal => "signal to send [TERM]: ".to_owned(),
            };
            writer.text(&label, Style::new().add_modifier(Modifier::BOLD)).text(text, Style::new());
            let column = place.right().saturating_sub(writer.left().max(1));
            return Some(Position::new(column, place.y));
        }
        Mode::Confirm(question, _) => {
            // The keys are seen on a narrow screen too; what follows the question is the first to be cut.
            let (asked, more) = question.split_once('?').unwrap_or((question, ""));
            writer.text(&format!("{asked}?"), signs.failure());
            writer.text("  y: yes, any other key: no ", Style::new()).text(more, faint());
        }
        Mode::Overlay(..) => {
            writer.text("Up, Down, PgUp, PgDn: scroll  any other key: close", faint());
        }
        Mode::Normal => match &state.note {
            Some((text, is_error)) => {
                writer.text(text, if *is_error { signs.failure() } else { Style::new() });
            }
            None => draw_keys(state, &mut writer),
        },
    }
    None
}

fn draw_keys(state: &State, writer: &mut LineWriter<'_>) {
    let view = &state.view;
    if !view.is_following() {
        writer.text("[not following] ", Style::new().add_modifier(Modifier::BOLD));
    }
    if let Some(filter) = &view.filter {
        writer.text(&format!("[filter {}: {} rows] ", filter.as_str(), view.count()), Style::new());
    }
    // The keys that lead to all others come first, as not all fit.
    let (first, others): (Vec<&KeyBinding>, Vec<&KeyBinding>) = BINDINGS
        .iter()
        .filter(|binding| !binding.short.is_empty())
        .partition(|binding| matches!(binding.command, Command::Help | Command::Quit));
    for binding in first.into_iter().chain(others) {
        let key = binding.names.split(',').next().unwrap_or_default();
        writer.text(key, Style::new().add_modifier(Modifier::BOLD));
        writer.text(&format!(" {}  ", binding.short), faint());
    }
}

#[cfg(test)]
mod tests;
