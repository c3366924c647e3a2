//! What clients can ask: each request, its fields with their bounds, and the instances that it is about.
//!
//! docs/schema/request.json has the same bounds for others, and the tests hold the two together.

use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
pub(crate) use super::fields::{FieldError, PatternError};
use super::scaling::{InstanceCount, ScaleStep};
use super::terminal::AttachWanted;
use crate::duration::LONGEST;
use crate::formation::MOST;
use crate::name::TypeName;
use crate::signal::Signal;

/// What can be asked. `names` are types, instances, groups or globs; none means all.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Whether the stack answers: at once, and without its instances.
    Hello,
    /// What runs, and how.
    Status,
    /// Its log: what there is, and what comes.
    Logs(LogsWanted),
    /// They should run.
    Start {
        /// Which.
        names: Vec<String>,
    },
    /// They should not run.
    Stop {
        /// Which.
        names: Vec<String>,
    },
    /// They should end and run again, one after the other, with one more of each type meanwhile.
    Roll {
        /// Which.
        names: Vec<String>,
    },
    /// They should end and run again.
    Restart {
        /// Which.
        names: Vec<String>,
    },
    /// Other numbers of instances; without any, only how many there are.
    Scale {
        /// One after the other.
        steps: Vec<ScaleStep>,
    },
    /// A signal to their main processes.
    Kill {
        /// Which.
        names: Vec<String>,
        /// Its number.
        signal: i32,
        /// Whether their whole groups get it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        group: bool,
    },
    /// Answered when they are as far.
    Wait {
        /// Which.
        names: Vec<String>,
        /// How far.
        until: Goal,
    },
    /// What becomes of them, from now on.
    Events {
        /// Which.
        names: Vec<String>,
    },
    /// Its terminal; [`super::terminal::TerminalInput`] follows, line by line.
    Attach(AttachWanted),
    /// The stack is needed for as long as the client's side of this connection is open.
    Hold,
    /// The stack goes on when its last lease ends.
    Keep,
    /// Everything is to end.
    Down {
        /// The grace for all; else each one's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        grace_seconds: Option<f64>,
    },
}

impl Request {
    /// The names in it, and whether it needs at least one.
    pub(crate) fn targets(&self) -> (&[String], bool) {
        match self {
            Self::Hello | Self::Status | Self::Hold | Self::Keep | Self::Scale { .. } | Self::Down { .. } => {
                (&[][..], false)
            }
            Self::Logs(wanted) => (wanted.names.as_slice(), false),
            Self::Attach(wanted) => (std::slice::from_ref(&wanted.name), true),
            Self::Restart { names }
            | Self::Roll { names }
            | Self::Wait { names, .. }
            | Self::Events { names } => (names.as_slice(), false),
            Self::Start { names } | Self::Stop { names } | Self::Kill { names, .. } => {
                (names.as_slice(), true)
            }
        }
    }

    /// The names in it, to be replaced.
    pub(crate) fn targets_mut(&mut self) -> &mut [String] {
        match self {
            Self::Hello | Self::Status | Self::Hold | Self::Keep | Self::Scale { .. } | Self::Down { .. } => {
                &mut []
            }
            Self::Logs(wanted) => &mut wanted.names,
            Self::Attach(wanted) => std::slice::from_mut(&mut wanted.name),
            Self::Restart { names }
            | Self::Roll { names }
            | Self::Wait { names, .. }
            | Self::Events { names }
            | Self::Start { names }
            | Self::Stop { names }
            | Self::Kill { names, .. } => names,
        }
    }
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogsWanted {
    /// Of these instances.
    pub names: Vec<String>,
    /// At most so many of the lines there are; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
    /// Only lines of this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_seconds: Option<f64>,
    /// Whether what comes is wanted too.
    pub follow: bool,
    /// Only lines in which this regular expression is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grep: Option<String>,
}

/// How far an instance should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Its process exists.
    Up,
    /// It serves: see [`InstanceStatus::ready`](super::status::InstanceStatus::ready).
    Ready,
    /// Its process has ended.
    Exited,
}

/// The most names or steps in a request.
const MANY: usize = 10_000;
/// The most characters of a name; a type has 63, but a glob can be longer.
const LONG_NAME: usize = 255;
/// The most characters of a regular expression.
const LONG_PATTERN: usize = 1000;

/// All requests.
const WORDS: &str =
    "hello, status, logs, start, stop, roll, restart, scale, kill, wait, events, attach, hold, keep, down";

