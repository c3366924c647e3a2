//! Factor II: every dependency is declared, with its version.

use super::code;
use super::command::base;
use super::facts::{Facts, code_lines, line_of};
use super::imports;
use super::observation::Observation;
use super::report::Finding;

/// Manifests, with the lock files that their package managers write. A manifest without a lock file in the root may be part of
/// a workspace, so a lock file in a parent folder is asked for by the reader of the files.
pub(super) const LOCK_FILES: [(&str, &[&str]); 7] = [
    (
        "package.json",
        &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"],
    ),
    ("Gemfile", &["Gemfile.lock"]),
    ("Pipfile", &["Pipfile.lock"]),
    ("composer.json", &["composer.lock"]),
    ("mix.exs", &["mix.lock"]),
    ("go.mod", &["go.sum"]),
    ("pyproject.toml", &["poetry.lock", "uv.lock", "pdm.lock"]),
];

/// Programs that are part of a package, by language: what the line calls, and the package that has it.
const PROGRAMS: [(Language, &[(&str, &str)]); 3] = [
    (
        Language::Python,
        &[
            ("gunicorn", "gunicorn"),
            ("uvicorn", "uvicorn"),
            ("hypercorn", "hypercorn"),
            ("daphne", "daphne"),
            ("waitress-serve", "waitress"),
            ("celery", "celery"),
            ("dramatiq", "dramatiq"),
            ("streamlit", "streamlit"),
            ("flask", "flask"),
            ("alembic", "alembic"),
            ("honcho", "honcho"),
            ("huey_consumer", "huey"),
            ("rq", "rq"),
        ],
    ),
    (
        Language::Node,
        &[
            ("nodemon", "nodemon"),
            ("next", "next"),
            ("vite", "vite"),
            ("ts-node", "ts-node"),
            ("tsx", "tsx"),
            ("pm2", "pm2"),
            ("pm2-runtime", "pm2"),
            ("concurrently", "concurrently"),
            ("webpack", "webpack"),
            ("nest", "@nestjs/cli"),
        ],
    ),
    (
        Language::Ruby,
        &[
            ("puma", "puma"),
            ("unicorn", "unicorn"),
            ("thin", "thin"),
            ("sidekiq", "sidekiq"),
            ("clockwork", "clockwork"),
            ("resque", "resque"),
            ("rainbows", "rainbows"),
        ],
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
    Ruby,
}

/// Programs that run or install others: a machine has them, whatever a project declares.
const TOOLS: [&str; 28] = [
    "asdf", "bun", "bunx", "bundle", "cargo", "deno", "direnv", "ganger", "go", "hatch", "java", "mise",
    "node", "npm", "npx", "pdm", "php", "pipenv", "pnpm", "poetry", "python", "python3", "ruby", "rye", "sh",
    "uv", "uvx", "yarn",
];

/// Whether this is such a program.
pub(crate) fn is_tool(program: &str) -> bool {
    TOOLS.contains(&program)
}

/// Files, by their names or the beginnings of them, that say what an application needs, or what its machines have.
const DECLARATIONS: [&str; 21] = [
    "package.json",
    "requirements",
    "Pipfile",
    "pyproject.toml",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "go.mod",
    "Cargo.toml",
    "Dockerfile",
    "Aptfile",
    ".tool-versions",
    "mise.toml",
    ".mise.toml",
    "flake.nix",
    "shell.nix",
    "devbox.json",
    "Brewfile",
    "setup.py",
    "setup.cfg",
    "environment.yml",
];

/// The programs that instances ran from the home folder of the user, and that no file of the project speaks of (`waitress-serve` is of
/// waitress); and one that is not there at all.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    let is_declared = |program: &str| {
        let parts = program.split(['-', '_', '.']).filter(|part| part.len() > 2);
        let words: Vec<&str> = parts.chain([program]).collect();
        facts.files.iter().any(|(name, text)| {
            is_declaration(name) && words.iter().any(|word| imports::mentions(text, word))
        })
    };
    let missing = seen.cannot_start.as_ref().and_then(|failure| {
        let kind = failure.name.split('.').next().unwrap_or_default();
        let message = format!("{} cannot start: {}: {}", failure.name, failure.program, failure.reason);
        Some(facts.at(facts.entry(kind)?, &code::PROGRAM_MISSING, message))
    });
    seen.first_of_each()
        .filter_map(|instance| {
            let entry = facts.entry(&instance.kind).filter(|_| !facts.is_for_development)?;
            let program = instance.home_programs.iter().find(|program| !is_declared(program))?;
            let message =
                format!("{} runs {program} of your home folder, and no manifest names it", instance.name);
            Some(facts.at(entry, &code::PROGRAM_IN_HOME, message))
        })
        .chain(missing)
        .collect()
}

