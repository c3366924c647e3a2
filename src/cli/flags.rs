//! The flags and the `GANGER_…` variables of settings: clap's arguments, made of the entries of [`table`], and the layers of
//! [`Settings`] that they set.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use super::failure::Failure;
use super::peers::variables;
use super::system_env::SystemEnv;
use super::values::{ValueError, with_value};
use crate::config::setting::{Flag, Setting, Takes};
use crate::config::{Located, Settings, table};

/// The command of which the flags may also stand before the subcommand (`ganger -f Procfile.dev run …`), as honcho and
/// node-foreman have them: those that all commands share that read a project.
const SHARED: &str = "run";

/// `command` with the flags of settings in each subcommand.
pub(crate) fn add(command: Command) -> Command {
    with_shared(command).mut_subcommands(with_flags)
}

/// As [`add`], but clap makes the flags of a subcommand only when the command line names it, and those before the subcommand only where one
/// stands there: a start touches 30 pages less.
pub(crate) fn add_when_asked(command: Command, words: &[OsString]) -> Command {
    let begins_with_flag = words.get(1).is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let command = if begins_with_flag { with_shared(command) } else { command };
    command.mut_subcommands(|of| of.defer(with_flags))
}

fn with_shared(command: Command) -> Command {
    command.args(flags_of(SHARED).map(|(setting, flag)| argument(setting, flag).hide(true)))
}

/// A subcommand with the flags of settings that it takes.
pub(crate) fn with_flags(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.args(flags_of(&name).map(|(setting, flag)| argument(setting, flag)))
}

fn flags_of(command: &str) -> impl Iterator<Item = (&'static Setting, &'static Flag)> {
    table::all().filter_map(move |setting| Some((setting, setting.flag_of(command)?)))
}

fn argument(setting: &'static Setting, flag: &'static Flag) -> Arg {
    let help = flag.help.unwrap_or(setting.help);
    let (summary, more) = help.split_once("\n\n").map_or((help, None), |(summary, _)| (summary, Some(help)));
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .alias(setting.alias)
        .short(flag.short)
        .help(summary)
        .long_help(more)
        .help_heading(Some(flag.heading).filter(|heading| !heading.is_empty()));
    let (name, arg) = match setting.takes {
        Takes::Nothing => return arg.action(ArgAction::SetTrue),
        Takes::Value(name) => (name, arg.allow_negative_numbers(true)),
        Takes::Optional(name, default) => {
            (name, arg.num_args(0..=1).require_equals(true).default_missing_value(default))
        }
    };
    arg.value_name(name)
        .value_hint(match name {
            "FILE" => ValueHint::FilePath,
            "DIR" => ValueHint::DirPath,
            _ => ValueHint::Unknown,
        })
        .value_parser(OsStringValueParser::new().try_map(move |value| {
            let place = Located::given((), setting.name).place;
            let done = setting.set(&mut Settings::default(), &value, &place);
            done.map_err(|invalid| ValueError::of(invalid, &value)).map(|()| value)
        }))
        .action(if setting.is_repeatable() || setting.given_once.is_some() {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
}

/// A flag of a setting, as it was given.
pub(crate) struct GivenFlag {
    /// Its setting.
    pub setting: &'static Setting,
    values: Vec<OsString>,
}

impl fmt::Debug for GivenFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.words())
    }
}

impl GivenFlag {
    /// It, in words for another command.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let flag = format!("--{}", self.setting.name);
        if self.setting.takes == Takes::Nothing {
            return vec![flag.into()];
        }
        self.values.iter().map(|value| with_value(&flag, value)).collect()
    }
}

/// The flags of the subcommand, and those before it that it does not have itself.
pub(crate) fn words_given(matches: &ArgMatches) -> Vec<GivenFlag> {
    let Some((name, own)) = matches.subcommand() else { return Vec::new() };
    flags_of(name)
        .filter_map(|(setting, _)| {
            let from = [own, matches].into_iter().find(|matches| is_typed(matches, setting))?;
            let values = from.get_raw(setting.name).into_iter().flatten().map(OsStr::to_owned).collect();
            Some(GivenFlag { setting, values })
        })
        .collect()
}

fn is_typed(matches: &ArgMatches, setting: &Setting) -> bool {
    matches.try_contains_id(setting.name).is_ok()
        && matches.value_source(setting.name) == Some(ValueSource::CommandLine)
}

/// What the command line sets: the words after the subcommand over those before it.
///
/// # Errors
///
/// A flag before the subcommand that this one does not have.
pub(crate) fn given(matches: &ArgMatches) -> Result<Settings, Failure> {
    let before = layer(SHARED, matches)?;
    let Some((name, own)) = matches.subcommand() else { return Ok(before) };
    let strange =
        flags_of(SHARED).find(|(setting, _)| is_typed(matches, setting) && setting.flag_of(name).is_none());
    match strange {
        Some((setting, _)) => {
            Err(Failure::usage(format!("`ganger {name}` has no flag --{}", setting.name), None))
        }
        None => Ok(layer(name, own)?.or(before)),
    }
}

