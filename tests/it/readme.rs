//! README holds what it promises: its two commands work, its commands and files are understood, its picture and its figures are true.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ganger::parts::cli::peers::table;
use ganger::parts::cli::peers::words::translate;

use crate::architecture::files_below;
use crate::harness::{Ports, Project};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap()
}

/// The blocks of code of a page: the word after the backquotes, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn two_commands_build_run_and_test_it() {
    let page = read("README.md");
    let (_, block) = blocks(&page)[0];
    let (first, second) = block.trim().split_once('\n').unwrap();
    assert_eq!(second, "cargo test");
    let arguments: Vec<&str> = first.strip_prefix("cargo run --release -- ").unwrap().split(' ').collect();
    let project = Project::empty();
    let mut command = project.ganger(&arguments);
    // A name, as a stack may run here by hand.
    command.current_dir(root()).env("TICKS", "1").env("GANGER_NAME", "readme");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("clock.1 done"), "{output:?}");
}

/// `words` with `--help`, where it is a flag of ganger: an unknown flag before it is still an error.
fn with_help(words: &[&str]) -> Vec<String> {
    let place = match words[0] {
        "run" => 1,
        _ => words.iter().position(|word| *word == "--").unwrap_or(words.len()),
    };
    let mut words: Vec<String> = words.iter().map(|word| word.trim_matches('\'').to_string()).collect();
    words.insert(place, "--help".into());
    words
}

#[test]
fn every_command_of_the_pages_is_understood() {
    let readme = read("README.md");
    let quoted = readme.split('`').skip(1).step_by(2).filter(|span| !span.contains(['\n', '[', '|', '…']));
    let mut lines: Vec<String> =
        quoted.filter_map(|span| span.strip_prefix("ganger ")).map(Into::into).collect();
    let pages = files_below(&root().join("docs"), "md");
    for page in pages.into_iter().chain([root().join("README.md")]) {
        let text = std::fs::read_to_string(page).unwrap();
        let commands = text.lines().filter_map(|line| line.strip_prefix("$ ganger "));
        lines.extend(commands.map(|line| line.split(" #").next().unwrap().to_string()));
    }
    let known: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    assert!(known.len() > 30, "the pages have commands: {known:?}");
    for line in known {
        let line = line.replace("SHELL", "bash").replace("FORMAT", "systemd");
        let arguments = with_help(&line.split_whitespace().collect::<Vec<_>>());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (status, _, stderr) = Project::empty().run(&arguments);
        assert_eq!(status, 0, "ganger {line}\n{stderr}");
    }
}

#[test]
fn every_procfile_and_ganger_toml_of_the_readme_is_read() {
    let page = read("README.md");
    let mut procfile = "";
    for (kind, text) in blocks(&page) {
        match kind {
            "procfile" => {
                procfile = text;
                let (status, _, stderr) = Project::new(text).run(&["check"]);
                assert_eq!(status, 0, "{text}\n{stderr}");
            }
            // It belongs to the Procfile before it, or to one with the types that it names.
            "toml" => {
                let types = text.lines().filter_map(|line| line.strip_prefix("[process.")?.strip_suffix(']'));
                let own: String = types.map(|name| format!("{name}: true\n")).collect();
                let is_of_the_last =
                    own.lines().all(|line| procfile.contains(&line[..=line.find(':').unwrap()]));
                let project = Project::new(if is_of_the_last { procfile } else { &own });
                let (status, _, stderr) = project.file("ganger.toml", text).run(&["check"]);
                assert_eq!(status, 0, "{text}\n{stderr}");
            }
            "" | "dockerfile" => {}
            other => panic!("a block of `{other}`: say how it is held"),
        }
    }
}

/// The lines of one process (`web.1`, `ganger`), without what differs from run to run.
fn lines_of(name: &str, lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .iter()
        .filter(|line| line.split('|').next().unwrap().trim() == name)
        .map(|line| {
            line.split_once('|').unwrap().1.chars().filter(|letter| !letter.is_ascii_digit()).collect()
        })
        .collect();
    // How often web speaks within two seconds, and the order in which instances start and exit, are free.
    if name == "ganger" {
        lines.sort();
    }
    lines.dedup();
    lines
}

/// The rows of a picture that docs/session has drawn.
fn rows_of(picture: &str) -> Vec<String> {
    read(picture)
        .lines()
        .filter(|line| line.starts_with("<text"))
        .map(|line| line.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect())
        .collect()
}

