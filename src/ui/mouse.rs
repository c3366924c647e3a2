//! The mouse: a click chooses an instance, the wheel scrolls, and rows of the log are selected by dragging.

use ratatui_core::layout::{Position, Rect};

use super::areas::list_top;
use super::input::{Mouse, MouseKind};
use super::state::{Mode, State};

/// Lines that one step of the wheel scrolls.
const STEP: isize = 3;

/// Takes what the mouse did.
pub(super) fn on_mouse(state: &mut State, mouse: Mouse) {
    let areas = state.areas();
    let is_in = |place: Rect| place.contains(Position::new(mouse.column, mouse.row));
    match mouse.kind {
        MouseKind::WheelUp => wheel(state, -1, is_in(areas.list)),
        MouseKind::WheelDown => wheel(state, 1, is_in(areas.list)),
        MouseKind::Press if matches!(state.mode, Mode::Overlay(..)) => {}
        MouseKind::Press if is_in(areas.list) && !areas.is_folded => {
            let (cursor, count) = (state.stack.cursor(), state.stack.instances().len() + 1);
            let row = list_top(cursor, count, areas.list.height) + usize::from(mouse.row - areas.list.y);
            if row < count {
                state.stack.choose(row);
            }
        }
        MouseKind::Press if is_in(areas.log) => {
            let at = row_at(state, mouse.row - areas.log.y);
            state.view.selected = at.map(|row| (row, row));
            let (view, pane) = state.log_parts();
            view.stay(&pane);
        }
        MouseKind::Drag => {
            let line = mouse.row.clamp(areas.log.y, areas.log.bottom().saturating_sub(1).max(areas.log.y))
                - areas.log.y;
            let end = row_at(state, line);
            if let (Some(selected), Some(end)) = (state.view.selected.as_mut(), end) {
                selected.1 = end;
            }
        }
        MouseKind::Release => {
            // A click selects nothing.
            state.view.selected = state.view.selected.filter(|(from, to)| from != to);
            if state.view.selected.is_some() {
                state.say("y copies the selected rows, Esc gives them up");
            }
        }
        MouseKind::Press => {}
    }
}

fn wheel(state: &mut State, direction: isize, is_on_list: bool) {
    if let Mode::Overlay(overlay, top) = &state.mode {
        let top = state.scrolled(overlay, *top, direction * STEP);
        state.mode = Mode::Overlay(overlay.clone(), top);
    } else if is_on_list {
        state.stack.choose(state.stack.cursor().saturating_add_signed(direction));
    } else {
        let (view, pane) = state.log_parts();
        view.scroll(direction * STEP, &pane);
    }
}

/// The row of the log on this line of its place.
fn row_at(state: &State, line: u16) -> Option<u64> {
    let lines = state.view.lines(&state.pane());
    lines.get(usize::from(line)).or(lines.last()).map(|place| place.row)
}
