//! A folder with a project in it, the real program run there to its end, and transcripts of that.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::harness::Project;

/// A folder of its own, gone after the test.
pub(crate) struct Folder {
    project: Project,
    variables: Vec<(String, String)>,
}

/// How a run of the program ended.
#[must_use = "look at the status or the output"]
pub(crate) struct Ran {
    /// As the shell would say it; 128+n for signal n.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Folder {
    /// One with these files: name and text.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self { project: Project::empty(), variables: Vec::new() };
        files.iter().fold(folder, |folder, (name, text)| folder.file(name, text.as_bytes()))
    }

    /// The same with a file more, of any bytes.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// The same with a variable more in the environment, which else has only PATH.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        self.project.path()
    }

    /// The program, ready to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&[&[env!("CARGO_BIN_EXE_ganger")], arguments].concat())
    }

    /// These words, ready to be run here.
    pub(crate) fn command_of(&self, words: &[&str]) -> Command {
        let mut command = self.project.command(words);
        command.stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs it to its end with `input` on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of(&child.wait_with_output().unwrap())
    }

    /// Runs it to its end: its pid, and what it printed.
    pub(crate) fn run_with_pid(&self, arguments: &[&str]) -> (u32, String) {
        let child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        (child.id(), Ran::of(&child.wait_with_output().unwrap()).out)
    }

    /// Status and both streams, in the order in which they were written.
    fn run_as_seen(&self, arguments: &[&str]) -> (i32, String) {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = self.command(arguments);
        let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
        // It holds the write ends, and the pipe would never end.
        drop(command);
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        (status(child.wait().unwrap()), said)
    }

    /// What these runs print, each of words parted by blanks: command line, status, both
    /// streams. The folder's own path is `[HERE]`.
    pub(crate) fn transcript(&self, runs: &[&str]) -> String {
        let mut text = String::new();
        for line in runs {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (status, said) = self.run_as_seen(&words);
            let _ = write!(text, "$ ganger {line}\n{}[{status}]\n\n", ended(&said));
        }
        text.replace(self.path().to_str().unwrap(), "[HERE]")
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: status(output.status), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn status(of: ExitStatus) -> i32 {
    of.code().or(of.signal().map(|signal| 128 + signal)).unwrap()
}

/// `text` with a newline at its end, if there is anything at all.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.into() } else { format!("{text}⏎\n") }
}

/// Holds `text` against the file of this name in tests/transcripts.
pub(crate) fn same_as_before(name: &str, text: &str) {
    same_as_kept(&Path::new("tests/transcripts").join(name), text);
}

/// Holds `text` against the file at this path of the repository. With `BLESS=1` the file is written.
pub(crate) fn same_as_kept(path: &Path, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = before.lines().zip(text.lines()).position(|(one, other)| one != other);
    assert!(
        before == text,
        "{} differs from line {} on; look at it, then run with BLESS=1. Now:\n{text}",
        path.display(),
        differs.map_or(before.lines().count().min(text.lines().count()), |at| at) + 1
    );
}
