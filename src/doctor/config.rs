//! Factor III: config in the environment, and no secret in the code.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{self, Code};
use super::facts::{Facts, Repository, line_of};
use super::report::Finding;
use super::secrets;

/// The names that an example of .env has.
const EXAMPLES: [&str; 5] = [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"];

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = env_in_git(facts);
    found.extend(against_example(facts));
    found.extend(secrets::find(facts));
    found.extend(groups(facts));
    found
}

fn env_in_git(facts: &Facts) -> Vec<Finding> {
    let Repository::Present { tracked, ignores_env } = &facts.repository else { return Vec::new() };
    if tracked.contains(".env") {
        about_env(&code::ENV_TRACKED, "git tracks it")
    } else if *ignores_env == Some(false) {
        about_env(&code::ENV_NOT_IGNORED, "git does not ignore it")
    } else {
        Vec::new()
    }
}

fn about_env(code: &'static Code, message: &str) -> Vec<Finding> {
    vec![Finding::new(code, line_of(".env", 0), message.into())]
}

fn against_example(facts: &Facts) -> Vec<Finding> {
    let Some((file, text)) = EXAMPLES.iter().find_map(|name| Some((*name, facts.text(name)?))) else {
        return Vec::new();
    };
    // Without a .env the environment may come from anywhere.
    if facts.variables.is_empty() {
        return Vec::new();
    }
    let wanted = names(text);
    let is_set =
        |name: &str| facts.variables.iter().any(|of| of.name == name) || facts.outside.contains(name);
    let missing = wanted.iter().filter(|(name, _)| !is_set(name)).map(|(name, line)| {
        Finding::new(
            &code::EXAMPLE_MISSING,
            line_of(file, *line),
            format!("{name} is set neither in .env nor outside"),
        )
    });
    // A comment that mentions the name (`# DEBUG=1`) documents it too.
    let mut seen = BTreeSet::new();
    let surplus =
        facts.variables.iter().filter(|of| !text.contains(&of.name) && seen.insert(&of.name)).map(|of| {
            Finding::new(&code::EXAMPLE_SURPLUS, of.location.clone(), format!("{} is not in {file}", of.name))
        });
    missing.chain(surplus).collect()
}

/// The names that an example assigns, with their lines.
fn names(text: &str) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let assignment = line.trim_start().trim_start_matches("export ");
        let Some(word) = assignment.split_once('=').map(|(name, _)| name.trim()) else { continue };
        if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            found.insert(word, index + 1);
        }
    }
    found
}

/// Files that hold the config of one deployment.
fn groups(facts: &Facts) -> Vec<Finding> {
    let named = facts.files.keys().filter(|name| is_of_one_deployment(name));
    named
        .map(|name| {
            Finding::new(
                &code::CONFIG_GROUP,
                line_of(name, 0),
                "a file of settings for one deployment".into(),
            )
        })
        .collect()
}

fn is_of_one_deployment(file: &str) -> bool {
    let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let stem = stem.to_ascii_lowercase();
    let is_config = matches!(extension, "py" | "js" | "ts" | "json" | "php" | "toml");
    is_config
        && [
            "settings_production",
            "settings_prod",
            "settings/production",
            "settings/prod",
            "config/production",
            "config.production",
            "appsettings.production",
        ]
        .iter()
        .any(|group| stem == *group || stem.ends_with(&format!("/{group}")))
}
