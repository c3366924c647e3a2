//! Finds and reads the files of a project, with all errors at once.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::failure::Failure;
use super::files::{self, InputCache, about};
use super::peers::variables;
use super::project::Project;
use super::system_env::SystemEnv;
use super::{report, scripts};
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
/// The files of which one makes a folder that of a project.
const HOME: [&str; 2] = ["ganger.toml", "Procfile"];
const APP_JSON: &str = "app.json";
/// The .env files that are read where none is named, a later one over an earlier one: overmind's has its settings too.
const DEFAULT_ENV: [&str; 2] = [".overmind.env", ".env"];

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
    let home = reader.home(typed)?;
    let settings = reader.settings(typed.clone(), &home);
    // A path in a file is relative to the file, one of a flag to the current folder.
    let base = |is_typed: bool| if is_typed { reader.folder.clone() } else { home.clone() };
    let (procfile_base, env_base) = (base(typed.procfile.is_some()), base(!typed.env.is_empty()));
    let root = reader.root(typed, &settings, home)?;
    let errors_before = reader.errors.len();
    let env_files = reader.env_files(&settings.env, &env_base, &root);
    let settings = settings.or(reader.settings_of_env(&env_files, system));
    let procfile = match scripts::procfile(&settings, &root, &memory) {
        Some(made) => reader.made(made, typed),
        None => reader.procfile(settings.procfile.as_ref(), &procfile_base, &root, need),
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

/// The folder above this one that has a project, where this one has none: in the same repository, as git, cargo and just look for
/// their files.
pub(crate) fn above(folder: &Path) -> Option<PathBuf> {
    let repository = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let mut within = folder.ancestors().take_while(|folder| folder.starts_with(repository));
    let nearest = within.find(|folder| HOME.iter().any(|file| folder.join(file).exists()))?;
    (nearest != folder).then(|| nearest.to_owned())
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
    let home = reader.home(typed)?;
    let settings = reader.settings(typed.clone(), &home);
    reader.root(typed, &settings, home)
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

    /// Where commands run: what a file says counts unless something was typed.
    fn root(&self, typed: &Settings, settings: &Settings, home: PathBuf) -> Result<PathBuf, Failure> {
        match &settings.root {
            Some(root) if typed.root.is_none() => self.directory(&home.join(&root.value), &root.value),
            Some(_) | None => Ok(home),
        }
    }

    /// The folder of the files of settings: `-d`, else the folder of `-f`'s file, else the current one, or the one [`above`] it.
    /// foreman's rule; a pipe or a device (`-f -`, `-f <(…)`) has no such folder.
    fn home(&self, typed: &Settings) -> Result<PathBuf, Failure> {
        if let Some(root) = &typed.root {
            return self.directory(&self.folder.join(&root.value), &root.value);
        }
        let Some(procfile) = &typed.procfile else {
            return Ok(above(&self.folder).unwrap_or_else(|| self.folder.clone()));
        };
        let path = self.folder.join(&procfile.value);
        match path.parent() {
            Some(parent) if path.is_file() && !is_device(&path) => Ok(parent.to_owned()),
            Some(_) | None => Ok(self.folder.clone()),
        }
    }

    /// `path` as an absolute one, if it is a directory.
    fn directory(&self, path: &Path, named: &Path) -> Result<PathBuf, Failure> {
        let name = named.display().to_string();
        let refused = |message: String| Err(Failure::Refused(vec![about(&name, message, None)]));
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                Ok(std::path::absolute(path).unwrap_or(self.folder.join(path)))
            }
            Ok(_) => refused("the root is not a directory".into()),
            Err(error) if files::is_absent(&error) => refused("no such directory".into()),
            Err(error) => refused(format!("the root cannot be used: {error}")),
        }
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
        root: &Path,
        need: ProcfileNeed,
    ) -> Procfile {
        let is_input = named.is_some_and(|named| named.value.as_os_str() == "-");
        let path = named.map_or_else(|| root.join("Procfile"), |named| base.join(&named.value));
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
            Err(absent) if files::is_absent(&absent) => no_procfile(&path, &name, named.is_some()),
            Ok(metadata) if metadata.is_dir() => with_hint_inside(error, &path, &name),
            Ok(_) | Err(_) => error,
        });
        let Some(Some(bytes)) = self.note(bytes) else { return Procfile { file: name, entries: Vec::new() } };
        let parsed = procfile::parse(&name, &bytes);
        self.errors.extend(parsed.errors);
        self.warnings.extend(parsed.warnings);
        parsed.procfile
    }

    fn env_files(
        &mut self,
        named: &[Located<PathBuf>],
        base: &Path,
        root: &Path,
    ) -> Vec<(Arc<str>, Vec<u8>)> {
        if named.is_empty() {
            let mut found = Vec::new();
            for file in DEFAULT_ENV {
                let path = root.join(file);
                let name = self.name(&path);
                let bytes = self.note(self.memory.read_if_there(&path, &name)).flatten();
                found.extend(bytes.map(|bytes| (name, bytes)));
            }
            return found;
        }
        let mut found = Vec::new();
        for named in named {
            let name: Arc<str> = named.value.display().to_string().into();
            if let Some(bytes) = self.note(self.memory.read(&base.join(&named.value), &name)) {
                found.push((name, bytes));
            }
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

fn is_device(path: &Path) -> bool {
    path.as_os_str().as_bytes().starts_with(b"/dev/") || path.as_os_str().as_bytes().starts_with(b"/proc/")
}

/// That it is a directory, and where a Procfile is in it.
fn with_hint_inside(error: Diagnostic, path: &Path, name: &str) -> Diagnostic {
    let inside = Path::new(name).join("Procfile");
    let hint = || format!("there is a Procfile in it: -f {}", inside.display());
    Diagnostic { hint: path.join("Procfile").is_file().then(hint), ..error }
}

/// That there is no Procfile, which was looked for, and a similar file that is there.
fn no_procfile(path: &Path, name: &str, is_named: bool) -> Diagnostic {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let near = files::names_in(folder, |name| {
        let lower = name.to_ascii_lowercase();
        lower.starts_with("procfile") || lower.ends_with(".procfile")
    });
    let hint = match near.first() {
        Some(near) => {
            let near = Path::new(name).with_file_name(near);
            format!("there is a {0}: use it with -f {0}", near.display())
        }
        None if is_named => "name it relative to the current folder, or pipe it in with -f -".into(),
        None => "write lines such as `web: ./server --port $PORT` into it, or name one with -f".into(),
    };
    let message =
        if is_named { "no such Procfile".to_owned() } else { format!("no Procfile in {}", folder.display()) };
    about(name, message, Some(hint))
}
