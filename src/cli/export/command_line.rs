//! The command that prints the values, with the flags of this one that matter to them.

use crate::config::Settings;
use crate::export::options::ExportFormat;
use crate::export::quote;

/// `ganger export systemd --app shop --secrets only`.
pub(super) fn for_values(format: ExportFormat, given: &Settings) -> String {
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

fn is_for_secret(setting: &str) -> bool {
    setting.starts_with("metadata.") || setting.starts_with("Secret/")
}
