//! Promised: a real program that draws has rows of its own beside another one, on a real screen (tmux): each row begins with the name
//! of its program, none of the other's is lost or changed, and the terminal is as before at the end. Debuggers are stepped
//! from the console. The programs and their steps are in tests/drawing.

use std::path::{Path, PathBuf};

use crate::harness::{Pane, Ports, Project, are_there, can, holds, python_has};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drawing").join(name)
}

/// Whether ruby has this library.
fn ruby_has(library: &str) -> bool {
    let loads = |library: &str| {
        let version = format!("{library}/version");
        std::process::Command::new("ruby").args(["-r", &version, "-e", "1"]).output()
    };
    are_there(&["ruby"])
        && can(&format!("{library} for ruby"), loads(library).is_ok_and(|output| output.status.success()))
}

/// A program of tests/drawing that runs beside the other one.
struct Played {
    project: Project,
    pane: Pane,
    /// The rows before this one were looked through.
    seen: usize,
    is_attached: bool,
}

impl Played {
    fn start(name: &str) -> Self {
        let project = Project::copy_of(&folder(name));
        project.write("Procfile", &std::fs::read_to_string(folder("Procfile")).unwrap());
        let ports = Ports::claim();
        let ganger = env!("CARGO_BIN_EXE_ganger");
        let words = format!("CARGO={} {ganger} start -t 2 -p {}", env!("CARGO"), ports.base());
        let pane = project.pane(&format!("stty -g > before; {words}; stty -g > after"));
        Self { project, pane, seen: 0, is_attached: false }
    }

    /// The rows of ganger so far.
    fn rows(&self) -> Vec<String> {
        let text = self.pane.scrollback();
        text.trim_end()
            .lines()
            .skip_while(|row| !row.starts_with("ganger"))
            .map(|row| row.trim_end().into())
            .collect()
    }

    fn step(&mut self, step: &str) {
        let (word, text) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "sees" => self.sees(text),
            "edits" => self.project.add_copy_of(&self.project.path().join("later")),
            "types" => self.pane.enter(text),
            "attaches" => {
                self.pane.enter("a draw");
                self.sees("[attached to draw.1; Ctrl-] detaches]");
                self.is_attached = true;
            }
            "detaches" => {
                self.pane.press(&["C-]"]);
                self.is_attached = false;
                self.sees("detached from draw.1");
            }
            other => panic!("{other} is no step"),
        }
    }

    /// Waits for a row of the program with this text, behind what was waited for before.
    fn sees(&mut self, text: &str) {
        let mut rows = Vec::new();
        let is_seen = holds(|| {
            rows = self.rows();
            let found = rows
                .iter()
                .skip(self.seen)
                .position(|row| row.contains(text) && (self.is_attached || !row.starts_with("chat.1")));
            self.seen += found.map_or(0, |at| at + 1);
            found.is_some()
        });
        assert!(is_seen, "no {text:?} in {rows:#?}");
    }

    /// Ends both, and checks all rows and the terminal.
    fn end(self) {
        self.project.write("end", "");
        assert!(holds(|| self.rows().iter().any(|row| row.contains("said all"))), "{:#?}", self.rows());
        self.pane.enter("q");
        self.pane.has_ended();
        assert_eq!(self.pane.modes(), "010000", "the modes are those of before");
        let settings = ["before", "after"].map(|file| std::fs::read(self.project.path().join(file)).unwrap());
        assert_eq!(settings[0], settings[1], "and so are the settings");
        let mut rows = self.rows();
        assert_eq!(rows.pop().as_deref(), Some("ready>"));
        check_rows(&rows);
    }
}

/// Each row has a name, or goes on with the text of the one above; none of chat is missing. Between two rows of ganger that tell so, the
/// screen is that of the attached program.
fn check_rows(rows: &[String]) {
    let (mut said, mut is_attached) = (Vec::new(), false);
    for row in rows {
        is_attached = !row.contains("detached from draw.1") && (is_attached || row.ends_with("> a draw"));
        let goes_on = row.starts_with("         ");
        let is_named = ["draw.1 |", "chat.1 |", "ganger |"].iter().any(|name| row.starts_with(name));
        assert!(is_attached || is_named || goes_on, "{row:?} has no name: {rows:#?}");
        said.extend(row.strip_prefix("chat.1 | "));
    }
    let count = said.len() - 1;
    let expected: Vec<String> =
        (1..=count).map(|number| format!("said {number}")).chain([format!("said all {count}")]).collect();
    assert_eq!(said, expected, "{rows:#?}");
}

/// Starts it, takes its steps, and ends it.
fn plays(name: &str) {
    let program = std::fs::read_to_string(folder(name).join("program")).unwrap();
    let mut played = Played::start(name);
    for step in program.lines().filter_map(|line| line.strip_prefix("# ")) {
        played.step(step);
    }
    played.end();
}

macro_rules! played {
    ($($test:ident: $name:literal if $is_there:expr;)*) => {$(
        #[test]
        fn $test() {
            if are_there(&["tmux"]) && $is_there {
                plays($name);
            }
        }
    )*};
}

played! {
    vite: "vite" if are_there(&["node", "vite"]);
    tsc: "tsc" if are_there(&["node", "tsc"]);
    rollup: "rollup" if are_there(&["node", "rollup"]);
    webpack: "webpack" if are_there(&["node", "webpack"]);
    npm: "npm" if are_there(&["npm"]);
    pnpm: "pnpm" if are_there(&["node", "pnpm"]);
    pip: "pip" if are_there(&["python3", "pip"]);
    tqdm: "tqdm" if python_has(&["tqdm"]);
    rich: "rich" if python_has(&["rich"]);
    compose: "compose" if are_there(&["python3"]);
    cargo: "cargo" if true;
    irb: "irb" if ruby_has("irb");
    ruby_debug: "ruby-debug" if ruby_has("debug");
    byebug: "byebug" if ruby_has("byebug");
    pdb: "pdb" if are_there(&["python3"]);
    ipython: "ipython" if python_has(&["IPython"]);
    vim: "vim" if are_there(&["vim"]);
}

#[test]
fn each_folder_of_programs_that_draw_has_its_test() {
    let tests = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file!())).unwrap();
    for entry in std::fs::read_dir(folder("")).unwrap().map(Result::unwrap).filter(|at| at.path().is_dir()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(tests.contains(&format!(": {name:?} if ")), "{name} has no test");
    }
}
