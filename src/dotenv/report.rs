//! Diagnostics of a .env file, without ever showing a value.

use std::sync::Arc;

use super::LONGEST_VARIABLE;
use super::statement::{EnvPlace, Quote, Statement, StatementError, line_ends};
use super::tokens::{ExpansionError, Reference};
use crate::location::{Diagnostic, Location};
use crate::text::{self, LineError};

/// Stands for all that is not shown.
const MASK: &str = "…";

/// Makes the diagnostics of one file.
pub(super) struct Reporter<'a> {
    /// The file as the user would name it.
    pub(super) file: Arc<str>,
    /// Its text.
    pub(super) content: &'a str,
}

impl Reporter<'_> {
    /// The column of the name of `statement`.
    pub(super) fn column(&self, statement: &Statement<'_>) -> u32 {
        text::column(&self.content[statement.line_start..], statement.start - statement.line_start)
    }

    /// `NAME` alone.
    pub(super) fn bare_name(&self, place: &EnvPlace<'_>) -> Diagnostic {
        let message = match shown_word(place) {
            Some(word) => format!("`{word}` has no value: nothing is set"),
            None => "this line has no value: nothing is set".into(),
        };
        self.line(place, message, "write `NAME=` for an empty value; a value over several lines needs quotes")
    }

    /// `NAME=#text`.
    pub(super) fn hash(&self, statement: &Statement<'_>) -> Diagnostic {
        let message = format!("the value of {} begins with #: it is no comment here", name(statement));
        let hint = "put a blank before the # of a comment, or quotes around the value";
        self.value(statement, statement.raw.start, message, hint)
    }

    /// A value with a quote in it that is not escaped.
    pub(super) fn guessed_end(&self, statement: &Statement<'_>) -> Diagnostic {
        let message =
            format!("the value of {} is taken to end at the last quote of its line", name(statement));
        let hint =
            "put it into a kind of quotes that is not in it, or write a quote inside double quotes as \\\"";
        self.value(statement, statement.raw.start, message, hint)
    }

    /// A variable that is not set.
    pub(super) fn unset(&self, statement: &Statement<'_>, reference: &Reference<'_>) -> Diagnostic {
        // Without braces it may be a piece of a password: the place must do.
        let (message, hint) = if reference.in_braces {
            let used = shown_name(reference.name);
            let message = format!("{} uses `${{{used}}}` that is not set: it is empty here", name(statement));
            (message, "write `\\$` for the character itself, or `${NAME:-default}`; only earlier lines count")
        } else {
            let message = format!(
                "{} has a name after `$` that is not set: it stays as it is written",
                name(statement)
            );
            (
                message,
                "write `\\$` for the character itself, or `${NAME}` for a variable; only earlier lines count",
            )
        };
        self.value(statement, statement.raw.start + reference.at, message, hint)
    }

    /// A value that is refused.
    pub(super) fn refused(&self, statement: &Statement<'_>, refusal: &ExpansionError) -> Diagnostic {
        let name = name(statement);
        match refusal {
            ExpansionError::Operator { at } => self.value(
                statement,
                statement.raw.start + at,
                format!("the value of {name} holds a `${{…}}` with an operator that is not known here"),
                "there are `${NAME}`, `${NAME:-default}`, `${NAME:+value}` and `${NAME:?message}`; `\\${` is the text itself",
            ),
            ExpansionError::Missing { at, name: missing, message } => {
                let missing = shown_name(missing);
                let reason = if message.is_empty() { String::new() } else { format!(": {message}") };
                let hint = format!("set {missing} in the environment or in an earlier line");
                let message = format!("{name} requires {missing}, which is not set{reason}");
                self.value(statement, statement.raw.start + at, message, &hint)
            }
            ExpansionError::TooLong => self.value(
                statement,
                statement.raw.start,
                format!(
                    "{name} is too long: the kernel takes {LONGEST_VARIABLE} bytes of NAME=value at most"
                ),
                "put it into a file and its path here",
            ),
            ExpansionError::TooMany => self.value(
                statement,
                statement.raw.start,
                format!("{name} is one variable too many: no program can be started with over 100,000"),
                "a file of this size is hardly a .env file: was another one meant?",
            ),
            ExpansionError::TooMuch => self.value(
                statement,
                statement.raw.start,
                format!("by {name}, substitution has made more text than any environment holds"),
                "values that double from line to line are hardly meant",
            ),
        }
    }

    /// A statement that cannot be read.
    pub(super) fn trouble(&self, trouble: &StatementError<'_>) -> Diagnostic {
        match trouble {
            StatementError::Junk(place) => self.line(place, junk_message(place).into(), junk_hint(place)),
            StatementError::Unclosed(statement) => {
                let quote = statement.raw.quote.as_str();
                let message = format!("the value of {} opens a {quote} that nothing closes", name(statement));
                let hint =
                    "close it, or put the value into another kind of quotes if it begins with this one";
                let mut diagnostic = self.value(statement, statement.raw.start - 1, message, hint);
                if let Some(excerpt) = &mut diagnostic.excerpt {
                    let end = excerpt.mark.start;
                    excerpt.mark = end.saturating_sub(quote.len())..end;
                }
                diagnostic
            }
            StatementError::AfterQuote { statement, at } => {
                let message = format!("something stands after the closing quote of {}", name(statement));
                let lines = line_ends(statement.raw.text.as_bytes());
                let opened =
                    format!("the quote was opened in line {}: was it meant to close here?", statement.line);
                let hint = match statement.raw.quote {
                    _ if lines > 0 => opened.as_str(),
                    Quote::Single => {
                        "nothing is escaped in single quotes: use double quotes for a value with '"
                    }
                    Quote::None | Quote::Double | Quote::Back => {
                        "a comment begins with #; write a quote inside double quotes as \\\""
                    }
                };
                let mut diagnostic = self.value(statement, *at, message, hint);
                if let (Some(excerpt), 0) = (&mut diagnostic.excerpt, lines) {
                    excerpt.text.push_str(statement.raw.quote.as_str());
                    let start = excerpt.text.len();
                    excerpt.text.push_str(MASK);
                    excerpt.mark = start..excerpt.text.len();
                }
                diagnostic
            }
        }
    }

    /// `errors` and the diagnostics of `faults`, in order of line. A line that could not be decoded has
    /// no other diagnostic.
    pub(super) fn with_faults(&self, mut errors: Vec<Diagnostic>, faults: &[LineError]) -> Vec<Diagnostic> {
        let is_faulty =
            |error: &Diagnostic| faults.iter().any(|fault| error.location.line == Some(fault.line));
        errors.retain(|error| !is_faulty(error));
        errors.extend(faults.iter().map(|fault| fault.diagnostic(&self.file)));
        errors.sort_by_key(|error| error.location.line.unwrap_or(u32::MAX));
        errors
    }

    /// About a line that is no assignment: all but what looks like its name is masked.
    fn line(&self, place: &EnvPlace<'_>, message: String, hint: &str) -> Diagnostic {
        let word = shown_word(place).unwrap_or_default();
        let masked = if place.word.len() == word.len() && place.text.trim().len() == word.len() {
            word.to_owned()
        } else {
            format!("{word}{}{MASK}", if word.is_empty() { "" } else { " " })
        };
        let mark = if masked.len() == word.len() { 0 } else { masked.len() - MASK.len() };
        Diagnostic {
            location: self.location(place.line, text::column(place.text, place.at)),
            message,
            hint: Some(hint.into()),
            excerpt: Some(text::excerpt(&masked, mark..masked.len())),
        }
    }

    /// About the place `at` (bytes from the start of the file) in the value of `statement`: shows what
    /// stands before the value, if it is in the same line.
    fn value(&self, statement: &Statement<'_>, at: usize, message: String, hint: &str) -> Diagnostic {
        let passed = &self.content[statement.line_start..at];
        let lines = line_ends(passed.as_bytes());
        let line_start = passed.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let masked = if lines == 0 {
            let head =
                self.content[statement.line_start..statement.raw.start].trim_end_matches(['\'', '"', '`']);
            format!("{head}{}{MASK}", statement.raw.quote.as_str())
        } else {
            MASK.into()
        };
        Diagnostic {
            location: self.location(
                statement.line.saturating_add(lines),
                text::column(&passed[line_start..], passed.len() - line_start),
            ),
            message,
            hint: Some(hint.into()),
            excerpt: Some(text::excerpt(&masked, masked.len() - MASK.len()..masked.len())),
        }
    }

    fn location(&self, line: u32, column: u32) -> Location {
        Location { file: Arc::clone(&self.file), line: Some(line), column: Some(column) }
    }
}

