//! From what was typed to what it means: the flags and variables as one layer of [`Settings`].

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::{Ending, Output, Project, Start, When};
use super::values::SignalRule;
use crate::config::{self, Given, Settings};

/// What clap remembers of the words themselves, to say later on where a value came from.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The subcommand's matches.
    pub matches: &'a ArgMatches,
}

impl Said<'_> {
    /// Whether it is there at all, and not as a default.
    fn is_typed(self, id: &str) -> bool {
        matches!(self.source(id), Some(ValueSource::CommandLine))
    }

    fn source(self, id: &str) -> Option<ValueSource> {
        self.matches.value_source(id)
    }

    /// `--port 3000` or `GANGER_PORT=3000`, for messages.
    fn place(self, id: &str) -> String {
        let words: Vec<_> = self
            .matches
            .get_raw(id)
            .map(|raw| raw.map(|word| word.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let name = id.replace('_', "-");
        match self.source(id) {
            Some(ValueSource::EnvVariable) => format!("GANGER_{}={}", id.to_uppercase(), words.join(",")),
            Some(_) | None => format!("--{name} {}", words.join(",")),
        }
    }

    fn given<T>(self, id: &str, value: Option<T>) -> Option<Given<T>> {
        value.map(|value| Given::said(value, &self.place(id)))
    }

    fn all<T>(self, id: &str, values: impl IntoIterator<Item = T>) -> Vec<Given<T>> {
        let place = self.place(id);
        values.into_iter().map(|value| Given::said(value, &place)).collect()
    }
}

/// The words that all commands share.
pub fn of_project(project: Project, said: Said<'_>) -> Settings {
    // `-p 3000` also takes back a GANGER_NO_PORT, as a flag wins over a variable.
    let without = project.no_port && (said.is_typed("no_port") || !said.is_typed("port"));
    Settings {
        procfile: said.given("procfile", project.procfile),
        root: said.given("root", project.root),
        env: said.all("env", project.env),
        formation: said.given("formation", project.formation),
        port: said.given("port", project.port),
        port_step: said.given("port_step", project.port_step),
        no_port: without.then_some(true),
        env_wins: project.env_wins.then_some(true),
        ..Settings::default()
    }
}

/// All words of `ganger start`.
pub fn of_start(start: Start, said: Said<'_>) -> Settings {
    let spoken = of_output(start.output);
    let mut settings = of_project(start.project, said);
    settings.timestamps = spoken.timestamps;
    settings.prefix = spoken.prefix;
    settings.quiet = spoken.quiet;
    settings.color = spoken.color;
    settings.json = spoken.json;
    with_ending(settings, start.ending, said)
}

fn with_ending(mut settings: Settings, ending: Ending, said: Said<'_>) -> Settings {
    settings.except = said.all("except", ending.except.iter().map(ToString::to_string));
    settings.release = said.given("release", ending.release.then_some(true));
    settings.timeout = said.given("timeout", ending.timeout);
    settings.exit_on = said.given("exit_on", ending.exit_on);
    settings.exit_code_from = said.given("exit_code_from", ending.exit_code_from.map(|of| of.to_string()));
    settings.pty = ending.pty.map(config::When::from);
    for SignalRule { of, signal } in ending.stop_signal {
        let signal = Given::said(signal, &said.place("stop_signal"));
        match of {
            None => settings.stop_signal = Some(signal),
            Some(of) => settings.processes.entry(of).or_default().stop_signal = Some(signal),
        }
    }
    settings
}

fn of_output(output: Output) -> Settings {
    Settings {
        timestamps: output.timestamps,
        prefix: output.no_prefix.then_some(false),
        quiet: output.quiet.then_some(true),
        color: output.color.map(config::When::from),
        json: output.json.then_some(true),
        ..Settings::default()
    }
}

impl From<When> for config::When {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}
