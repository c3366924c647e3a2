//! Reads the lines of clients. Every field has its bounds here, docs/schema/request.json and typed.json have the same
//! ones for others, and the tests hold the two together. What is outside is refused by name.
//!
//! Not serde's derive: it takes the number of a variant for its name, fills a struct from an array, drops one of two
//! fields that exclude each other, and its errors inside of a tagged enum name no field.

use serde_json::{Map, Value};

use super::fields::Fields;
pub use super::fields::{FieldError, PatternError};
use super::payload::Payload;
use super::protocol::{
    Answer, Envelope, Goal, LogsWanted, RefusalKind, Reply, Request, RequestRefusal, VERSION,
};
use super::scaling::{InstanceCount, ScaleStep};
use super::terminal::{AttachWanted, TerminalInput};
use crate::duration::LONGEST;
use crate::formation::MOST;
use crate::name::TypeName;
use crate::signal::Signal;

/// The most names or steps in a request.
const MANY: usize = 10_000;
/// The most characters of a name; a type has 63, but a glob can be longer.
const LONG_NAME: usize = 255;
/// The most characters of a regular expression.
const LONG_PATTERN: usize = 1000;

/// All requests.
const WORDS: &str = "hello, status, logs, start, stop, roll, restart, scale, kill, wait, attach, hold, down";

/// Reads a request's line.
///
/// # Errors
/// The reply that says what is wrong with it.
pub fn read(line: &[u8]) -> Result<Envelope, Box<Reply>> {
    let refuse = |id, kind, message: String| {
        let answer = Answer::Failed(RequestRefusal::new(kind, message));
        Box::new(Reply { version: VERSION, id, answer })
    };
    let object = object(line).map_err(|error| refuse(0, RefusalKind::BadRequest, error.to_string()))?;
    let fields = Fields::of(&object);
    let id = fields.required("id", "a whole number from 0 to 18446744073709551615", Value::as_u64);
    let known = id.as_ref().map_or(0, |id| *id);
    match object.get("version").map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {}
        Some(Some(version)) => {
            let message = format!(
                "this stack speaks version {VERSION} of the protocol and was asked in version {version}: \
                 restart it with the ganger that you use now"
            );
            return Err(refuse(known, RefusalKind::BadVersion, message));
        }
        Some(None) | None => {
            let missing = fields.required("version", VERSION, Value::as_u64).err();
            let message = missing.map(|error| error.to_string()).unwrap_or_default();
            return Err(refuse(known, RefusalKind::BadVersion, message));
        }
    }
    let read = id.and_then(|id| Ok(Envelope { version: VERSION, id, request: request(&fields)? }));
    read.map_err(|error| refuse(known, RefusalKind::BadRequest, error.to_string()))
}

/// Reads a line of a client that is attached.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn read_typed(line: &[u8]) -> Result<TerminalInput, FieldError> {
    let object = object(line)?;
    let fields = Fields::of(&object);
    let text = fields
        .optional("text", "a string", |value| value.as_str().map(|text| Payload(text.as_bytes().to_vec())))?;
    let encoded =
        fields.optional("base64", "a string in base64", |value| value.as_str().and_then(Payload::decode))?;
    if text.is_some() && encoded.is_some() {
        return Err(fields.both("text", "base64"));
    }
    let size = fields.optional("size", "rows and columns, from 0 to 65535 each", |value| {
        let [rows, columns] = value.as_array()?.as_slice() else { return None };
        let side = |value: &Value| value.as_u64().and_then(|side| u16::try_from(side).ok());
        Some((side(rows)?, side(columns)?))
    })?;
    Ok(TerminalInput { payload: text.or(encoded).unwrap_or_default(), size })
}

/// The regular expression of `grep`.
///
/// A match takes time by its length times what it compiles to, and the stack's only loop waits for it: so both have a
/// bound, far above what is written by hand (`(a{1000}){100}` took 50 s for a line of 100 KB).
///
/// # Errors
/// What is wrong with it.
pub fn pattern(text: &str) -> Result<regex_lite::Regex, PatternError> {
    if text.chars().count() > LONG_PATTERN {
        return Err(PatternError::TooLong(LONG_PATTERN));
    }
    regex_lite::RegexBuilder::new(text)
        .size_limit(64 << 10)
        .build()
        .map_err(|error| PatternError::Invalid(error.to_string()))
}

fn object(line: &[u8]) -> Result<Map<String, Value>, FieldError> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(FieldError::NoObject(None)),
        Err(error) => Err(FieldError::NoObject(Some(error.to_string()))),
    }
}

fn request(fields: &Fields<'_>) -> Result<Request, FieldError> {
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
        "attach" => Request::Attach(attach(fields)?),
        "hold" => Request::Hold,
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

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
