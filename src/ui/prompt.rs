//! What is typed into the last row: a search, a filter, a signal.

use regex_lite::Regex;

use super::input::{Key, KeyCode};
use super::state::{Effect, Mode, PromptKind, State};
use crate::control::protocol::Request;
use crate::control::request::{PatternError, pattern};
use crate::signal::Signal;

/// Takes a key of a prompt.
pub(super) fn on_prompt_key(state: &mut State, kind: PromptKind, mut text: String, key: Key) -> Vec<Effect> {
    let is = |code: KeyCode| key.code == code;
    if is(KeyCode::Enter) {
        return enter(state, kind, &text);
    }
    // Before the first character Backspace gives the prompt up, as in less.
    let is_given_up = is(KeyCode::Escape) || is(KeyCode::Backspace) && text.is_empty();
    if is_given_up || key == Key::control('c') || key == Key::control('g') {
        return Vec::new();
    }
    if key == Key::control('u') {
        text.clear();
    } else if is(KeyCode::Backspace) {
        text.pop();
    }
    text.extend(key.character());
    state.mode = Mode::Prompt(kind, text);
    Vec::new()
}

fn enter(state: &mut State, kind: PromptKind, text: &str) -> Vec<Effect> {
    match kind {
        PromptKind::Search => search(state, text),
        PromptKind::Filter => match read(text) {
            Ok(filter) => state.view.set_filter(filter, &state.log),
            Err(error) => state.fail(error.to_string()),
        },
        PromptKind::Signal => return kill(state, text),
    }
    Vec::new()
}

/// The regular expression; an empty one is none. Capitals count where it has some, as in less with -i.
fn read(text: &str) -> Result<Option<Regex>, PatternError> {
    if text.is_empty() {
        return Ok(None);
    }
    let flags = if text.chars().any(char::is_uppercase) { "" } else { "(?i)" };
    pattern(&format!("{flags}{text}")).map(Some)
}

fn search(state: &mut State, text: &str) {
    // An empty one goes on with the last one.
    if !text.is_empty() {
        match read(text) {
            Ok(search) => state.view.search = search,
            Err(error) => return state.fail(error.to_string()),
        }
    }
    let (view, pane) = state.log_parts();
    if view.search.is_some() && !view.find_first(&pane) {
        state.fail(format!("no match for {text}"));
    }
}

fn kill(state: &mut State, text: &str) -> Vec<Effect> {
    let word = if text.is_empty() { "TERM" } else { text.trim() };
    let Some(signal) = Signal::named(word) else {
        state.fail(format!("no signal is called {word}"));
        return Vec::new();
    };
    let rows = state.stack.targets().into_iter().filter(|row| row.pid.is_some());
    let names: Vec<String> = rows.map(|row| row.name.clone()).collect();
    let what = format!("send {signal} to {}", names.join(", "));
    let effects = vec![Effect::Ask(Request::Kill { names, signal: signal.0, group: false }, what)];
    state.sent(effects)
}
