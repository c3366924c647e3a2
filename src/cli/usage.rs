//! The command line, parsed; and its errors.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use super::args::{Arguments, Command};
use super::failure::Failure;
use super::peers::tips;
use super::system_env::{StdStream, SystemEnv};
use super::values::ValueError;
use super::{flags, print};
use crate::config::{ColorChoice, Settings, table};
use crate::text::harmless;

/// The command that is asked for, and the settings that flags and variables set; `None` if help or the version was asked for,
/// which are then printed.
///
/// # Errors
///
/// What is wrong with the command line, in clap's words; or that standard output cannot be written to.
pub(crate) fn parse(words: &[OsString], system: &SystemEnv) -> Result<Option<(Command, Settings)>, Failure> {
    let are_harmless = words.iter().all(|word| matches!(harmless(&word.to_string_lossy()), Cow::Borrowed(_)));
    let mut command = flags::add_when_asked(Arguments::command(), words);
    let parsed = command.try_get_matches_from_mut(words).and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((arguments.command, matches))
    });
    match parsed {
        Ok((mut command, matches)) => {
            if let Command::Mcp(mcp) = &mut command {
                mcp.flags = flags::words_given(&matches);
            } else if let Command::Doctor(doctor) = &mut command {
                doctor.flags = flags::words_given(&matches);
            }
            let given = flags::given(&matches)?;
            let variables = flags::of_variables(matches.subcommand_name().unwrap_or_default(), system)?;
            Ok(Some((command, given.or(variables))))
        }
        Err(error) if error.use_stderr() => {
            let subcommand = subcommand_of(words.iter().filter_map(|word| word.to_str()));
            let error = with_hint(error, subcommand.as_deref());
            Err(Failure::Usage(if are_harmless { error } else { defused(error) }))
        }
        Err(error) => {
            let text = error.render();
            let colors = system.colors(StdStream::Output, ColorChoice::Auto);
            let text = if colors { text.ansi().to_string() } else { text.to_string() };
            // An `after_help` comes without an end of line.
            print::bytes(format!("{}\n", text.trim_end()).as_bytes()).map(|()| None)
        }
    }
}

/// Whether the command line asks for JSON, also where it is invalid otherwise.
pub(crate) fn wants_json(words: &[OsString], system: &SystemEnv) -> bool {
    let own = words.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let has_flag = own.clone().any(|word| word == "--json");
    let Some(setting) = table::named("json") else { return false };
    if !has_flag && system.variable(&setting.variable_name()).is_none() {
        return false;
    }
    let Some(command) = subcommand_of(own) else { return false };
    let is_set = || flags::of_variables(&command, system).is_ok_and(|settings| settings.json == Some(true));
    setting.flag_of(&command).is_some() && (has_flag || is_set())
}

/// The subcommand that the first of these words names that names one.
fn subcommand_of<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<String> {
    let all = Arguments::command();
    words.find_map(|word| all.find_subcommand(word)).map(|command| command.get_name().to_owned())
}

/// clap's command: the arguments of each subcommand and the flags of settings.
pub fn command() -> clap::Command {
    flags::add(Arguments::command())
}

/// `error` with the way out that its value has, or with what its word is here that other runners have.
fn with_hint(mut error: clap::Error, subcommand: Option<&str>) -> clap::Error {
    let refused = error.source().and_then(|source| source.downcast_ref::<ValueError>());
    let unknown = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        Some(_) | None => None,
    };
    let unknown_flag =
        || unknown(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument);
    let hint = refused.and_then(|refused| refused.hint.clone());
    let hint = hint
        .or_else(|| tips::of_flag(subcommand?, unknown_flag()?))
        .or_else(|| tips::of_subcommand(unknown(ContextKind::InvalidSubcommand)?));
    if let Some(hint) = hint {
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

/// `error` without anything that a terminal would obey, and so without its colours: in clap's styled text the escape
/// sequences of a value cannot be told from those of the style.
fn defused(mut error: clap::Error) -> clap::Error {
    let cleaned: Vec<_> =
        error.context().filter_map(|(kind, value)| defused_value(value).map(|value| (kind, value))).collect();
    for (kind, value) in cleaned {
        error.insert(kind, value);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    clap::Error::raw(error.kind(), harmless(text))
}

/// The same of a value; `None` for others than words. What is left in styled text [`defused`] takes out itself.
fn defused_value(value: &ContextValue) -> Option<ContextValue> {
    if let ContextValue::String(text) = value {
        Some(ContextValue::String(harmless(text).into_owned()))
    } else if let ContextValue::Strings(texts) = value {
        Some(ContextValue::Strings(texts.iter().map(|text| harmless(text).into_owned()).collect()))
    } else {
        None
    }
}
