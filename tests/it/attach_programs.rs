//! Promised: debuggers and programs on the whole screen, driven through `attach` on a real screen (tmux): prompt,
//! breakpoint, size, leaving and coming back, and the screen as the program left it.

use crate::harness::{Pane, Project, are_there};

const PTY: &[&str] = &["--pty", "always", "--exit-on", "never", "--no-port"];

fn leave(pane: &Pane, name: &str) {
    pane.press(&["C-]"]);
    pane.shows(&format!("[detached from {name}]\nready>"));
}

#[test]
fn pdb_stops_at_a_breakpoint_and_goes_on() {
    if !are_there(&["tmux", "python3"]) {
        return;
    }
    let stack = Project::new("web: python3 program.py\n");
    let program = "import time\ndef work(x):\n    breakpoint()\n    print('worked', x)\nwork(41)\nwork(42)\ntime.sleep(1000)\n";
    std::fs::write(stack.path().join("program.py"), program).unwrap();
    let running = stack.start_until(PTY, &["-> print('worked', x)"]);
    let pane = stack.in_tmux(&["attach", "web"]);
    pane.shows("(Pdb)");
    pane.enter("p x + 1");
    pane.shows("\n42\n");
    leave(&pane, "web.1");
    pane.enter(&format!("clear; {} attach web", env!("CARGO_BIN_EXE_ganger")));
    // It is redrawn as it was.
    pane.shows("(Pdb) p x + 1\n42\n(Pdb)");
    pane.enter("continue");
    pane.shows("worked 41");
    pane.enter("p x * 100");
    pane.shows("4200");
    pane.enter("c");
    pane.shows("worked 42");
    leave(&pane, "web.1");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn node_inspect_is_driven_from_break_to_end() {
    if !are_there(&["tmux", "node"]) {
        return;
    }
    let stack = Project::new("web: node inspect --port=0 program.js\n");
    let program = "const start = 40;\nfunction work(x) {\n  debugger;\n  return x + 2;\n}\nconsole.log('worked', work(start));\nsetInterval(() => {}, 1000);\n";
    std::fs::write(stack.path().join("program.js"), program).unwrap();
    let running = stack.start_until(PTY, &["web.1 started"]);
    let pane = stack.in_tmux(&["attach", "web"]);
    pane.shows("> 1 const start");
    pane.shows("debug>");
    pane.enter("cont");
    pane.shows("> 3   debugger;");
    pane.enter("exec('x * 100')");
    pane.shows("4000");
    pane.resize(100, 30);
    leave(&pane, "web.1");
    pane.enter(&format!("clear; {} attach web", env!("CARGO_BIN_EXE_ganger")));
    pane.shows("debug>");
    pane.enter("cont");
    pane.shows("worked 42");
    leave(&pane, "web.1");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn vi_is_redrawn_in_the_middle_of_an_edit_and_the_screen_is_given_back() {
    if !are_there(&["tmux", "vim"]) {
        return;
    }
    let stack = Project::new("edit: TERM=xterm-256color vim -u NONE -N --not-a-term -n file\n");
    let lines: String = (1..=100).map(|line| format!("line {line}\n")).collect();
    std::fs::write(stack.path().join("file"), lines).unwrap();
    let running = stack.start_until(PTY, &["edit.1 started"]);
    let pane = stack.in_tmux(&["attach", "edit"]);
    let modes = "010000";
    pane.shows("line 22");
    pane.press(&["5", "G", "o"]);
    pane.press(&["-l", "half a "]);
    pane.shows("-- INSERT --");
    let before = pane.shows("line 5\nhalf a\nline 6\n");
    leave(&pane, "edit.1");
    assert_eq!(pane.modes(), modes, "the screen of before, with its cursor and keys");
    assert!(!pane.text().contains("line 5"));
    pane.enter(&format!("{} attach edit", env!("CARGO_BIN_EXE_ganger")));
    pane.is("the screen is as vi left it", |screen| screen == before);
    pane.press(&["-l", "word"]);
    pane.shows("half a word\n");
    pane.resize(40, 10);
    pane.is("it has another size", |screen| screen.lines().count() == 10 && screen.contains("-- INSERT --"));
    pane.press(&["Escape"]);
    pane.enter(":w saved");
    pane.shows("written");
    leave(&pane, "edit.1");
    assert_eq!(pane.modes(), modes);
    let saved = std::fs::read_to_string(stack.path().join("saved")).unwrap();
    assert!(saved.contains("line 5\nhalf a word\nline 6\n"));
    stack.run(&["down", "-t", "0"]);
    running.end();
}
