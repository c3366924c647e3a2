//! Finds and reads the files of a project, with all errors at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::failure::Failure;
use super::files::{self, InputCache};
use super::folders::{Folders, above};
use super::peers::peer::PathRule;
use super::peers::variables;
use super::project::Project;
use super::system_env::SystemEnv;
use super::{absent, report, scripts};
use crate::config::{self, Located, Settings};
use crate::dotenv::{self, Assignment, EnvSource, Precedence};
use crate::export::format;
use crate::location::Diagnostic;
use crate::plan::addresses::{self, Addresses};
use crate::procfile::{self, Procfile};

/// How a file of settings is read.
type Parse = fn(&str, &[u8]) -> config::ParsedSettings;

/// The files of settings, the highest precedence first.
const FILES: [(&str, Parse); 3] = [
    ("ganger.toml", config::ganger_toml::parse),
    (".foreman", config::foreman::parse),
    (APP_JSON, config::app_json::parse),
];
const APP_JSON: &str = "app.json";
/// The .env files that are read where none is named, a later one over an earlier one: overmind's has its settings too.
const DEFAULT_ENV: [&str; 2] = [OVERMIND_ENV, ".env"];
/// Under the name of overmind also read in the user's home folder, below the others.
const OVERMIND_ENV: &str = ".overmind.env";

/// Whether a command can do without a Procfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcfileNeed {
    /// It cannot.
    Procfile,
    /// It can, if none is named: `run` with a command.
    Nothing,
}

/// Reads the project that `given` names, from the current folder of `system`.
///
/// # Errors
///
/// The current folder or the root is gone. Errors in the files are in [`Project::errors`].
pub(crate) fn project(typed: &Settings, need: ProcfileNeed, system: &SystemEnv) -> Result<Project, Failure> {
    let folder = system.folder.as_deref().filter(|_| typed.root.is_none() && typed.procfile.is_none());
    if let Some(found) = folder.and_then(above) {
        report::line(&format!("the project of {} is used", found.display()));
    }
    read(Rc::default(), typed, need, system)
}

/// The same project as it is now.
///
/// # Errors
///
/// As [`project`]'s.
pub(crate) fn again(earlier: &Project, system: &SystemEnv) -> Result<Project, Failure> {
    earlier.memory.freeze();
    read(Rc::clone(&earlier.memory), &earlier.typed, ProcfileNeed::Procfile, system)
}

fn read(
    memory: Rc<InputCache>,
    typed: &Settings,
    need: ProcfileNeed,
    system: &SystemEnv,
) -> Result<Project, Failure> {
    let mut reader = ProjectReader::of(system, &memory)?;
    let folders = Folders::of(system.called_as.path_rule, typed, &reader.folder)?;
    let settings = reader.settings(typed.clone(), &folders.home);
    // A path in a file is relative to the file.
    let base = |is_typed: bool| if is_typed { &folders.typed } else { &folders.home };
    let root = folders.root(typed, &settings)?;
    let errors_before = reader.errors.len();
    let env_files = if settings.env.is_empty() {
        let is_other = folders.root != reader.folder && typed.procfile.is_some() && typed.root.is_none();
        if is_other && system.called_as.path_rule == PathRule::Ganger {
            reader.warnings.extend(absent::unread_env(&reader.folder, &root));
        }
        reader.default_env_files(&folders, &root, system)
    } else {
        reader.named_env_files(&settings.env, base(!typed.env.is_empty()), system)
    };
    let settings = settings.or(reader.settings_of_env(&env_files, system));
    let procfile = if let Some(made) = scripts::procfile(&settings, &root, &memory) {
        reader.made(made, typed)
    } else {
        let default = folders.procfile.as_ref().unwrap_or(&root);
        reader.procfile(settings.procfile.as_ref(), base(typed.procfile.is_some()), default, need)
    };
    let precedence = if settings.env_wins == Some(true) { Precedence::Files } else { Precedence::Outside };
    let assignments = reader.assignments(&env_files, precedence, &procfile, system);
    let ProjectReader { errors, warnings, .. } = reader;
    let is_whole = errors.len() == errors_before;
    let project = Project {
        typed: typed.clone(),
        memory,
        procfile,
        settings,
        root,
        assignments,
        env_files,
        errors,
        warnings,
        is_whole,
        addresses: Addresses::Local,
    };
    Ok(project.with_groups())
}

