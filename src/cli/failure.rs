//! Why a command fails: kind, reason and way out. The kind alone decides the exit status.

use std::io;

use serde_json::{Value, json};

use crate::control::protocol::{LogLine, SCHEMA, Status};
use crate::exit::{self, Outcome};
use crate::location::Diagnostic;
use crate::signal::Signal;
use crate::text::harmless;

/// Why a command failed. [`super::report`] prints it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is invalid, in clap's words.
    Usage(clap::Error),
    /// Invalid input: all errors.
    Refused(Vec<Diagnostic>),
    /// One sentence, and the status that tells what kind it is.
    Sentence(Box<Sentence>),
    /// The errors that a running stack found in its files, as text.
    Told(String),
    /// ganger failed: one sentence.
    Failed(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

impl Failure {
    /// A failure with this status, and nothing but a message and a way out.
    pub(crate) fn sentence(status: u8, message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Sentence(Box::new(Sentence { message: message.into(), hint, status, ..Sentence::default() }))
    }

    /// A command line or a variable that is wrong, where clap does not know it.
    pub(crate) fn usage(message: String, hint: Option<String>) -> Self {
        Self::sentence(exit::USAGE, message, hint)
    }

    /// The JSON document of it (docs/schema/error.json); none where standard output cannot be written to.
    pub(crate) fn document(&self) -> Option<Value> {
        let error = match self {
            Self::Output(_) => return None,
            Self::Usage(error) => {
                let text = harmless(&error.render().to_string()).into_owned();
                let first = text.lines().next().unwrap_or_default();
                json!({"code": "usage", "message": first.strip_prefix("error: ").unwrap_or(first)})
            }
            Self::Refused(errors) => {
                let first = errors.first().map(|error| error.message.as_str()).unwrap_or_default();
                json!({"code": "invalid_input", "message": first, "errors": errors})
            }
            Self::Told(text) => json!({"code": "invalid_input", "message": text.trim_end()}),
            Self::Failed(message) => json!({"code": "internal", "message": message}),
            Self::Sentence(sentence) => sentence.error(),
        };
        let status = if let Self::Sentence(sentence) = self { sentence.stack.as_deref() } else { None };
        let mut document = status.map_or_else(|| json!({"schema": SCHEMA}), |status| json!(status));
        document["error"] = error;
        Some(document)
    }

    /// The last run, if this is the failure that no stack runs where one has run.
    pub(crate) fn last_run(&self) -> Option<&Status> {
        let Self::Sentence(sentence) = self else { return None };
        let stack = sentence.stack.as_deref().filter(|_| sentence.status == exit::NOTHING_RUNS);
        stack.filter(|status| status.ended.is_some())
    }

    /// How ganger ends with it.
    ///
    /// A reader that closed standard output ends every command as it ends `cat`: by SIGPIPE (POSIX write(2)), 141
    /// in a shell. Rust's runtime ignores that signal, so it is raised again. That a parent had it ignored is not
    /// known any more; a filter would then say `Broken pipe`.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::Status(match self {
            Self::Usage(error) if error.exit_code() == 0 => exit::SUCCESS,
            Self::Usage(_) => exit::USAGE,
            Self::Refused(_) | Self::Told(_) => exit::REFUSED,
            Self::Sentence(sentence) => sentence.status,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Outcome::DieBy(Signal::PIPE);
            }
            Self::Failed(_) | Self::Output(_) => exit::FAILED,
        })
    }
}

/// A failure that is one sentence.
#[derive(Debug, Default)]
pub(crate) struct Sentence {
    /// The sentence.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The exit status of ganger.
    pub status: u8,
    /// What kind it is for a program, where the status does not tell.
    pub code: Option<&'static str>,
    /// The instance that is the cause.
    pub process: Option<String>,
    /// Its exit status, as a shell reports it.
    pub exit_status: Option<u8>,
    /// Its latest lines.
    pub lines: Vec<LogLine>,
    /// The state of the stack, where the document has it.
    pub stack: Option<Box<Status>>,
}

impl Sentence {
    /// The object for programs.
    fn error(&self) -> Value {
        let code = match self.status {
            _ if let Some(code) = self.code => code,
            // The last run has an instance too.
            exit::NOTHING_RUNS if self.stack.is_some() => "nothing_runs",
            // The status is that of the instance.
            _ if self.process.is_some() => "failed",
            exit::USAGE => "usage",
            exit::NOTHING_RUNS => "nothing_runs",
            exit::NOT_ANSWERING => "not_answering",
            exit::LATE => "timed_out",
            exit::FAILED => "internal",
            126 | 127 => "cannot_run",
            _ => "failed",
        };
        let mut error = json!({"code": code, "message": self.message});
        let more = [
            ("hint", json!(self.hint)),
            ("process", json!(self.process)),
            ("exit_status", json!(self.exit_status)),
            ("lines", json!(self.lines)),
        ];
        for (name, value) in more {
            if !value.is_null() && value != json!([]) {
                error[name] = value;
            }
        }
        error
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
