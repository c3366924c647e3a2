//! Programs that tests make.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes the program `to` of the file `from`, with this mode; whether it could be made. install(1) writes it: a descriptor of this
/// process is inherited by a child that another test starts just then, and what is open for writing cannot be run (ETXTBSY,
/// execve(2)).
pub(crate) fn install(from: impl AsRef<Path>, to: &Path, mode: &str) -> bool {
    let mut command = Command::new("install");
    command.args(["-m", mode]).arg(from.as_ref()).arg(to);
    command.status().is_ok_and(|status| status.success())
}

/// Writes the program `to`, and its folder.
pub(crate) fn write_program(to: &Path, text: &str) {
    let mut command = Command::new("install");
    let mut child =
        command.args(["-D", "-m", "755", "/dev/stdin"]).arg(to).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
