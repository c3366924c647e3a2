//! Factor X: the versions of runtimes, which several files name.

use super::code;
use super::command::base;
use super::facts::{Facts, line_of};
use super::report::Finding;

/// A version, as numbers as far as they are named.
type Version = Vec<u32>;

/// Where a version stands, and which.
struct Named<'a> {
    runtime: &'static str,
    file: &'a str,
    line: usize,
    version: Version,
}

const RUNTIMES: [&str; 3] = ["node", "python", "ruby"];

/// Files that have nothing but a version.
const ALONE: [(&str, &str); 6] = [
    (".nvmrc", "node"),
    (".node-version", "node"),
    (".python-version", "python"),
    (".ruby-version", "ruby"),
    ("runtime.txt", "python"),
    (".tool-versions", ""),
];

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let named = read(facts);
    let mut found = Vec::new();
    for runtime in RUNTIMES {
        let mut of_it = named.iter().filter(|named| named.runtime == runtime);
        let Some(first) = of_it.next() else { continue };
        if let Some(other) = of_it.find(|other| !agrees(&first.version, &other.version)) {
            let message = format!(
                "{runtime} {}, and {} has {}",
                shown(&other.version),
                first.file,
                shown(&first.version)
            );
            found.push(Finding::new(&code::VERSIONS_DIFFER, line_of(other.file, other.line), message));
        }
    }
    found
}

/// Whether two versions are the same as far as both name numbers: `20` and `20.11`.
fn agrees(one: &[u32], other: &[u32]) -> bool {
    one.iter().zip(other).all(|(a, b)| a == b)
}

fn shown(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// `20.11.0`, `v20`, `python-3.12.1`, `20.x`; none where it is a name or a range.
fn version(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-');
    let numbers: Version = text.split('.').map_while(|part| part.parse().ok()).collect();
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || ".xX*".contains(c));
    (is_plain && !numbers.is_empty()).then_some(numbers)
}

fn read(facts: &Facts) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for (file, runtime) in ALONE {
        let most = if runtime.is_empty() { usize::MAX } else { 1 };
        for (index, text) in facts.text(file).unwrap_or_default().lines().enumerate().take(most) {
            let (runtime, text) = match (runtime, text.split_once(' ')) {
                ("", Some((name, rest))) => (name, rest),
                _ => (runtime, text),
            };
            let runtime = if runtime == "nodejs" { "node" } else { runtime };
            let known = RUNTIMES.iter().find(|known| **known == runtime);
            if let (Some(runtime), Some(version)) = (known, version(text)) {
                found.push(Named { runtime, file, line: index + 1, version });
            }
        }
    }
    for (index, line) in facts.text("Dockerfile").unwrap_or_default().lines().enumerate() {
        let Some(image) = line.trim().strip_prefix("FROM ").map(str::trim_start) else { continue };
        let image = image.split_whitespace().find(|word| !word.starts_with("--")).unwrap_or_default();
        let Some((name, tag)) = image.split_once(':') else { continue };
        let runtime = RUNTIMES.iter().find(|known| **known == base(name));
        if let (Some(runtime), Some(version)) = (runtime, version(tag.split('-').next().unwrap_or(tag))) {
            found.push(Named { runtime, file: "Dockerfile", line: index + 1, version });
        }
    }
    let manifest: serde_json::Value =
        facts.text("package.json").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(version) = manifest["engines"]["node"].as_str().and_then(version) {
        found.push(Named { runtime: "node", file: "package.json", line: 0, version });
    }
    found
}
