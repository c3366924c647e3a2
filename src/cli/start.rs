//! `ganger start`.

use super::ambient::{Ambient, Stream};
use super::args;
use super::failure::Failure;
use super::files::about;
use super::load::{self, Need};
use super::settings::{self, Said};
use super::sweep;
use crate::config::{Settings, Timestamps, When};
use crate::exit::Outcome;
use crate::notice::Notice;
use crate::output::{self, Format};
use crate::plan::options::Selection;
use crate::plan::{DEFAULT_GRACE, Plan};
use crate::process::ports_in_use;
use crate::process::run::Run;
use crate::supervisor;

/// Plans the stack and runs it to its end.
///
/// # Errors
///
/// All that keeps it from being started.
pub fn run(start: args::Start, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let selection = Selection::parse(&start.types).map_err(Failure::Refused)?;
    let typed = settings::of_start(start, said)?;
    let project = load::project(&typed, Need::Procfile, ambient)?;
    // The same root by another name (a link, `..`) is the same root.
    let root = std::fs::canonicalize(&project.root).unwrap_or_else(|_| project.root.clone());
    if project.is_whole && project.errors.is_empty() {
        let grace = project.settings.timeout.as_ref().map_or(DEFAULT_GRACE, |given| given.value);
        sweep::before_start(&root, project.settings.sweep.unwrap_or(false), grace, ambient)?;
    }
    let run = Run::begin(&root, Ambient::mark()).map_err(|error| Failure::Failed(error.to_string()))?;
    let mark = run.to_string();
    let plan =
        project.plan(&selection, Some(&mark), ports_in_use::holder, ambient).map_err(Failure::Refused)?;
    let settings = supervised(&project.settings, &plan, run, ambient)?;
    project.say_warnings(&plan.warnings, ambient);
    // There until all is over; who kills both halves of us leaves it.
    let _trace = sweep::traces(&root, ambient).leave(&settings.run);
    Ok(supervisor::run::start(plan, settings))
}

fn supervised(
    settings: &Settings,
    plan: &Plan,
    run: Run,
    ambient: &Ambient,
) -> Result<supervisor::run::Settings, Failure> {
    let is_terminal = ambient.output_is_terminal;
    Ok(supervisor::run::Settings {
        format: format(settings)?,
        color: ambient.colors(Stream::Output, settings.color.unwrap_or_default()),
        is_terminal,
        quiet: settings.quiet.unwrap_or(false),
        pseudo_terminals: match settings.pty.unwrap_or_default() {
            When::Auto => is_terminal,
            When::Always => true,
            When::Never => false,
        },
        isolate: settings.isolate.unwrap_or(false),
        run,
        notices: plan.notes.iter().map(|text| Notice::Info { text: text.clone() }).collect(),
    })
}

fn format(settings: &Settings) -> Result<Format, Failure> {
    if settings.json == Some(true) {
        return Ok(Format::Json);
    }
    let pattern = match &settings.timestamps {
        None | Some(Timestamps::Off) => None,
        Some(Timestamps::Plain) => Some(output::Timestamps::DEFAULT),
        Some(Timestamps::Format(pattern)) => Some(pattern.as_str()),
    };
    let timestamps = pattern.map(|pattern| output::Timestamps::new(pattern, Ambient::zone())).transpose();
    let timestamps =
        timestamps.map_err(|reason| Failure::Refused(vec![about("timestamps", reason, None)]))?;
    Ok(Format::Text { prefix: settings.prefix.unwrap_or(true), timestamps })
}
