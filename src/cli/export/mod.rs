//! `ganger export`: the same formation for another engine.

#![expect(
    clippy::format_push_string,
    reason = "writing to a String cannot fail, and `write!` would have us say so at each line"
)]

pub(crate) mod arguments;
mod command_line;
mod folder;
mod stream;
mod validators;

use std::path::{Path, PathBuf};

use validators::Verdict;

use super::failure::Failure;
use super::files::about;
use super::load::{self, ProcfileNeed};
use super::project::Project;
use super::report::{self, Severity};
use super::system_env::{StdStream, SystemEnv};
use crate::config::{CheckMode, ColorChoice, ExportSettings, Located, Settings};
use crate::exit::{self, Outcome};
use crate::export;
use crate::export::document::Setting;
use crate::export::format::RunsOn;
use crate::export::options::{ExportFormat, ExportOptions, Secrets};
use crate::location::{Diagnostic, Location};
use crate::plan::Plan;
use crate::plan::options::RELEASE;

/// Writes the files to standard output or into a folder, and says what is to be known on standard error.
///
/// # Errors
///
/// All that is wrong with the project or that the format cannot express; that a file is in the way.
pub(crate) fn run(
    export: &arguments::ExportArgs,
    mut given: Settings,
    system: &SystemEnv,
) -> Result<Outcome, Failure> {
    let format = export.format;
    given.exported_to = Some(format.as_str());
    // It is what app.json describes.
    given.app_json = Some(true);
    let mut project = load::project(&given, ProcfileNeed::Procfile, system)?;
    let secrets_command = command_line::for_values(format, &given, &project, system);
    let plan = plan(&mut project, system).map_err(Failure::Refused)?;
    let options = options(format, &project)?;
    let plan = if format.details().runs_on == RunsOn::Machine {
        plan
    } else {
        project.addresses = export::addresses(&plan, &options);
        self::plan(&mut project, system).map_err(Failure::Refused)?
    };
    project.say_warnings(&plan.warnings, system);
    let asked = &project.settings.export;
    let output = output(asked, options.secrets);
    let is_diff = asked.diff == Some(true);
    let bundle = match export::export(&plan, &options) {
        Ok(mut bundle) => {
            bundle.lost.extend(programs_of_the_project(&plan, &options));
            bundle
        }
        Err(errors) => return Ok(refused(&errors, system)),
    };
    let unchecked = match checked(asked, &bundle, &options)? {
        Ok(status) => status,
        Err(refusal) => return Ok(refusal),
    };
    let status = match &output {
        None if is_diff => {
            return Ok(refused(
                &[about("--diff", "it compares with a folder: name it with -o", None)],
                system,
            ));
        }
        Some(folder) => match folder::write(folder, &bundle, &options, is_diff, system)? {
            Ok(status) => status,
            Err(errors) => return Ok(refused(&errors, system)),
        },
        None => {
            stream::print(&bundle, options.format, options.secrets)?;
            exit::SUCCESS
        }
    };
    let command = bundle.secrets.as_deref().map(|command| beside(command, output.as_deref(), &options));
    say(&bundle.lost, command.as_deref(), &options, &secrets_command);
    Ok(Outcome::Status(if status == exit::SUCCESS { unchecked } else { status }))
}

/// The folders in which package managers put the programs of a project, which an activated environment has on PATH.
const PROGRAM_FOLDERS: [&str; 3] = [".venv/bin", "venv/bin", "node_modules/.bin"];

/// Programs that a shell here finds in a folder of the project, and the engine of this machine does not, as .env sets no PATH.
fn programs_of_the_project(plan: &Plan, options: &ExportOptions) -> Vec<String> {
    let is_set = plan.instances.first().is_some_and(|spec| spec.environment.get(b"PATH").is_some());
    if is_set || options.format.details().runs_on != RunsOn::Machine || options.secrets == Secrets::Only {
        return Vec::new();
    }
    let found = plan.processes.iter().filter(|process| process.count > 0).filter_map(|process| {
        let mut words = process.command.split_whitespace().skip_while(|word| *word == "exec" || word.contains('='));
        let program = words.next().filter(|word| !word.contains('/'))?;
        let folder = PROGRAM_FOLDERS.iter().find(|folder| plan.root.join(folder).join(program).is_file())?;
        Some(format!(
            "{}: `{program}` is in {folder} here, which the engine's PATH has not: write {folder}/{program}, or set PATH in .env",
            process.name
        ))
    });
    found.collect()
}

/// Asks the validator if that is wanted: the status that follows if all goes well, or the refusal. What a file asks for is not
/// meant for the values alone.
fn checked(
    asked: &ExportSettings,
    bundle: &export::Bundle,
    options: &ExportOptions,
) -> Result<Result<u8, Outcome>, Failure> {
    let is_meant = |place: &Location| options.secrets != Secrets::Only || !is_in_file(place);
    let mode = asked.check.as_ref().filter(|check| is_meant(&check.place));
    let mode = mode.map(|check| check.value).unwrap_or_default();
    if mode == CheckMode::Never {
        return Ok(Ok(exit::SUCCESS));
    }
    let verdict = validators::check(bundle, options.format, &options.app)?;
    Ok(match (verdict, mode) {
        (Verdict::Right, _) => Ok(exit::SUCCESS),
        (Verdict::NotChecked, CheckMode::IfThere | CheckMode::Never) => Ok(exit::NOT_CHECKED),
        (Verdict::Wrong, _) | (Verdict::NotChecked, CheckMode::Require) => {
            report::say("nothing was written\n");
            Err(Outcome::Status(exit::REFUSED))
        }
    })
}

