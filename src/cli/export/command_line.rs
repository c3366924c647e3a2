//! The command that prints the values, with the flags of this one that matter to them.

use super::arguments::ExportArgs;
use crate::export::quote;

/// `ganger export systemd --app shop --secrets only`.
pub(super) fn for_values(export: &ExportArgs) -> String {
    let mut words = vec!["ganger".to_owned(), "export".to_owned(), export.format.as_str().to_owned()];
    let project = &export.project;
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), quote(value)]);
    if let Some(path) = &project.procfile {
        flag("-f", &path.display().to_string());
    }
    if let Some(path) = &project.root {
        flag("-d", &path.display().to_string());
    }
    for path in &project.env {
        flag("-e", &path.display().to_string());
    }
    // The values depend on the types that run only through what is refused; a stack of none is none.
    if let Some(formation) = &project.formation {
        flag("-m", formation);
    }
    if let Some(app) = &export.asked.app {
        flag("--app", app);
    }
    flag("--secrets", "only");
    words.join(" ")
}
