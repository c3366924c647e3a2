//! `ganger completions SHELL`: the script for a shell, and the answers to what that script asks.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{EnvCompleter, Shells};

use super::args::Shell;
use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{files, folders, print, stack, usage};
use crate::config::{Groups, ganger_toml, table};
use crate::control::client::Client;
use crate::control::protocol::Request;
use crate::exit::Outcome;
use crate::procfile;

/// The variable with which the script asks. Not clap's `COMPLETE`: a stack may well have one of that name.
pub(crate) const VARIABLE: &str = "GANGER_COMPLETE";

/// How long the running stack is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Prints the script for `shell`. It asks this program at every TAB, so that the types of the Procfile
/// that lies there complete.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(crate) fn run(shell: Shell) -> Result<Outcome, Failure> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    let mut script = Vec::new();
    // By name, not by the path of this program: the script outlives an upgrade that moves it.
    completer(OsStr::new(name))?.write_registration(VARIABLE, "ganger", "ganger", "ganger", &mut script)?;
    print::and_succeed(&script)
}

/// Answers the script of `shell`: `words` are `ganger -- ganger start we`.
///
/// # Errors
///
/// That there is no such shell, or that standard output cannot be written to.
pub(crate) fn answer(shell: &OsStr, words: Vec<OsString>, system: &SystemEnv) -> Result<Outcome, Failure> {
    let asked: Vec<OsString> = words.into_iter().skip_while(|word| word != "--").skip(1).collect();
    let types = types(&asked, system);
    let with_groups = [types.clone(), groups(&asked, system)].concat();
    let names = names(&with_groups, &asked, system);
    let mut command = with_candidates(usage::command(), (&types, &with_groups), &names);
    let mut answers = Vec::new();
    completer(shell)?.write_complete(&mut command, asked, system.folder.as_deref(), &mut answers)?;
    print::and_succeed(&answers)
}

fn completer(shell: &OsStr) -> Result<&'static dyn EnvCompleter, Failure> {
    const SHELLS: Shells<'static> = Shells::builtins();
    let name = shell.to_string_lossy();
    let found = SHELLS.iter().find(|completer| completer.is(&name));
    found
        .ok_or_else(|| Failure::Failed(format!("{VARIABLE}={name}: there are no completions for this shell")))
}

/// `command` with the candidates of its values: types (with groups, where they are taken), names in the running stack, and the choices of
/// settings.
fn with_candidates(
    command: clap::Command,
    (types, with_groups): (&[String], &[String]),
    names: &[String],
) -> clap::Command {
    const OF_NAMES: [(&str, &str); 9] = [
        ("logs", "names"),
        ("restart", "names"),
        ("stop", "names"),
        ("kill", "names"),
        ("wait", "names"),
        ("attach", "instance"),
        ("port", "instance"),
        ("scale", "steps"),
        ("exec", "with"),
    ];
    const OF_GROUPS: [(&str, &str); 4] =
        [("start", "types"), ("start", "except"), ("start", "can-die"), ("doctor", "types")];
    const OF_TYPES: [(&str, &str, &[&str]); 4] = [
        ("start", "exit-code-from", &[]),
        ("run", "command", &[]),
        ("exec", "command", &[]),
        ("env", "of", &[]),
    ];
    let of_choices = table::all().filter(|setting| !setting.choices.is_empty() && !setting.flags.is_empty());
    let of_choices = of_choices.flat_map(|setting| {
        let commands = setting.flags.iter().flat_map(|flag| flag.commands);
        commands.map(|command| (*command, setting.name, setting.choices))
    });
    let of_types = of_choices.chain(OF_TYPES).map(|(subcommand, argument, choices)| {
        let types = if choices.is_empty() || argument == "exit-on" { types } else { &[] };
        let choices = choices.iter().map(|choice| (*choice).to_owned());
        (subcommand, argument, choices.chain(types.iter().cloned()).collect::<Vec<String>>())
    });
    let of_ui = cfg!(feature = "ui").then_some(("ui", "names"));
    let of_names = OF_NAMES.into_iter().chain(of_ui).map(|(subcommand, argument)| {
        let names = if subcommand == "scale" { types } else { names };
        (subcommand, argument, names.to_vec())
    });
    let of_groups = OF_GROUPS.map(|(subcommand, argument)| (subcommand, argument, with_groups.to_vec()));
    of_types.chain(of_groups).chain(of_names).fold(command, |command, (subcommand, argument, values)| {
        let candidates =
            ArgValueCandidates::new(move || values.iter().map(CompletionCandidate::new).collect());
        command.mut_subcommand(subcommand, |of| of.mut_arg(argument, |arg| arg.add(candidates)))
    })
}

/// The types of the Procfile that the words before the cursor name; none if it cannot be read.
fn types(words: &[OsString], system: &SystemEnv) -> Vec<String> {
    let folder = system.folder.clone().unwrap_or_default();
    let value_of = |short: &str, long: &str| {
        let mut pairs = words.iter().zip(words.iter().skip(1));
        pairs.find(|(flag, _)| *flag == short || *flag == long).map(|(_, value)| folder.join(value))
    };
    let root = root(words, &folder);
    let path = value_of("-f", "--procfile").unwrap_or_else(|| root.join("Procfile"));
    let bytes = if is_plain(&path) { files::read(&path, "Procfile").unwrap_or_default() } else { Vec::new() };
    let parsed = procfile::parse("Procfile", &bytes);
    parsed.procfile.entries.iter().map(|entry| entry.name.to_string()).collect()
}

/// The groups of the ganger.toml in that folder, as they are written: `@back`.
fn groups(words: &[OsString], system: &SystemEnv) -> Vec<String> {
    let path = root(words, &system.folder.clone().unwrap_or_default()).join("ganger.toml");
    let bytes =
        if is_plain(&path) { files::read(&path, "ganger.toml").unwrap_or_default() } else { Vec::new() };
    Groups::of(&ganger_toml::parse("ganger.toml", &bytes).settings, |_| true).words().collect()
}

/// The types, groups and instances of the stack that runs in that folder, else the types and groups of the project.
fn names(with_groups: &[String], words: &[OsString], system: &SystemEnv) -> Vec<String> {
    let folder = system.folder.clone().unwrap_or_default();
    let address = stack::address(&root(words, &folder), None, system);
    let status = Client::connect(&address).and_then(|mut client| {
        // A stack that hangs must not hang the shell.
        client.set_patience(Some(PATIENCE));
        client.ask(Request::Status).ok()
    });
    let Some(status) = status else { return with_groups.to_vec() };
    let kinds = status.formation.keys().cloned();
    let kinds = kinds.chain(status.groups.words());
    kinds.chain(status.instances.into_iter().map(|row| row.name)).collect()
}

/// The folder that `-d` names, else the current one.
fn root(words: &[OsString], folder: &Path) -> PathBuf {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let named = pairs.find(|(flag, _)| *flag == "-d" || *flag == "--root");
    named.map_or_else(
        || folders::above(folder).unwrap_or_else(|| folder.to_owned()),
        |(_, value)| folder.join(value),
    )
}

/// A pipe must not be read for this: TAB would hang, and what was in it would be gone.
fn is_plain(path: &Path) -> bool {
    path.is_file()
}