#[test]
fn the_picture_is_what_the_example_prints() {
    let drawn = rows_of("docs/session.svg");
    assert_eq!(drawn[0], "$ TICKS=2 ganger start -d examples/hello", "as docs/session runs it");
    let ports = Ports::claim();
    let project = Project::example("hello");
    let output = project.ganger(&["start", "-p", &ports.base()]).env("TICKS", "2").output().unwrap();
    let printed: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
    for name in ["ganger", "web.1", "worker.1", "clock.1"] {
        assert_eq!(lines_of(name, &drawn), lines_of(name, &printed), "`docs/session` draws it anew");
    }
}

/// What ganger itself prints there is tested in foreground.rs.
#[test]
fn the_picture_of_programs_that_draw_has_a_name_before_each_row() {
    let rows = rows_of("docs/terminal.svg");
    let mut next = rows.iter();
    for text in [
        "$ ganger start",
        "web.1    |   VITE",
        "import.1 | prices: ",
        "api.1    | (Pdb) ",
        "ganger   | api.1 waits for keys: `a api.1` and Enter gives it yours",
        "ganger   | &gt; a api",
        "[attached to api.1; Ctrl-] detaches]",
        "(Pdb) p prices",
        "ganger   | detached from api.1",
        "import.1 | prices: 100%",
    ] {
        assert!(next.any(|row| row.starts_with(text)), "{text:?} in {rows:#?}");
    }
    let begin = rows.iter().position(|row| row.ends_with("a api")).unwrap();
    let end = rows.iter().position(|row| row.contains("detached from")).unwrap();
    for row in rows[1..begin].iter().chain(&rows[end..]) {
        assert!(row.get(8..10) == Some(" |"), "{row:?} has no name");
    }
}

#[test]
fn the_pictures_of_the_screen_are_frames_of_it() {
    let rows = rows_of("docs/ui.svg");
    assert!(rows[0].starts_with("/tmp/shop · 4/5 ready · up 2"), "{}", rows[0]);
    let of = |row: &str| rows.iter().any(|drawn| drawn.contains(row));
    for row in [
        "  all  4/5 ready",
        "● web.1",
        "● worker.1",
        "✓ migrate.1",
        "● db.1",
        "✗ mail.1",
        "given up",
        "│GET /orders/",
    ] {
        assert!(of(row), "{row:?} in {rows:#?}");
    }
    assert!(rows.last().unwrap().starts_with("? keys  q quit"), "{rows:#?}");
    let rows = rows_of("docs/timeline.svg");
    let row = |name: &str| rows.iter().find(|row| row.contains(name)).unwrap();
    for (name, awaited) in
        [("* db.1", " - "), ("* migrate.1", " db.1 "), ("* web.1", " migrate.1 "), ("  worker.1", " db.1 ")]
    {
        assert!(row(name).contains(awaited) && row(name).contains('█'), "{name}: {rows:#?}");
    }
    assert!(row("* critical chain: db.1 ").contains(" s, migrate.1 "), "{rows:#?}");
}

#[test]
fn the_readme_is_short_and_its_figures_are_the_measured_ones() {
    let page = read("README.md");
    assert!(page.split_whitespace().count() <= 1200, "README has {}", page.split_whitespace().count());
    let section = page.split("\n## Speed\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let measured = read("docs/performance.md");
    let figures: Vec<&str> = section
        .split_whitespace()
        .filter(|word| word.contains('.') && word.bytes().next().is_some_and(|byte| byte.is_ascii_digit()))
        .collect();
    assert!(!figures.is_empty());
    for figure in figures {
        assert!(measured.contains(&format!("| {figure} |")), "{figure} is no figure of docs/performance.md");
    }
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let below = |page: &Path| page.strip_prefix(root()).unwrap().display().to_string();
    let pages: Vec<PathBuf> = files_below(&root().join("docs"), "md");
    let all: String = pages.iter().map(|page| std::fs::read_to_string(page).unwrap()).collect::<String>()
        + &read("README.md")
        + &read("CONTRIBUTING.md");
    for page in pages.iter().map(|page| below(page)).filter(|page| !page.starts_with("docs/design/")) {
        let name = page.rsplit('/').next().unwrap();
        assert!(all.contains(&format!("{name})")) || all.contains(&format!("{name}#")), "no link to {page}");
    }
}

/// docs/migrating.md has all of them.
#[test]
fn every_command_of_others_in_the_readme_is_taken() {
    let page = read("README.md");
    let spans = page.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n'));
    let theirs =
        spans.filter(|span| table::PEERS.iter().any(|peer| span.starts_with(&format!("{} ", peer.name))));
    let mut count = 0;
    for line in theirs {
        let words = translate(line.split(' ').map(OsString::from).collect()).words;
        let parsed = ganger::parts::cli::usage::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        count += 1;
    }
    assert!(count >= 6, "{count}");
}
