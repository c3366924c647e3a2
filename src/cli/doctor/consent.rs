//! Whether the stack may be run.

use std::io::{self, Write};

use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::system_env::SystemEnv;

const QUESTION: &str = "\
The stack can be started too, on ports of its own, to see how its processes listen, stop and come up
again after SIGKILL. It uses the services that its variables name, and is ended after that. Run it? [y/N] ";

/// Whether the stack may be run: what a flag says, or the answer of a user at a terminal.
///
/// # Errors
///
/// The terminal cannot be read or written to.
pub(super) fn is_given(flag: Option<bool>, system: &SystemEnv) -> Result<bool, Failure> {
    if let Some(flag) = flag {
        return Ok(flag);
    }
    if !(system.input_is_terminal && system.output_is_terminal && system.error_is_terminal) {
        report::line("only files are read; `--yes` runs the stack too");
        return Ok(false);
    }
    let mut stream = io::stderr().lock();
    stream
        .write_all(QUESTION.as_bytes())
        .and_then(|()| stream.flush())
        .map_err(|error| cannot_ask(&error))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| cannot_ask(&error))?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

fn cannot_ask(error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot ask on the terminal: {error}"))
}
