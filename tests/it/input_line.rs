//! Promised: what is typed into `start` stands whole below the stream while programs write, can be edited, and leaves no trace; the
//! terminal has its settings back at each end, and while ganger is not in the foreground.
//!
//! Not promised: that a line which is wider than the terminal after a resize leaves no row behind; the settings after `kill -9`
//! of both halves at once.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use crate::harness::{Pane, Project, Screen, are_there, holds};

const TWO_THAT_TALK: &str = "web: while echo a whole row; do sleep 0.02; done\n\
                             db: while printf 'one '; do sleep 0.02; echo 'of two pieces'; done\n";

/// A stack of programs that write all the time, in tmux; `None` without tmux.
fn talking() -> Option<(Project, Pane)> {
    if !are_there(&["tmux"]) {
        return None;
    }
    let project = Project::new(TWO_THAT_TALK);
    let pane = project.in_tmux(&["start", "--color=never", "--no-port"]);
    pane.shows("db.1   | one of two pieces");
    Some((project, pane))
}

fn last_row(screen: &str) -> &str {
    screen.trim_end().lines().last().unwrap_or_default()
}

fn is_below(pane: &Pane, line: &str) -> String {
    pane.is(&format!("{line:?} is the last row"), |screen| last_row(screen) == line)
}

fn check_rows(screen: &str) {
    // The command above them may take two rows.
    let rows: Vec<&str> = screen.lines().skip_while(|row| !row.starts_with("ganger")).collect();
    for row in &rows {
        let text = row.split_once(" | ").map(|(_, text)| text.trim_end());
        let is_whole = text.is_some_and(|text| {
            // A piece that stood alone for long was shown: the other one is a row of its own then.
            ["a whole row", "one of two pieces", "one", "of two pieces"].contains(&text)
                || row.starts_with("ganger")
        });
        assert!(is_whole || row.is_empty() || row.starts_with("> "), "{row:?} in {screen}");
    }
}

#[test]
fn a_line_that_is_typed_while_programs_talk_is_whole_and_so_are_their_rows() {
    let Some((_project, pane)) = talking() else { return };
    for (key, line) in [
        ("s", "> s"),
        (" ", ">"),
        ("w", "> s w"),
        ("e", "> s we"),
        ("b", "> s web"),
        ("=", "> s web="),
        ("2", "> s web=2"),
    ] {
        pane.press(&["-l", key]);
        check_rows(&is_below(&pane, if key == " " { "> s" } else { line }));
    }
    pane.resize(60, 20);
    check_rows(&is_below(&pane, "> s web=2"));
    pane.press(&["BSpace", "BSpace", "C-w", "C-u"]);
    check_rows(&pane.is("no line is shown", |screen| !screen.contains("> ")));
    pane.enter("s web=2");
    check_rows(&pane.shows("web.2  | a whole row"));
    pane.press(&["Up"]);
    is_below(&pane, "> s web=2");
    pane.press(&["BSpace", "1", "Home", "Right", "x", "C-h", "Enter"]);
    check_rows(&pane.has_shown("web.2 killed by SIGTERM"));
    pane.enter("q");
    pane.shows("ready>");
}

#[test]
fn enter_alone_marks_a_place_in_the_log() {
    let Some((_project, pane)) = talking() else { return };
    pane.press(&["Enter", "Enter", "Enter"]);
    pane.has_shown("ganger |\nganger |\nganger |\n");
    pane.enter("q");
    pane.shows("ready>");
}

#[test]
fn tab_completes_commands_and_names_and_a_long_line_scrolls() {
    let Some((_project, pane)) = talking() else { return };
    pane.press(&["-l", "sc\twe\t3"]);
    is_below(&pane, "> scale web=3");
    pane.press(&["C-u"]);
    pane.press(&["-l", "a db.\t"]);
    is_below(&pane, "> a db.1");
    pane.press(&["C-u"]);
    pane.press(&["-l", "l "]);
    pane.press(&["Tab"]);
    pane.has_shown("ganger | web  db");
    pane.press(&["C-u"]);
    pane.press(&["-l", &"0123456789".repeat(12)]);
    let line = format!(">…{}", &"0123456789".repeat(12)[120 - 77..]);
    check_rows(&is_below(&pane, &line).replace(&line, "> "));
    pane.press(&["Home"]);
    is_below(&pane, &format!("> {}", &"0123456789".repeat(8)[..77]));
    pane.press(&["C-k"]);
    pane.enter("q");
    pane.shows("ready>");
}

