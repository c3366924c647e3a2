//! The state of the screen: all that a frame is made of. [`super::update`] changes it.

use jiff::tz::TimeZone;

use super::areas::{Areas, areas};
use super::log::LogBuffer;
use super::log_view::{LogPane, LogView};
use super::overlay::Overlay;
use super::row::LineFormat;
use super::stack::StackView;
use super::text::TerminalLooks;
use crate::control::protocol::Request;
use crate::control::timeline::TimelineLine;

/// What a key or an answer asks of the terminal or of the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Send a request, on a connection of its own. The text tells what is done: `restart web.1`.
    Ask(Request, String),
    /// Look at the status now.
    Look,
    /// Connect the whole terminal to this instance.
    Attach(String),
    /// Open this address in a browser.
    Open(String),
    /// Copy this text to the clipboard of the terminal.
    Copy(String),
    /// Show the environment of this type.
    Environment(String),
    /// Report the mouse to the screen, or leave it to the terminal.
    Mouse(bool),
    /// Stop this process until SIGCONT, as Ctrl-Z does.
    Suspend,
    /// End the screen.
    Leave(Leaving),
}

/// What becomes of a stack that was started for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It ends with the screen.
    Quit,
    /// It goes on in the background.
    Detach,
}

/// What is typed into the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptKind {
    /// `/`
    Search,
    /// `f`
    Filter,
    /// `k`
    Signal,
}

/// What keys mean at the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Mode {
    /// Each key is a command.
    #[default]
    Normal,
    /// Keys are the text of a prompt.
    Prompt(PromptKind, String),
    /// `y` does these, any other key does not.
    Confirm(String, Vec<Effect>),
    /// What covers the log, from this line on.
    Overlay(Overlay, usize),
}

/// The state.
#[derive(Debug)]
pub(super) struct State {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What the terminal can show.
    pub looks: TerminalLooks,
    /// The zone of times.
    pub zone: TimeZone,
    /// The stack.
    pub stack: StackView,
    /// Its log.
    pub log: LogBuffer,
    /// What of the log is shown.
    pub view: LogView,
    /// What keys mean.
    pub mode: Mode,
    /// The answer to the last key, and whether it is an error.
    pub note: Option<(String, bool)>,
    /// Whether the list of instances is folded into one line.
    pub is_list_folded: bool,
    /// Whether the mouse is reported.
    pub has_mouse: bool,
    /// Whether the stack was started for the screen, and ends with it.
    pub is_owner: bool,
    /// Names on the command line, which are marked with the first status.
    pub wanted: Vec<String>,
}

impl State {
    /// An empty screen of this size.
    pub(super) fn new(size: (u16, u16), looks: TerminalLooks, zone: TimeZone) -> Self {
        Self {
            size,
            looks,
            zone,
            stack: StackView::default(),
            log: LogBuffer::default(),
            view: LogView::default(),
            mode: Mode::Normal,
            note: None,
            is_list_folded: false,
            has_mouse: true,
            is_owner: false,
            wanted: Vec::new(),
        }
    }

    /// The places of the parts.
    pub(super) fn areas(&self) -> Areas {
        areas(self.size, self.is_list_folded)
    }

    /// What is shown of the log, to be changed, and where.
    pub(super) fn log_parts(&mut self) -> (&mut LogView, LogPane<'_>) {
        let areas = self.areas();
        let pane = pane_of(&self.log, &self.view, areas, self.looks);
        (&mut self.view, pane)
    }

    /// The part of the screen that the log has.
    pub(super) fn pane(&self) -> LogPane<'_> {
        pane_of(&self.log, &self.view, self.areas(), self.looks)
    }

    /// The lines of what covers the log.
    pub(super) fn overlay_lines(&self, overlay: &Overlay) -> Vec<TimelineLine> {
        overlay.lines(self.stack.status.as_deref(), usize::from(self.size.0).max(1), self.looks)
    }

    /// The first line of it that is shown after `by` lines more.
    pub(super) fn scrolled(&self, overlay: &Overlay, top: usize, by: isize) -> usize {
        let last = self.overlay_lines(overlay).len().saturating_sub(self.overlay_page().unsigned_abs());
        top.saturating_add_signed(by).min(last)
    }

    /// The lines of it that are seen at once, below its title.
    pub(super) fn overlay_page(&self) -> isize {
        isize::try_from(self.size.1).unwrap_or(isize::MAX).saturating_sub(3).max(1)
    }

    /// Shows this as the answer to a key.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.note = Some((text.into(), false));
    }

    /// Tells which answer is waited for.
    pub(super) fn sent(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        for effect in &effects {
            if let Effect::Ask(_, what) = effect {
                self.say(format!("{what} ..."));
            }
        }
        effects
    }

    /// Shows this error.
    pub(super) fn fail(&mut self, text: impl Into<String>) {
        self.note = Some((text.into(), true));
    }
}

/// Columns of a time, with a blank.
pub(super) const TIME: usize = "12:00:00.000 ".len();
/// Columns of the text that are never given up for a prefix.
const TEXT: usize = 10;

/// Columns before the text of each row, for its time and for the name of its instance.
pub(super) fn prefix_columns(log: &LogBuffer, view: &LogView, width: usize) -> (usize, usize) {
    let time = if view.has_times && width >= TIME + TEXT { TIME } else { 0 };
    let name = if view.has_names() { log.longest_name() + " | ".len() } else { 0 };
    (time, if time + name + TEXT <= width { name } else { 0 })
}

fn pane_of<'a>(log: &'a LogBuffer, view: &LogView, areas: Areas, looks: TerminalLooks) -> LogPane<'a> {
    let width = usize::from(areas.log.width);
    let (time, name) = prefix_columns(log, view, width);
    let format =
        LineFormat { width: width - time - name, is_wrapped: view.is_wrapped, left: view.left, looks };
    LogPane { log, format, height: usize::from(areas.log.height) }
}
