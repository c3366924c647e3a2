//! Promised: on a terminal, `start` reads lines and answers each; `a NAME` gives the terminal to an instance;
//! the terminal is as it was after any end; in the background no key is taken from the shell.
//!
//! Not promised: what a terminal looks like when both halves of ganger are killed at the same moment while it is
//! attached; no process is left then to restore it.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use crate::harness::{Pane, Project, Screen, are_there, holds};

const SHELL: &str = "web: trap 'stty size' WINCH; echo up; while :; do read line; echo \"got $line\"; done\n\
                     other: probe print hello + trap HUP again 99 + trap TERM bye 0 + wait\n";

fn start(stack: &Project, arguments: &[&str]) -> Screen {
    let words = [&["start", "--color=never", "--no-port"], arguments].concat();
    stack.on_terminal(&words, (24, 80))
}

fn quit(screen: Screen) {
    screen.type_keys(b"q\n");
    let (status, _) = screen.end();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[test]
fn each_line_is_answered_and_none_reaches_a_program() {
    let stack = Project::new(SHELL);
    let mut screen = start(&stack, &[]);
    screen.shows("ready");
    for (line, answer) in [
        ("h\n", "ganger  | lines that are read here"),
        ("secret\n", "`secret` is no command, and no program gets it"),
        ("p\n", "ganger  | NAME"),
        ("a\n", "a needs the name of an instance"),
        ("a missing\n", "no type or instance is called `missing`"),
        ("r missing\n", "no type or instance is called `missing`"),
        ("l missing\n", "no type or instance is called `missing`"),
        ("s\n", "s needs a number of instances"),
    ] {
        screen.type_keys(line.as_bytes());
        screen.shows(answer);
    }
    screen.type_keys(b"\nr web\n");
    screen.shows("web.1 killed by SIGTERM");
    let between = screen.shows("up");
    assert!(!between.contains("got"), "{between}");
    quit(screen);
}

#[test]
fn only_lines_of_one_are_shown_until_all_are_again() {
    let stack = Project::new(SHELL);
    let mut screen = start(&stack, &[]);
    screen.shows("other.1 | ready");
    screen.type_keys(b"l web\n");
    screen.shows("only lines of web are shown");
    assert_eq!(stack.run(&["kill", "-s", "HUP", "other"]).0, 0);
    assert_eq!(stack.run(&["wait", "other", "--for", "log=again"]).0, 0);
    screen.type_keys(b"l\n");
    let between = screen.shows("all lines are shown");
    assert!(!between.contains("again"), "{between}");
    assert_eq!(stack.run(&["kill", "-s", "HUP", "other"]).0, 0);
    screen.shows("other.1 | again");
    quit(screen);
}

#[test]
fn with_a_and_a_name_keys_and_screen_are_the_programs_and_come_back() {
    let stack = Project::new(SHELL);
    let mut screen = start(&stack, &[]);
    screen.shows("up");
    assert!(holds(|| !screen.is_as_before()));
    let settings = screen.settings();
    screen.type_keys(b"a web\n");
    let before = screen.shows("[attached to web.1; Ctrl-] detaches]");
    assert_eq!(before.matches("Ctrl-]").count(), 1, "once: {before}");
    screen.shows("up\r\n");
    assert_ne!(screen.settings(), settings);
    screen.type_keys(b"size\r");
    screen.shows("24 80");
    screen.shows("got size");
    assert_eq!(stack.run(&["kill", "-s", "HUP", "other"]).0, 0);
    assert_eq!(stack.run(&["wait", "other", "--for", "log=again"]).0, 0);
    assert_eq!(stack.run(&["restart", "other"]).0, 0);
    screen.resize(20, 70);
    screen.signal(Signal::SIGWINCH);
    assert!(holds(|| {
        screen.type_keys(b"b\r");
        screen.shows("got b").contains("20 70")
    }));
    screen.type_keys(b"\x1d");
    let attached = screen.shows("detached from web.1; ");
    assert!(!attached.contains("again") && attached.contains("other.1 exited with status 0"), "{attached}");
    screen.shows("lines of others meanwhile:");
    let missed = screen.shows("other.1 | again");
    assert!(!missed.contains("web.1"), "{missed}");
    assert!(holds(|| screen.settings() == settings));
    screen.type_keys(b"p\n");
    screen.shows("ganger  | NAME");
    let (_, log, _) = stack.run(&["logs", "web"]);
    assert!(log.contains("got size"), "{log}");
    quit(screen);
}

#[test]
fn other_keys_detach_where_they_are_asked_for_and_control_bracket_is_the_programs() {
    let stack = Project::new("web: stty -icanon -echo; echo up; exec od -An -tx1 -w1 -v\n");
    let mut screen = start(&stack, &["--detach-keys", "ctrl-p,ctrl-q"]);
    screen.shows("up");
    screen.type_keys(b"a web\n");
    screen.shows("attached to web.1; Ctrl-P Ctrl-Q detaches");
    screen.shows("up\r\n");
    screen.type_keys(b"\x1d");
    screen.shows("1d");
    screen.type_keys(b"\x10\x01");
    screen.shows("10\r\n 01");
    screen.type_keys(b"\x10");
    screen.type_keys(b"\x11");
    screen.shows("detached from web.1");
    quit(screen);
    let (status, _, error) = stack.run(&["start", "--detach-keys", "ctrl-1"]);
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("expected a character or ctrl-LETTER"), "{error}");
}

