//! `ganger start`.

use super::ambient::{Ambient, Stream};
use super::args;
use super::failure::Failure;
use super::files::about;
use super::load::{self, Need};
use super::settings::{self, Said};
use crate::config::{Settings, Timestamps, When};
use crate::exit::Outcome;
use crate::notice::Notice;
use crate::output::{self, Format};
use crate::plan::Plan;
use crate::plan::options::Selection;
use crate::plan::ports::Holder;
use crate::process::ports_in_use;
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
    let mark = Ambient::mark();
    let plan = project.plan(&selection, Some(&mark), taken, ambient).map_err(Failure::Refused)?;
    let settings = supervised(&project.settings, &plan, mark, ambient)?;
    project.say_warnings(&plan.warnings, ambient);
    Ok(supervisor::run::start(plan, settings))
}

fn taken(port: u16) -> Option<Holder> {
    ports_in_use::holder(port).map(|holder| Holder { pid: holder.pid, name: Some(holder.name) })
}

fn supervised(
    settings: &Settings,
    plan: &Plan,
    mark: String,
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
        isolate: false,
        run: mark.into_bytes(),
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
