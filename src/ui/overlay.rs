//! What covers the list and the log: the keys, an environment, the timeline of the start.

use super::keys::BINDINGS;
use super::row::folded;
use super::text::{TerminalLooks, shown};
use crate::control::protocol::Status;
use crate::control::timeline::{Timeline, TimelineLine};

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// A text with a title.
    Text(String, Vec<String>),
    /// The timeline of the start, of the latest status.
    Timeline,
}

impl Overlay {
    /// This text.
    pub(super) fn of_text(title: impl Into<String>, text: &str) -> Self {
        Self::Text(title.into(), text.lines().map(str::to_owned).collect())
    }

    /// The list of keys.
    pub(super) fn keys() -> Self {
        let width = BINDINGS.iter().map(|binding| binding.names.len()).max().unwrap_or(0);
        Self::Text(
            "Keys".into(),
            BINDINGS.iter().map(|binding| format!("{:width$}  {}", binding.names, binding.help)).collect(),
        )
    }

    /// Its title.
    pub(super) fn title(&self) -> &str {
        match self {
            Self::Text(title, _) => title,
            Self::Timeline => "The start",
        }
    }

    /// Its lines for this stack, of so many columns at most; some stand out.
    pub(super) fn lines(
        &self,
        status: Option<&Status>,
        width: usize,
        looks: TerminalLooks,
    ) -> Vec<TimelineLine> {
        let lines = match self {
            Self::Text(_, lines) => {
                lines.iter().map(|text| TimelineLine { text: text.clone(), is_critical: false }).collect()
            }
            Self::Timeline => {
                let timeline = status.map(Timeline::of).unwrap_or_default();
                timeline.lines(width, looks.unicode)
            }
        };
        lines
            .into_iter()
            .flat_map(|TimelineLine { text, is_critical }| {
                let pieces = folded(&shown(&text, looks), width).into_iter();
                pieces.map(move |text| TimelineLine { text, is_critical })
            })
            .collect()
    }
}