/// The plan, made without the shell's environment: an export means the same wherever it is made. Only what
/// app.json asks for by name, and no file sets, is taken from there.
fn plan(project: &mut Project, system: &SystemEnv) -> Result<Plan, Vec<Diagnostic>> {
    let is_set = |name: &str| project.assignments.iter().any(|assignment| assignment.name == name);
    let is_asked_for = |name: &[u8]| {
        let mut declared = project.settings.variables.iter();
        declared.any(|of| of.name.as_bytes() == name && of.value.is_none() && !is_set(&of.name))
    };
    let mut outside = system.clone();
    outside.variables.retain(|(name, _)| is_asked_for(name));
    // An export is for good, so that a release is part of it, unless somebody says `release=0` or `-x release`.
    let is_there = project.procfile.entries.iter().any(|entry| entry.name.as_str() == RELEASE);
    let formation = project.settings.formation.as_ref();
    let is_unwanted = formation.is_some_and(|formation| {
        formation.value.counts.iter().any(|(name, count)| name.as_str() == RELEASE && *count == 0)
    });
    if is_there && !is_unwanted {
        project.settings.release = Some(Located::given(true, "export"));
    }
    project.plan(&outside)
}

fn options(format: ExportFormat, project: &Project) -> Result<ExportOptions, Failure> {
    let asked = &project.settings.export;
    let folder = || project.root.file_name().map(|name| name.to_string_lossy().into_owned());
    let app = asked
        .app
        .clone()
        .unwrap_or_else(|| Located::given(export::app_name(&folder().unwrap_or_default()), "--app"));
    Ok(ExportOptions {
        format,
        app: app.value,
        app_place: app.place,
        namespace: value(asked.namespace.as_ref()),
        working_directory: value(asked.working_directory.as_ref()),
        image: value(asked.image.as_ref()),
        user: value(asked.user.as_ref()),
        expose: asked.expose.clone(),
        kustomize: asked.kustomize == Some(true),
        secrets: value(asked.secrets.as_ref()).unwrap_or_default(),
        types: project
            .settings
            .processes
            .iter()
            .map(|(name, own)| (name.clone(), own.deployment.clone()))
            .collect(),
        set: asked.set.iter().map(change).collect::<Result<_, _>>()?,
        etc: "/etc".to_owned(),
        shell: "/bin/sh".to_owned(),
    })
}

fn value<T: Clone>(given: Option<&Located<T>>) -> Option<T> {
    given.map(|given| given.value.clone())
}

/// One `set`, with its place in the file. A flag is named by its own value, not by all that are given.
fn change(given: &Located<String>) -> Result<Setting, Failure> {
    let flag = || Located::given((), &format!("--set {}", given.value)).place;
    let place = if is_in_file(&given.place) { given.place.clone() } else { flag() };
    match Setting::parse(&given.value) {
        Ok(setting) => Ok(Setting { place, ..setting }),
        Err(error) => Err(Failure::Refused(vec![Diagnostic::at(&place, error.to_string(), None)])),
    }
}

/// The folder that the files go to; `None`: standard output, where the values alone go unless a flag says otherwise, as the
/// command that is printed for them has them there.
fn output(asked: &ExportSettings, secrets: Secrets) -> Option<PathBuf> {
    let output = asked.output.as_ref().filter(|output| output.value.as_os_str() != "-")?;
    if !is_in_file(&output.place) {
        return Some(output.value.clone());
    }
    // A path in a file is relative to the file.
    let folder = Path::new(&*output.place.file).parent()?;
    (secrets != Secrets::Only).then(|| folder.join(&output.value))
}

fn is_in_file(place: &Location) -> bool {
    place.line.is_some()
}

/// Says all that is wrong.
fn refused(errors: &[Diagnostic], system: &SystemEnv) -> Outcome {
    let many = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    let colors = system.colors(StdStream::Error, ColorChoice::Auto);
    let text = report::diagnostics(Severity::Error, errors, colors);
    report::say(&format!("{text}\n{many}, nothing was written\n"));
    Outcome::Status(exit::REFUSED)
}

/// `command` with the folder of the export before the file that lies in it: compose looks for its values
/// beside compose.yaml.
fn beside(command: &str, output: Option<&Path>, options: &ExportOptions) -> String {
    let file = format!("{}.env", options.app);
    match output {
        Some(place) if options.format.details().has_values_beside => {
            command.replace(&file, &export::quote(&folder::shown(&place.join(&file))))
        }
        Some(_) | None => command.to_owned(),
    }
}

/// Says what the engine cannot do, and how the values get to it: `values | command`.
fn say(lost: &[String], command: Option<&str>, options: &ExportOptions, values: &str) {
    let mut text = String::new();
    if !lost.is_empty() {
        text += if options.format.details().runs_on == RunsOn::Platform {
            "what would have to change:\n"
        } else {
            "not carried over:\n"
        };
        for sentence in lost {
            text += &format!("  {sentence}\n");
        }
    }
    if let Some(command) = command {
        text += "the values of .env are not in it; this puts them where it looks for them:\n";
        text += &format!("  {values} | {command}\n");
    }
    report::say(&text);
}
