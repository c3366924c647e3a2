//! Promised: each key of docs/ui.md does what its row says, and so does the mouse: pressed in tmux, seen by its effect.

use std::collections::BTreeSet;

use crate::harness::{Pane, Ports, Project, are_there, holds};

/// 600 rows and one of 170 columns; a program that tells that it was signalled.
const PROCFILE: &str = "\
web: seq -f 'row %g' 300; echo an ERROR; seq -f 'more %g' 299; echo \"long $(seq -s - 60) end\"; exec python3 -m http.server $PORT >/dev/null 2>&1
db: probe print stored + trap HUP hangup 7 + trap TERM bye 0 + wait
";

/// The screen on a stack in the background, and the keys that were pressed.
struct Keys {
    project: Project,
    ports: Ports,
    pane: Pane,
    pressed: BTreeSet<String>,
}

impl Keys {
    /// `None` where a program is missing.
    fn start() -> Option<Self> {
        if !are_there(&["tmux", "python3"]) {
            return None;
        }
        // What db prints is below the rows of web.
        let project = Project::new(PROCFILE)
            .file("ganger.toml", "[process.db]\nafter = \"web\"\n")
            .program("browser", "#!/bin/sh\necho \"$1\" >opened\n");
        let ports = Ports::claim();
        let stack = ["start", "-D", "-p", &ports.base(), "--exit-on", "never", "--pty", "always", "--wait"];
        assert_eq!(project.run(&stack).0, 0);
        let pane = project.pane("");
        let keys = Self { project, ports, pane, pressed: BTreeSet::new() };
        keys.open();
        Some(keys)
    }

    /// Opens the screen in the shell.
    fn open(&self) {
        let ganger = env!("CARGO_BIN_EXE_ganger");
        let state = self.project.state();
        self.pane.enter(&format!("clear; BROWSER=./browser XDG_STATE_HOME={} {ganger} ui", state.display()));
        self.is("the screen", |screen| screen.contains("2/2 ready") && screen.contains("q quit"));
    }

    /// Presses the key with this name in the table.
    fn press(&mut self, name: &str) {
        let key = match name {
            "PgUp" => "PageUp".into(),
            "PgDn" => "PageDown".into(),
            "Esc" => "Escape".into(),
            _ => match name.split_once('-') {
                Some(("Ctrl", letter)) => format!("C-{}", letter.to_lowercase()),
                Some(("Shift", key)) => format!("S-{key}"),
                _ => name.to_owned(),
            },
        };
        if key.chars().count() == 1 {
            self.pane.press(&["-l", &key]);
        } else {
            self.pane.press(&[&key]);
        }
        self.pressed.insert(name.to_owned());
    }

    fn is(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.pane.is(what, is_so)
    }

    /// Presses the key, and waits for its effect.
    fn effect(&mut self, name: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.press(name);
        self.is(&format!("the effect of {name}"), is_so)
    }

    /// Presses the key, and waits until this text is on the screen.
    fn shows(&mut self, name: &str, text: &str) -> String {
        self.effect(name, |screen| screen.contains(text))
    }

    /// Presses the key, types this line into its prompt, and waits until this text is on the screen.
    fn prompt(&mut self, name: &str, line: &str, text: &str) {
        self.press(name);
        self.pane.enter(line);
        self.pane.shows(text);
    }

    /// What the command line knows of an instance.
    fn state(&self, instance: &str) -> serde_json::Value {
        let (_, status) = self.project.json(&["ps", "--json"]);
        let rows = status["instances"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["name"] == instance).unwrap_or_default()
    }
}

/// The number of the first `more N` on the screen.
fn first_row(screen: &str) -> u32 {
    let number = |line: &str| line.split("more ").nth(1)?.trim().parse().ok();
    screen.lines().find_map(number).unwrap_or_else(|| panic!("no row:\n{screen}"))
}

fn is_at_end(screen: &str) -> bool {
    screen.contains("│long 1-2") && !screen.contains("[not following]")
}

