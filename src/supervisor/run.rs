//! Stub until the machine room is merged.

use crate::config::{Timestamps, When};
use crate::exit::Outcome;
use crate::plan::Plan;

/// Stub.
#[derive(Clone, Debug)]
pub struct OutputSettings {
    /// JSON or text.
    pub json: bool,
    /// Names.
    pub prefix: bool,
    /// Times.
    pub timestamps: Timestamps,
    /// Colours.
    pub color: bool,
    /// Less.
    pub quiet: bool,
}

/// Stub.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Output.
    pub output: OutputSettings,
    /// Terminals.
    pub pty: When,
}

/// Stub.
pub fn start(_plan: Plan, _settings: Settings) -> Outcome {
    Outcome::Status(0)
}
