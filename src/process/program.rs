//! From a command's text to a program: without a shell where the text has no shell syntax, and with a shell that the
//! program replaces where nothing is left for it to do, so that the pid is the program's and a signal meets no `sh` in
//! between (Debian's dash does not exec its last command).

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::exit::{NOT_EXECUTABLE, NOT_FOUND};
use crate::shell;

/// Where programs are looked for when PATH is not set (POSIX `getconf PATH`).
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";
/// The shell of Procfile lines.
const SHELL: &str = "/bin/sh";

/// What is handed to execve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// Its arguments, its own name first.
    pub arguments: Vec<CString>,
}

/// Why a program cannot be run, before it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingProgram {
    /// The word that names it.
    pub program: String,
    /// Why.
    pub reason: String,
    /// 127 or 126 (POSIX XCU 2.8.2).
    pub status: u8,
}

/// The program that runs `command`, a Procfile's text. `--` keeps a text that begins with a hyphen from being
/// taken for an option of the shell (POSIX XBD 12.2, guideline 10). `path` is the instance's PATH; names
/// without a slash are looked for there, names with one are relative to the current directory.
///
/// # Errors
/// [`MissingProgram`] if the command has no shell syntax and its first word is no program. What a shell runs is
/// for the shell to find.
pub(crate) fn of_command(command: &str, path: Option<&[u8]>) -> Result<Program, MissingProgram> {
    match shell::simple_words(command) {
        Some(words) => of_words(&words, path),
        None => Ok(Program::of_shell(&shell::text_for_shell(command))),
    }
}

/// The program that the first of these words names, with all of them as its arguments.
///
/// # Errors
/// [`MissingProgram`] if there is no such program.
pub(crate) fn of_words<Word: AsRef<OsStr>>(
    words: &[Word],
    path: Option<&[u8]>,
) -> Result<Program, MissingProgram> {
    let first = words.first().map_or(OsStr::new(""), AsRef::as_ref);
    let found = find(first, path.unwrap_or(DEFAULT_PATH))?;
    Ok(Program { path: found, arguments: strings(words) })
}

impl Program {
    /// A shell that runs `command`.
    pub fn of_shell(command: &str) -> Self {
        Self { path: SHELL.into(), arguments: strings(&["sh", "-c", "--", command]) }
    }

    /// The same with its own process id in this variable. posix_spawn(3) runs no code of ours between fork and exec,
    /// so a shell sets it, and is replaced.
    #[must_use]
    pub fn with_own_pid_in(&self, variable: &str) -> Self {
        let script = format!("{variable}=$$; export {variable}; exec \"$@\"");
        // The file that was found; a shell would look for the name again.
        let head = strings(&["sh", "-c", &script, "sh"]);
        let file = strings(&[self.path.as_os_str()]);
        let rest = self.arguments.iter().skip(1).cloned();
        Self { path: SHELL.into(), arguments: head.into_iter().chain(file).chain(rest).collect() }
    }

    /// The same by way of a shell: what execvp(3) does with a file that the kernel does not know how to run
    /// (ENOEXEC: a script without `#!`).
    #[must_use]
    pub fn as_script(&self) -> Self {
        let file = strings(&[self.path.as_os_str()]);
        let rest = self.arguments.iter().skip(1).cloned();
        let arguments = strings(&["sh"]).into_iter().chain(file).chain(rest).collect();
        Self { path: SHELL.into(), arguments }
    }
}

/// A text from a Procfile or from argv has no NUL: the parser refuses it, and the kernel cannot pass it.
fn strings<Word: AsRef<OsStr>>(words: &[Word]) -> Vec<CString> {
    words.iter().filter_map(|word| CString::new(word.as_ref().as_bytes()).ok()).collect()
}

/// POSIX XCU 2.9.1.1: a name with a slash is a path; any other is looked for in each directory of PATH, an
/// empty one meaning the current directory. One that may not be executed is remembered, for status 126
/// where 127 would mean a missing file.
fn find(name: &OsStr, path: &[u8]) -> Result<PathBuf, MissingProgram> {
    let missing = |reason: &str, status| MissingProgram {
        program: name.to_string_lossy().into_owned(),
        reason: reason.into(),
        status,
    };
    if name.as_bytes().contains(&b'/') {
        return match judge(Path::new(name)) {
            Executability::Program => Ok(name.into()),
            Executability::Absent => Err(missing("not found", NOT_FOUND)),
            Executability::Refused(reason) => Err(missing(reason, NOT_EXECUTABLE)),
        };
    }
    let mut refused = None;
    for directory in path.split(|byte| *byte == b':') {
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = Path::new(OsStr::from_bytes(directory)).join(name);
        match judge(&candidate) {
            Executability::Program => return Ok(candidate),
            Executability::Absent => {}
            Executability::Refused(reason) => refused = refused.or(Some(reason)),
        }
    }
    Err(refused
        .map_or_else(|| missing("not found on PATH", NOT_FOUND), |reason| missing(reason, NOT_EXECUTABLE)))
}

enum Executability {
    Program,
    Absent,
    Refused(&'static str),
}

/// The error that execve would have, found without it, so that it can be explained. A race with a process that
/// changes the file in between only costs the words: execve has the last one.
fn judge(path: &Path) -> Executability {
    match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => Executability::Refused("is a directory"),
        Ok(data) if data.permissions().mode() & 0o111 == 0 => {
            Executability::Refused("is not executable (chmod +x would make it so)")
        }
        Ok(_) => Executability::Program,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Executability::Refused("permission denied")
        }
        Err(_) => Executability::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_syntax_goes_to_the_shell_which_the_last_program_replaces() {
        for (command, text) in [
            ("echo $PORT && true", "echo $PORT && true"),
            ("cd web && node server.js", "cd web && exec node server.js"),
        ] {
            let program = of_command(command, None).unwrap();
            assert_eq!(program.path, Path::new("/bin/sh"));
            assert_eq!(program.arguments, strings(&["sh", "-c", "--", text]));
        }
    }

    #[test]
    fn a_plain_command_is_found_on_the_path_it_is_given() {
        let program = of_command("sleep 5", Some(b"/nowhere:/bin:/usr/bin")).unwrap();
        assert!(program.path.ends_with("sleep"), "{:?}", program.path);
        assert_eq!(program.arguments, strings(&["sleep", "5"]));
        let missing = of_command("sleep 5", Some(b"/nowhere")).unwrap_err();
        assert_eq!((missing.program.as_str(), missing.status), ("sleep", 127));
    }

    #[test]
    fn what_is_there_but_no_program_is_126() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes");
        std::fs::write(&file, "text").unwrap();
        let path = folder.path().as_os_str().as_bytes();
        assert_eq!(of_command("notes", Some(path)).unwrap_err().status, 126);
        assert_eq!(of_command("./nothing here", Some(path)).unwrap_err().status, 127);
        let directory = format!("{} x", folder.path().display());
        assert_eq!(of_command(&directory, None).unwrap_err().status, 126);
    }
}
