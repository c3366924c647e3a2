//! What was read of a project, and the plan that is made of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::files::{InputCache, about};
use super::report::{self, Severity};
use super::system_env::{StdStream, SystemEnv};
use crate::config::{DeclaredVariable, Groups, Settings};
use crate::dotenv::{self, Assignment, EnvSource, Precedence, second_reader};
use crate::location::Diagnostic;
use crate::name::TypeName;
use crate::output::LogFileOptions;
use crate::plan::Plan;
use crate::plan::addresses::{self, Addresses};
use crate::plan::options::{Inputs, Selection};
use crate::plan::ports::{Holder, KeptPorts};
use crate::plan::running::Running;
use crate::process::ports_in_use;
use crate::procfile::{Entry, Procfile};

/// Everything that was read, as far as it could be read.
#[derive(Clone)]
pub(crate) struct Project {
    /// What was typed.
    pub typed: Settings,
    /// What of it cannot be read twice.
    pub memory: Rc<InputCache>,
    /// The Procfile; without entries where it could not be read.
    pub procfile: Procfile,
    /// Flags over variables over files.
    pub settings: Settings,
    /// Where commands run: an absolute path.
    pub root: PathBuf,
    /// The lines of the .env files, a later file's after an earlier one's.
    pub assignments: Vec<Assignment>,
    /// The .env files themselves, for the second reader: as they are named, and their bytes.
    pub env_files: Vec<(Arc<str>, Vec<u8>)>,
    /// Why nothing starts.
    pub errors: Vec<Diagnostic>,
    /// What is worth a warning.
    pub warnings: Vec<Diagnostic>,
    /// Whether Procfile and .env files were read without an error.
    pub is_whole: bool,
    /// Where the types find each other.
    pub addresses: Addresses,
}

/// The .env files, read again with the ports and URLs of a plan.
struct FilesAgain {
    assignments: Vec<Assignment>,
    /// The URLs among them that an export does not have.
    unknown: Vec<Diagnostic>,
}

impl Project {
    /// The plan of all types, if all could be read, for what starts none of them: no port is tried.
    ///
    /// # Errors
    ///
    /// All that is wrong: with the files, or with what was asked of them.
    pub(crate) fn plan(&self, system: &SystemEnv) -> Result<Plan, Vec<Diagnostic>> {
        self.plan_beside(&[], system)
    }

    /// The plan for a stack that is to start. `kept` are the ports of earlier starts with `--port auto`, and `assigned` tells which other
    /// stack has given out a port on which nothing may listen yet.
    ///
    /// # Errors
    ///
    /// As [`Project::plan`]'s.
    pub(crate) fn plan_start(
        &self,
        selection: &Selection,
        run: &str,
        (kept, assigned): (Option<&KeptPorts>, &dyn Fn(u16) -> Option<Holder>),
        system: &SystemEnv,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let inputs = Inputs { kept, ..self.inputs(selection, Some(run), system) };
        self.build(&inputs, |port| ports_in_use::holder(port).or_else(|| assigned(port)), &[])
    }

    /// As [`Project::plan`], for a command beside a stack of which the types have these ports.
    ///
    /// # Errors
    ///
    /// As [`Project::plan`]'s.
    pub(crate) fn plan_beside(
        &self,
        ports: &[(TypeName, u16)],
        system: &SystemEnv,
    ) -> Result<Plan, Vec<Diagnostic>> {
        self.build(&self.inputs(&Selection::default(), None, system), |_| None, ports)
    }

    /// The next plan for a stack that runs. Its warnings are those of the files too.
    ///
    /// # Errors
    ///
    /// As [`Project::plan`]'s.
    pub(crate) fn plan_again(
        &self,
        selection: &Selection,
        run: &str,
        running: &Running,
        system: &SystemEnv,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let inputs = Inputs { running: Some(running), ..self.inputs(selection, Some(run), system) };
        let taken = |port| if running.held.contains(&port) { None } else { ports_in_use::holder(port) };
        let mut plan = self.build(&inputs, taken, &[])?;
        plan.warnings.splice(0..0, self.warnings.iter().cloned());
        Ok(plan)
    }

    /// The files of the instances' output: a folder that a file of the project names is below the root, one that was typed is
    /// below the current folder.
    pub(crate) fn log_files(&self, system: &SystemEnv) -> Option<LogFileOptions> {
        let named = self.settings.log_dir.as_ref()?;
        let base = system.folder.as_ref().filter(|_| named.place.line.is_none()).unwrap_or(&self.root);
        let size = self.settings.log_size.as_ref().map_or(LogFileOptions::SIZE, |size| size.value);
        Some(LogFileOptions { folder: base.join(&named.value), size })
    }

