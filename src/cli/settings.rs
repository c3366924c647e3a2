//! From what was typed to what it means: the flags and variables as one layer of [`Settings`].

use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::{ProjectFlags, StackFlags, StartArgs};
use super::failure::Failure;
use super::files::about;
use crate::config::{Located, Settings, words};
use crate::location::Location;

/// What clap remembers of the words themselves, to say later on where a value came from.
#[derive(Clone, Copy, Debug)]
pub struct ArgSource<'a> {
    /// The subcommand's matches.
    pub matches: &'a ArgMatches,
}

impl ArgSource<'_> {
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
        // A flag without a value is `true` for clap.
        let is_bare = words == ["true"];
        match self.source(id) {
            // The one flag whose variable is called otherwise: see `args`.
            Some(ValueSource::EnvVariable) if id == "port_step" => format!("GANGER_STEP={}", words.join(",")),
            Some(ValueSource::EnvVariable) => format!("GANGER_{}={}", id.to_uppercase(), words.join(",")),
            Some(_) | None if is_bare => format!("--{name}"),
            Some(_) | None => format!("--{name} {}", words.join(",")),
        }
    }

    fn location(self, id: &str) -> Location {
        Location { file: self.place(id).into(), line: None, column: None }
    }
}

/// The words that all commands share.
///
/// # Errors
///
/// A value that means nothing; clap has tried them all before.
pub fn of_project(project: ProjectFlags, said: ArgSource<'_>) -> Result<Settings, Failure> {
    let at = |id: &str, path| Located { value: path, place: said.location(id) };
    let mut settings = Settings {
        procfile: project.procfile.map(|path| at("procfile", path)),
        root: project.root.map(|path| at("root", path)),
        env: project.env.into_iter().map(|path| at("env", path)).collect(),
        ..Settings::default()
    };
    // `-p 3000` also takes back a GANGER_NO_PORT, as a flag wins over a variable.
    let no_port = project.no_port && (said.is_typed("no_port") || !said.is_typed("port"));
    let flags = [("no_port", no_port), ("env_wins", project.env_wins), ("app_json", project.app_json)];
    let values =
        [("formation", &project.formation), ("port", &project.port), ("port_step", &project.port_step)];
    set_flags(&mut settings, &flags, said)?;
    set_values(&mut settings, &values, said)?;
    Ok(settings)
}

/// Where a running stack is looked for.
pub fn of_stack(stack: &StackFlags, said: ArgSource<'_>) -> Settings {
    let at = |id: &str, path: &PathBuf| Located { value: path.clone(), place: said.location(id) };
    Settings {
        procfile: stack.procfile.as_ref().map(|path| at("procfile", path)),
        root: stack.root.as_ref().map(|path| at("root", path)),
        ..Settings::default()
    }
}

/// All words of `ganger start`.
///
/// # Errors
///
/// As [`of_project`]'s.
pub fn of_start(start: StartArgs, said: ArgSource<'_>) -> Result<Settings, Failure> {
    let StartArgs { project, ending, output, .. } = start;
    let mut settings = of_project(project, said)?;
    let flags = [
        ("release", ending.release),
        ("sweep", ending.sweep),
        ("isolate", ending.isolate),
        ("no_prefix", output.no_prefix),
        ("quiet", output.quiet),
        ("json", output.json),
    ];
    let joined = |words: &[String]| (!words.is_empty()).then(|| words.join(","));
    let except = joined(&ending.except);
    let stop_signal = joined(&ending.stop_signal);
    let ordered_stop = ending.ordered_stop.map(|is_ordered| is_ordered.to_string());
    let (restart, watch) = (joined(&ending.restart), joined(&ending.watch));
    let values = [
        ("except", &except),
        ("timeout", &ending.timeout),
        ("exit_on", &ending.exit_on),
        ("exit_code_from", &ending.exit_code_from),
        ("stop_signal", &stop_signal),
        ("ordered_stop", &ordered_stop),
        ("restart", &restart),
        ("watch", &watch),
        ("pty", &ending.pty),
        ("timestamps", &output.timestamps),
        ("color", &output.color),
    ];
    set_flags(&mut settings, &flags, said)?;
    set_values(&mut settings, &values, said)?;
    Ok(settings)
}

/// A flag that is not there says nothing: a file may say it.
fn set_flags(settings: &mut Settings, flags: &[(&str, bool)], said: ArgSource<'_>) -> Result<(), Failure> {
    flags.iter().filter(|(_, is_there)| *is_there).try_for_each(|(id, _)| set(settings, id, "true", said))
}

fn set_values(
    settings: &mut Settings,
    values: &[(&str, &Option<String>)],
    said: ArgSource<'_>,
) -> Result<(), Failure> {
    let mut there = values.iter().filter_map(|(id, value)| Some((id, value.as_ref()?)));
    there.try_for_each(|(id, value)| set(settings, id, value, said))
}

fn set(settings: &mut Settings, id: &str, value: &str, said: ArgSource<'_>) -> Result<(), Failure> {
    let location = said.location(id);
    words::set(settings, &id.replace('_', "-"), value, &location)
        .map_err(|refusal| Failure::Refused(vec![about(&location.file, refusal.message, Some(refusal.hint))]))
}
