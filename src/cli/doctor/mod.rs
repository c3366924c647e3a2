//! `ganger doctor`: the project held against the twelve factors.

mod consent;
mod gather;
mod live;

use std::ffi::OsStr;
use std::time::Duration;

use clap::Args;

use live::LiveError;
use live::command::TrialOptions;

use super::failure::Failure;
use super::flags::GivenFlag;
use super::load::{self, ProcfileNeed};
use super::print;
use super::project::Project;
use super::report::{self, Severity};
use super::stack::is_json;
use super::system_env::{StdStream, SystemEnv};
use super::values::{span, types};
use crate::config::{ColorChoice, Settings};
use crate::doctor::code::{self, Factor};
use crate::doctor::facts::Facts;
use crate::doctor::observation::Observation;
use crate::doctor::report::{DoctorReport, silence};
use crate::doctor::{examine, has_live_checks, is_visible, observe};
use crate::exit::{self, Outcome};
use crate::location::Diagnostic;
use crate::procfile::Procfile;
use crate::suggestion::nearest;

/// `ganger doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Only these types of the Procfile
    #[arg(value_name = "TYPE", value_parser = types)]
    pub types: Vec<String>,
    /// Only this factor: VII, 7 or `port binding`
    #[arg(long, value_name = "FACTOR", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Run the stack too, without asking
    ///
    /// It is started on ports of its own, stopped and ended; a stack that runs here is not touched. It uses the services that its
    /// variables name. On a terminal `doctor` asks before it does so.
    #[arg(short, long)]
    pub yes: bool,
    /// Only read files, and start nothing
    #[arg(long = "static", conflicts_with = "yes")]
    pub is_static: bool,
    /// Run the `release` line first
    #[arg(long)]
    pub release: bool,
    /// How long an instance may take to be ready: `30`, `2m`
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "30")]
    pub within: f64,
    /// The flags of the project, which the stack gets.
    #[arg(skip)]
    pub flags: Vec<GivenFlag>,
}

/// Prints a line for each factor and its findings.
///
/// # Errors
///
/// The files of the project cannot be read, there is no such type or factor, or the stack cannot be started.
pub(crate) fn run(args: &DoctorArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let factors = factors(&args.only)?;
    let project = load::project(given, ProcfileNeed::Procfile, system)?;
    if !project.errors.is_empty() {
        return Err(Failure::Refused(project.errors));
    }
    let warnings = unknown_codes(&project.settings);
    let colors = system.colors(StdStream::Error, ColorChoice::Auto);
    report::say(&report::diagnostics(Severity::Warning, &warnings, colors));
    let facts = Facts { procfile: chosen(&project, &args.types)?, ..gather::facts(&project, system) };
    let mut findings = examine(&facts);
    let mut seen = None;
    let flag = (args.yes || args.is_static).then_some(args.yes);
    if factors.iter().any(|factor| has_live_checks(*factor)) && consent::is_given(flag, system)? {
        let options = TrialOptions {
            flags: &args.flags,
            ready_within: Duration::try_from_secs_f64(args.within).unwrap_or(Duration::MAX),
            release: args.release,
            is_for_development: facts.is_for_development,
        };
        match live::observe(&project, &options, system) {
            Ok(mut observation) => {
                observation.instances.retain(|instance| facts.entry(&instance.kind).is_some());
                findings.extend(observe(&facts, &observation, &findings));
                seen = Some(observation);
            }
            Err(LiveError::Interrupted(signal)) => return Ok(Outcome::DieBy(signal)),
            Err(LiveError::Failure(failure)) => return Err(failure),
        }
    }
    silence(&mut findings, &project.settings.silenced);
    let report = DoctorReport::new(&factors, &findings, seen.as_ref(), |factor| {
        let is_seen = seen.as_ref().is_some_and(Observation::has_seen_any);
        is_visible(factor, &facts) || is_seen && has_live_checks(factor)
    });
    if is_json(given) {
        print::json(&report)?;
    } else {
        print::bytes(report.text().as_bytes())?;
    }
    Ok(Outcome::Status(if report.is_broken() { exit::REFUSED } else { exit::SUCCESS }))
}

fn factors(named: &[String]) -> Result<Vec<Factor>, Failure> {
    let mut factors = named.iter().map(|text| factor(text)).collect::<Result<Vec<_>, _>>()?;
    factors.sort();
    factors.dedup();
    Ok(if factors.is_empty() { Factor::ALL.to_vec() } else { factors })
}

fn factor(text: &str) -> Result<Factor, Failure> {
    Factor::named(text).ok_or_else(|| {
        let hint = "I to XII, 1 to 12, or a name of https://12factor.net".to_owned();
        Failure::usage(format!("--only {text}: no such factor"), Some(hint))
    })
}

/// The Procfile with these types only.
fn chosen(project: &Project, types: &[String]) -> Result<Procfile, Failure> {
    let mut procfile = project.procfile.clone();
    let mut chosen = Vec::new();
    for word in types {
        let of_word = project.groups().types(word);
        chosen.extend(of_word.map_err(|error| Failure::usage(error.to_string(), Some(error.hint().into())))?);
    }
    for name in &chosen {
        if project.entry(OsStr::new(name)).is_none() {
            let near = nearest(name, procfile.entries.iter().map(|entry| entry.name.as_str()));
            let hint = near.map(|near| format!("did you mean {near}?"));
            return Err(Failure::usage(format!("no type `{name}` in {}", procfile.file), hint));
        }
    }
    procfile
        .entries
        .retain(|entry| chosen.is_empty() || chosen.iter().any(|name| *name == entry.name.as_str()));
    Ok(procfile)
}

/// The codes in ganger.toml that no finding has.
fn unknown_codes(settings: &Settings) -> Vec<Diagnostic> {
    let unknown = settings.silenced.iter().filter(|(name, _)| code::named(name).is_none());
    unknown
        .map(|(name, reason)| Diagnostic {
            location: reason.place.clone(),
            message: format!("no finding of `ganger doctor` is called `{name}`"),
            hint: nearest(name, code::ALL.iter().map(|code| code.name))
                .map(|near| format!("did you mean {near}?")),
            excerpt: None,
        })
        .collect()
}
