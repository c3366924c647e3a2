//! From statements to assignments: values are expanded, and what is wrong is gathered.

use std::collections::HashMap;
use std::sync::Arc;

use super::expansion::{self, Expanded};
use super::report::Reporter;
use super::statement::{self, Quote, RawValue, Statement, StatementEnd, StatementError, StatementItem};
use super::tokens::{self, ExpansionError};
use super::{Assignment, EnvSource, LONGEST_VARIABLE, ParsedEnv};
use crate::text::{self, Findings};

/// The most bytes that substitution may make in all files together. An environment holds 6 MiB at most on
/// Linux, so that nothing real comes near; ten lines that each double the one before would.
const MOST_SUBSTITUTED: usize = 64 * 1024 * 1024;

/// The most assignments that are read. No program can be started with as many variables: Linux gives 6 MiB
/// to arguments and environment together, pointers included (execve(2)).
const MOST_ASSIGNMENTS: usize = 100_000;

/// Which source is asked first for the value of a name within a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// The environment of the process: for the programs that are started it wins over the files too.
    Outside,
    /// Earlier lines, when the files win (`--env-wins`).
    Files,
}

/// Reads `sources` in their order as one sequence. `outside` is the environment of the process, which is
/// asked before earlier lines are.
pub fn parse(sources: &[EnvSource<'_>], outside: &dyn Fn(&str) -> Option<Vec<u8>>) -> ParsedEnv {
    parse_by(Precedence::Outside, sources, outside)
}

/// The same, with another source asked first.
///
/// Never fails, never runs anything, asks nothing but `outside`, and takes time in proportion to the length of
/// the files (and of what is substituted). No value gets into a message.
pub(crate) fn parse_by(
    precedence: Precedence,
    sources: &[EnvSource<'_>],
    outside: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> ParsedEnv {
    let mut reader = EnvReader {
        precedence,
        outside,
        parsed: ParsedEnv { assignments: Vec::new(), errors: Vec::new(), warnings: Vec::new() },
        last: HashMap::new(),
        indexed: 0,
        substituted: 0,
    };
    for source in sources {
        reader.file(source);
    }
    reader.parsed
}

struct EnvReader<'a> {
    precedence: Precedence,
    outside: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    parsed: ParsedEnv,
    /// The last assignment of each name, among the first `indexed`: most files substitute nothing, and need
    /// no index.
    last: HashMap<String, usize>,
    indexed: usize,
    substituted: usize,
}

impl EnvReader<'_> {
    fn file(&mut self, source: &EnvSource<'_>) {
        let text = text::decode(source.bytes);
        let reporter = Reporter { file: source.file.into(), content: &text.content };
        let mut errors = Findings::default();
        let mut warnings = Findings::default();
        for item in statement::items(&text.content) {
            match item {
                Ok(StatementItem::Assignment(statement))
                    if self.parsed.assignments.len() == MOST_ASSIGNMENTS =>
                {
                    errors.add(|| reporter.refused(&statement, &ExpansionError::TooMany));
                    break;
                }
                Ok(StatementItem::Assignment(statement)) => {
                    if let Err(refusal) = self.assign(&statement, &reporter, &mut warnings) {
                        errors.add(|| reporter.refused(&statement, &refusal));
                    }
                }
                Ok(StatementItem::Name(place)) => warnings.add(|| reporter.bare_name(&place)),
                // The NUL is the mistake, not the quote that would have been closed after it.
                Err(StatementError::Unclosed { .. }) if text.is_binary => {}
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
    ) -> Result<(), ExpansionError> {
        let RawValue { quote, text, end, .. } = statement.raw;
        let room = LONGEST_VARIABLE.saturating_sub(statement.name.len() + 1);
        if text.len() > room {
            return Err(ExpansionError::TooLong);
        }
        if quote == Quote::None && text.starts_with('#') {
            warnings.add(|| reporter.hash(statement));
        }
        if end == StatementEnd::Guessed {
            warnings.add(|| reporter.guessed_end(statement));
        }
        let expanded = match quote {
            Quote::Single if end == StatementEnd::Escaped => {
                Expanded { value: text.replace("\\'", "'").into_bytes(), unset: Vec::new() }
            }
            Quote::Single | Quote::Back => {
                Expanded { value: expansion::newlines(text).into_owned().into_bytes(), unset: Vec::new() }
            }
            Quote::None | Quote::Double if tokens::is_plain(text) => {
                Expanded { value: text.as_bytes().to_vec(), unset: Vec::new() }
            }
            Quote::None | Quote::Double => {
                if self.substituted > MOST_SUBSTITUTED {
                    return Err(ExpansionError::TooMuch);
                }
                let tokens = tokens::tokens(text, quote == Quote::Double)?;
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
        let value = match self.precedence {
            Precedence::Outside => (self.outside)(name).or_else(|| self.earlier(name)),
            Precedence::Files => self.earlier(name).or_else(|| (self.outside)(name)),
        }?;
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
