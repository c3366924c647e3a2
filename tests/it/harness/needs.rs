//! What a test needs of the machine, and may not find.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What was skipped, for tests/skipped.rs.
const LIST: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/skipped");
/// Another file for it.
const LIST_VARIABLE: &str = "GANGER_TEST_SKIPPED";

/// Whether a test can be done here. Where it cannot that is said, or it is a failure if all tests must run
/// (TESTS_MUST_RUN).
pub(crate) fn can(what: &str, is_possible: bool) -> bool {
    if !is_possible {
        let must_run = std::env::var_os("TESTS_MUST_RUN").is_some_and(|value| !value.is_empty());
        assert!(!must_run, "not to be had here: {what}");
        say_skipped(what);
    }
    is_possible
}

/// Says that this test is skipped for want of `what`: on standard error itself, as libtest keeps from view what
/// `eprint!` writes in a test that passes, and again when all tests have ended (tests/skipped.rs).
pub(crate) fn say_skipped(what: &str) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: not to be had here: {what}\n", thread.name().unwrap_or("a test"));
    let _ = std::io::stderr().write_all(line.as_bytes());
    let list = std::env::var_os(LIST_VARIABLE).unwrap_or_else(|| LIST.into());
    let list = OpenOptions::new().create(true).append(true).open(list);
    list.and_then(|mut list| list.write_all(line.as_bytes())).unwrap();
}

/// Whether this build finds every process below it, and all facts of each, as Linux can; not so with `--cfg portable`, which has the
/// process tree of macOS. Then that is said, and is no failure (docs/reliability.md has what escapes there).
pub(crate) fn sees_every_process() -> bool {
    if cfg!(portable) {
        say_skipped("every process below ganger, however short it lives");
    }
    !cfg!(portable)
}

/// Whether all of these programs are installed.
pub(crate) fn are_there(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        can(program, found.is_ok_and(|output| output.status.success()))
    })
}

/// Whether python has all of these modules.
pub(crate) fn python_has(modules: &[&str]) -> bool {
    are_there(&["python3"])
        && modules.iter().all(|module| {
            let found = Command::new("python3").args(["-c", &format!("import {module}")]).output();
            can(&format!("{module} for python3"), found.is_ok_and(|output| output.status.success()))
        })
}

/// Waits for a fact that no line and no exit tells; whether it became so in time.
pub(crate) fn holds(mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > end {
            return false;
        }
        // Long enough to leave the processor to the one that is waited for.
        std::thread::park_timeout(Duration::from_millis(1));
    }
    true
}

#[test]
fn what_is_skipped_is_seen_where_libtest_hides_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let name = "corpus::real_procfiles_are_read_as_the_index_says";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name]).env("GANGER_CORPUS", folder.path()).env(LIST_VARIABLE, &list);
    let output = command.output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with(&format!("skipped: {name}: not to be had here: a corpus at ")), "{said}");
    assert_eq!(std::fs::read_to_string(list).unwrap(), said);
}