fn is_declaration(file: &str) -> bool {
    DECLARATIONS.iter().any(|of| base(file).starts_with(of))
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = without_lock(facts);
    found.extend(unpinned(facts));
    found.extend(undeclared_programs(facts));
    found.extend(imports::undeclared(facts));
    found
}

fn without_lock(facts: &Facts) -> Vec<Finding> {
    let finding = |(manifest, locks): &(&str, &[&str])| {
        let text = facts.text(manifest)?;
        let is_there = locks.iter().any(|lock| facts.has(lock));
        let asks = match *manifest {
            "package.json" => has_packages(text),
            "go.mod" => text.contains("require"),
            "Gemfile" => code_lines(text).any(|(_, line)| line.trim_start().starts_with("gem ")),
            "composer.json" => text.contains("\"require\""),
            "mix.exs" => code_lines(text).any(|(_, line)| line.trim_start().starts_with("{:")),
            // Other builders than these have no lock file, or one of another name.
            "pyproject.toml" => text.contains("[tool.poetry.dependencies]"),
            _ => true,
        };
        let message = || format!("no {} beside it", locks[0]);
        (asks && !is_there).then(|| Finding::new(&code::NO_LOCK, line_of(manifest, 0), message()))
    };
    LOCK_FILES.iter().filter_map(finding).collect()
}

fn has_packages(manifest: &str) -> bool {
    let document: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    ["dependencies", "devDependencies"]
        .iter()
        .any(|key| document[key].as_object().is_some_and(|of| !of.is_empty()))
}

/// The lines of requirements.txt without an exact version, as one finding.
fn unpinned(facts: &Facts) -> Option<Finding> {
    let text = facts.text("requirements.txt")?;
    let is_locked =
        ["Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "requirements.lock", "constraints.txt"];
    if is_locked.iter().any(|lock| facts.has(lock))
        || text.lines().any(|line| line.trim_start().starts_with("-c"))
    {
        return None;
    }
    let open: Vec<(usize, &str)> = code_lines(text).filter(|(_, line)| is_unpinned(line)).collect();
    let (first, line) = open.first()?;
    let name: String =
        line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let message = match open.len() {
        1 => format!("`{name}` has no exact version"),
        count => format!("`{name}` and {} more have no exact version", count - 1),
    };
    Some(Finding::new(&code::UNPINNED, line_of("requirements.txt", *first), message))
}

/// Whether this line of requirements.txt names a package, and no exact version, URL or path of it.
fn is_unpinned(line: &str) -> bool {
    let line = line.trim();
    let is_name = line.starts_with(|c: char| c.is_ascii_alphanumeric());
    is_name && !line.contains("==") && !line.contains('@') && !line.contains("://") && !line.contains('/')
}

fn undeclared_programs(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, steps) in facts.runs() {
        for (program, _) in steps.iter().filter_map(super::command::Step::program) {
            let package = PROGRAMS.iter().find_map(|(language, programs)| {
                let (_, package) = programs.iter().find(|(name, _)| *name == program)?;
                Some((*language, *package))
            });
            let Some((language, package)) = package else { continue };
            let manifests = manifests(facts, language);
            let is_declared = manifests.iter().any(|text| imports::mentions(text, package));
            if !manifests.is_empty() && !is_declared {
                let message =
                    format!("`{}` calls {program}, and no manifest names the package {package}", entry.name);
                found.push(facts.at(entry, &code::UNDECLARED_PROGRAM, message));
            }
        }
    }
    found
}

/// The texts that declare packages of `language`. Empty if something declares them that is not understood.
fn manifests(facts: &Facts, language: Language) -> Vec<&str> {
    match language {
        Language::Python => imports::python_manifests(facts),
        Language::Node => facts.text("package.json").into_iter().collect(),
        Language::Ruby => {
            let texts: Vec<&str> =
                ["Gemfile", "Gemfile.lock"].iter().filter_map(|name| facts.text(name)).collect();
            let includes = texts.iter().any(|text| text.contains("eval_gemfile") || text.contains("gemspec"));
            if includes { Vec::new() } else { texts }
        }
    }
}
