//! A Procfile that was read, and the limits of one.

use std::sync::Arc;

use crate::location::Diagnostic;
use crate::name::TypeName;

/// One line of a Procfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What stands before the first colon.
    pub name: TypeName,
    /// What stands after it, without the blanks around it; else untouched.
    pub command: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// What a Procfile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procfile {
    /// The file as the user would name it.
    pub file: Arc<str>,
    /// Its entries, in its order, each name once.
    pub entries: Vec<Entry>,
}

/// A Procfile and all that is wrong with it. With an error nothing may start: the entries are then those
/// lines that could be read.
#[derive(Clone, Debug)]
pub struct ParsedProcfile {
    /// What could be read.
    pub procfile: Procfile,
    /// Every mistake, in order of place (past a hundred they are only counted).
    pub errors: Vec<Diagnostic>,
    /// What is allowed and yet hardly meant.
    pub warnings: Vec<Diagnostic>,
}

/// The most types of a Procfile. The largest of 160 real ones has 14; a machine has no room for as many
/// programs, and a port each.
pub(crate) const MOST_ENTRIES: usize = 10_000;

/// The longest command, in bytes: the kernel hands no longer argument to a program (`MAX_ARG_STRLEN`, 32
/// pages of 4 KiB with the closing NUL, execve(2)), and `sh -c` gets a command as one argument.
pub(crate) const LONGEST_COMMAND: usize = 128 * 1024 - 1;