fn choose(keys: &mut Keys) {
    keys.is("both logs", |screen| screen.contains("web.1 | long") && screen.contains("db.1  | stored"));
    keys.effect("Down", |screen| is_at_end(screen) && !screen.contains("stored"));
    keys.effect("Down", |screen| screen.contains("stored") && !screen.contains("long 1-2"));
    keys.effect("Space", |screen| screen.contains("+● db.1"));
    keys.press("Up");
    keys.effect("Space", |screen| screen.contains("web.1 | ") && screen.contains("db.1  | stored"));
    keys.effect("Esc", |screen| !screen.contains("+●") && !screen.contains("web.1 | "));
    keys.effect("Up", is_at_end);
    keys.effect("Tab", |screen| screen.contains("web.1 1/2") && !screen.contains("all  2/2 ready"));
    keys.shows("Tab", "all  2/2 ready");
}

fn scroll(keys: &mut Keys) {
    for (up, down) in [("PgUp", "PgDn"), ("Ctrl-B", "Ctrl-F")] {
        keys.effect(up, |screen| screen.contains("[not following]") && !screen.contains("│long 1-2"));
        keys.effect(down, is_at_end);
    }
    let top = first_row(&keys.is("the end", is_at_end));
    for (up, down) in [("Shift-Up", "Shift-Down"), ("Ctrl-Y", "Ctrl-E")] {
        keys.effect(up, |screen| first_row(screen) == top - 1);
        keys.effect(down, |screen| first_row(screen) == top);
    }
    for (top, end) in [("g", "G"), ("Home", "End")] {
        keys.effect(top, |screen| screen.contains("│row 1 ") || screen.contains("│row 1\n"));
        keys.effect(end, is_at_end);
    }
    keys.shows("F", "[not following]");
    keys.effect("F", is_at_end);
    keys.effect("Right", |screen| !screen.contains("long 1-2") && screen.contains("-20-"));
    keys.effect("Left", is_at_end);
    keys.shows("w", "-60 end");
    keys.effect("w", |screen| !screen.contains("-60 end"));
    let is_timed = |line: &str| line.ends_with(" more 299") && line.contains(':') && line.contains('.');
    keys.effect("T", |screen| screen.lines().any(is_timed));
    keys.effect("T", |screen| screen.contains("│more 299"));
}

fn find(keys: &mut Keys) {
    keys.prompt("/", "error", "an ERROR");
    keys.effect("G", is_at_end);
    keys.prompt("/", "row 29.", "row 299");
    keys.shows("n", "the search goes on at the oldest row");
    keys.shows("N", "the search goes on at the latest row");
    keys.prompt("f", "[05]0$", "more 250");
    keys.is("the others are left out", |screen| !screen.contains("more 251"));
    keys.effect("Esc", |screen| !screen.contains("[filter"));
    keys.effect("G", is_at_end);
    keys.shows("y", "rows copied");
    let copied = |text: &str| {
        text.starts_with("more 2") && text.ends_with("-60 end\n") && text.contains("\nmore 299\nlong 1-")
    };
    assert!(holds(|| copied(&keys.pane.clipboard())), "{}", keys.pane.clipboard());
}

fn drive(keys: &mut Keys) {
    keys.effect("Down", |screen| screen.contains("stored"));
    let before = keys.state("db.1")["pid"].clone();
    keys.shows("r", "restart db.1?");
    keys.shows("y", "restart db.1: done");
    assert_ne!(keys.state("db.1")["pid"], before);
    keys.shows("s", "stop db.1?");
    keys.shows("y", "stop db.1: done");
    assert_eq!(keys.state("db.1")["state"], "stopped");
    keys.pane.shows("stopped");
    keys.shows("s", "start db.1: done");
    assert_eq!(keys.state("db.1")["state"], "running");
    keys.shows("+", "scale db+1: done");
    assert_eq!(keys.state("db.2")["state"], "running");
    keys.pane.shows("db.2");
    keys.shows("-", "stop db.2, the highest-numbered db?");
    keys.shows("y", "scale db-1: done");
    assert!(keys.state("db.2").is_null());
    keys.prompt("k", "hup", "hangup");
    assert!(holds(|| keys.state("db.1")["exit_status"] == 7));
    keys.pane.shows("exited 7");
    keys.shows("s", "start db.1: done");
    keys.shows("a", "[attached to db.1");
    keys.pane.press(&["C-]"]);
    keys.pane.shows("back from db.1");
}

