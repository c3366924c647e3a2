//! Reads what `ganger doctor` looks at: files, what git tracks, what is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::project::Project;
use crate::cli::system_env::SystemEnv;
use crate::doctor::facts::{Facts, Repository, Variable};
use crate::dotenv::Assignment;
use crate::location::Location;

/// The largest file that is read, in bytes: sources and manifests are smaller, a bundle is not.
const LARGEST: u64 = 256 << 10;

/// The most files that are read.
const MOST_FILES: usize = 10_000;

/// Lock files: larger than what is read, and only asked for by name.
const LOCKS: [&str; 6] =
    ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "Gemfile.lock", "composer.lock", "poetry.lock"];

/// Words in the name of a Procfile that is not for a deployment.
const DEVELOPMENT: [&str; 4] = ["dev", "development", "local", "test"];

/// Folders that hold what was installed or built, where git cannot tell.
const INSTALLED: [&str; 9] =
    ["node_modules", "vendor", "venv", ".venv", "env", "target", "dist", "build", "__pycache__"];

/// What can be read of `project`.
pub(super) fn facts(project: &Project, system: &SystemEnv) -> Facts {
    let root = &project.root;
    let tracked = git(root, &["ls-files", "-z", "--cached"]);
    let others = git(root, &["ls-files", "-z", "--others", "--exclude-standard"]);
    let repository = match (&tracked, git(root, &["--version"])) {
        (Some(names), _) => Repository::Present {
            tracked: names.clone(),
            ignores_env: root
                .join(".env")
                .exists()
                .then(|| git(root, &["check-ignore", "-q", ".env"]).is_some()),
        },
        // Where there is one and git refuses it (another owner's), nothing is known.
        (None, Some(_)) if !root.ancestors().any(|folder| folder.join(".git").exists()) => Repository::Absent,
        (None, Some(_) | None) => Repository::Unknown,
    };
    let names = if let (Some(tracked), Some(others)) = (tracked, others) {
        tracked.into_iter().chain(others).collect()
    } else {
        let mut names = BTreeSet::new();
        walk(root, "", &mut names);
        names
    };
    let base = project.procfile.file.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    Facts {
        procfile: project.procfile.clone(),
        is_for_development: base.split(['.', '-', '_']).any(|word| DEVELOPMENT.contains(&word)),
        files: names.into_iter().take(MOST_FILES).filter_map(|name| read(root, name)).collect(),
        repository,
        parent_files: in_parents(root),
        variables: project.assignments.iter().map(variable).collect(),
        outside: system
            .variables
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect(),
        node_packages: node_packages(&root.join("node_modules")),
        python_modules: python_modules(root),
    }
}

/// What git prints in `root`, as names; `None` if it fails or is not there.
pub(super) fn git(root: &Path, words: &[&str]) -> Option<BTreeSet<String>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(words).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Some(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// A file of the project, if it is text.
fn read(root: &Path, name: String) -> Option<(String, String)> {
    let path = root.join(OsStr::from_bytes(name.as_bytes()));
    // .env is read by its own reader, and its values stay there.
    let metadata =
        fs::symlink_metadata(&path).ok().filter(|metadata| metadata.is_file() && name != ".env")?;
    if LOCKS.contains(&name.as_str()) {
        return Some((name, String::new()));
    }
    let text = (metadata.len() <= LARGEST).then(|| fs::read(&path).ok()).flatten()?;
    let text = String::from_utf8(text).ok().filter(|text| !text.contains('\0'))?;
    Some((name, text))
}

/// The names of all files of the project that could be read; `None` if there are too many.
pub(super) fn names_below(root: &Path) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    walk(root, "", &mut names);
    (names.len() < MOST_FILES).then_some(names)
}

/// The names of files below `folder`, without what was installed, built or hidden.
fn walk(root: &Path, folder: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        let is_skipped = INSTALLED.contains(&name.as_str()) || name.starts_with('.');
        if names.len() >= MOST_FILES || path.split('/').count() > 8 {
            return;
        } else if kind.is_file() {
            names.insert(path);
        } else if kind.is_dir() && !is_skipped {
            walk(root, &path, names);
        }
    }
}

/// The files beside the folders above `root`, as far as its repository goes: a workspace has its lock file there.
fn in_parents(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folder = root;
    while let Some(parent) = folder.parent().filter(|_| !folder.join(".git").exists()) {
        let is_repository = parent.ancestors().any(|above| above.join(".git").exists());
        if !is_repository {
            break;
        }
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        found.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
        folder = parent;
    }
    found
}

fn variable(assignment: &Assignment) -> Variable {
    let scheme = std::str::from_utf8(&assignment.value).ok().and_then(|value| value.split_once("://"));
    Variable {
        name: assignment.name.clone(),
        scheme: scheme
            .map(|(scheme, _)| scheme)
            .filter(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)))
            .map(str::to_owned),
        location: Location {
            file: assignment.file.clone(),
            line: Some(assignment.line),
            column: Some(assignment.column),
        },
    }
}

fn folders(place: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// `left-pad`, `@babel/core`.
fn node_packages(place: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in folders(place).filter(|name| !name.starts_with('.')) {
        if name.starts_with('@') {
            found.extend(folders(&place.join(&name)).map(|package| format!("{name}/{package}")));
        } else {
            found.insert(name);
        }
    }
    found
}

/// The modules of the virtual environment in the root, with their packages.
fn python_modules(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for lib in [".venv", "venv", "env"].map(|name| root.join(name).join("lib")) {
        for packages in folders(&lib).map(|python| lib.join(python).join("site-packages")) {
            for info in folders(&packages).filter(|name| name.ends_with(".dist-info")) {
                let Some((package, _)) = info.split_once('-') else { continue };
                let record = fs::read_to_string(packages.join(&info).join("RECORD")).unwrap_or_default();
                let modules = record.lines().filter_map(|line| {
                    let (first, rest) = line.split_once('/').unwrap_or((line, ""));
                    let module = if rest.is_empty() { first.split_once(".py,")?.0 } else { first };
                    module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| module.to_owned())
                });
                found.extend(modules.map(|module| (module, package.to_owned())));
            }
        }
    }
    // pip and its kin are in every environment.
    found.retain(|_, package| !["pip", "setuptools", "wheel"].contains(&package.as_str()));
    found
}