/// The regular expression of `grep`.
///
/// A match takes time by its length times what it compiles to, and the stack's only loop waits for it: so both have a
/// bound, far above what is written by hand (`(a{1000}){100}` took 50 s for a line of 100 KB).
///
/// # Errors
/// What is wrong with it.
pub(crate) fn pattern(text: &str) -> Result<regex_lite::Regex, PatternError> {
    if text.chars().count() > LONG_PATTERN {
        return Err(PatternError::TooLong(LONG_PATTERN));
    }
    regex_lite::RegexBuilder::new(text)
        .size_limit(64 << 10)
        .build()
        .map_err(|error| PatternError::Invalid(error.to_string()))
}

/// Reads a request.
///
/// # Errors
/// The first field that is missing or outside of its bounds.
pub(super) fn request(fields: &Fields<'_>) -> Result<Request, FieldError> {
    let word = fields.required("request", WORDS, Value::as_str)?;
    Ok(match word {
        "hello" => Request::Hello,
        "status" => Request::Status,
        "logs" => Request::Logs(logs(fields)?),
        "start" => Request::Start { names: names(fields, 1)? },
        "stop" => Request::Stop { names: names(fields, 1)? },
        "roll" => Request::Roll { names: names(fields, 0)? },
        "restart" => Request::Restart { names: names(fields, 0)? },
        "scale" => Request::Scale {
            steps: fields.objects("steps", 0..=MANY)?.iter().map(step).collect::<Result<_, _>>()?,
        },
        "kill" => {
            Request::Kill { names: names(fields, 1)?, signal: signal(fields)?, group: fields.flag("group")? }
        }
        "wait" => Request::Wait { names: names(fields, 0)?, until: goal(fields)? },
        "events" => Request::Events { names: names(fields, 0)? },
        "attach" => Request::Attach(attach(fields)?),
        "hold" => Request::Hold,
        "keep" => Request::Keep,
        "down" => Request::Down { grace_seconds: span(fields, "grace_seconds")? },
        _ => return Err(fields.refuse("request", WORDS)),
    })
}

fn logs(fields: &Fields<'_>) -> Result<LogsWanted, FieldError> {
    let grep = fields.text("grep", 0..=LONG_PATTERN)?;
    if let Some(Err(reason)) = grep.as_deref().map(pattern) {
        return Err(FieldError::Pattern("grep".into(), reason));
    }
    Ok(LogsWanted {
        names: names(fields, 0)?,
        lines: fields.whole("lines", 0..=u32::MAX)?,
        since_seconds: span(fields, "since_seconds")?,
        follow: fields.flag("follow")?,
        grep,
    })
}

fn attach(fields: &Fields<'_>) -> Result<AttachWanted, FieldError> {
    Ok(AttachWanted {
        name: fields.needed("name", fields.text("name", 0..=LONG_NAME)?)?,
        rows: fields.needed("rows", fields.whole("rows", 0..=u16::MAX)?)?,
        columns: fields.needed("columns", fields.whole("columns", 0..=u16::MAX)?)?,
        view: fields.flag("view")?,
        take: fields.flag("take")?,
    })
}

fn names(fields: &Fields<'_>, least: usize) -> Result<Vec<String>, FieldError> {
    fields.texts("names", least..=MANY, LONG_NAME)
}

fn step(fields: &Fields<'_>) -> Result<ScaleStep, FieldError> {
    let allowed = "the name of a type: letters, digits, `-` and `_`, 63 at most";
    let r#type = fields.required("type", allowed, |value| {
        value.as_str().filter(|name| TypeName::new(name).is_some()).map(str::to_owned)
    })?;
    let most = i32::try_from(MOST).unwrap_or(i32::MAX);
    match (fields.whole("to", 0..=MOST)?, fields.whole("by", -most..=most)?) {
        (Some(to), None) => Ok(ScaleStep { r#type, count: InstanceCount::To(to) }),
        (None, Some(by)) => Ok(ScaleStep { r#type, count: InstanceCount::By(by) }),
        (Some(_), Some(_)) => Err(fields.both("to", "by")),
        (None, None) => Err(fields.neither("to", "by")),
    }
}

fn signal(fields: &Fields<'_>) -> Result<i32, FieldError> {
    fields.needed("signal", fields.whole("signal", Signal::NUMBERS)?)
}

fn goal(fields: &Fields<'_>) -> Result<Goal, FieldError> {
    fields.required("until", "up, ready, exited", |value| match value.as_str()? {
        "up" => Some(Goal::Up),
        "ready" => Some(Goal::Ready),
        "exited" => Some(Goal::Exited),
        _ => None,
    })
}

/// Seconds, as long as a flag's may be.
fn span(fields: &Fields<'_>, name: &str) -> Result<Option<f64>, FieldError> {
    let longest = LONGEST.as_secs_f64();
    fields.optional(name, format_args!("seconds, from 0 to {longest}"), |value| {
        value.as_f64().filter(|seconds| (0.0..=longest).contains(seconds))
    })
}