    fn inputs<'a>(
        &'a self,
        selection: &'a Selection,
        run: Option<&'a str>,
        system: &'a SystemEnv,
    ) -> Inputs<'a> {
        Inputs {
            procfile: &self.procfile,
            dotenv: &self.assignments,
            ambient: &system.variables,
            settings: &self.settings,
            selection,
            root: &self.root,
            run,
            running: None,
            kept: None,
            addresses: &self.addresses,
        }
    }

    fn build(
        &self,
        inputs: &Inputs<'_>,
        mut taken: impl FnMut(u16) -> Option<Holder>,
        ports: &[(TypeName, u16)],
    ) -> Result<Plan, Vec<Diagnostic>> {
        let mut errors = self.errors.clone();
        // With half a Procfile or half an environment the rest would be blamed for what is missing.
        if !self.is_whole {
            return Err(errors);
        }
        let mut build =
            |inputs: &Inputs<'_>| Plan::build(inputs, &mut taken).map(|plan| plan.with_ports(ports));
        let planned =
            build(inputs).and_then(|plan| match self.assignments_with_ports(&plan, inputs.ambient)? {
                None => Ok(plan),
                Some(FilesAgain { assignments, unknown }) => {
                    let mut plan = build(&Inputs { dotenv: &assignments, ..*inputs })?;
                    plan.warnings.extend(unknown);
                    Ok(plan)
                }
            });
        match planned {
            Ok(plan) if errors.is_empty() => Ok(plan),
            Ok(_) => Err(errors),
            Err(more) => {
                errors.extend(more);
                Err(errors)
            }
        }
    }

    /// The lines of the .env files where they use the ports or URLs of types (`redis://localhost:${GANGER_PORT_DB}/0`), with those
    /// of `plan`; `None` where they do not. A line cannot change the ports, but that of PORT, which then must not depend on them.
    fn assignments_with_ports(
        &self,
        plan: &Plan,
        ambient: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<Option<FilesAgain>, Vec<Diagnostic>> {
        if !self.env_files.iter().any(|(_, bytes)| addresses::may_be_named_in(bytes)) {
            return Ok(None);
        }
        let environment = plan.environment_of_command();
        let unknown = RefCell::new(BTreeSet::new());
        let sources = EnvSource::all(&self.env_files);
        let wins = self.settings.env_wins == Some(true);
        let precedence = if wins { Precedence::Files } else { Precedence::Outside };
        let parsed = dotenv::parse_by(precedence, &sources, &|name: &str| {
            if !addresses::is_of(&self.procfile, name) {
                return ambient.iter().find(|(of, _)| of == name.as_bytes()).map(|(_, value)| value.clone());
            }
            let value = environment.variables().find(|(of, _)| *of == name.as_bytes());
            if self.addresses != Addresses::Local && value.is_none() {
                unknown.borrow_mut().insert(name.to_owned());
            }
            value.map(|(_, value)| value.to_vec())
        });
        let unknown = unknown
            .into_inner()
            .into_iter()
            .map(|name| {
                about(".env", format!("{name} is not known where this runs then, and is empty"), None)
            })
            .collect();
        if parsed.errors.is_empty() {
            Ok(Some(FilesAgain { assignments: parsed.assignments, unknown }))
        } else {
            Err(parsed.errors)
        }
    }

    /// Says on standard error what is worth a warning.
    pub(crate) fn say_warnings(&self, more: &[Diagnostic], system: &SystemEnv) {
        let colors = system.colors(StdStream::Error, self.settings.color.unwrap_or_default());
        let warnings = [self.warnings.as_slice(), more].concat();
        report::say(&report::diagnostics(Severity::Warning, &warnings, colors));
    }

    /// Where dotenvy reads a variable otherwise than we do: only beside a Cargo.toml, as it is what programs in Rust
    /// read the same files with.
    pub(crate) fn disagreements(&self) -> Vec<Diagnostic> {
        if !self.root.join("Cargo.toml").exists() {
            return Vec::new();
        }
        self.env_files
            .iter()
            .flat_map(|(file, bytes)| {
                second_reader::disagreements(&EnvSource { file, bytes }, &self.assignments)
            })
            .collect()
    }

    /// The variables that app.json requires of a deployment and that are not set here, where that is no error: one line.
    pub(crate) fn wanted_by_a_deployment(&self, system: &SystemEnv) -> Option<Diagnostic> {
        let is_set = |name: &str| {
            system.value(name).is_some() || self.assignments.iter().any(|assignment| assignment.name == name)
        };
        let missing: Vec<&DeclaredVariable> = self
            .settings
            .variables
            .iter()
            .filter(|of| of.required && of.value.is_none() && !is_set(&of.name))
            .collect();
        let first = missing.first().filter(|_| self.settings.app_json != Some(true))?;
        let names: Vec<&str> = missing.iter().map(|of| of.name.as_str()).collect();
        Some(Diagnostic {
            location: first.place.clone(),
            message: format!("a deployment requires what is not set here: {}", names.join(", ")),
            hint: Some("set it in .env if the programs need it here too; --app-json demands it".into()),
            excerpt: None,
        })
    }

    /// The groups of types.
    pub(crate) fn groups(&self) -> Groups {
        Groups::of(&self.settings, |name| self.entry(OsStr::new(name)).is_some())
    }

    /// The same with the types of groups in their places, where settings name types.
    #[must_use]
    pub(crate) fn with_groups(mut self) -> Self {
        // A one-off command gets as far as this without a Procfile.
        if self.is_whole && !self.procfile.entries.is_empty() {
            let groups = self.groups();
            self.errors.extend(self.settings.expand_groups(&groups));
        }
        self
    }

    /// The line of the Procfile that `word` names.
    pub(crate) fn entry(&self, word: &OsStr) -> Option<&Entry> {
        self.procfile.entries.iter().find(|entry| word == entry.name.as_str())
    }
}
