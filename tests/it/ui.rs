//! Promised: `ganger ui` shows the stack and drives it by the keys that `?` lists; the terminal is as it was after any end.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Pane, Project, are_there, holds};

const STACK: &str =
    "web: probe print hello + trap TERM bye 0 + wait\ndb: probe print stored + trap TERM bye 0 + wait\n";
/// Cursor shown, keys and mouse as a shell has them: see [`Pane::modes`].
const MODES: &str = "010000";

/// A stack in the background, and the screen on it; `None` without tmux.
fn shown(procfile: &str) -> Option<(Project, Pane)> {
    if !are_there(&["tmux"]) {
        return None;
    }
    let project = Project::new(procfile);
    assert_eq!(project.run(&["start", "-D", "--no-port", "--exit-on", "never", "--pty", "always"]).0, 0);
    let pane = project.pane(&line_of(&project, "ui"));
    pane.shows("quit");
    Some((project, pane))
}

/// The line that runs the screen in a shell of the pane.
fn line_of(project: &Project, words: &str) -> String {
    let state = project.state();
    format!("XDG_STATE_HOME={} GANGER_NO_PORT=1 {} {words}", state.display(), env!("CARGO_BIN_EXE_ganger"))
}

fn press(pane: &Pane, key: &str) {
    pane.press(&["-l", key]);
}

