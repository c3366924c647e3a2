//! A stack without a Procfile: of commands of the command line, or of scripts of package.json.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::files::{InputCache, about};
use crate::config::Settings;
use crate::location::Diagnostic;
use crate::procfile::{Procfile, made};

/// What is read of a package.json, in the order of the file.
#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    scripts: IndexMap<String, IgnoredAny>,
}

/// The lock files of package managers, and how each runs a script.
const RUNNERS: [(&str, &str); 4] = [
    ("pnpm-lock.yaml", "pnpm run"),
    ("yarn.lock", "yarn run"),
    ("bun.lock", "bun run"),
    ("bun.lockb", "bun run"),
];

/// The Procfile that is made, where one is asked for.
///
/// # Errors
/// package.json cannot be read, or has no such script.
pub(crate) fn procfile(
    settings: &Settings,
    root: &Path,
    memory: &InputCache,
) -> Option<Result<Procfile, Vec<Diagnostic>>> {
    if !settings.commands.is_empty() {
        return Some(Ok(made::of_commands(settings.commands.iter().map(String::as_str))));
    }
    let patterns = &settings.npm;
    let first = patterns.first()?;
    let scripts = match scripts(root, memory) {
        Ok(scripts) => scripts,
        Err(error) => return Some(Err(vec![error])),
    };
    let runner = RUNNERS.iter().find(|(lock, _)| root.join(lock).is_file());
    let runner = runner.map_or("npm run", |(_, runner)| runner);
    let patterns = patterns.iter().map(|given| given.value.as_str());
    Some(made::of_scripts(&scripts, patterns, runner).map_err(|unknown| {
        unknown
            .into_iter()
            .map(|pattern| Diagnostic {
                location: first.place.clone(),
                message: format!("package.json has no script `{pattern}`"),
                hint: Some(format!("its scripts are {}", scripts.join(", "))),
                excerpt: None,
            })
            .collect()
    }))
}

/// The names of the scripts, in their order.
fn scripts(root: &Path, memory: &InputCache) -> Result<Vec<String>, Diagnostic> {
    const FILE: &str = "package.json";
    let bytes = memory.read(&root.join(FILE), FILE)?;
    let package: Package = serde_json::from_slice(&bytes)
        .map_err(|error| about(FILE, format!("this is not read: {error}"), None))?;
    let names: Vec<String> = package.scripts.into_keys().collect();
    if names.is_empty() { Err(about(FILE, "it has no scripts", None)) } else { Ok(names) }
}
