//! The command line, parsed; and its errors.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches};

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
    let parsed = of_first_word(words).map_or_else(|| of_all(words), Ok);
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
            let error = with_hint(error, subcommand.as_deref(), words);
            Err(Failure::Usage(if are_harmless { error } else { defused(error) }))
        }
        Err(error) => {
            let text = error.render();
            let colors = system.colors(StdStream::Output, ColorChoice::Auto);
            let text = if colors { text.ansi().to_string() } else { text.to_string() };
            let is_help = error.kind() == ErrorKind::DisplayHelp;
            let subcommand = subcommand_of(words.iter().skip(1).filter_map(|word| word.to_str()));
            let above = tips::above_help(system.called_as, subcommand.as_deref());
            let text = if is_help { above + &text } else { text };
            // An `after_help` comes without an end of line.
            print::bytes(format!("{}\n", text.trim_end()).as_bytes()).map(|()| None)
        }
    }
}

/// Reads the words with what clap knows of all subcommands.
fn of_all(words: &[OsString]) -> Result<(Command, ArgMatches), clap::Error> {
    let matches = flags::add_when_asked(Arguments::command(), words).try_get_matches_from(words)?;
    Ok((Arguments::from_arg_matches(&matches)?.command, matches))
}

/// The same where the first word is a subcommand that others wait for, and the words are valid: what clap knows of all other subcommands is not
/// made then, which is a tenth of a start. `None` where it is needed, as for an error or help.
fn of_first_word(words: &[OsString]) -> Option<(Command, ArgMatches)> {
    match words.get(1)?.to_str()? {
        "start" => of_one("start", words, Command::Start),
        "run" => of_one("run", words, Command::Run),
        "exec" => of_one("exec", words, Command::Exec),
        "ps" => of_one("ps", words, Command::Ps),
        "logs" => of_one("logs", words, Command::Logs),
        "restart" => of_one("restart", words, Command::Restart),
        "wait" => of_one("wait", words, Command::Wait),
        _ => None,
    }
}

/// The same with this subcommand alone.
fn of_one<Own: Args>(
    name: &'static str,
    words: &[OsString],
    command: impl FnOnce(Own) -> Command,
) -> Option<(Command, ArgMatches)> {
    let subcommand = flags::with_flags(Own::augment_args(clap::Command::new(name)));
    let ganger = clap::Command::new("ganger").args_override_self(true).subcommand(subcommand);
    let matches = ganger.try_get_matches_from(words).ok()?;
    let own = Own::from_arg_matches(matches.subcommand()?.1).ok()?;
    Some((command(own), matches))
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
fn with_hint(mut error: clap::Error, subcommand: Option<&str>, words: &[OsString]) -> clap::Error {
    let refused = error.source().and_then(|source| source.downcast_ref::<ValueError>());
    let unknown = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        Some(_) | None => None,
    };
    let unknown_flag =
        || unknown(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument);
    let hint = refused.and_then(|refused| refused.hint.clone());
    let hint = hint
        .or_else(|| tips::of_argument(subcommand?, unknown_flag()?, words))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        std::iter::once("ganger").chain(line.split_whitespace()).map(Into::into).collect()
    }

    #[test]
    fn a_subcommand_in_front_says_the_same_as_among_all_others() {
        let lines = [
            "start",
            "start web worker=2 -f Procfile.dev -e .env,.env.local --port 5100 -t 30s",
            "start --port 1 --port 2 -m web=1 -m web=2 --no-port --json",
            "start -- one two",
            "run -e .env rake db:migrate --trace",
            "run -- -x",
            "exec --with web --timeout 3s -- pytest -x",
            "ps --json",
            "logs -f -n 10 web --grep a.b",
            "restart web --rolling",
            "wait web --for up --timeout 10s",
        ];
        for line in lines {
            let (quick, quick_matches) = of_first_word(&words(line)).expect(line);
            let (whole, whole_matches) = of_all(&words(line)).map_err(|error| error.to_string()).expect(line);
            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{line}");
            let given = |matches| format!("{:?}", flags::given(matches).map_err(|_| ()));
            assert_eq!(given(&quick_matches), given(&whole_matches), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_to_all_of_clap() {
        let lines = [
            "",
            "start --prot",
            "start --help",
            "ps -h",
            "run",
            "exec",
            "logs -n many",
            "starte",
            "-f x start",
            "version",
        ];
        for line in lines {
            assert!(of_first_word(&words(line)).is_none(), "{line}");
        }
    }
}
