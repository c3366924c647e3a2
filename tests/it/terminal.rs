//! On a terminal: keys, sizes, prompts, and the terminal as it was.

use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;

use crate::hangup::is_session_leader;
use crate::harness::{Project, holds};

#[test]
fn control_c_stops_the_stack_and_leaves_the_terminal_as_it_was() {
    let project = Project::new("web: probe trap TERM bye 0 + wait\n");
    let mut screen = project.start_on_terminal(&[]);
    screen.shows("ready");
    screen.type_keys(b"\x03");
    screen.shows("SIGINT received: stopping all");
    screen.shows("bye");
    let status = screen.wait();
    assert!(screen.is_as_before());
    assert!(screen.mark().processes().is_empty());
    assert!(matches!(status, WaitStatus::Signaled(_, Signal::SIGINT, _)), "{status:?}");
}

#[test]
fn control_z_stops_all_and_fg_lets_all_go_on() {
    let project = Project::new("web: probe trap CONT on 99 + trap TERM bye 0 + wait\n");
    let mut screen = project.start_on_terminal(&["--color=never"]);
    screen.shows("ready");
    screen.type_keys(b"\x1a");
    let status = screen.wait();
    assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
    let processes = screen.mark().processes();
    let letters: Vec<String> =
        processes.iter().filter(|(pid, _)| !is_session_leader(*pid)).map(|(pid, _)| state(*pid)).collect();
    assert_eq!(letters, ["T", "T", "T"], "monitor, worker and instance stand still");
    screen.signal(Signal::SIGCONT);
    screen.shows("| on");
    screen.type_keys(b"\x03");
    screen.end();
}

fn state(pid: i32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().next().unwrap().to_string()
}

#[test]
fn closing_the_terminal_lets_every_program_clean_up() {
    let project = Project::new("web: probe trap TERM bye 99 + trap USR1 x 0 + wait\nother: ./clean\n").program(
        "clean",
        "#!/bin/sh\ntrap 'echo cleaned > cleaned; exit 0' TERM\necho armed\nwhile :; do sleep 0.05; done\n",
    );
    let mut screen = project.start_on_terminal(&["-t", "1m,web=500ms"]);
    screen.shows("armed");
    screen.close();
    screen.end();
    assert!(project.path().join("cleaned").exists());
}

#[test]
fn instances_have_a_terminal_of_our_size_less_the_prefix_and_follow_it() {
    let project = Project::new("web: probe size + trap WINCH changed 0 + wait\n");
    let mut screen = project.on_terminal(&["start", "--color=never"], (40, 120));
    screen.shows("rows: 40, columns: 111");
    screen.shows("ready");
    screen.resize(30, 100);
    screen.signal(Signal::SIGWINCH);
    screen.shows("changed");
    screen.end();
}

#[test]
fn a_question_without_a_newline_is_seen_and_another_line_starts_a_fresh_row() {
    let project = Project::new(
        "web: probe ask Proceed? + wait\nother: until [ -e go ]; do probe pause 5; done; echo elsewhere; probe wait\n",
    );
    let mut screen = project.start_on_terminal(&["--color=never"]);
    screen.shows("web.1   | Proceed? ");
    project.write("go", "");
    let between = screen.shows("elsewhere");
    assert!(between.contains("\r\nother.1 | elsewhere"), "{between:?}");
    screen.type_keys(b"\x03");
    screen.end();
}

#[test]
fn a_progress_bar_keeps_its_prefix() {
    let project = Project::new("web: probe bytes 3130250d3230250d3330250a + wait\n");
    let mut screen = project.start_on_terminal(&["--color=never"]);
    let bar = screen.shows("30%");
    assert!(bar.ends_with("web.1  | 30%"), "{bar:?}");
    screen.type_keys(b"\x03");
    screen.end();
}

#[test]
fn what_is_typed_reaches_no_instance() {
    let project = Project::new("web: probe print asking + read + print got\n");
    let mut screen = project.start_on_terminal(&["--color=never"]);
    screen.shows("asking");
    screen.type_keys(b"secret\n");
    screen.type_keys(b"\x03");
    let (_, rest) = screen.end();
    assert!(!rest.contains("read"), "{rest:?}");
}

#[test]
fn colours_are_there_on_a_terminal_and_gone_with_no_color() {
    let project = Project::new("web: probe print hello + wait\n");
    let mut screen = project.start_on_terminal(&[]);
    assert!(screen.shows("hello").contains("\u{1b}["));
    screen.type_keys(b"\x03");
    screen.end();
}

#[test]
fn after_sigkill_the_terminal_is_as_it_was_and_nothing_is_left() {
    let project = Project::new("web: probe trap TERM bye 0 + wait\n");
    let mut screen = project.start_on_terminal(&[]);
    screen.shows("ready");
    screen.signal(Signal::SIGKILL);
    screen.shows("bye");
    assert!(holds(|| screen.is_as_before()));
    assert!(holds(|| screen.mark().processes().is_empty()));
}
