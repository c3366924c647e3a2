//! What the entries have in common: the commands that take a flag, and the way from a parser to a field.

use crate::config::export_choices::Secrets;
use crate::config::invalid::InvalidValue;
use crate::config::service_policy::RestartPolicy;
use crate::config::setting::{Flag, Parse, Parsed, Setting, Slot, Takes};
use crate::config::settings::{ProcessSettings, Settings};

pub(super) const START: Flag = Flag { commands: &["start"], heading: "", short: None, help: None };
pub(super) const PROJECT: Flag = Flag {
    commands: &["start", "run", "exec", "check", "doctor", "env", "export", "mcp", "ui"],
    heading: "Project",
    ..START
};
pub(super) const RUNNING: Flag = Flag { heading: "Running and stopping", ..START };
pub(super) const COMMANDS: Flag = Flag { commands: &["start", "run", "exec"], ..RUNNING };
pub(super) const EXPORTED: Flag = Flag { commands: &["start", "export"], ..RUNNING };
pub(super) const EXPORT: Flag = Flag { commands: &["export"], ..START };
pub(super) const OUTPUT: Flag = Flag { heading: "Output", ..START };
/// The commands that ask a running stack.
pub(super) const STACK: Flag = Flag {
    commands: &["ps", "logs", "restart", "stop", "scale", "kill", "wait", "attach", "port", "down"],
    heading: "Stack",
    ..START
};
/// Those of them that print something that JSON can hold.
pub(super) const DOCUMENT: Flag = Flag {
    commands: &["ps", "ls", "logs", "restart", "stop", "scale", "kill", "wait", "port", "down"],
    help: Some("Print one JSON document"),
    ..STACK
};

pub(super) const SETTING: Setting = Setting {
    name: "",
    alias: None,
    variable: None,
    flags: &[],
    takes: Takes::Nothing,
    choices: &[],
    flag_only: None,
    given_once: None,
    by_type: false,
    is_fixed: false,
    is_for_export: false,
    help: "",
    example: "true",
    stack: None,
    each: None,
};

pub(super) const WHEN: [&str; 3] = ["auto", "always", "never"];
pub(super) const PLACES: [&str; 3] =
    [Secrets::Reference.as_str(), Secrets::Inline.as_str(), Secrets::Only.as_str()];
pub(super) const RESTARTS: [&str; 3] =
    [RestartPolicy::Never.as_str(), RestartPolicy::OnFailure.as_str(), RestartPolicy::Always.as_str()];

pub(super) const fn of_stack<S: Slot>(
    at: fn(&mut Settings) -> &mut S,
    parse: fn(&str) -> Result<S::Value, InvalidValue>,
) -> Parsed<Settings, S> {
    Parsed { at, parse: Parse::Text(parse) }
}

pub(super) const fn of_type<S: Slot>(
    at: fn(&mut ProcessSettings) -> &mut S,
    parse: fn(&str) -> Result<S::Value, InvalidValue>,
) -> Parsed<ProcessSettings, S> {
    Parsed { at, parse: Parse::Text(parse) }
}
