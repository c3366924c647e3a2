//! Factor X: development is like production.

use super::code;
use super::command::Step;
use super::facts::Facts;
use super::report::Finding;
use super::versions;
use crate::procfile;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = versions::examine(facts);
    found.extend(development_servers(facts));
    found.extend(types(facts));
    found.extend(databases(facts));
    found
}

fn development_servers(facts: &Facts) -> Vec<Finding> {
    if facts.is_for_development {
        return Vec::new();
    }
    facts
        .runs()
        .filter_map(|(entry, steps)| {
            let name = steps.iter().find_map(development_server)?;
            Some(facts.at(
                entry,
                &code::DEV_SERVER,
                format!("`{}` runs {name}, which is for development", entry.name),
            ))
        })
        .collect()
}

fn development_server(step: &Step) -> Option<&'static str> {
    let (program, arguments) = step.program()?;
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let is_django =
        step.words.iter().any(|word| word.ends_with("manage.py") || word.ends_with("django-admin"));
    match program {
        _ if is_django && has("runserver") => Some("runserver"),
        "nodemon" => Some("nodemon"),
        "uvicorn" | "gunicorn" if has("--reload") => Some("--reload"),
        "flask" if has("run") => Some("flask run"),
        "webpack-dev-server" => Some("webpack-dev-server"),
        "next" if has("dev") => Some("next dev"),
        "vite" if arguments.is_empty() || has("dev") => Some("vite"),
        "npm" | "yarn" | "pnpm" if has("dev") => Some("the script `dev`"),
        "php" if has("-S") => Some("php -S"),
        _ => None,
    }
}

/// The types of the Procfile that Procfile.dev lacks.
fn types(facts: &Facts) -> Vec<Finding> {
    let (Some(text), false) = (facts.text("Procfile.dev"), facts.is_for_development) else {
        return Vec::new();
    };
    let development = procfile::parse("Procfile.dev", text.as_bytes()).procfile;
    let is_missing = |entry: &&procfile::Entry| {
        entry.name.as_str() != "release" && development.entries.iter().all(|other| other.name != entry.name)
    };
    // One for development alone (`css: …`), that a user starts beside the other, is common: then nothing is shared.
    let shares = facts.procfile.entries.iter().any(|entry| !is_missing(&entry));
    let missing = facts.procfile.entries.iter().filter(is_missing).filter(|_| shares);
    missing
        .map(|entry| facts.at(entry, &code::TYPES_DIFFER, format!("`{}` is not in Procfile.dev", entry.name)))
        .collect()
}

/// `SQLite` here, and the driver of a server in the manifest.
fn databases(facts: &Facts) -> Vec<Finding> {
    let drivers = [
        ("requirements.txt", &["psycopg2", "psycopg2-binary", "psycopg", "asyncpg"][..]),
        ("Gemfile", &["'pg'", "\"pg\""]),
        ("package.json", &["\"pg\"", "\"postgres\"", "\"mysql2\""]),
    ];
    let driver = drivers.iter().find_map(|(file, names)| {
        let text = facts.text(file)?;
        names.iter().find(|name| text.contains(**name)).map(|name| (*file, name.trim_matches(['\'', '"'])))
    });
    let sqlite = facts.variables.iter().find(|of| {
        of.name.contains("DATABASE")
            && of.scheme.as_deref().is_some_and(|scheme| scheme.starts_with("sqlite"))
    });
    let (Some((file, driver)), Some(variable)) = (driver, sqlite) else { return Vec::new() };
    let message = format!("{} is SQLite here, and {file} has the driver {driver}", variable.name);
    vec![Finding::new(&code::DATABASES_DIFFER, variable.location.clone(), message)]
}
