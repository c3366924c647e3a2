//! The folders of a project: where its files are looked for, where paths of the command line begin, and where commands run.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::files::{self, about};
use super::peers::peer::PathRule;
use crate::config::Settings;

/// The files of which one makes a folder that of a project.
const HOME: [&str; 2] = ["ganger.toml", "Procfile"];

/// The folders of a project, all but those that its files name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Folders {
    /// That of ganger.toml, .foreman and app.json.
    pub home: PathBuf,
    /// Where the path of a Procfile or of a .env file begins that was typed.
    pub typed: PathBuf,
    /// Where commands run, unless a file names another.
    pub root: PathBuf,
    /// That of the Procfile where none is named; `None`: where commands run.
    pub procfile: Option<PathBuf>,
    /// That of the .env files where none is named; `None`: where commands run.
    pub env: Option<PathBuf>,
}

impl Folders {
    /// Those of what was typed in the folder `current`, by the rule of the runner of which the command line is.
    ///
    /// # Errors
    ///
    /// The folder that was typed is none.
    pub(crate) fn of(rule: PathRule, typed: &Settings, current: &Path) -> Result<Self, Failure> {
        let given = typed.root.as_ref().map(|root| directory(&current.join(&root.value), &root.value));
        let given = given.transpose()?;
        let current = current.to_owned();
        if given.is_none() && typed.procfile.is_none() {
            let home = above(&current).unwrap_or_else(|| current.clone());
            return Ok(Self { typed: current, root: home.clone(), home, procfile: None, env: None });
        }
        let beside = beside_procfile(typed, &current);
        Ok(match rule {
            PathRule::Ganger | PathRule::Foreman => {
                let env = (rule == PathRule::Foreman && given.is_none()).then(|| current.clone());
                let home = given.unwrap_or(beside);
                Self { typed: current, root: home.clone(), home, procfile: None, env }
            }
            // An export of honcho has its commands run where its files are.
            PathRule::Honcho if typed.exported_to.is_none() => {
                let home = given.unwrap_or_else(|| current.clone());
                let files = || Some(home.clone());
                Self { typed: home.clone(), root: current, procfile: files(), env: files(), home }
            }
            PathRule::Hivemind | PathRule::Overmind => {
                let (home, env) = (beside.clone(), Some(current.clone()));
                let root = given.unwrap_or(beside);
                Self { typed: current, root, procfile: Some(home.clone()), env, home }
            }
            PathRule::Honcho | PathRule::Goreman => {
                let home = given.unwrap_or(current);
                Self { typed: home.clone(), root: home.clone(), home, procfile: None, env: None }
            }
        })
    }

    /// Where commands run: what a file of the project says counts unless something was typed.
    ///
    /// # Errors
    ///
    /// The folder that the file names is none.
    pub(crate) fn root(&self, typed: &Settings, settings: &Settings) -> Result<PathBuf, Failure> {
        match &settings.root {
            Some(root) if typed.root.is_none() => directory(&self.home.join(&root.value), &root.value),
            Some(_) | None => Ok(self.root.clone()),
        }
    }
}

/// The folder above this one that has a project, where this one has none: in the same repository, as git, cargo and just look for
/// their files.
pub(crate) fn above(folder: &Path) -> Option<PathBuf> {
    let repository = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let mut within = folder.ancestors().take_while(|folder| folder.starts_with(repository));
    let nearest = within.find(|folder| HOME.iter().any(|file| folder.join(file).exists()))?;
    (nearest != folder).then(|| nearest.to_owned())
}

/// The folder of the Procfile that was typed: foreman's rule. A pipe or a device (`-f -`, `-f <(…)`) has no such folder.
fn beside_procfile(typed: &Settings, current: &Path) -> PathBuf {
    let path = typed.procfile.as_ref().map(|procfile| current.join(&procfile.value));
    let path = path.filter(|path| path.is_file() && !is_device(path));
    path.and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_else(|| current.to_owned())
}

fn is_device(path: &Path) -> bool {
    path.as_os_str().as_bytes().starts_with(b"/dev/") || path.as_os_str().as_bytes().starts_with(b"/proc/")
}

/// `path` as an absolute one, if it is a directory.
fn directory(path: &Path, named: &Path) -> Result<PathBuf, Failure> {
    let name = named.display().to_string();
    let refused = |message: String| Err(Failure::Refused(vec![about(&name, message, None)]));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Ok(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
        }
        Ok(_) => refused("the root is not a directory".into()),
        Err(error) if files::is_absent(&error) => refused("no such directory".into()),
        Err(error) => refused(format!("the root cannot be used: {error}")),
    }
}
