//! The screen of `ganger ui`: a client of the control socket, on the whole terminal.
//!
//! `update` changes the state by one event and tells what is to be done; `view` draws a frame of the state. Both are pure. `session`
//! is the edge: the terminal, and the threads of `feed` that ask the stack. docs/design/0022 has the reasons, docs/ui.md the keys.

mod areas;
mod backend;
mod commands;
mod feed;
mod input;
mod keys;
mod log;
mod log_view;
mod mouse;
mod overlay;
mod panics;
mod prompt;
mod row;
mod screen;
mod session;
mod stack;
mod state;
mod text;
mod update;
mod view;

pub(crate) use session::{Host, UiEnd, UiOptions, run};
pub(crate) use state::Leaving;
pub(crate) use update::{NotDone, StackEnd};
