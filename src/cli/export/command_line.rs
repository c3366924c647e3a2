//! The command that prints the values, with the flags of this one that matter to them.

use std::path::Path;

use crate::cli::project::Project;
use crate::cli::system_env::SystemEnv;
use crate::config::Settings;
use crate::export::options::ExportFormat;
use crate::export::quote;

/// `ganger export systemd --app shop --secrets only`. `project` tells which .env files a file of the project names: those of examples have
/// no values, and .env has them.
pub(super) fn for_values(
    format: ExportFormat,
    given: &Settings,
    project: &Project,
    system: &SystemEnv,
) -> String {
    let mut words = vec!["ganger".to_owned(), "export".to_owned(), format.as_str().to_owned()];
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), quote(value)]);
    if let Some(path) = &given.procfile {
        flag("-f", &path.value.display().to_string());
    }
    if let Some(path) = &given.root {
        flag("-d", &path.value.display().to_string());
    }
    for path in &given.env {
        flag("-e", &path.value.display().to_string());
    }
    if given.env.is_empty() && project.settings.env.iter().any(|path| is_example(&path.value)) {
        // A path of the command line begins in the current folder.
        let path = project.root.join(".env");
        let path = system.folder.as_ref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(&path);
        flag("-e", &path.display().to_string());
    }
    // The values depend on the types that run only through what is refused; a stack of none is none.
    if let Some(formation) = &given.formation {
        flag("-m", &formation.value.to_string());
    }
    if let Some(app) = &given.export.app {
        flag("--app", &app.value);
    }
    // A Secret is in the namespace of what refers to it.
    if let Some(namespace) = &given.export.namespace {
        flag("--namespace", &namespace.value);
    }
    for setting in given.export.set.iter().filter(|setting| is_for_secret(&setting.value)) {
        flag("--set", &setting.value);
    }
    flag("--secrets", "only");
    words.join(" ")
}

/// Whether this is a .env file without real values, as it is checked in.
fn is_example(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word))
}

fn is_for_secret(setting: &str) -> bool {
    setting.starts_with("metadata.") || setting.starts_with("Secret/")
}