#[test]
fn the_end_of_the_stack_gives_the_terminal_back_and_shows_the_last_lines() {
    let stack = Project::new(SHELL);
    let mut screen = start(&stack, &[]);
    screen.shows("up");
    screen.type_keys(b"a web\n");
    screen.shows("attached to web.1");
    screen.shows("up\r\n");
    assert_eq!(stack.run(&["down"]).0, 0);
    screen.shows("detached from web.1");
    assert!(holds(|| screen.is_as_before()));
    let (status, rest) = screen.end();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?} {rest}");
}

#[test]
fn the_terminal_is_put_back_when_either_half_is_killed_while_it_is_attached() {
    for kills_worker in [false, true] {
        let stack = Project::new("web: printf '\\033[?1049h\\033[?25l'; stty -echo; echo full; sleep 1000\n");
        let mut screen = start(&stack, &["-t", "0.2"]);
        screen.shows("full");
        screen.type_keys(b"a web\n");
        screen.shows("attached to web.1");
        screen.shows("full");
        assert!(!screen.is_as_before());
        let children = format!("/proc/{0}/task/{0}/children", screen.pid());
        let worker: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
        let victim = if kills_worker { worker } else { screen.pid() };
        kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
        screen.shows("\x1b[?25h\x1b[?1049l");
        assert!(holds(|| screen.is_as_before()), "{kills_worker}");
        assert!(holds(|| screen.mark().processes().is_empty()));
    }
}

#[test]
fn a_question_is_reported_as_keys_are_that_are_waited_for_and_a_line_that_is_begun_is_not() {
    let stack = Project::new(
        "ask: printf 'Proceed? [y/N]: '; read it; sleep 1000\nline: printf 'Loading: '; read it\n",
    );
    let mut screen = start(&stack, &[]);
    let seen = screen.shows("ask.1 waits for keys") + &screen.shows("| Loading: ");
    screen.type_keys(b"p\n");
    let between = seen + &screen.shows("ganger | NAME");
    assert!(!between.contains("line.1 waits"), "{between}");
    quit(screen);
}

#[test]
fn a_password_that_is_typed_without_attaching_is_neither_shown_nor_repeated_nor_recalled() {
    let stack = Project::new("ask: stty -echo; printf 'Password: '; read word; echo got $word; sleep 1000\n");
    let mut screen = start(&stack, &[]);
    screen.shows("ask.1 waits for keys: `a ask.1` and Enter gives it yours");
    screen.type_keys(b"hunter2");
    let typed = screen.shows("> *******");
    screen.type_keys(b"\n");
    let answer = screen.shows("no program gets what is typed here: `a NAME` and Enter");
    screen.type_keys(b"\x1b[A");
    screen.type_keys(b"a ask\n");
    let attached = screen.shows("attached to ask.1");
    screen.type_keys(b"hunter3\n");
    screen.shows("got hunter3");
    screen.type_keys(b"\x1d");
    screen.shows("detached from ask.1");
    assert!(!(typed + &answer + &attached).contains("unter"));
    quit(screen);
}

#[test]
fn a_prompt_for_keys_is_reported_once() {
    let stack = Project::new("keys: stty raw; printf '(Pdb) '; head -c 1; sleep 1000\n");
    let mut screen = start(&stack, &[]);
    screen.shows("keys.1 waits for keys: `a keys.1` and Enter gives it yours");
    screen.type_keys(b"a keys\n");
    screen.shows("attached to keys.1");
    screen.type_keys(b"\x1d");
    screen.shows("detached from keys.1");
    screen.type_keys(b"p\n");
    let between = screen.shows("ganger | NAME");
    assert!(!between.contains("waits"), "{between}");
    quit(screen);
}

#[test]
fn a_job_in_the_background_takes_no_key_and_reads_lines_again_after_fg() {
    if !are_there(&["tmux", "bash"]) {
        return;
    }
    let stack = Project::new(SHELL);
    // bash sends no SIGCONT to a job that runs when it comes to the foreground.
    let pane = stack.pane("exec bash --norc");
    pane.enter(&format!("{} start --color=never --no-port &", env!("CARGO_BIN_EXE_ganger")));
    pane.shows("| up");
    pane.enter("echo $((6 * 7)) mine");
    pane.shows("42 mine");
    fg(&pane);
    pane.press(&["C-z"]);
    pane.shows("Stopped");
    pane.enter("echo $((6 * 8)) mine");
    pane.shows("48 mine");
    pane.enter("bg");
    pane.enter("echo $((6 * 9)) mine");
    pane.shows("54 mine");
    fg(&pane);
    pane.enter("q");
    pane.shows("stopping all");
}

/// Brings the job to the foreground. What is typed while the shell is still about it is not heard.
fn fg(pane: &Pane) {
    pane.press(&["-R"]);
    pane.enter("fg");
    assert!(holds(|| {
        pane.enter("h");
        pane.text().contains("lines that are read here")
    }));
}

#[test]
fn nothing_is_read_where_json_is_printed() {
    let stack = Project::new(SHELL);
    let mut screen = start(&stack, &["--json"]);
    screen.shows("ready");
    screen.type_keys(b"q\n");
    assert_eq!(stack.run(&["kill", "-s", "HUP", "other"]).0, 0);
    screen.shows("again");
    screen.type_keys(b"\x03");
    let (_, rest) = screen.end();
    assert!(!rest.contains("ganger down"), "{rest}");
}