fn layer(command: &str, matches: &ArgMatches) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    for (setting, _) in flags_of(command).filter(|(setting, _)| is_typed(matches, setting)) {
        let values: Vec<&OsStr> = matches.get_raw(setting.name).into_iter().flatten().collect();
        if let Some(hint) = setting.given_once
            && values.iter().any(|value| *value != values[0])
        {
            return Err(Failure::usage(format!("--{} is given twice", setting.name), Some(hint.to_owned())));
        }
        let shown: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
        let origin = match setting.takes {
            Takes::Nothing => format!("--{}", setting.name),
            Takes::Optional(_, "true") if shown == ["true"] => format!("--{}", setting.name),
            Takes::Value(_) | Takes::Optional(..) => format!("--{} {}", setting.name, shown.join(",")),
        };
        let place = Located::given((), &origin).place;
        for value in values {
            let done = setting.set(&mut settings, value, &place);
            done.map_err(|invalid| Failure::usage(format!("{origin}: {invalid}"), invalid.hint))?;
        }
    }
    Ok(settings)
}

/// What the variables set for `command`: ours, and below them those of other runners. One that is empty is not set.
///
/// # Errors
///
/// A value is invalid.
pub(crate) fn of_variables(command: &str, system: &SystemEnv) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    for setting in table::all().filter(|setting| setting.is_taken_by(command)) {
        let name = setting.variable_name();
        let Some(value) = system.variable(&name) else { continue };
        let place = Located::given((), &format!("{name}={}", value.to_string_lossy())).place;
        setting
            .set(&mut settings, &value, &place)
            .map_err(|invalid| Failure::usage(format!("{name}: {}", invalid.message()), invalid.hint))?;
    }
    let others = variables::of_environment(command, system)
        .map_err(|(place, invalid)| Failure::usage(format!("{place}: {}", invalid.reason), invalid.hint))?;
    Ok(settings.or(others))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::usage;

    fn with(variables: &[(&str, &str)]) -> SystemEnv {
        let bytes = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        SystemEnv { variables: variables.iter().map(bytes).collect(), ..SystemEnv::default() }
    }

    /// What these words after `ganger COMMAND` set, and these variables.
    fn parsed(command: &str, words: &[&str], variables: &[(&str, &str)]) -> Settings {
        let needed: &[&str] = match command {
            "run" | "exec" | "stop" | "kill" | "attach" | "port" => &["x"],
            "export" => &["systemd"],
            _ => &[],
        };
        let all: Vec<_> =
            [&["ganger", command], words, needed].concat().into_iter().map(Into::into).collect();
        usage::parse(&all, &with(variables)).unwrap().unwrap().1
    }

    /// What a layer sets, without the places.
    fn is_set(setting: &Setting, settings: &mut Settings) -> bool {
        let stack = setting.stack.is_some_and(|field| field.is_set(settings));
        let each = |field: &dyn crate::config::setting::Field<_>, settings: &mut Settings| {
            settings.processes.values_mut().any(|process| field.is_set(process))
        };
        stack || setting.each.is_some_and(|field| each(field, settings))
    }

    #[test]
    fn each_setting_has_an_effect_as_a_flag_and_as_a_variable_of_each_command_that_takes_it() {
        let mut seen = 0;
        for setting in table::all() {
            let name = setting.variable_name();
            for command in setting.flags.iter().flat_map(|flag| flag.commands) {
                let flag = match setting.takes {
                    Takes::Nothing => format!("--{}", setting.name),
                    Takes::Value(_) | Takes::Optional(..) => {
                        format!("--{}={}", setting.name, setting.example)
                    }
                };
                let of_flag = &mut parsed(command, &[&flag], &[]);
                assert!(is_set(setting, of_flag), "ganger {command} {flag}");
                let of_variable = &mut parsed(command, &[], &[(&name, setting.example)]);
                assert!(is_set(setting, of_variable), "{name} of ganger {command}");
                assert!(!is_set(setting, &mut parsed(command, &[], &[(&name, "")])), "{name}= of {command}");
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn what_the_variables_set_for_a_start_they_set_for_what_starts_or_shows_the_same_stack() {
        for setting in table::all().filter(|setting| setting.flag_of("start").is_some()) {
            for command in ["check", "exec", "ui"] {
                let of_variable = &mut parsed(command, &[], &[(&setting.variable_name(), setting.example)]);
                assert!(is_set(setting, of_variable), "{} of ganger {command}", setting.variable_name());
            }
        }
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_after_the_subcommand_over_before_it() {
        let port = |words: &[&str], variables| {
            let words: Vec<_> = [&["ganger"], words].concat().into_iter().map(Into::into).collect();
            let settings = usage::parse(&words, &with(variables));
            settings.unwrap().unwrap().1.port.unwrap().place.to_string()
        };
        let variables = [("GANGER_PORT", "1")];
        assert_eq!(port(&["check"], &variables), "GANGER_PORT=1");
        assert_eq!(port(&["-p", "2", "check"], &variables), "--port 2");
        assert_eq!(port(&["-p", "2", "check", "--port", "3"], &variables), "--port 3");
        let strange = ["ganger", "-p", "2", "ps"].map(Into::into);
        assert!(usage::parse(&strange, &with(&[])).is_err());
    }

    #[test]
    fn each_help_fits_its_column_and_each_name_is_there_once() {
        let mut names: Vec<&str> = table::all().flat_map(|of| [Some(of.name), of.alias]).flatten().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for setting in table::all() {
            let summary = setting.help.split("\n\n").next().unwrap();
            assert!((1..=52).contains(&summary.chars().count()), "{}: {summary}", setting.name);
        }
    }
}
