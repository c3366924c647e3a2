//! Reading .env files: `NAME=value`, with quotes, comments and `$NAME`. docs/grammar.md has the grammar.
//!
//! The parser is ours and not dotenvy's: that one prints values in its errors, knows no lines, reads the
//! environment of the process while it parses, drops text after `$` in passwords and swallows lines after an
//! apostrophe. It is our [`second_reader`] instead.

mod expansion;
mod report;
pub mod second_reader;
mod statement;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::location::Diagnostic;
use crate::text::{self, Findings};
use expansion::{Expanded, Refusal};
use report::Reporter;
use statement::{Item, Quote, Raw, Statement, Trouble};

/// A file to read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The file as the person would name it.
    pub file: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// One assignment of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value. Bytes, since what is substituted comes from an environment, which need not be UTF-8. It
    /// holds no NUL.
    pub value: Vec<u8>,
    /// The file as the person would name it.
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
pub struct Parsed {
    /// All assignments in order, those that a later one hides too.
    pub assignments: Vec<Assignment>,
    /// Every mistake, in order of place (past a hundred in a file they are only counted).
    pub errors: Vec<Diagnostic>,
    /// What is allowed and yet hardly meant, in order of place.
    pub warnings: Vec<Diagnostic>,
}

/// The longest `NAME=value`, in bytes: the kernel hands no longer string to a program (`MAX_ARG_STRLEN`, 32
/// pages of 4 KiB with the closing NUL, execve(2)).
pub const LONGEST_VARIABLE: usize = 128 * 1024 - 1;

/// The most bytes that substitution may make in all files together. An environment holds 6 MiB at most on
/// Linux, so that nothing real comes near; ten lines that each double the one before would.
const MOST_SUBSTITUTED: usize = 64 * 1024 * 1024;

/// Reads `sources` in their order as one sequence. `outside` is the environment of the process: it is asked
/// before earlier lines are, since for the programs that are started it wins over the files too.
///
/// Never fails, never runs anything, asks nobody but `outside`, and takes time in proportion to the length of
/// the files (and of what is substituted). No value gets into a message.
pub fn parse(sources: &[Source<'_>], outside: &dyn Fn(&str) -> Option<Vec<u8>>) -> Parsed {
    let mut reader = Reader {
        outside,
        parsed: Parsed { assignments: Vec::new(), errors: Vec::new(), warnings: Vec::new() },
        last: HashMap::new(),
        indexed: 0,
        substituted: 0,
    };
    for source in sources {
        reader.file(source);
    }
    reader.parsed
}

struct Reader<'a> {
    outside: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    parsed: Parsed,
    /// The last assignment of each name, among the first `indexed`: most files substitute nothing, and need
    /// no index.
    last: HashMap<String, usize>,
    indexed: usize,
    substituted: usize,
}

impl Reader<'_> {
    fn file(&mut self, source: &Source<'_>) {
        let text = text::decode(source.bytes);
        let reporter = Reporter { file: source.file.into(), content: &text.content };
        let mut errors = Findings::default();
        let mut warnings = Findings::default();
        for item in statement::items(&text.content) {
            match item {
                Ok(Item::Assignment(statement)) => {
                    if let Err(refusal) = self.assign(&statement, &reporter, &mut warnings) {
                        errors.add(|| reporter.refused(&statement, &refusal));
                    }
                }
                Ok(Item::Name(place)) => warnings.add(|| reporter.bare_name(&place)),
                // The NUL is the mistake, not the quote that would have been closed after it.
                Err(Trouble::Unclosed { .. }) if text.is_binary => {}
                Err(trouble) => errors.add(|| reporter.trouble(&trouble)),
            }
        }
        if text.is_binary {
            errors.keep_first();
        }
        let errors = reporter.with_faults(errors.into_list(&reporter.file), &text.faults);
        self.parsed.errors.extend(errors);
        self.parsed.warnings.extend(warnings.into_list(&reporter.file));
    }

    fn assign(
        &mut self,
        statement: &Statement<'_>,
        reporter: &Reporter<'_>,
        warnings: &mut Findings,
    ) -> Result<(), Refusal> {
        let Raw { quote, text, .. } = statement.raw;
        let room = LONGEST_VARIABLE.saturating_sub(statement.name.len() + 1);
        if text.len() > room {
            return Err(Refusal::TooLong);
        }
        if quote == Quote::None && text.starts_with('#') {
            warnings.add(|| reporter.hash(statement));
        }
        let expanded = match quote {
            Quote::Single | Quote::Back => {
                Expanded { value: expansion::newlines(text).into_owned().into_bytes(), unset: Vec::new() }
            }
            Quote::None | Quote::Double if expansion::is_plain(text) => {
                Expanded { value: text.as_bytes().to_vec(), unset: Vec::new() }
            }
            Quote::None | Quote::Double => {
                if self.substituted > MOST_SUBSTITUTED {
                    return Err(Refusal::TooMuch);
                }
                let tokens = expansion::tokens(text, quote == Quote::Double)?;
                expansion::expand(&tokens, room, &mut |name| self.look_up(name))?
            }
        };
        for unset in &expanded.unset {
            warnings.add(|| reporter.unset(statement, unset));
        }
        self.parsed.assignments.push(Assignment {
            name: statement.name.to_owned(),
            value: expanded.value,
            file: Arc::clone(&reporter.file),
            line: statement.line,
            column: reporter.column(statement),
        });
        Ok(())
    }

    fn look_up(&mut self, name: &str) -> Option<Vec<u8>> {
        let value = (self.outside)(name).or_else(|| self.earlier(name))?;
        // Counted here, since what is refused in the end has cost its time too.
        self.substituted += value.len();
        Some(value)
    }

    fn earlier(&mut self, name: &str) -> Option<Vec<u8>> {
        for (index, assignment) in self.parsed.assignments.iter().enumerate().skip(self.indexed) {
            if let Some(last) = self.last.get_mut(&assignment.name) {
                *last = index;
            } else {
                self.last.insert(assignment.name.clone(), index);
            }
        }
        self.indexed = self.parsed.assignments.len();
        let index = self.last.get(name)?;
        self.parsed.assignments.get(*index).map(|assignment| assignment.value.clone())
    }
}

#[cfg(test)]
mod tests;
