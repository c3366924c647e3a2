//! The project of a running stack, read again: with the flags, the environment and the folder of its start.

use std::path::Path;
use std::rc::Rc;

use super::failure::Failure;
use super::files;
use super::load;
use super::project::Project;
use super::report::{self, Severity};
use super::system_env::SystemEnv;
use crate::config::Settings;
use crate::control::protocol::{RefusalKind, RequestRefusal};
use crate::location::Diagnostic;
use crate::plan::options::Selection;
use crate::plan::running::Running;
use crate::supervisor::replan::{PlanSource, Planner};

/// The source of plans for a stack that was started from this project, with this selection. `mark` is that of the run; its
/// worker replaces it by its own.
pub(crate) fn source(project: Project, selection: Selection, mark: String, system: SystemEnv) -> PlanSource {
    let start = Rc::new(StartContext { selection, mark, system });
    let earlier = Rc::new(project);
    let first = planner(Rc::clone(&start), Rc::clone(&earlier));
    let read = move || {
        let mut project = load::again(&earlier, &start.system).map_err(|failure| unreadable(&failure))?;
        stays(&earlier.root, &project).map_err(|error| refused(&[error]))?;
        project.warnings.extend(kept(&earlier.settings, &project.settings));
        Ok(planner(Rc::clone(&start), Rc::new(project)))
    };
    PlanSource { planner: first, read: Box::new(read) }
}

/// What a start was given besides the files.
struct StartContext {
    selection: Selection,
    mark: String,
    system: SystemEnv,
}

fn planner(start: Rc<StartContext>, project: Rc<Project>) -> Planner {
    Rc::new(move |running: &Running| {
        let StartContext { selection, mark, system } = &*start;
        project.plan_again(selection, mark, running, system).map_err(|errors| refused(&errors))
    })
}

/// A process cannot be moved to another folder, and a stack is found by its folder.
fn stays(root: &Path, project: &Project) -> Result<(), Diagnostic> {
    if root == project.root {
        return Ok(());
    }
    let place = project.settings.root.as_ref().map(|given| given.place.clone());
    let message =
        format!("the root is {} now, and this stack runs in {}", project.root.display(), root.display());
    let hint = Some("stop it with `ganger down`, and start it anew".into());
    let file = project.procfile.file.to_string();
    let about = files::about(&file, message, hint);
    Err(Diagnostic { location: place.unwrap_or_else(|| about.location.clone()), ..about })
}

/// A warning where the files change a setting that a running stack keeps as it was.
fn kept(then: &Settings, now: &Settings) -> Option<Diagnostic> {
    let changed = now.kept_from(then);
    let names = changed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = Some("`ganger down` and a new start change that".into());
    let message = format!("a running stack keeps {names} as at its start");
    (!names.is_empty()).then(|| files::about("settings", message, hint))
}

fn unreadable(failure: &Failure) -> RequestRefusal {
    if let Failure::Refused(errors) = failure {
        refused(errors)
    } else {
        RequestRefusal::new(RefusalKind::Refused, report::failure(failure, false))
    }
}

/// All errors, for a client: without colours, as its terminal is not known here.
fn refused(errors: &[Diagnostic]) -> RequestRefusal {
    let many = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    let rendered = report::diagnostics(Severity::Error, errors, false);
    RequestRefusal::new(RefusalKind::Refused, format!("{rendered}\n{many}, nothing was changed\n"))
}
