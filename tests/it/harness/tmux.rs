//! A shell on a screen that understands escape sequences: tmux keeps it, and tells what stands on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Mark, holds, search_path};

/// A pane of a tmux server of its own.
pub(crate) struct Pane {
    socket: PathBuf,
    folder: PathBuf,
    runtime: PathBuf,
    mark: Mark,
}

impl Pane {
    /// A pane of 80 columns and 24 rows with a shell in `folder`, in which `command` was typed.
    pub(crate) fn start(folder: &Path, runtime: &Path, command: &str) -> Self {
        let pane = Self {
            socket: runtime.join("tmux.socket"),
            folder: folder.into(),
            runtime: runtime.into(),
            mark: Mark::new(),
        };
        // A prompt that no other text is.
        pane.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "env",
            "PS1=ready> ",
            "sh",
        ]);
        pane.shows("ready>");
        // Rows that a program clears are gone, as on other terminals. A tmux before 3.3 has no other way.
        pane.tmux(&["set-option", "-gq", "scroll-on-clear", "off"]);
        pane.tmux(&["set-option", "-s", "set-clipboard", "on"]);
        pane.enter(command);
        pane
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(&self.socket)
            .args(words)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", search_path())
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .env(Mark::NAME, self.mark.value())
            .stdin(Stdio::null());
        command
    }

    fn tmux(&self, words: &[&str]) -> String {
        let starting = super::one_start_at_a_time();
        let output = self.command(words).output().unwrap();
        drop(starting);
        assert!(output.status.success(), "tmux {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What stands on the screen.
    pub(crate) fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with its colours, as sequences.
    pub(crate) fn styled(&self) -> String {
        self.tmux(&["capture-pane", "-e", "-p"])
    }

    /// The same, and the rows above it that have left it.
    pub(crate) fn scrollback(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"])
    }

    /// Waits until `text` stands on the screen; the screen then.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.is(&format!("{text:?} is shown"), |screen| screen.contains(text))
    }

    /// Waits until `text` stands on the screen or above it: others may have moved it on since; the screen then.
    pub(crate) fn has_shown(&self, text: &str) -> String {
        let is_seen = holds(|| self.tmux(&["capture-pane", "-p", "-S", "-"]).contains(text));
        let screen = self.text();
        assert!(is_seen, "not shown: {text}\n{screen}");
        screen
    }

    /// Waits until the screen is so; the screen then.
    pub(crate) fn is(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let is_seen = holds(|| is_so(&self.text()));
        let screen = self.text();
        assert!(is_seen, "not so: {what}\n{screen}");
        screen
    }

    /// Waits until the command that was typed has ended; the screen then.
    pub(crate) fn has_ended(&self) -> String {
        self.is("the shell is back", |screen| screen.trim_end().ends_with("ready>"))
    }

    /// Presses keys, by tmux' names for them.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line.
    pub(crate) fn enter(&self, line: &str) {
        self.press(&["-l", line]);
        self.press(&["Enter"]);
    }

    /// What was copied to its clipboard last.
    pub(crate) fn clipboard(&self) -> String {
        // An error where nothing was.
        let output = self.command(&["show-buffer"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// Which modes are on: the other screen, cursor, mouse, keypad, cursor keys, insert.
    pub(crate) fn modes(&self) -> String {
        let modes =
            "#{alternate_on}#{cursor_flag}#{mouse_any_flag}#{keypad_flag}#{keypad_cursor_flag}#{insert_flag}";
        self.tmux(&["display", "-p", modes]).trim().into()
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).output();
        self.mark.sweep();
    }
}
