//! What each key does. What it asks of the stack is a request that a command of ganger sends too.

use super::input::Key;
use super::keys::{Choice, Command, LogKey, OneKey, StackKey, command};
use super::overlay::Overlay;
use super::prompt::on_prompt_key;
use super::stack::{Link, is_running};
use super::state::{Effect, Leaving, Mode, PromptKind, State};
use super::text::plain;
use crate::control::protocol::{InstanceStatus, Request};
use crate::control::scaling::{InstanceCount, ScaleStep};

/// Takes a key.
pub(super) fn on_key(state: &mut State, key: Key) -> Vec<Effect> {
    state.note = None;
    match std::mem::take(&mut state.mode) {
        Mode::Normal => match command(key) {
            Some(command) => on_command(state, command),
            None => Vec::new(),
        },
        Mode::Prompt(kind, text) => on_prompt_key(state, kind, text, key),
        Mode::Confirm(_, effects) if key.character() == Some('y') => state.sent(effects),
        Mode::Confirm(..) => {
            state.say("nothing was done");
            Vec::new()
        }
        Mode::Overlay(overlay, top) => {
            on_overlay_key(state, overlay, top, key);
            Vec::new()
        }
    }
}

/// A key that scrolls what covers the log, as in less, or closes it.
fn on_overlay_key(state: &mut State, overlay: Overlay, top: usize, key: Key) {
    let page = state.overlay_page();
    let by = match (command(key), key.character()) {
        (Some(Command::Choose(Choice::Up) | Command::Log(LogKey::LineUp)), _) | (_, Some('k')) => -1,
        (Some(Command::Choose(Choice::Down) | Command::Log(LogKey::LineDown)), _) | (_, Some('j')) => 1,
        (Some(Command::Log(LogKey::PageUp)), _) => -page,
        (Some(Command::Choose(Choice::Mark) | Command::Log(LogKey::PageDown)), _) => page,
        (Some(Command::Log(LogKey::Top)), _) => isize::MIN,
        (Some(Command::Log(LogKey::End)), _) => isize::MAX,
        (_, _) => return,
    };
    let top = state.scrolled(&overlay, top, by);
    state.mode = Mode::Overlay(overlay, top);
}

fn on_command(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Choose(choice) => choose(state, choice),
        Command::Log(key) => move_log(state, key),
        Command::Stack(key) => return on_stack_key(state, key),
        Command::Search => state.mode = Mode::Prompt(PromptKind::Search, String::new()),
        Command::Filter => state.mode = Mode::Prompt(PromptKind::Filter, String::new()),
        Command::Help => state.mode = Mode::Overlay(Overlay::keys(), 0),
        Command::Timeline => state.mode = Mode::Overlay(Overlay::Timeline, 0),
        Command::Copy => return vec![copy(state)],
        Command::Mouse => {
            state.has_mouse = !state.has_mouse;
            state.say(if state.has_mouse {
                "the mouse is the screen's"
            } else {
                "the mouse is the terminal's"
            });
            return vec![Effect::Mouse(state.has_mouse)];
        }
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => return quit(state),
        Command::Detach => return vec![Effect::Leave(Leaving::Detach)],
    }
    Vec::new()
}

fn choose(state: &mut State, choice: Choice) {
    let cursor = state.stack.cursor();
    match choice {
        Choice::Up => state.stack.choose(cursor.saturating_sub(1)),
        Choice::Down => state.stack.choose(cursor + 1),
        Choice::Fold => state.is_list_folded = !state.is_list_folded,
        Choice::Nothing => {
            state.stack.marked.clear();
            (state.view.search, state.view.selected, state.view.found) = (None, None, None);
            state.view.set_filter(None, &state.log);
        }
        Choice::Mark => {
            if let Some(name) = state.stack.chosen.clone() {
                if !state.stack.marked.remove(&name) {
                    state.stack.marked.insert(name);
                }
                state.stack.choose(cursor + 1);
            }
        }
    }
}

fn move_log(state: &mut State, key: LogKey) {
    /// Columns that one key moves the text by.
    const COLUMNS: usize = 20;
    let (view, pane) = state.log_parts();
    let by_page = isize::try_from(pane.height.saturating_sub(1).max(1)).unwrap_or(1);
    match key {
        LogKey::LineUp => view.scroll(-1, &pane),
        LogKey::LineDown => view.scroll(1, &pane),
        LogKey::PageUp => view.scroll(-by_page, &pane),
        LogKey::PageDown => view.scroll(by_page, &pane),
        LogKey::Left => view.left = view.left.saturating_sub(COLUMNS),
        LogKey::Right if view.is_wrapped => {}
        LogKey::Right => view.left += COLUMNS,
        LogKey::Top => view.go_to_top(),
        LogKey::Follow if view.is_following() => view.stay(&pane),
        LogKey::Follow | LogKey::End => view.go_to_end(),
        LogKey::Wrap => (view.is_wrapped, view.left) = (!view.is_wrapped, 0),
        LogKey::Times => view.has_times = !view.has_times,
        LogKey::Next | LogKey::Previous if view.search.is_some() => {
            let is_down = key == LogKey::Next;
            match view.find_next(is_down, &pane) {
                None => state.fail("no match"),
                Some(true) if is_down => state.say("the search goes on at the oldest row"),
                Some(true) => state.say("the search goes on at the latest row"),
                Some(false) => {}
            }
        }
        LogKey::Next | LogKey::Previous => state.fail("nothing is searched: press / first"),
    }
}

