//! Signs and colours, with and without Unicode. Colours are the terminal's own sixteen, so that light and dark backgrounds are right,
//! and no meaning is in a colour alone.

use ratatui_core::style::{Color, Modifier, Style};

use crate::control::protocol::{InstanceStatus, Phase};
use crate::ui::text::{TerminalLooks, shown};

/// The signs of one terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    looks: TerminalLooks,
}

impl Signs {
    pub(super) fn new(looks: TerminalLooks) -> Self {
        Self { looks }
    }

    fn either(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.looks.unicode { unicode } else { ascii }
    }

    /// Between the list and the log.
    pub(super) fn bar(self) -> &'static str {
        self.either("│", "|")
    }

    /// Between parts of a line.
    pub(super) fn dot(self) -> &'static str {
        self.either(" · ", " - ")
    }

    /// Where text is cut off.
    pub(super) fn cut(self) -> &'static str {
        self.either("…", ".")
    }

    /// Before the number of restarts.
    pub(super) fn again(self) -> &'static str {
        self.either("↻", "x")
    }

    /// The bar of a sample, of `most`.
    pub(super) fn spark(self, sample: u64, most: u64) -> &'static str {
        const UNICODE: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = ["_", ".", ":", "-", "=", "+", "*", "#"];
        let level = usize::try_from(sample.saturating_mul(7).div_ceil(most.max(1))).unwrap_or(7).min(7);
        self.either(UNICODE[level], ASCII[level])
    }

    /// `color`, if the terminal gets colours.
    pub(super) fn color(self, color: Color) -> Style {
        if self.looks.color { Style::new().fg(color) } else { Style::new() }
    }

    /// The colour of the type with this place in the formation: foreman's order without the reds, as in the stream.
    pub(super) fn kind(self, place: usize) -> Style {
        const PALETTE: [Color; 10] = [
            Color::Cyan,
            Color::Yellow,
            Color::Green,
            Color::Magenta,
            Color::Blue,
            Color::LightCyan,
            Color::LightYellow,
            Color::LightGreen,
            Color::LightMagenta,
            Color::LightBlue,
        ];
        self.color(PALETTE[place % PALETTE.len()])
    }

    /// What failed.
    pub(super) fn failure(self) -> Style {
        self.color(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The sign of an instance's state.
    pub(super) fn state(self, row: &InstanceStatus) -> (&'static str, Style) {
        let (unicode, ascii, style) = match row.state {
            Phase::Running if row.is_ready_or_done() => ("●", "*", self.color(Color::Green)),
            Phase::Running => ("◐", "o", self.color(Color::Yellow)),
            Phase::Waiting => ("○", ".", faint()),
            Phase::Starting => ("◌", ",", self.color(Color::Yellow)),
            Phase::Stopping => ("◑", "~", self.color(Color::Yellow)),
            Phase::Stopped => ("■", "-", faint()),
            Phase::Exited if row.exit_status == Some(0) => ("✓", "=", faint()),
            Phase::Exited | Phase::Failed => ("✗", "!", self.failure()),
            Phase::Restarting => ("↻", "r", self.failure()),
            Phase::GivenUp => ("✗", "!", self.failure().add_modifier(Modifier::REVERSED)),
            Phase::Unknown => ("?", "?", self.failure()),
        };
        (self.either(unicode, ascii), style)
    }

    /// `text` as the terminal can show it.
    pub(super) fn shown(self, text: &str) -> String {
        shown(text, self.looks)
    }
}

/// What matters less.
pub(super) fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