/// Only the folder where the project's commands run, which is enough to find the stack that runs there. Errors in its files
/// are ignored.
///
/// # Errors
///
/// As [`project`]'s.
pub(crate) fn root(typed: &Settings, system: &SystemEnv) -> Result<PathBuf, Failure> {
    let memory = InputCache::default();
    let mut reader = ProjectReader::of(system, &memory)?;
    let folders = Folders::of(system.called_as.path_rule, typed, &reader.folder)?;
    let settings = reader.settings(typed.clone(), &folders.home);
    folders.root(typed, &settings)
}

struct ProjectReader<'a> {
    memory: &'a InputCache,
    /// The current folder.
    folder: PathBuf,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl<'a> ProjectReader<'a> {
    fn of(system: &SystemEnv, memory: &'a InputCache) -> Result<Self, Failure> {
        let folder = system.folder.clone().ok_or_else(|| {
            Failure::Failed("the current folder has been removed: go to one that is there".into())
        })?;
        Ok(Self { memory, folder, errors: Vec::new(), warnings: Vec::new() })
    }

    /// `path` as a user names it: relative to the current folder.
    fn name(&self, path: &Path) -> Arc<str> {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string().into()
    }

    fn note<T>(&mut self, read: Result<T, Diagnostic>) -> Option<T> {
        read.map_err(|error| self.errors.push(error)).ok()
    }

    /// `typed` over what the files in `home` say.
    fn settings(&mut self, typed: Settings, home: &Path) -> Settings {
        let mut merged = typed;
        for (file, parse) in FILES {
            let path = home.join(file);
            let name = self.name(&path);
            let Some(bytes) = self.note(self.memory.read_if_there(&path, &name)).flatten() else { continue };
            // What lies over it decides how app.json is read.
            let is_local = file == APP_JSON && merged.app_json != Some(true);
            let parsed = if is_local { config::app_json::parse_locally } else { parse }(&name, &bytes);
            self.errors.extend(parsed.errors);
            self.warnings.extend(parsed.warnings);
            self.errors.extend(format::unknown(&parsed.settings));
            merged = merged.or_file(parsed.settings);
        }
        merged
    }

    /// What lines of .env files set: `PROCFILE` and the variables of other runners. What is wrong with the files is found later.
    fn settings_of_env(&mut self, files: &[(Arc<str>, Vec<u8>)], system: &SystemEnv) -> Settings {
        if !files.iter().any(|(_, bytes)| variables::may_be_in(bytes)) {
            return Settings::default();
        }
        let sources = EnvSource::all(files);
        let parsed = dotenv::parse_by(Precedence::Outside, &sources, &|name| system.value(name));
        let (settings, errors) = variables::of_files(&parsed.assignments);
        self.errors.extend(errors);
        settings
    }

    /// The Procfile that was made of scripts or commands, which takes no other one beside it.
    fn made(&mut self, made: Result<Procfile, Vec<Diagnostic>>, typed: &Settings) -> Procfile {
        if let Some(named) = &typed.procfile {
            let message = "a Procfile, and commands or scripts that take its place".to_owned();
            let hint = Some("leave one of them out".to_owned());
            self.errors.push(Diagnostic { location: named.place.clone(), message, hint, excerpt: None });
        }
        made.unwrap_or_else(|errors| {
            self.errors.extend(errors);
            Procfile { file: "package.json".into(), entries: Vec::new() }
        })
    }

    fn procfile(
        &mut self,
        named: Option<&Located<PathBuf>>,
        base: &Path,
        default: &Path,
        need: ProcfileNeed,
    ) -> Procfile {
        let is_input = named.is_some_and(|named| named.value.as_os_str() == "-");
        let path = named.map_or_else(|| default.join("Procfile"), |named| base.join(&named.value));
        let name = match named {
            _ if is_input => "standard input".into(),
            Some(named) => named.value.display().to_string().into(),
            None => self.name(&path),
        };
        let bytes = match (is_input, named, need) {
            (true, ..) => self.memory.read_standard_input().map(Some),
            (false, None, ProcfileNeed::Nothing) => self.memory.read_if_there(&path, &name),
            (false, ..) => self.memory.read(&path, &name).map(Some),
        };
        let bytes = bytes.map_err(|error| match fs::metadata(&path) {
            _ if is_input => error,
            Err(absent) if files::is_absent(&absent) => absent::no_procfile(&path, &name, named.is_some()),
            Ok(metadata) if metadata.is_dir() => absent::with_hint_inside(error, &path, &name),
            Ok(_) | Err(_) => error,
        });
        let Some(Some(bytes)) = self.note(bytes) else { return Procfile { file: name, entries: Vec::new() } };
        let parsed = procfile::parse(&name, &bytes);
        self.errors.extend(parsed.errors);
        self.warnings.extend(parsed.warnings);
        parsed.procfile
    }

    /// The .env files where none is named, as far as they are there.
    fn default_env_files(
        &mut self,
        folders: &Folders,
        root: &Path,
        system: &SystemEnv,
    ) -> Vec<(Arc<str>, Vec<u8>)> {
        let folder = folders.env.as_deref().unwrap_or(root);
        let of_user = system.variable("HOME").filter(|_| system.called_as.path_rule == PathRule::Overmind);
        let mut paths: Vec<PathBuf> =
            of_user.into_iter().map(|home| Path::new(&home).join(OVERMIND_ENV)).collect();
        paths.extend(DEFAULT_ENV.iter().map(|file| folder.join(file)));
        let mut found = Vec::new();
        for path in paths {
            let name = self.name(&path);
            let bytes = self.note(self.memory.read_if_there(&path, &name)).flatten();
            found.extend(bytes.map(|bytes| (name, bytes)));
        }
        found
    }

    fn named_env_files(
        &mut self,
        named: &[Located<PathBuf>],
        base: &Path,
        system: &SystemEnv,
    ) -> Vec<(Arc<str>, Vec<u8>)> {
        let mut found = Vec::new();
        for named in named {
            let name: Arc<str> = named.value.display().to_string().into();
            let path = base.join(&named.value);
            let bytes = if matches!(system.called_as.path_rule, PathRule::Honcho | PathRule::Goreman) {
                self.memory.read_if_there(&path, &name)
            } else {
                self.memory
                    .read(&path, &name)
                    .map(Some)
                    .map_err(|error| absent::absent_env(error, &path, &name))
            };
            found.extend(self.note(bytes).flatten().map(|bytes| (name, bytes)));
        }
        found
    }

    fn assignments(
        &mut self,
        files: &[(Arc<str>, Vec<u8>)],
        precedence: Precedence,
        procfile: &Procfile,
        system: &SystemEnv,
    ) -> Vec<Assignment> {
        let sources = EnvSource::all(files);
        // Also with --env-wins the shell is asked: `PATH=bin:$PATH` in a file must find the shell's.
        // The ports of types are known when the plan is made, which then reads the files again (`Project::plan`).
        let mut parsed = dotenv::parse_by(precedence, &sources, &|name| {
            if addresses::is_of(procfile, name) { Some(b"0".to_vec()) } else { system.value(name) }
        });
        // Said once, behind the last: there is a way on for a file that is another program's.
        if let Some(hint) = parsed.errors.last_mut().and_then(|error| error.hint.as_mut()) {
            hint.push_str("; to leave .env files out: -e /dev/null");
        }
        self.errors.extend(parsed.errors);
        self.warnings.extend(parsed.warnings);
        parsed.assignments
    }
}