const QUIET: &str = "web: probe print ready + trap TERM bye 0 + wait\n";

fn start(stack: &Project) -> Screen {
    let mut screen = stack.on_terminal(&["start", "--color=never", "--no-port", "-t", "0.5"], (24, 80));
    let seen = screen.shows("web.1  | ready");
    assert!(!seen.contains('\x1b'), "nothing is drawn while nothing is typed: {seen:?}");
    assert!(holds(|| !screen.is_as_before()));
    screen
}

#[test]
fn several_lines_that_are_pasted_are_answered_one_after_the_other() {
    let stack = Project::new(QUIET);
    let mut screen = start(&stack);
    screen.type_keys(b"x1\nl web\nx2\x7f3\nl\r");
    for answer in ["`x1` is no command", "only lines of web", "`x3` is no command", "all lines are shown"] {
        screen.shows(answer);
    }
    screen.type_keys(b"q\n");
    screen.end();
}

#[test]
fn the_terminal_has_its_settings_back_after_each_end() {
    type MakeEnd = fn(&Project, &Screen);
    let ends: [(&str, MakeEnd); 6] = [
        ("q", |_, screen| screen.type_keys(b"q\n")),
        ("Ctrl-C", |_, screen| screen.type_keys(b"half a li\x03")),
        ("Ctrl-\\", |_, screen| screen.type_keys(b"\x1c")),
        ("down", |stack, _| assert_eq!(stack.run(&["down"]).0, 0)),
        ("kill -9 of the worker", |_, screen| kill_half(screen, true)),
        ("kill -9 of the monitor", |_, screen| kill_half(screen, false)),
    ];
    for (end, make_end) in ends {
        let stack = Project::new(QUIET);
        let mut screen = start(&stack);
        make_end(&stack, &screen);
        assert!(holds(|| screen.is_as_before()), "{end}");
        assert!(holds(|| screen.mark().processes().is_empty()), "{end}");
        screen.wait();
        assert!(screen.is_as_before(), "{end}");
    }
}

fn kill_half(screen: &Screen, is_worker: bool) {
    let children = format!("/proc/{0}/task/{0}/children", screen.pid());
    let worker: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
    let victim = if is_worker { worker } else { screen.pid() };
    kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
}

#[test]
fn ctrl_z_takes_the_line_away_and_gives_the_settings_back_until_fg() {
    let stack = Project::new(QUIET);
    let mut screen = start(&stack);
    screen.type_keys(b"s web=2");
    screen.shows("> s web=2");
    screen.type_keys(b"\x1a");
    assert!(matches!(screen.wait(), WaitStatus::Stopped(..)));
    assert!(screen.is_as_before());
    screen.shows("\r\x1b[K");
    screen.signal(Signal::SIGCONT);
    screen.shows("> s web=2");
    assert!(holds(|| !screen.is_as_before()));
    screen.type_keys(b"\n");
    screen.shows("web.2  | ready");
    screen.type_keys(b"q\n");
    screen.end();
    // In a shell that never touches the settings, what is typed after Ctrl-Z and beside a job is echoed.
    if !are_there(&["tmux"]) {
        return;
    }
    let pane = stack.in_tmux(&["start", "--color=never", "--no-port", "&"]);
    pane.shows("web.1  | ready");
    pane.enter("echo beside $((6 * 7))");
    assert!(pane.shows("beside 42").contains("echo beside $((6 * 7))"));
    pane.enter("fg");
    assert!(holds(|| {
        pane.enter("h");
        pane.text().contains("lines that are read here")
    }));
    pane.press(&["-l", "half"]);
    is_below(&pane, "> half");
    pane.press(&["C-z"]);
    pane.shows("Stopped");
    pane.enter("echo after $((6 * 8))");
    let screen = pane.shows("after 48");
    assert!(screen.contains("echo after $((6 * 8))") && !screen.contains("> half"), "{screen}");
    pane.enter("fg");
    is_below(&pane, "> half");
    pane.press(&["C-u"]);
    pane.enter("q");
    pane.shows("web.1 exited");
}
