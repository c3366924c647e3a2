//! The command that prints the values, with the flags of this one that matter to them.

use super::arguments::ExportArgs;
use crate::config::Settings;
use crate::export::quote;

/// `ganger export systemd --app shop --secrets only`.
pub(super) fn for_values(export: &ExportArgs, given: &Settings) -> String {
    let mut words = vec!["ganger".to_owned(), "export".to_owned(), export.format.as_str().to_owned()];
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
    if let Some(app) = &export.asked.app {
        flag("--app", app);
    }
    // A Secret is in the namespace of what refers to it.
    for setting in export.asked.set.iter().filter(|setting| setting.starts_with("metadata.")) {
        flag("--set", setting);
    }
    flag("--secrets", "only");
    words.join(" ")
}