/// The name of a variable in a message: cut, should it be endless.
fn name(statement: &Statement<'_>) -> String {
    shown_name(statement.name)
}

fn shown_name(name: &str) -> String {
    if name.len() > 80 { format!("{}{MASK}", &name[..80]) } else { name.into() }
}

/// The word at the start of the line, if it can be shown. In a line that is no assignment it may be a piece of
/// a key that was pasted without quotes: what is long, mixes cases or digits, or goes on as base64 does is not
/// shown.
fn shown_word<'a>(place: &EnvPlace<'a>) -> Option<&'a str> {
    let word = place.word;
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let goes_on = place.text[place.at..].starts_with(['/', '+']);
    (!word.is_empty() && word.len() <= 32 && digits <= 2 && !mixed && !goes_on).then_some(word)
}

fn junk_message(place: &EnvPlace<'_>) -> &'static str {
    match (place.word, place.text.trim_start().as_bytes().first()) {
        ("", Some(b'=')) => "there is no name before the `=`",
        ("", _) => "this line does not begin with a name",
        _ if place.text[place.at..].starts_with(':') => "there is a colon where a `=` belongs",
        _ => "this line is neither NAME=value nor a comment",
    }
}

fn junk_hint(place: &EnvPlace<'_>) -> &'static str {
    const SCRIPT: [&str; 17] = [
        "if", "then", "else", "elif", "fi", "for", "do", "done", "while", "case", "esac", "source", "unset",
        "eval", "dotenv", "function", "alias",
    ];
    let line = place.text.trim_start();
    match place.word {
        "set" | "setenv" => "leave that word out: `NAME=value`",
        word if SCRIPT.contains(&word) => {
            "a .env file is no script: a line is `NAME=value`, and nothing is run"
        }
        "" if line.starts_with(". ") => "a .env file is no script: name several files with -e FILE,FILE",
        "" if line.starts_with('[') => "there are no sections: a line is `NAME=value`",
        "" if line.starts_with(['"', '\'']) => "a name stands without quotes: `NAME=value`",
        _ if place.text[place.at..].starts_with(':') => "write `NAME=value`",
        _ if line.contains('=') => {
            "a name is letters, digits, `_`, `.` and `-`, with nothing else before the `=`"
        }
        _ => "write `NAME=value`, or # in front of a comment; a value over several lines needs quotes",
    }
}
