//! `ganger start`.

use super::ambient::{Ambient, Stream};
use super::args;
use super::failure::Failure;
use super::load::{self, Need};
use super::settings::{self, Said};
use crate::config::{Settings, Timestamps};
use crate::exit::Outcome;
use crate::plan::ports::Holder;
use crate::plan::selection::Selection;
use crate::process::ports_in_use;
use crate::supervisor::run::{self, OutputSettings};

/// Plans the stack and runs it to its end.
///
/// # Errors
///
/// All that keeps it from being started.
pub fn run(start: args::Start, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let selection = Selection::parse(&start.types).map_err(Failure::Refused)?;
    let typed = settings::of_start(start, said);
    let project = load::project(typed, Need::Procfile, ambient)?;
    let plan = project.plan(&selection, Some(&Ambient::mark()), taken, ambient).map_err(Failure::Refused)?;
    project.say_warnings(&plan.warnings, ambient);
    Ok(run::start(plan, supervised(&project.settings, ambient)))
}

fn supervised(settings: &Settings, ambient: &Ambient) -> run::Settings {
    let output = OutputSettings {
        json: settings.json.unwrap_or(false),
        prefix: settings.prefix.unwrap_or(true),
        timestamps: settings.timestamps.clone().unwrap_or(Timestamps::Off),
        color: ambient.colors(Stream::Output, settings.color.unwrap_or_default()),
        quiet: settings.quiet.unwrap_or(false),
    };
    run::Settings { output, pty: settings.pty.unwrap_or_default() }
}

fn taken(port: u16) -> Option<Holder> {
    ports_in_use::holder(port).map(|holder| Holder { pid: holder.pid, name: Some(holder.name) })
}