fn copy(state: &mut State) -> Effect {
    let rows = state.view.to_copy(&state.pane());
    let text = |row: &u64| state.log.get(*row).map(|row| plain(row.text) + "\n");
    let text: String = rows.iter().filter_map(text).collect();
    let count = rows.len();
    state.view.selected = None;
    state.say(if count == 1 { "1 row copied".to_owned() } else { format!("{count} rows copied") });
    Effect::Copy(text)
}

fn quit(state: &mut State) -> Vec<Effect> {
    let leave = vec![Effect::Leave(Leaving::Quit)];
    let running = state.stack.instances().iter().filter(|row| is_running(row)).count();
    let is_up = matches!(state.stack.link, Link::Up | Link::Silent | Link::Waiting);
    if !state.is_owner || !is_up || running == 0 {
        return leave;
    }
    let question = format!("stop the stack ({})? d leaves it in the background", count_of(running));
    state.mode = Mode::Confirm(question, leave);
    Vec::new()
}

fn count_of(count: usize) -> String {
    if count == 1 { "1 instance".into() } else { format!("{count} instances") }
}

/// What a request is about, in words: `web.1, db.1`, or `all 5 instances`.
fn named(state: &State, rows: &[&InstanceStatus]) -> String {
    let is_all = rows.len() > 1 && rows.len() == state.stack.instances().len();
    if is_all {
        return format!("all {} instances", rows.len());
    }
    rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn on_stack_key(state: &mut State, key: StackKey) -> Vec<Effect> {
    if let Link::Ended(_) = state.stack.link {
        return refused(state, "the stack has ended");
    }
    match key {
        StackKey::Restart => restart(state),
        StackKey::StopOrStart => stop_or_start(state),
        StackKey::Kill if state.stack.targets().iter().any(|row| row.pid.is_some()) => {
            state.mode = Mode::Prompt(PromptKind::Signal, String::new());
            Vec::new()
        }
        StackKey::Kill => refused(state, "nothing runs there"),
        StackKey::One(key) => on_one(state, key),
    }
}

fn refused(state: &mut State, reason: &str) -> Vec<Effect> {
    state.fail(reason);
    Vec::new()
}

fn confirm(state: &mut State, question: String, effect: Effect) -> Vec<Effect> {
    state.mode = Mode::Confirm(question, vec![effect]);
    Vec::new()
}

fn restart(state: &mut State) -> Vec<Effect> {
    let rows = state.stack.targets();
    let what = named(state, &rows);
    let is_all = state.stack.shown().is_empty();
    let names = if is_all { Vec::new() } else { rows.iter().map(|row| row.name.clone()).collect() };
    let effect = Effect::Ask(Request::Restart { names }, format!("restart {what}"));
    let files = if is_all { ", and follow the files" } else { "" };
    confirm(state, format!("restart {what}? they are stopped and started again{files}"), effect)
}

fn stop_or_start(state: &mut State) -> Vec<Effect> {
    let rows = state.stack.targets();
    let running: Vec<&InstanceStatus> = rows.iter().copied().filter(|row| is_running(row)).collect();
    if running.is_empty() {
        let what = format!("start {}", named(state, &rows));
        let effects = vec![Effect::Ask(Request::Start { names: names_of(&rows) }, what)];
        return state.sent(effects);
    }
    let what = named(state, &running);
    let effect = Effect::Ask(Request::Stop { names: names_of(&running) }, format!("stop {what}"));
    confirm(state, format!("stop {what}? the stack goes on; s starts again"), effect)
}

fn names_of(rows: &[&InstanceStatus]) -> Vec<String> {
    rows.iter().map(|row| row.name.clone()).collect()
}

/// What is about one instance, or one type.
fn on_one(state: &mut State, key: OneKey) -> Vec<Effect> {
    let Some(row) = state.stack.chosen().cloned() else { return refused(state, "choose an instance first") };
    match key {
        OneKey::More => {
            let effects = vec![scale(&row.r#type, 1)];
            state.sent(effects)
        }
        OneKey::Fewer => {
            let last = state.stack.instances().iter().rfind(|other| other.r#type == row.r#type);
            let last = last.map_or(row.name.clone(), |last| last.name.clone());
            confirm(
                state,
                format!("stop {last}, the highest-numbered {}?", row.r#type),
                scale(&row.r#type, -1),
            )
        }
        OneKey::Attach => vec![Effect::Attach(row.name)],
        OneKey::Environment => vec![Effect::Environment(row.r#type)],
        OneKey::Open => match row.url {
            Some(url) => vec![Effect::Open(url)],
            None => refused(state, &format!("{} has no URL: no process of it listens", row.name)),
        },
    }
}

fn scale(kind: &str, by: i32) -> Effect {
    let steps = vec![ScaleStep { r#type: kind.to_owned(), count: InstanceCount::By(by) }];
    Effect::Ask(Request::Scale { steps }, format!("scale {kind}{by:+}"))
}
