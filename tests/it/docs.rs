//! What the pages say of the tree is true: paths that they name exist, the dependencies are those of Cargo.toml, and the
//! tests that docs/reliability.md names are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::architecture::files_below;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of the project, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|page| root().join(page));
    let docs = files_below(&root().join("docs"), "md");
    top.into_iter().chain(docs).map(|page| (page.clone(), std::fs::read_to_string(page).unwrap())).collect()
}

/// What stands between backquotes or as the target of a link.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    quoted.chain(linked).map(|reference| reference.split('#').next().unwrap_or_default())
}

/// Folders and endings of this tree. What has neither is no path of ours.
fn is_path(reference: &str) -> bool {
    let is_below = ["src/", "tests/", "docs/", "benches/", "examples/", ".ci/", ".github/"]
        .iter()
        .any(|folder| reference.starts_with(folder));
    let is_source =
        reference.contains('/') && Path::new(reference).extension().is_some_and(|ending| ending == "rs");
    (is_below || is_source) && !reference.contains([' ', '*', '…', '<', '{', '\n', '$', ':'])
}

#[test]
fn paths_named_in_the_pages_exist() {
    let mut missing = Vec::new();
    for (page, text) in pages() {
        for reference in references(&text).filter(|reference| is_path(reference)) {
            // docs/architecture.md names the rooms' files without the `src` before them.
            if ![root().join(reference), root().join("src").join(reference)].iter().any(|path| path.exists())
            {
                missing.push(format!("{}: {reference}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(missing.is_empty(), "named, and not there:\n{}", missing.join("\n"));
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for (page, text) in pages() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.map(|target| target.split('#').next().unwrap_or_default()) {
            let is_file = !target.is_empty() && !target.contains(':') && !target.contains(' ');
            if is_file && !page.parent().unwrap().join(target).exists() {
                broken.push(format!("{}: {target}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_table_of_dependencies_is_that_of_the_manifest() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let wanted: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
        .collect();
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let section = page.split("\n## Dependencies\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let named: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split(" |").next())
        .filter(|cell| *cell != "crate")
        .flat_map(|cell| cell.split(", "))
        .collect();
    assert_eq!(named, wanted, "docs/architecture.md (left) and Cargo.toml (right) differ");
}

#[test]
fn tests_named_in_the_promises_exist() {
    let tests: String = [root().join("tests"), root().join("src")]
        .iter()
        .flat_map(|folder| files_below(folder, "rs"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let page = std::fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let is_test = |word: &&str| {
        word.matches('_').count() >= 3
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let missing: Vec<&str> = references(&page)
        .filter(is_test)
        .filter(|name| *name == name.to_lowercase() && !tests.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "named in docs/reliability.md, and not there:\n{}", missing.join("\n"));
}
