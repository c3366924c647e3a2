//! Promise: what is exported arrives. Every value and every command reaches the program that another engine
//! starts, byte for byte, or is refused by name; the engines themselves say so where they are installed.
//!
//! `.ci/packages-export` lists the programs that have to be there.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

mod carried;
mod command_line;
mod compose_engine;
mod docker;
mod engines;
mod folder;
mod kube_engine;
mod kustomize;
mod machine;
mod page;
mod passing_on;
mod podman;
mod quadlet_engine;
mod random;
mod readers;
mod recorder;
mod site;
mod snapshots;
mod twelve_factor;
mod values;
mod walk;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use ganger::parts::config::{Located, Settings, ganger_toml};
use ganger::parts::dotenv::Assignment;
use ganger::parts::export::options::{ExportFormat, ExportOptions, Secrets};
use ganger::parts::export::{Bundle, export};
use ganger::parts::location::Diagnostic;
use ganger::parts::plan::Plan;
use ganger::parts::plan::addresses::Addresses;
use ganger::parts::plan::options::{Inputs, Selection};
use ganger::parts::procfile;

/// What is exported: a Procfile, and values as pairs.
struct Exported {
    procfile: String,
    values: Values,
}

/// Names and values.
type Values = Vec<(String, Vec<u8>)>;

impl Exported {
    /// The plan, with `root` as the folder where commands run.
    fn plan(&self, root: &Path) -> Plan {
        self.plan_with("", root)
    }

    /// The same, with this ganger.toml.
    fn plan_with(&self, settings: &str, root: &Path) -> Plan {
        let file: Arc<str> = ".env".into();
        let parsed = procfile::parse("Procfile", self.procfile.as_bytes());
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let assignment = |(number, (name, value)): (usize, &(String, Vec<u8>))| Assignment {
            name: name.clone(),
            value: value.clone(),
            file: Arc::clone(&file),
            line: u32::try_from(number + 1).unwrap(),
            column: 1,
        };
        let assignments: Vec<_> = self.values.iter().enumerate().map(assignment).collect();
        // Else each of 500 types would have the ports of 500 types.
        let no_port = (parsed.procfile.entries.len() > 100).then_some(true);
        let said = ganger_toml::parse("ganger.toml", settings.as_bytes());
        assert!(said.errors.is_empty(), "{:?}", said.errors);
        let settings = Settings { no_port, ..said.settings };
        let inputs = Inputs {
            procfile: &parsed.procfile,
            dotenv: &assignments,
            ambient: &[],
            settings: &settings,
            selection: &Selection::default(),
            root,
            run: None,
            running: None,
            kept: None,
            addresses: &Addresses::Local,
        };
        Plan::build(&inputs, |_| None).unwrap()
    }
}

/// What a test asks for, unless it says otherwise.
fn options(format: ExportFormat, secrets: Secrets) -> ExportOptions {
    ExportOptions {
        format,
        app: "shop".into(),
        app_place: Located::given((), "--app shop").place,
        namespace: None,
        working_directory: None,
        image: Some("shop:1".into()),
        user: None,
        expose: Vec::new(),
        kustomize: false,
        secrets,
        types: indexmap::IndexMap::new(),
        set: Vec::new(),
        etc: "/etc".into(),
        shell: "/bin/sh".into(),
    }
}

/// The export, and the values that it would not have: they are refused first, then left out.
fn export_without_refused(
    project: &mut Exported,
    root: &Path,
    options: &ExportOptions,
) -> (Bundle, Vec<String>, Values) {
    let errors = match export(&project.plan(root), options) {
        Ok(bundle) => return (bundle, Vec::new(), project.values.clone()),
        Err(errors) => errors,
    };
    let messages: Vec<String> = errors.iter().map(say).collect();
    let is_refused =
        |name: &str| messages.iter().any(|message| message.contains(&format!("`{name}` cannot be")));
    let kept: Vec<_> = project.values.iter().filter(|(name, _)| !is_refused(name)).cloned().collect();
    assert_eq!(kept.len() + errors.len(), project.values.len(), "each refusal names one value");
    project.values = kept.clone();
    (export(&project.plan(root), options).unwrap(), messages, kept)
}

/// All that is said of an error.
fn say(error: &Diagnostic) -> String {
    format!("{}: {} ({})", error.location, error.message, error.hint.as_deref().unwrap_or_default())
}

/// What comes of a command that succeeds; panics with what it has said if it does not.
fn succeeds(of: &str, mut command: Command) -> Output {
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{of}: {}{}", said(&output.stdout), said(&output.stderr));
    output
}

/// Writes the files of `bundle` into `folder`.
fn lay_out(bundle: &Bundle, folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for file in &bundle.files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &file.bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(file.mode)).unwrap();
    }
}
