//! Factor II, the classic: a package that is imported and installed here, and declared nowhere.

use std::collections::BTreeSet;

use regex_lite::Regex;

use super::code;
use super::command::base;
use super::facts::{Facts, code_lines, line_of};
use super::report::Finding;

/// The files that declare packages of Python.
const PYTHON_MANIFESTS: [&str; 7] =
    ["pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "environment.yml", "conda.yml", "uv.lock"];

pub(super) fn undeclared(facts: &Facts) -> Vec<Finding> {
    let mut found = of_node(facts);
    found.extend(of_python(facts));
    found
}

/// Whether `text` has `name` as a word, `-` and `_` being the same, as pip reads names.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (as_pip_reads(text), as_pip_reads(name));
    text.match_indices(&name).any(|(start, _)| {
        !is_of_a_word(text[..start].chars().next_back())
            && !is_of_a_word(text[start + name.len()..].chars().next())
    })
}

fn as_pip_reads(text: &str) -> String {
    text.to_ascii_lowercase().replace(['_', '.'], "-")
}

fn is_of_a_word(character: Option<char>) -> bool {
    character.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The texts that declare packages of Python; none if one of them includes a file that is not read.
pub(super) fn python_manifests(facts: &Facts) -> Vec<&str> {
    let texts: Vec<&str> = facts
        .files
        .iter()
        .filter(|(name, _)| is_python_manifest(name))
        .map(|(_, text)| text.as_str())
        .collect();
    let is_dynamic =
        texts.iter().any(|text| text.contains("dynamic = [\"dependencies\"") || text.contains("open("));
    if is_dynamic { Vec::new() } else { texts }
}

fn is_python_manifest(file: &str) -> bool {
    let base = base(file);
    let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_list = file.contains("requirements") && matches!(ending, "txt" | "in");
    is_list || PYTHON_MANIFESTS.contains(&base)
}

fn of_node(facts: &Facts) -> Vec<Finding> {
    // What the root declares; a workspace declares more, in manifests of its own, and they count for all.
    let manifests = facts.files.iter().filter(|(name, _)| name.rsplit('/').next() == Some("package.json"));
    let manifests: String = manifests.map(|(_, text)| text.as_str()).collect();
    let Ok(import) = Regex::new(r#"(?:require\(\s*|from\s+|^\s*import\s+)["']([^"'./~#][^"']*)["']"#) else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (file, text) in facts.sources(&["js", "mjs", "cjs", "ts", "tsx", "jsx"]) {
        for (number, line) in code_lines(text) {
            for captures in import.captures_iter(line) {
                let path = &captures[1];
                let parts = if path.starts_with('@') { 2 } else { 1 };
                let package = path.split('/').take(parts).collect::<Vec<_>>().join("/");
                let is_declared = manifests.contains(&format!("\"{package}\""))
                    || manifests.contains(&format!("\"@types/{package}\""));
                if facts.node_packages.contains(&package) && !is_declared && seen.insert(package.clone()) {
                    let message = format!("`{package}` is imported, installed and not in package.json");
                    found.push(Finding::new(&code::UNDECLARED_IMPORT, line_of(file, number), message));
                }
            }
        }
    }
    if manifests.is_empty() { Vec::new() } else { found }
}

fn of_python(facts: &Facts) -> Vec<Finding> {
    let manifests = python_manifests(facts);
    let Ok(import) = Regex::new(r"^\s*(?:import|from)\s+([A-Za-z_][A-Za-z0-9_]*)") else { return Vec::new() };
    if manifests.is_empty() {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (file, text) in facts.sources(&["py"]) {
        for (number, line) in code_lines(text) {
            let Some(captures) = import.captures(line) else { continue };
            let module = &captures[1];
            let Some(package) = facts.python_modules.get(module) else { continue };
            let is_own = facts.files.keys().any(|name| {
                name.split('/').any(|part| part == module || part.strip_suffix(".py") == Some(module))
            });
            let is_declared = manifests.iter().any(|text| mentions(text, package));
            if !is_own && !is_declared && seen.insert(module.to_owned()) {
                let message = format!("`{module}` is imported, {package} is installed and in no manifest");
                found.push(Finding::new(&code::UNDECLARED_IMPORT, line_of(file, number), message));
            }
        }
    }
    found
}
