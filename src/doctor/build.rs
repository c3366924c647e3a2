//! Factor V: build, release and run are apart.

use super::code;
use super::command::{Join, Step};
use super::facts::{Facts, line_of};
use super::observation::{GitState, Observation, first_and_more};
use super::report::Finding;

/// Words that build or install.
const BUILDS: [&[&str]; 22] = [
    &["npm", "run", "build"],
    &["npm", "install"],
    &["npm", "i"],
    &["npm", "ci"],
    &["yarn", "build"],
    &["yarn", "install"],
    &["yarn", "run", "build"],
    &["pnpm", "install"],
    &["pnpm", "build"],
    &["pnpm", "run", "build"],
    &["pip", "install"],
    &["pip3", "install"],
    &["bundle", "install"],
    &["composer", "install"],
    &["go", "build"],
    &["cargo", "build"],
    &["poetry", "install"],
    &["uv", "sync"],
    &["manage.py", "collectstatic"],
    &["mvn", "package"],
    &["gradlew", "build"],
    &["assets:precompile"],
];

/// Words that bring a database to the schema of the code.
const MIGRATIONS: [&[&str]; 11] = [
    &["manage.py", "migrate"],
    &["manage.py", "makemigrations"],
    &["db:migrate"],
    &["db:prepare"],
    &["alembic", "upgrade"],
    &["flask", "db", "upgrade"],
    &["prisma", "migrate", "deploy"],
    &["knex", "migrate:latest"],
    &["artisan", "migrate"],
    &["ecto.migrate"],
    &["sequelize-cli", "db:migrate"],
];

/// The files of the source that were written while a stack ran.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    let changed = seen.written.iter().filter(|file| file.git == GitState::Tracked);
    let Some((first, more)) = first_and_more(changed).filter(|_| !facts.is_for_development) else {
        return Vec::new();
    };
    let message = format!("{first}, which git tracks, was changed while the stack ran{more}");
    vec![Finding::new(&code::SOURCE_CHANGED, line_of(first, 0), message)]
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    if facts.is_for_development {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (entry, steps) in facts.runs().filter(|(entry, _)| entry.name.as_str() != "release") {
        let name = &entry.name;
        // Only one that something runs behind: a line that does nothing else is a task, or watches files.
        let first = steps.iter().filter(|step| step.join == Join::Next);
        if let Some(build) =
            first.clone().filter(|step| !step.has(&["--watch"])).find_map(|step| found_in(step, &BUILDS))
        {
            found.push(facts.at(entry, &code::BUILD_IN_RUN, format!("`{name}` begins with `{build}`")));
        }
        if let Some(migration) = first.clone().find_map(|step| found_in(step, &MIGRATIONS)) {
            found.push(facts.at(
                entry,
                &code::MIGRATION_IN_RUN,
                format!("`{name}` begins with `{migration}`"),
            ));
        }
    }
    found
}

/// The first of `commands` that `step` runs.
fn found_in(step: &Step, commands: &[&[&str]]) -> Option<String> {
    commands.iter().find(|words| step.has(words)).map(|words| words.join(" "))
}
