//! Why a command fails: kind, reason and way out. The kind alone decides the exit status.

use std::io;

use crate::exit::{self, Outcome};
use crate::location::Diagnostic;
use crate::signal::Signal;

/// Why a command failed. [`super::report`] prints it.
#[derive(Debug)]
pub enum Failure {
    /// The command line is invalid, in clap's words.
    Usage(clap::Error),
    /// Invalid input: all errors.
    Refused(Vec<Diagnostic>),
    /// A command cannot be run: one sentence, and 127 or 126 as a shell has them.
    CannotRun {
        /// The sentence.
        message: String,
        /// What could help.
        hint: Option<String>,
        /// The status.
        status: u8,
    },
    /// A running stack refuses, or there is none: one sentence, and the status that tells which.
    Stack {
        /// The sentence.
        message: String,
        /// What could help.
        hint: Option<String>,
        /// The status.
        status: u8,
    },
    /// The errors that a running stack found in its files, as text.
    Told(String),
    /// ganger failed: one sentence.
    Failed(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

impl Failure {
    /// A command line or a variable that is wrong, where clap does not know it.
    pub fn usage(message: String, hint: Option<String>) -> Self {
        Self::Stack { message, hint, status: exit::USAGE }
    }

    /// How ganger ends with it.
    ///
    /// A reader that closed standard output ends every command as it ends `cat`: by SIGPIPE (POSIX write(2)), 141
    /// in a shell. Rust's runtime ignores that signal, so it is raised again. That a parent had it ignored is not
    /// known any more; a filter would then say `Broken pipe`.
    pub fn outcome(&self) -> Outcome {
        Outcome::Status(match self {
            Self::Usage(error) if error.exit_code() == 0 => exit::SUCCESS,
            Self::Usage(_) => exit::USAGE,
            Self::Refused(_) | Self::Told(_) => exit::REFUSED,
            Self::CannotRun { status, .. } | Self::Stack { status, .. } => *status,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Outcome::DieBy(Signal::PIPE);
            }
            Self::Failed(_) | Self::Output(_) => exit::FAILED,
        })
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<io::Error> for Failure {
    /// Only what writes to standard output uses `?` on an [`io::Error`]; files are read in
    /// [`super::load`], which makes a [`Diagnostic`] of theirs.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