/// Leaves the screen: the terminal is as it was, and the stack too.
fn leave(project: &Project, pane: &Pane) {
    press(pane, "q");
    pane.shows("ready>");
    assert_eq!(pane.modes(), MODES);
    assert!(project.is_up());
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn the_list_and_the_log_are_shown_and_the_stack_goes_on_when_the_screen_is_left() {
    let Some((project, pane)) = shown(STACK) else { return };
    pane.is("both logs with their names", |screen| {
        screen.contains("web.1 | hello") && screen.contains("db.1  | stored") && screen.contains("2/2 ready")
    });
    assert_eq!(pane.modes(), "101000", "the other screen, no cursor, the mouse");
    pane.press(&["Down", "Down"]);
    pane.is("the log of db.1 alone", |screen| screen.contains("stored") && !screen.contains("hello"));
    pane.press(&["Up"]);
    pane.is("the log of web.1 alone", |screen| screen.contains("hello") && !screen.contains("stored"));
    press(&pane, " ");
    press(&pane, " ");
    pane.is("both are marked", |screen| screen.contains("hello") && screen.contains("stored"));
    pane.press(&["Escape"]);
    pane.is("no marks", |screen| !screen.contains("hello"));
    leave(&project, &pane);
}

#[test]
fn keys_of_the_stack_ask_once_and_the_command_line_sees_what_they_did() {
    let Some((project, pane)) = shown(STACK) else { return };
    pane.press(&["Down"]);
    press(&pane, "r");
    pane.shows("restart web.1?");
    press(&pane, "n");
    pane.shows("nothing was done");
    press(&pane, "r");
    pane.shows("restart web.1?");
    press(&pane, "y");
    pane.shows("restart web.1: done");
    press(&pane, "s");
    pane.shows("stop web.1?");
    press(&pane, "y");
    pane.shows("stop web.1: done");
    let state = |name: &str| {
        let (_, status) = project.json(&["ps", "--json"]);
        let rows = status["instances"].as_array().unwrap().clone();
        rows.iter().find(|row| row["name"] == name).map(|row| row["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state("web.1").as_deref(), Some("stopped"));
    // And the screen sees what the command line did.
    assert_eq!(project.run(&["start", "web"]).0, 0);
    pane.shows("running");
    press(&pane, "+");
    pane.shows("scale web+1: done");
    assert_eq!(state("web.2").as_deref(), Some("running"));
    press(&pane, "-");
    pane.shows("stop web.2");
    press(&pane, "y");
    pane.shows("scale web-1: done");
    assert_eq!(state("web.2"), None);
    press(&pane, "k");
    pane.shows("signal to send");
    pane.enter("NOSUCH");
    pane.shows("no signal is called NOSUCH");
    press(&pane, "k");
    pane.shows("signal to send");
    pane.press(&["Enter"]);
    pane.shows("bye");
    press(&pane, "q");
    pane.shows("ready>");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn the_log_is_searched_filtered_scrolled_and_copied() {
    let Some((project, pane)) =
        shown("web: seq -f 'row %g' 300; echo an ERROR; seq -f 'more %g' 300; sleep 1000\n")
    else {
        return;
    };
    pane.press(&["Down"]);
    pane.shows("more 300");
    press(&pane, "/");
    pane.enter("error");
    pane.shows("an ERROR");
    press(&pane, "G");
    pane.shows("more 300");
    press(&pane, "/");
    pane.enter("row 29.");
    pane.is("the nearest match above", |screen| screen.contains("row 299"));
    press(&pane, "n");
    pane.shows("the search goes on at the oldest row");
    press(&pane, "N");
    pane.shows("the search goes on at the latest row");
    press(&pane, "g");
    pane.is("the oldest row", |screen| screen.contains("row 1\n") || screen.contains("row 1 "));
    press(&pane, "f");
    pane.enter("[05]0$");
    pane.is("filtered", |screen| screen.contains("more 250") && !screen.contains("more 251"));
    press(&pane, "F");
    pane.is("the end is followed", |screen| {
        screen.contains("more 300") && !screen.contains("[not following]")
    });
    press(&pane, "f");
    pane.press(&["Enter"]);
    pane.shows("more 299");
    pane.press(&["PageUp"]);
    pane.shows("[not following]");
    press(&pane, "T");
    pane.is("times", |screen| screen.lines().any(|line| line.contains(':') && line.contains(" more ")));
    press(&pane, "y");
    pane.shows("rows copied");
    pane.press(&["Tab"]);
    pane.is("the list is one line", |screen| screen.contains("web.1 1/1"));
    press(&pane, "?");
    pane.shows("PgUp, Ctrl-B");
    press(&pane, "q");
    press(&pane, "e");
    pane.shows("Environment of web");
    press(&pane, "x");
    press(&pane, "o");
    pane.shows("has no URL");
    leave(&project, &pane);
}

#[test]
fn an_instance_is_attached_on_the_whole_terminal_and_left_again() {
    let Some((project, pane)) = shown("web: echo question; read answer; echo \"got $answer\"; sleep 1000\n")
    else {
        return;
    };
    pane.press(&["Down"]);
    press(&pane, "a");
    pane.shows("[attached to web.1");
    pane.enter("forty");
    pane.shows("got forty");
    pane.press(&["C-]"]);
    pane.shows("back from web.1");
    pane.is("the screen", |screen| screen.contains("got forty") && screen.contains("1/1 ready"));
    leave(&project, &pane);
}

#[test]
fn what_ended_the_stack_stays_on_the_screen() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project =
        Project::new("web: echo boom; while [ ! -e go ]; do sleep 0.1; done; exit 3\nother: probe wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    let pane = project.pane(&line_of(&project, "ui other"));
    pane.shows("quit");
    std::fs::write(project.path().join("go"), "").unwrap();
    pane.is("how it ended, and the last lines of what ended it", |screen| {
        screen.contains("ended at")
            && screen.contains("boom")
            && screen.contains("web.1 ended first: exited with status 3")
    });
    press(&pane, "q");
    pane.shows("ready>");
    assert_eq!(pane.modes(), MODES);
}

#[test]
fn a_stack_that_is_started_for_the_screen_ends_with_it_however_that_ends() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project = Project::new(STACK);
    let pane = project.pane(&line_of(&project, "ui"));
    pane.shows("web.1 | hello");
    press(&pane, "q");
    pane.shows("stop the stack (2 instances)");
    press(&pane, "y");
    assert!(holds(|| project.run(&["ps"]).0 == 3), "nothing runs");
    pane.is("the shell", |screen| !screen.contains("quit"));
    assert_eq!(pane.modes(), MODES);
    // `d` leaves it in the background.
    pane.enter(&format!("clear; {}", line_of(&project, "ui")));
    pane.shows("web.1 | hello");
    press(&pane, "d");
    pane.is("the shell", |screen| !screen.contains("quit"));
    assert!(project.is_up());
    assert_eq!(project.run(&["down"]).0, 0);
    // By SIGKILL: the keeper restores the terminal, and the lease ends.
    pane.enter(&format!("clear; sh -c 'echo $$ >pid; exec env {}'", line_of(&project, "ui")));
    pane.shows("web.1 | hello");
    let pid: i32 = std::fs::read_to_string(project.path().join("pid")).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    assert!(holds(|| project.run(&["ps"]).0 == 3), "nothing runs");
}

#[test]
fn the_terminal_is_restored_when_the_screen_is_killed() {
    let Some((project, pane)) = shown(STACK) else { return };
    pane.press(&["C-z"]);
    pane.is("suspended", |screen| screen.contains("ready>"));
    assert_eq!(pane.modes(), MODES);
    pane.enter("jobs -p >pid; fg");
    pane.shows("2/2 ready");
    let pid: i32 = std::fs::read_to_string(project.path().join("pid")).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    pane.is("the shell", |screen| screen.contains("ready>"));
    assert!(holds(|| pane.modes() == MODES), "{}", pane.modes());
    pane.enter("stty -a | tr ' ' '\\n' | grep -x -e icanon -e -icanon");
    pane.is("lines again", |screen| screen.contains("\nicanon"));
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn without_a_terminal_the_text_of_the_other_commands_is_named() {
    let project = Project::new(STACK);
    let (status, out, error) = project.run(&["ui"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(error.contains("ui needs a terminal") && error.contains("ganger ps"), "{error}");
}
