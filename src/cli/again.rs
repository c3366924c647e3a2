//! The project of a running stack, read again: with the words, the environment and the folder of its start.

use std::path::Path;
use std::rc::Rc;

use super::ambient::Ambient;
use super::failure::Failure;
use super::files::{self, Memory};
use super::load::{self, Need};
use super::project::Project;
use super::report::{self, Severity};
use crate::config::Settings;
use crate::location::Diagnostic;
use crate::plan::options::Selection;
use crate::plan::running::Running;
use crate::supervisor::formation::{Planner, Source};

/// All that a start was given and that the files do not say.
#[derive(Clone, Debug)]
pub struct Words {
    /// Flags and variables.
    pub typed: Settings,
    /// The types that it named.
    pub selection: Selection,
    /// The mark of the run; its worker puts its own in its place.
    pub mark: String,
    /// The world as it was.
    pub ambient: Ambient,
}

/// Where the plans of a stack come from that was started with these words, from this project. `memory` has what
/// cannot be read twice.
pub fn source(words: Words, project: Project, memory: Memory) -> Source {
    let (words, root) = (Rc::new(words), project.root.clone());
    let first = planner(Rc::clone(&words), project);
    let read = move || {
        let project = load::project_with(&memory, &words.typed, Need::Procfile, &words.ambient);
        let project = project.map_err(|failure| refused(&failure))?;
        stays(&root, &project)?;
        Ok(planner(Rc::clone(&words), project))
    };
    Source { planner: first, read: Box::new(read) }
}

fn planner(words: Rc<Words>, project: Project) -> Planner {
    Rc::new(move |running: &Running| {
        let Words { selection, mark, ambient, .. } = &*words;
        project.plan_again(selection, mark, running, ambient).map_err(|errors| rendered(&errors))
    })
}

/// A process cannot be moved to another folder, and a stack is found by its folder.
fn stays(root: &Path, project: &Project) -> Result<(), String> {
    if root == project.root {
        return Ok(());
    }
    let place = project.settings.root.as_ref().map(|given| given.place.clone());
    let message =
        format!("the root is {} now, and this stack runs in {}", project.root.display(), root.display());
    let hint = Some("stop it with `ganger down`, and start it anew".into());
    let file = project.procfile.file.to_string();
    let about = files::about(&file, message, hint);
    Err(rendered(&[Diagnostic { location: place.unwrap_or_else(|| about.location.clone()), ..about }]))
}

fn refused(failure: &Failure) -> String {
    if let Failure::Refused(errors) = failure { rendered(errors) } else { report::failure(failure, false) }
}

/// All that is wrong, for a client: without colours, as nobody knows here what its terminal is.
fn rendered(errors: &[Diagnostic]) -> String {
    let many = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    format!("{}\n{many}, nothing was changed\n", report::diagnostics(Severity::Error, errors, false))
}
