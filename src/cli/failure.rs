//! Why a command ends without having done its work: kind, reason and way out. The kind alone decides the
//! exit status.

use std::io;

use crate::exit;
use crate::location::Diagnostic;

/// Why a command did not do its work. [`super::report`] is what prints it.
#[derive(Debug)]
pub enum Failure {
    /// The command line is not understood, or it asks for help: clap has the words.
    Usage(clap::Error),
    /// What was read is refused: all that is wrong with it.
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
    /// A running stack said no, or there is none: one sentence, and the status that tells which.
    Stack {
        /// The sentence.
        message: String,
        /// What could help.
        hint: Option<String>,
        /// The status.
        status: u8,
    },
    /// A running stack found its files wrong, and has said so as text: all that is to be printed.
    Told(String),
    /// ganger failed: one sentence.
    Failed(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

impl Failure {
    /// The exit status that stands for it.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(error) if error.exit_code() == 0 => exit::SUCCESS,
            Self::Usage(_) => exit::USAGE,
            Self::Refused(_) | Self::Told(_) => exit::REFUSED,
            Self::CannotRun { status, .. } | Self::Stack { status, .. } => *status,
            Self::Failed(_) | Self::Output(_) => exit::FAILED,
        }
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
