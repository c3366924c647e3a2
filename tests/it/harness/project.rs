//! A project in a folder of its own, and every way to run ganger there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::{Mark, Pane, Running, Screen, Start, search_path, with_default_signals, write_program};

/// A project in a temporary folder, with a runtime folder that no other test has: its sockets, locks and traces go
/// when it does.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    runtime: tempfile::TempDir,
    // Not in the one above: a test that removes that would find it made again by the record of the run.
    state: tempfile::TempDir,
    mark: Mark,
}

impl Project {
    /// A project with this text as its Procfile. `probe` in it is our child program.
    pub(crate) fn new(procfile: &str) -> Self {
        Self::empty().file("Procfile", procfile)
    }

    /// A project without a file.
    pub(crate) fn empty() -> Self {
        // `$XDG_RUNTIME_DIR` has to be its owner's alone.
        let [folder, runtime, state] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
        Self { folder, runtime, state, mark: Mark::new() }
    }

    /// A copy of this folder of examples/.
    pub(crate) fn example(name: &str) -> Self {
        Self::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name))
    }

    /// A copy of this folder.
    pub(crate) fn copy_of(folder: &Path) -> Self {
        let project = Self::empty();
        project.add_copy_of(folder);
        project
    }

    /// Copies what is in this folder over its own files.
    pub(crate) fn add_copy_of(&self, folder: &Path) {
        copy(folder, self.path());
    }

    /// The same with a file more.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    /// The same with a program more.
    pub(crate) fn program(self, name: &str, text: &str) -> Self {
        write_program(&self.path().join(name), text);
        self
    }

    /// Writes a file of its root.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its `$XDG_RUNTIME_DIR`.
    pub(crate) fn runtime(&self) -> &Path {
        self.runtime.path()
    }

    /// Its `$XDG_STATE_HOME`.
    pub(crate) fn state(&self) -> PathBuf {
        // The name by which a test knows what happens in it (injection).
        self.state.path().join("state")
    }

    /// What every process of it is found by, unless it was started with a mark of its own.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// A command that runs ganger here, in a clean environment.
    pub(crate) fn ganger(&self, arguments: &[&str]) -> Command {
        self.command(&[&[env!("CARGO_BIN_EXE_ganger")], arguments].concat())
    }

    /// These words as a command here, in a clean environment and with the signals of an ordinary shell.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = with_default_signals(words[0]);
        command.args(&words[1..]).current_dir(self.path()).env_clear();
        command
            .env("PATH", search_path())
            .env("XDG_RUNTIME_DIR", self.runtime())
            .env("XDG_STATE_HOME", self.state())
            .env(Mark::NAME, self.mark.value());
        command
    }

    /// `ganger start` with these arguments, its output read by us.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let words: Vec<&str> = ["start"].iter().chain(arguments).copied().collect();
        Running::start(self.ganger(&words))
    }

    /// The same, and these lines were waited for, in any order: what one instance says may come before another one
    /// is started, and after.
    pub(crate) fn start_until(&self, arguments: &[&str], lines: &[&str]) -> Running {
        let mut running = self.start(arguments);
        running.lines(lines);
        running
    }

    /// Starts a command that belongs to this project's stack (it has its mark) and reads what it says.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Running {
        Running::start_as(self.ganger(arguments), &self.mark)
    }

    /// Runs a command to its end: status, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.ganger(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (status.code().unwrap_or(-1), text(stdout), text(stderr))
    }

    /// Runs git, which does what it is told.
    pub(crate) fn git(&self, words: &[&str]) {
        let all = [&["git", "-c", "user.name=t", "-c", "user.email=t@localhost"], words].concat();
        assert!(self.command(&all).output().unwrap().status.success(), "{words:?}");
    }

    /// All of it in a repository of its own, not committed.
    pub(crate) fn track(&self) {
        self.git(&["init", "-q"]);
        self.git(&["add", "-A"]);
    }

    /// Runs a command that prints one JSON document: its status and the document.
    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let (status, out, err) = self.run(arguments);
        let document = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}{err}"));
        (status, document)
    }

    /// Whether `ps` finds all instances up, ready (0) or not yet (5).
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.run(&["ps"]).0, 0 | 5)
    }

    /// `ganger start` on a terminal of its own.
    pub(crate) fn start_on_terminal(&self, arguments: &[&str]) -> Screen {
        let words: Vec<&str> = ["start"].iter().chain(arguments).copied().collect();
        self.on_terminal(&words, (24, 80))
    }

    /// A command of ganger on a terminal of its own, of so many rows and columns.
    pub(crate) fn on_terminal(&self, arguments: &[&str], size: (u16, u16)) -> Screen {
        Screen::start(&Start { folder: self.path(), runtime: self.runtime(), arguments, size })
    }

    /// A shell on a screen of tmux, in which this line was typed.
    pub(crate) fn pane(&self, line: &str) -> Pane {
        Pane::start(self.path(), self.runtime(), line)
    }

    /// A shell on a screen of tmux, in which ganger with these arguments was typed.
    pub(crate) fn in_tmux(&self, arguments: &[&str]) -> Pane {
        let words: Vec<&str> = [env!("CARGO_BIN_EXE_ganger")].iter().chain(arguments).copied().collect();
        self.pane(&words.join(" "))
    }

    /// The path of its control socket.
    pub(crate) fn socket(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.runtime().join("ganger")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.into_iter().find(|path| path.extension().is_some_and(|is| is == "socket")).unwrap()
    }
}

/// Copies what is in `folder` into another one, without what a run by hand has left there.
fn copy(folder: &Path, into: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let is_left = ["node_modules", "__pycache__"].iter().any(|left| name == *left)
            || path.extension().is_some_and(|ending| ending == "sqlite3");
        if path.is_dir() && !is_left {
            std::fs::create_dir(into.join(&name)).unwrap();
            copy(&path, &into.join(&name));
        } else if !is_left {
            std::fs::copy(&path, into.join(&name)).unwrap();
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.mark.sweep();
    }
}
