//! All settings, one entry each. Flags, help, completions, the manual page, `GANGER_…` variables, the keys of ganger.toml,
//! precedence and docs/settings.md follow from these entries.
//!
//! A new setting is an entry in one of these files, a field of [`Settings`](super::Settings) (or of
//! [`ProcessSettings`](super::ProcessSettings), for one type), and the place that uses it. Its help begins with a sentence of
//! at most 50 characters.

mod base;
mod exports;
mod output;
mod project;
mod running;
mod services;

use super::invalid::InvalidName;
use super::setting::Setting;
use crate::suggestion::nearest;

/// All settings, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    let parts = [
        &project::SETTINGS[..],
        &running::SETTINGS,
        &services::SETTINGS,
        &output::SETTINGS,
        &exports::SETTINGS,
    ];
    parts.into_iter().flatten()
}

/// The setting called `name`, or by its other name.
pub(crate) fn named(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name || setting.alias == Some(name))
}

/// The setting that the key `name` of ganger.toml means, for the whole stack.
///
/// # Errors
///
/// None has that name, or it is set elsewhere.
pub(crate) fn key_of_stack(name: &str) -> Result<&'static Setting, InvalidName> {
    let setting = named(name)
        .ok_or_else(|| unknown(name, |setting| setting.stack.is_some() && !setting.is_for_export))?;
    match (setting.flag_only, setting.stack) {
        (Some(reason), _) => Err(InvalidName::FlagOnly { name: setting.name, reason }),
        (None, None) => Err(InvalidName::TypeOnly { name: setting.name }),
        (None, Some(_)) if setting.is_for_export => Err(InvalidName::ExportOnly { name: setting.name }),
        (None, Some(_)) => Ok(setting),
    }
}

/// The same for exports, in `[export]` and `[export.FORMAT]`: what is about exports alone, and what `ganger export` shares with
/// `start`.
///
/// # Errors
///
/// As [`key_of_stack`]'s.
pub(crate) fn key_of_export(name: &str) -> Result<&'static Setting, InvalidName> {
    let setting = named(name).ok_or_else(|| unknown(name, may_be_in_export))?;
    match (setting.flag_only, setting.stack) {
        (Some(reason), _) => Err(InvalidName::FlagOnly { name: setting.name, reason }),
        (None, None) => Err(InvalidName::TypeOnly { name: setting.name }),
        (None, Some(_)) if may_be_in_export(setting) => Ok(setting),
        (None, Some(_)) => Err(InvalidName::NotOfExports { name: setting.name }),
    }
}

/// Whether `[export]` may have it: its own settings, and those it shares with `start`.
fn may_be_in_export(setting: &Setting) -> bool {
    setting.stack.is_some() && setting.flag_of("export").is_some()
}

/// The same for one type, in `[process.TYPE]`.
///
/// # Errors
///
/// As [`key_of_stack`]'s.
pub(crate) fn key_of_type(name: &str) -> Result<&'static Setting, InvalidName> {
    let setting = named(name).ok_or_else(|| unknown(name, |setting| setting.each.is_some()))?;
    match (setting.flag_only, setting.each) {
        (Some(reason), _) => Err(InvalidName::FlagOnly { name: setting.name, reason }),
        (None, None) if setting.is_for_export => Err(InvalidName::ExportOnly { name: setting.name }),
        (None, None) => Err(InvalidName::StackOnly { name: setting.name }),
        (None, Some(_)) => Ok(setting),
    }
}

/// `name`, of which there is none, with the closest of those that `is_possible` there.
fn unknown(name: &str, is_possible: impl Fn(&Setting) -> bool) -> InvalidName {
    let known = all().filter(|setting| setting.flag_only.is_none() && is_possible(setting));
    let known: Vec<&'static str> = known.map(|setting| setting.name).collect();
    let name = name.to_owned();
    match nearest(&name.replace('_', "-"), known.iter().copied()) {
        Some(near) => InvalidName::Near { name, near },
        None => InvalidName::Unknown { name, known },
    }
}
