//! Promised: `ganger ui` shows the stack that runs, or one that is started for it; the command line sees what its keys do; the terminal is
//! as it was after any end. `ui_keys` has each key.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Pane, Project, are_there, holds};
use crate::injection::is_traceable;

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
fn an_instance_is_attached_on_the_whole_terminal_and_left_again() {
    let Some((project, pane)) = shown("web: echo question; read answer; echo \"got $answer\"; sleep 1000\n")
    else {
        return;
    };
    pane.shows("1/1 ready");
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
    pane.enter("jobs -p >pid; stty -g >before; fg");
    pane.shows("2/2 ready");
    let pid: i32 = std::fs::read_to_string(project.path().join("pid")).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    pane.is("the shell", |screen| screen.contains("ready>"));
    assert!(holds(|| pane.modes() == MODES), "{}", pane.modes());
    pane.enter("stty -g | cmp - before && echo as it was");
    pane.is("the settings", |screen| screen.contains("\nas it was"));
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn without_a_terminal_the_text_of_the_other_commands_is_named() {
    let project = Project::new(STACK);
    let (status, out, error) = project.run(&["ui"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(error.contains("ui needs a terminal") && error.contains("ganger ps"), "{error}");
}

#[test]
fn start_with_ui_shows_the_stack_that_it_starts() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project = Project::new(&format!("{STACK}other: probe wait\n"));
    let pane = project.pane(&line_of(&project, "start --ui web=2 db=1"));
    pane.is("the types of the command line alone", |screen| {
        screen.contains("3/3 ready") && screen.contains("web.2 | hello") && !screen.contains("other.1")
    });
    press(&pane, "d");
    pane.has_ended();
    assert_eq!(project.run(&["stop", "db"]).0, 0);
    // Of a stack that runs, the types are started.
    pane.enter(&format!("clear; {}", line_of(&project, "start --ui db")));
    pane.is("the log of db.1 alone", |screen| {
        screen.contains("3/3 ready") && screen.contains("stored") && !screen.contains("hello")
    });
    press(&pane, "q");
    pane.has_ended();
    assert!(project.is_up());
    pane.enter(&format!("clear; {}", line_of(&project, "start --ui web=3")));
    pane.shows("a stack runs here already");
    assert_eq!(project.run(&["down"]).0, 0);
    // It ends with the screen.
    pane.enter(&format!("clear; {}", line_of(&project, "start --ui other=1")));
    pane.shows("1/1 ready");
    press(&pane, "q");
    pane.shows("stop the stack (1 instance)");
    press(&pane, "y");
    pane.has_ended();
    assert_eq!(project.run(&["ps"]).0, 3);
    let (status, _, error) = project.run(&["start", "--ui", "-D"]);
    assert!(status == 2 && error.contains("cannot be used with"), "{error}");
    let (status, _, error) = project.run(&["start", "--ui"]);
    assert!(status == 1 && error.contains("start --ui needs a terminal"), "{error}");
}

#[test]
fn a_terminal_without_colours_and_unicode_gets_none() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project = Project::new("web: printf '\\033[31mgr\\303\\274n\\033[0m\\n'; sleep 1000\n");
    assert_eq!(project.run(&["start", "-D", "--no-port", "--pty", "always"]).0, 0);
    let pane = project.pane(&format!("clear; NO_COLOR=1 LC_ALL=C {}", line_of(&project, "ui")));
    pane.is("ASCII alone", |screen| {
        screen.contains("1/1 ready") && screen.contains("web.1 | gr?n") && screen.is_ascii()
    });
    // 39 is the terminal's own.
    let has_colours = |pane: &Pane| (0..8).any(|color| pane.styled().contains(&format!("\x1b[3{color}m")));
    assert!(!has_colours(&pane), "{}", pane.styled());
    press(&pane, "q");
    pane.has_ended();
    pane.enter(&format!("clear; {}", line_of(&project, "ui")));
    pane.shows("web.1 | grün");
    assert!(has_colours(&pane), "{}", pane.styled());
    leave(&project, &pane);
}

#[test]
fn a_panic_of_the_screen_is_told_when_the_terminal_is_restored() {
    if !are_there(&["tmux"]) || !is_traceable() {
        return;
    }
    let project = Project::new(STACK);
    assert_eq!(project.run(&["start", "-D", "--no-port", "--exit-on", "never"]).0, 0);
    // The first getrandom(2) of the thread that asks for the status: std panics where it fails. That of the first thread is malloc's,
    // which goes on without.
    let ganger = line_of(&project, "ui");
    let inject = "-e trace=getrandom -e inject=getrandom:error=EIO:when=1";
    let pane =
        project.pane(&format!("clear; strace -f -qq -o strace.log {inject} env {ganger}; echo status $?"));
    pane.is("the message, and the status", |screen| {
        screen.contains("error: the screen ended by a defect at ") && screen.contains("\nstatus 125")
    });
    assert_eq!(pane.modes(), MODES);
    assert!(project.is_up(), "the stack goes on");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn the_stack_is_found_by_its_folder_and_name() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project = Project::new(STACK);
    assert_eq!(project.run(&["start", "-D", "--no-port", "--name", "second"]).0, 0);
    std::fs::create_dir(project.path().join("elsewhere")).unwrap();
    let pane = project.pane(&format!("cd elsewhere; {}", line_of(&project, "ui -d .. --name second db")));
    pane.is("the log of db.1 alone", |screen| {
        screen.contains("(second) · 2/2 ready") && screen.contains("stored") && !screen.contains("hello")
    });
    press(&pane, "q");
    pane.has_ended();
    assert_eq!(project.run(&["down", "--name", "second"]).0, 0);
}
