//! What was read of a project, for the checks: values only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::code::Code;
use super::command::{Step, steps};
use super::report::Finding;
use crate::location::Location;
use crate::procfile::{Entry, Procfile};

/// What was read of a project.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The Procfile, or those of its types that are looked at.
    pub procfile: Procfile,
    /// Whether the Procfile is one for development (`Procfile.dev`): findings about deployments do not apply to it.
    pub is_for_development: bool,
    /// The files of the project that are text and not too large, by their names from the root.
    pub files: BTreeMap<String, String>,
    /// What git knows of them.
    pub repository: Repository,
    /// The names of files in the folders above, as far as the repository goes.
    pub parent_files: BTreeSet<String>,
    /// The variables of .env.
    pub variables: Vec<Variable>,
    /// Names that are set outside of .env.
    pub outside: BTreeSet<String>,
    /// Packages in node_modules.
    pub node_packages: BTreeSet<String>,
    /// Modules in the virtual environment, with the package that each is part of.
    pub python_modules: BTreeMap<String, String>,
}

/// A variable of .env, without its value.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// Its name.
    pub name: String,
    /// The scheme of its value, if that is a URL.
    pub scheme: Option<String>,
    /// Where it is set.
    pub location: Location,
}

/// What git knows.
#[derive(Clone, Debug)]
pub(crate) enum Repository {
    /// git could not be asked.
    Unknown,
    /// The root is in no repository.
    Absent,
    /// The root is in one.
    Present {
        /// The files that are tracked, by their names from the root.
        tracked: BTreeSet<String>,
        /// Whether `.env` is ignored; `None` if there is none.
        ignores_env: Option<bool>,
    },
}

impl Repository {
    /// Whether git could be asked.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// Whether `file` is there for each who clones the repository; `None` if there is none.
    pub(super) fn tracks(&self, file: &str) -> Option<bool> {
        match self {
            Self::Present { tracked, .. } => Some(tracked.contains(file)),
            Self::Unknown | Self::Absent => None,
        }
    }
}

impl Facts {
    /// The text of a file in the root.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// Whether there is a file of this name here or in a folder above; one that is tracked may be no text.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
            || self.parent_files.contains(name)
            || self.repository.tracks(name) == Some(true)
    }

    /// The files whose names end in one of these extensions, without tests, examples and documentation.
    pub(super) fn sources<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let is_source = |name: &str| {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            extensions.contains(&extension) && !name.split('/').any(is_aside)
        };
        self.files.iter().filter(move |(name, _)| is_source(name)).map(|(name, text)| (&**name, &**text))
    }

    /// Each line of the Procfile with its steps.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&Entry, Vec<Step>)> {
        self.procfile.entries.iter().map(|entry| (entry, steps(&entry.command)))
    }

    /// The line of this type.
    pub(crate) fn entry(&self, kind: &str) -> Option<&Entry> {
        self.procfile.entries.iter().find(|entry| entry.name.as_str() == kind)
    }

    /// A finding at a line of the Procfile.
    pub(super) fn at(&self, entry: &Entry, code: &'static Code, message: String) -> Finding {
        let location =
            Location { file: Arc::clone(&self.procfile.file), line: Some(entry.line), column: None };
        Finding::new(code, location, message)
    }
}

/// Whether files below a folder of this name, or files of this name, are no part of what is deployed.
fn is_aside(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let stem = part.split('.').next().unwrap_or_default();
    let is_test = stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_spec");
    let has_test_ending = part.contains(".test.") || part.contains(".spec.") || part.contains(".example");
    is_test
        || has_test_ending
        || matches!(
            stem,
            "test"
                | "tests"
                | "__tests__"
                | "spec"
                | "specs"
                | "fixtures"
                | "conftest"
                | "docs"
                | "doc"
                | "examples"
                | "example"
                | "sample"
                | "samples"
                | "e2e"
                | "cypress"
                | "benches"
                | "scripts"
                | "node_modules"
                | "vendor"
        )
}

/// The location of a line (from 1) of a file.
pub(super) fn line_of(file: &str, line: usize) -> Location {
    Location { file: file.into(), line: u32::try_from(line).ok().filter(|line| *line > 0), column: None }
}

/// The lines of `text` that are no comments, with their numbers from 1.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !is_comment_line(line)).map(|(index, line)| (index + 1, line))
}

fn is_comment_line(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['#', ';', '*'])
        || line.starts_with("//")
        || line.starts_with("--")
        || line.starts_with("/*")
}