fn look(keys: &mut Keys) {
    keys.effect("Up", is_at_end);
    let url = format!("http://localhost:{}", keys.ports.at(0, 1));
    keys.shows("o", &format!("opened {url}"));
    assert_eq!(std::fs::read_to_string(keys.project.path().join("opened")).unwrap(), format!("{url}\n"));
    keys.shows("e", "Environment of web");
    keys.effect("Esc", is_at_end);
    keys.shows("t", "critical chain: ");
    keys.effect("t", is_at_end);
    keys.shows("?", "PgUp, Ctrl-B");
    keys.effect("Esc", is_at_end);
    keys.shows("m", "the mouse is the terminal's");
    assert_eq!(keys.pane.modes(), "100000");
    keys.shows("m", "the mouse is the screen's");
    assert_eq!(keys.pane.modes(), "101000");
}

fn leave(keys: &mut Keys) {
    keys.press("Ctrl-Z");
    keys.pane.has_ended();
    keys.pane.enter("fg");
    keys.is("the screen again", is_at_end);
    for key in ["q", "d", "Ctrl-C"] {
        keys.press(key);
        keys.pane.has_ended();
        assert_eq!(keys.pane.modes(), "010000", "{key}");
        assert!(keys.project.is_up(), "{key}");
        keys.open();
    }
    keys.press("q");
    keys.pane.has_ended();
    assert_eq!(keys.project.run(&["down"]).0, 0);
}

#[test]
fn each_key_of_the_table_does_what_it_says() {
    let Some(mut keys) = Keys::start() else { return };
    for part in [choose, scroll, find, drive, look, leave] {
        part(&mut keys);
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ui.md")).unwrap();
    let table = page.split("\n|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = table.lines().flat_map(|row| row.split(" | ").next().unwrap()[2..].split(", "));
    let missing: Vec<&str> = names.filter(|name| !keys.pressed.contains(*name)).collect();
    assert!(missing.is_empty(), "not pressed: {missing:?}");
}

/// A report of the mouse, as xterm sends it (mode 1006): columns and rows begin at 1.
fn mouse(keys: &Keys, button: u16, (column, row): (u16, u16), end: char) {
    let bytes = format!("\x1b[<{button};{column};{row}{end}");
    let hex: Vec<String> = bytes.bytes().map(|byte| format!("{byte:x}")).collect();
    let words: Vec<&str> = ["-H"].into_iter().chain(hex.iter().map(String::as_str)).collect();
    keys.pane.press(&words);
}

#[test]
fn the_mouse_chooses_scrolls_and_selects() {
    let Some(mut keys) = Keys::start() else { return };
    // The rows of the list: all, web.1, db.1.
    mouse(&keys, 0, (4, 3), 'M');
    keys.is("web.1", |screen| is_at_end(screen) && !screen.contains("stored"));
    mouse(&keys, 65, (4, 3), 'M');
    keys.is("the wheel moves in the list", |screen| {
        screen.contains("stored") && !screen.contains("long 1-2")
    });
    mouse(&keys, 64, (4, 3), 'M');
    let top = first_row(&keys.is("web.1 again", is_at_end));
    mouse(&keys, 64, (60, 10), 'M');
    keys.is("the wheel scrolls by three lines", |screen| first_row(screen) == top - 3);
    mouse(&keys, 65, (60, 10), 'M');
    keys.is("and back", |screen| first_row(screen) == top);
    // From the second row of the log to the fourth: header and title are above it.
    mouse(&keys, 0, (60, 4), 'M');
    mouse(&keys, 32, (60, 6), 'M');
    mouse(&keys, 0, (60, 6), 'm');
    keys.pane.shows("y copies the selected rows");
    keys.shows("y", "3 rows copied");
    let rows: String = (top + 1..top + 4).map(|number| format!("more {number}\n")).collect();
    assert!(holds(|| keys.pane.clipboard() == rows), "{}", keys.pane.clipboard());
    keys.press("q");
    keys.pane.has_ended();
    assert_eq!(keys.project.run(&["down"]).0, 0);
}
