//! Files of variables before and after they were read, and the limit of a variable.

use std::fmt;
use std::sync::Arc;

use crate::location::Diagnostic;

/// A file to read.
#[derive(Clone, Copy)]
pub struct EnvSource<'a> {
    /// The file as the user would name it.
    pub file: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

impl<'a> EnvSource<'a> {
    /// The files as they were read, a later one over an earlier one.
    pub fn all(files: &'a [(Arc<str>, Vec<u8>)]) -> Vec<Self> {
        files.iter().map(|(file, bytes)| Self { file, bytes }).collect()
    }
}

/// One assignment of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value. Bytes, since what is substituted comes from an environment, which need not be UTF-8. It
    /// holds no NUL.
    pub value: Vec<u8>,
    /// The file as the user would name it.
    pub file: Arc<str>,
    /// The line, from 1, where the assignment begins.
    pub line: u32,
    /// The column of the name, in characters, from 1.
    pub column: u32,
}

impl fmt::Debug for Assignment {
    /// Without the value: it may be a secret, and what can be shown ends up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=… ({}:{}:{})", self.name, self.file, self.line, self.column)
    }
}

/// What the files say, and all that is wrong with them. With an error nothing may start.
#[derive(Debug)]
pub struct ParsedEnv {
    /// All assignments in order, those that a later one hides too.
    pub assignments: Vec<Assignment>,
    /// Every mistake, in order of place (past a hundred in a file they are only counted).
    pub errors: Vec<Diagnostic>,
    /// What is allowed and yet hardly meant, in order of place.
    pub warnings: Vec<Diagnostic>,
}

/// The longest `NAME=value`, in bytes: the kernel hands no longer string to a program (`MAX_ARG_STRLEN`, 32
/// pages of 4 KiB with the closing NUL, execve(2)).
pub(crate) const LONGEST_VARIABLE: usize = 128 * 1024 - 1;
