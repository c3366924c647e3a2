//! What each event makes of the state, and what it asks for. Pure.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::commands::on_key;
use super::input::Input;
use super::mouse::on_mouse;
use super::overlay::Overlay;
use super::stack::Link;
use super::state::{Effect, Mode, State};
use crate::control::protocol::{LogLine, Status};

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// Keys, and the mouse.
    Input(Input),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// The stack is so, at this time of the screen.
    Status(Duration, Box<Status>),
    /// It runs and does not answer.
    Silent,
    /// It has ended.
    Ended(StackEnd),
    /// Its log goes on.
    Log(Vec<LogEntry>),
    /// A request was answered: what was asked, and notes, or why it is not done.
    Answered(String, Result<Vec<String>, NotDone>),
    /// The answer to a key that needs no stack.
    Told(Result<String, NotDone>),
    /// The text of an overlay.
    Overlay(String, Result<String, NotDone>),
}

/// Why something was not done.
#[derive(Debug, Error)]
pub(crate) enum NotDone {
    /// The stack, or a command of ganger, gives this reason.
    #[error("{0}")]
    Refused(String),
    /// It took too long.
    #[error("the stack does not answer in time")]
    Late,
    /// The stack is gone.
    #[error("the stack has ended")]
    Ended,
}

/// How the stack ended.
#[derive(Debug)]
pub(crate) struct StackEnd {
    /// In one sentence.
    pub sentence: String,
    /// The instance that ended it, if one did.
    pub process: Option<String>,
    /// How it was then.
    pub status: Option<Box<Status>>,
    /// Its latest lines, as its record has them.
    pub lines: Vec<LogLine>,
}

/// A part of the log.
#[derive(Debug)]
pub(super) enum LogEntry {
    /// A row.
    Line(LogLine),
    /// So many rows that the stack did not keep until they could be read.
    Lost(u64),
}

/// Changes the state; what is to be done then.
pub(super) fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Input(input) => {
            let effects = match input {
                Input::Key(key) => on_key(state, key),
                Input::Pasted(character) => {
                    on_pasted(state, character);
                    Vec::new()
                }
                Input::Mouse(mouse) => {
                    on_mouse(state, mouse);
                    Vec::new()
                }
            };
            show_chosen(state);
            return effects;
        }
        Event::Resize(columns, rows) => state.size = (columns, rows),
        Event::Status(at, status) => {
            state.stack.take(at, status);
            mark_wanted(state);
            show_chosen(state);
        }
        Event::Silent => state.stack.link = Link::Silent,
        Event::Ended(end) => on_end(state, end),
        Event::Log(entries) => on_log(state, entries),
        Event::Answered(asked, answer) => {
            on_answer(state, &asked, answer);
            return vec![Effect::Look];
        }
        Event::Told(Ok(text)) => state.say(text),
        Event::Told(Err(reason)) | Event::Overlay(_, Err(reason)) => state.fail(reason.to_string()),
        Event::Overlay(title, Ok(text)) => {
            state.mode = Mode::Overlay(Overlay::of_text(title, &text), 0);
        }
    }
    Vec::new()
}

fn on_answer(state: &mut State, asked: &str, answer: Result<Vec<String>, NotDone>) {
    match answer {
        Ok(notes) if notes.is_empty() => state.say(format!("{asked}: done")),
        Ok(notes) => state.say(format!("{asked}: {}", notes.join("; "))),
        Err(reason) => {
            let text = reason.to_string();
            state.fail(format!("{asked}: {}", text.lines().next().unwrap_or_default()));
            // The mistakes in the project's files: all of them, as the command prints them.
            if text.lines().count() > 1 && state.mode == Mode::Normal {
                state.mode = Mode::Overlay(Overlay::of_text(asked, &text), 0);
            }
        }
    }
}

/// A text that is pasted goes into a prompt, and is no command.
fn on_pasted(state: &mut State, character: char) {
    if let Mode::Prompt(_, text) = &mut state.mode
        && !character.is_control()
    {
        text.push(character);
    }
}

/// Chooses what the command line names: one instance by the cursor, several by marks.
fn mark_wanted(state: &mut State) {
    let wanted = std::mem::take(&mut state.wanted);
    let named: Vec<String> = state
        .stack
        .instances()
        .iter()
        .filter(|row| {
            wanted.iter().any(|name| {
                *name == row.name || *name == row.r#type || fast_glob::glob_match(name, &row.name)
            })
        })
        .map(|row| row.name.clone())
        .collect();
    state.stack.chosen = named.first().cloned().or(state.stack.chosen.take());
    if named.is_empty() && !wanted.is_empty() {
        state.fail(format!("nothing is called {}", wanted.join(", ")));
    }
    if named.len() > 1 {
        state.stack.marked.extend(named);
    }
}

/// Shows the log of what is chosen now.
fn show_chosen(state: &mut State) {
    let shown = state.stack.shown();
    state.view.show_only(shown, &state.log);
}

fn on_log(state: &mut State, entries: Vec<LogEntry>) {
    for entry in entries {
        match entry {
            LogEntry::Line(line) => {
                let at = line.time.parse().unwrap_or(Timestamp::UNIX_EPOCH);
                state.log.push(&line.process, at, &line.payload.0);
            }
            LogEntry::Lost(1) => state.log.note("[1 row left out]"),
            LogEntry::Lost(rows) => state.log.note(&format!("[{rows} rows left out]")),
        }
    }
    state.view.follow(&state.log);
}

fn on_end(state: &mut State, end: StackEnd) {
    if let Some(status) = end.status {
        let at = state.stack.at;
        state.stack.take(at, status);
    }
    // Of an instance of which nothing came before the end: a stack that ended while the screen was started.
    let lines: Vec<LogEntry> = end
        .lines
        .into_iter()
        .filter(|line| state.log.index(&line.process).is_none())
        .map(LogEntry::Line)
        .collect();
    on_log(state, lines);
    state.stack.link = Link::Ended(end.sentence.clone());
    state.log.note(&format!("[the stack {}]", end.sentence));
    // The last lines of what ended it are what is asked for first.
    if let Some(process) = end.process.filter(|_| state.stack.marked.is_empty()) {
        state.stack.chosen = Some(process);
    }
    state.view.go_to_end();
    show_chosen(state);
    state.view.follow(&state.log);
}
