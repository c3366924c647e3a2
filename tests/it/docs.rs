//! What the pages say of the tree is true: paths that they name exist, the dependencies are those of Cargo.toml, and the
//! tests that docs/reliability.md names are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::architecture::files_below;
use crate::harness::Project;

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
    let is_below = ["src/", "tests/", "docs/", "benches/", "examples/", "dist/", ".ci/", ".github/"]
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

/// Figures that a page has of the code: page, sentence, file, and the line of code that the sentence repeats.
const FIGURES: [(&str, &str, &str, &str); 17] = [
    ("docs/protocol.md", "(UTF-8, at most 256 KiB)", "src/control/protocol.rs", "LONGEST: usize = 256 << 10"),
    (
        "docs/protocol.md",
        "a path of at most 76",
        "src/control/address.rs",
        "LONGEST_FOLDER: usize = 108 - 1 - 24",
    ),
    ("docs/protocol.md", "At most 128 are served at once", "src/control/server.rs", "MOST: usize = 128"),
    (
        "docs/protocol.md",
        "takes over ten seconds for a line",
        "src/control/connection.rs",
        "PATIENCE: Duration = Duration::from_secs(10)",
    ),
    (
        "docs/protocol.md",
        "(32 KiB of text each)",
        "src/supervisor/requests/logs.rs",
        "PIECE: usize = 32 << 10",
    ),
    ("docs/protocol.md", "counted as 1 to 10,000", "src/control/terminal.rs", "LARGEST: u16 = 10_000"),
    ("docs/running.md", "reported after five seconds", "src/control/liveness.rs", "STEPS: usize = 25"),
    (
        "docs/running.md",
        "the last 20 lines",
        "src/supervisor/requests/exit_answer.rs",
        "LINES_OF_EXIT: usize = 20",
    ),
    (
        "docs/design/0013-attach-without-an-emulator.md",
        "The latest 64 KiB",
        "src/output/screen.rs",
        "KEPT: usize = 64 << 10",
    ),
    (
        "docs/design/0014-being-ready.md",
        "has 60 s",
        "src/plan/service_policy.rs",
        "READY_WITHIN: Duration = Duration::from_mins(1)",
    ),
    (
        "docs/design/0014-being-ready.md",
        "5 to 250 ms",
        "src/supervisor/readiness/interval.rs",
        "LONGEST: Duration = Duration::from_millis(250)",
    ),
    (
        "docs/design/0014-being-ready.md",
        "waits 0.5 s, then",
        "src/machine/restart.rs",
        "SHORTEST: Duration = Duration::from_millis(500)",
    ),
    (
        "docs/running.md",
        "up to half longer, 30 s at most",
        "src/machine/restart.rs",
        "LONGEST: Duration = Duration::from_secs(30)",
    ),
    (
        "docs/running.md",
        "A run of ten seconds or more begins the count anew",
        "src/machine/restart.rs",
        "WORKED: Duration = Duration::from_secs(10)",
    ),
    ("README.md", "given up after five failures", "src/machine/restart.rs", "MOST_FAILURES: u32 = 5"),
    (
        "docs/stopping.md",
        "the grace (5 s;",
        "src/plan/build.rs",
        "DEFAULT_GRACE: Duration = Duration::from_secs(5)",
    ),
    (
        "docs/grammar.md",
        "longer than 131,071 bytes",
        "src/procfile/parsed.rs",
        "LONGEST_COMMAND: usize = 128 * 1024 - 1",
    ),
];

#[test]
fn figures_of_the_pages_are_those_of_the_code() {
    let flat = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (page, sentence, file, code) in FIGURES {
        assert!(
            flat(page).contains(sentence),
            "{page} does not have \"{sentence}\": mend the page or this table"
        );
        assert!(
            flat(file).contains(code),
            "{file} has another `{code}`: mend \"{sentence}\" in {page}, then this table"
        );
    }
}

/// The folder of the longest path that the page promises has the socket, and one byte more does not.
#[test]
fn the_longest_runtime_folder_is_the_one_that_the_page_names() {
    for (length, is_used) in [(76, true), (77, false)] {
        let parent = tempfile::tempdir().unwrap();
        let name = "x".repeat(length - parent.path().as_os_str().len() - 1);
        let runtime = parent.path().join(name);
        std::fs::create_dir(&runtime).unwrap();
        let project = Project::new("web: find \"$XDG_RUNTIME_DIR\" -name '*.socket' | wc -l\n");
        let mut command = project.ganger(&["start", "-q", "--no-prefix"]);
        let output = command.env("XDG_RUNTIME_DIR", &runtime).output().unwrap();
        let found = String::from_utf8_lossy(&output.stdout).trim().to_string();
        assert_eq!(found, if is_used { "1" } else { "0" }, "{length} bytes: {output:?}");
    }
}
