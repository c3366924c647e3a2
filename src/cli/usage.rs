//! From words to [`args`](super::args), and what is said when they are not understood.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::args::{Arguments, Command};
use super::failure::Failure;
use super::print;
use super::system_env::{StdStream, SystemEnv};
use super::values::ValueError;
use crate::config::ColorChoice;
use crate::text::harmless;

/// The command line, understood; `None` if it asked for help or the version, which are then printed.
///
/// # Errors
///
/// What is not understood, in clap's words; or that standard output cannot be written to.
pub fn parse(words: Vec<OsString>, system: &SystemEnv) -> Result<Option<(Command, ArgMatches)>, Failure> {
    let mut command = command(system);
    let is_harmless = |bytes: &[u8]| matches!(harmless(&String::from_utf8_lossy(bytes)), Cow::Borrowed(_));
    let words_are_harmless = words.iter().all(|word| is_harmless(word.as_bytes()));
    let understood = command.try_get_matches_from_mut(words).and_then(|mut matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((arguments.command, matches.remove_subcommand()))
    });
    match understood {
        Ok((command, matches)) => {
            Ok(Some((command, matches.map(|(_, matches)| matches).unwrap_or_default())))
        }
        Err(error) if error.use_stderr() => {
            let error = explained(error, system);
            let mut variables = system.variables.iter().filter(|(name, _)| name.starts_with(b"GANGER_"));
            let is_safe = words_are_harmless && variables.all(|(_, value)| is_harmless(value));
            Err(Failure::Usage(if is_safe { error } else { defused(error) }))
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

/// clap's command, in which a variable that is set to nothing counts as not set (`GANGER_PORT= ganger …`).
pub fn command(system: &SystemEnv) -> clap::Command {
    let command = Arguments::command();
    let is_nothing = |(name, value): &(Vec<u8>, Vec<u8>)| name.starts_with(b"GANGER_") && value.is_empty();
    if !system.variables.iter().any(is_nothing) {
        // Mostly so; and to go through all arguments takes as long as to make them.
        return command;
    }
    let without_empty = |arg: clap::Arg| {
        let is_empty = arg.get_env().is_some_and(|name| system.variable(&name.to_string_lossy()).is_none());
        if is_empty { arg.env(None::<&str>) } else { arg }
    };
    let names: Vec<String> = command.get_subcommands().map(|of| of.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, |of| of.mut_args(without_empty)))
}

/// `error` with what clap cannot know: the way out, and that a value came from a variable.
fn explained(mut error: clap::Error, system: &SystemEnv) -> clap::Error {
    let text = |error: &clap::Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(_) | None => None,
    };
    let value = text(&error, ContextKind::InvalidValue);
    let argument = text(&error, ContextKind::InvalidArg);
    let refused = error.source().and_then(|source| source.downcast_ref::<ValueError>());
    let tips: Vec<_> = [
        refused.and_then(|refused| refused.hint.clone()),
        argument.zip(value).and_then(|(argument, value)| variable_of(&argument, &value, system)),
    ]
    .into_iter()
    .flatten()
    .map(Into::into)
    .collect();
    if !tips.is_empty() {
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// `error` without anything that a terminal would obey, and so without its colours: in clap's styled text the escape
/// sequences of a value cannot be told from those of the style.
fn defused(mut error: clap::Error) -> clap::Error {
    let clean = |text: &String| harmless(text).into_owned();
    let clean = |value: &ContextValue| {
        if let ContextValue::String(text) = value {
            Some(ContextValue::String(clean(text)))
        } else if let ContextValue::Strings(texts) = value {
            Some(ContextValue::Strings(texts.iter().map(clean).collect()))
        } else {
            // What is left in styled text is taken out below.
            None
        }
    };
    let cleaned: Vec<_> =
        error.context().filter_map(|(kind, value)| clean(value).map(|value| (kind, value))).collect();
    for (kind, value) in cleaned {
        error.insert(kind, value);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    clap::Error::raw(error.kind(), harmless(text))
}

/// That `value` of `argument` (`--port <BASE>`) stands in a variable, where one would not look for it.
fn variable_of(argument: &str, value: &str, system: &SystemEnv) -> Option<String> {
    let flag = argument.split([' ', '=', '[']).next()?;
    let command = command(system);
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let name = arguments
        .filter(|arg| arg.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long)))
        .find_map(|arg| arg.get_env())?
        .to_string_lossy()
        .into_owned();
    let is_set = system.variable(&name).is_some_and(|set| set.to_string_lossy().contains(value));
    is_set.then(|| format!("the environment has {name}={value}"))
}
