//! Factor XII: admin processes run in the same environment, migrations as the `release` line.

use super::code;
use super::facts::{Facts, line_of};
use super::observation::Observation;
use super::report::Finding;

/// Variables that say which deployment this is, or where its database is: an admin process needs the same.
pub(crate) const NEEDED: [&str; 11] = [
    "RAILS_ENV",
    "RACK_ENV",
    "NODE_ENV",
    "APP_ENV",
    "FLASK_ENV",
    "FLASK_APP",
    "DJANGO_SETTINGS_MODULE",
    "MIX_ENV",
    "DATABASE_URL",
    "REDIS_URL",
    "PGDATABASE",
];

/// What every migration has in its path, and the tool that runs it.
const MIGRATIONS: [(&str, &str, &str); 4] = [
    ("db/migrate/", ".rb", "rails db:migrate"),
    ("migrations/0001_", ".py", "python manage.py migrate"),
    ("prisma/migrations/", ".sql", "prisma migrate deploy"),
    ("alembic/versions/", ".py", "alembic upgrade head"),
];

/// Whether the instances of a stack that ran had the environment of an admin process.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    seen.first_of_each()
        .filter(|_| !facts.is_for_development)
        .filter_map(|instance| {
            let (entry, name) = (facts.entry(&instance.kind)?, instance.own_variables.first()?);
            let message = format!("{} has another {name} than `ganger run`", instance.name);
            Some(facts.at(entry, &code::ENVIRONMENT_DIFFERS, message))
        })
        .collect()
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let commands = || facts.procfile.entries.iter().map(|entry| (entry.name.as_str(), &*entry.command));
    // `migrate` in another line is factor V's; app.json has a place for it too (`postdeploy`).
    let is_run = commands().any(|(name, command)| {
        name == "release" || command.contains("migrate") || command.contains("alembic")
    }) || facts.text("app.json").is_some_and(|text| text.contains("postdeploy"));
    if is_run || facts.is_for_development {
        return Vec::new();
    }
    let kind = MIGRATIONS.iter().find_map(|(folder, ending, tool)| {
        facts
            .files
            .keys()
            .find(|name| name.contains(folder) && name.ends_with(ending))
            .map(|name| (name, tool))
    });
    kind.map(|(name, tool)| {
        let message = format!("a migration, and no line of {} runs `{tool}`", facts.procfile.file);
        Finding::new(&code::NO_RELEASE, line_of(name, 0), message)
    })
    .into_iter()
    .collect()
}
