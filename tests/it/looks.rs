//! What stands out in the stream: failures, and the end of a stack in which one happened.

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::harness::Project;

/// The rows from this one on, without times.
fn rows_from(lines: &[String], start: &str) -> Vec<String> {
    let rows = lines.iter().skip_while(|line| !line.contains(start));
    rows.map(|line| {
        line.split_once(" after ").map_or(line.clone(), |(text, rest)| {
            format!("{text} after{}", rest.find(';').map_or("", |at| &rest[at..]))
        })
    })
    .collect()
}

/// Both of these, of which the first runs `bad` when the other will say something at the stop.
fn beside_a_polite_one(bad: &str) -> Project {
    let polite = "trap 'echo bye; exit 0' TERM; echo go >said; read word <never";
    let project = Project::new(&format!("bad: read go <said; {bad}\nother: {polite}\n"));
    for name in ["said", "never"] {
        mkfifo(&project.path().join(name), Mode::S_IRWXU).unwrap();
    }
    project
}

#[test]
fn the_last_lines_of_what_failed_are_repeated_at_the_end() {
    let program = "for i in $(seq 12); do echo \"line $i\"; done; printf '\\033[31mred\\033[0m\\n'; exit 3\n";
    let project = beside_a_polite_one("sh program").file("program", program);
    let (status, lines) = project.start(&["--no-port"]).end();
    assert_eq!(status.code(), Some(3));
    let expected: Vec<String> =
        std::iter::once("ganger  | bad.1 exited with status 3 after; its last lines:".into())
            .chain((4..=12).map(|number| format!("ganger  |     line {number}")))
            .chain([
                "ganger  |     red".into(),
                "ganger  | bad.1 ended first: exited with status 3 after".into(),
            ])
            .collect();
    assert_eq!(rows_from(&lines, "its last lines:"), expected, "{lines:?}");
}

#[test]
fn the_last_lines_are_not_repeated_right_below_themselves() {
    let project = Project::new("bad: echo boom; exit 3\nother: exec sleep 1000\n");
    let (_, lines) = project.start(&["--no-port"]).end();
    assert!(!lines.iter().any(|line| line.contains("its last lines:")), "{lines:?}");
    assert!(lines.last().unwrap().contains("bad.1 ended first: exited with status 3"), "{lines:?}");
}

#[test]
fn a_stack_that_is_stopped_repeats_what_failed_before_and_nothing_else() {
    let project =
        Project::new("bad: sh -c 'echo boom; exit 1'\ngood: probe trap TERM bye 0 + print hello + wait\n");
    let mut stack = project.start_until(&["--no-port", "--exit-on", "never"], &["hello", "bad.1 exited"]);
    stack.signal(Signal::SIGINT);
    stack.wait();
    let rows = rows_from(&stack.all_said(), "its last lines:");
    assert_eq!(rows, ["ganger | bad.1 exited with status 1 after; its last lines:", "ganger |     boom"]);

    let project = Project::new("one: probe print hello + wait\ntwo: probe print there + wait\n");
    let mut stack = project.start_until(&["--no-port"], &["hello", "there"]);
    stack.signal(Signal::SIGINT);
    stack.wait();
    let lines = stack.all_said();
    assert!(rows_from(&lines, "its last lines:").is_empty(), "{lines:?}");
}

#[test]
fn a_failure_is_red_and_what_was_asked_to_end_is_not() {
    let project = beside_a_polite_one("echo boom; exit 1");
    let (_, lines) = project.start(&["--no-port", "--color=always"]).end();
    let is_red = |text: &str| {
        let line =
            lines.iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {lines:?}"));
        line.contains(&format!("\x1b[31m{text}"))
    };
    for text in ["bad.1 exited with status 1", "bad.1 ended first", "    boom"] {
        assert!(is_red(text), "{text}: {lines:?}");
    }
    assert!(!is_red("other.1 exited with status 0"), "{lines:?}");
}
