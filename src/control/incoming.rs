//! Reads the lines of clients. What is outside of its bounds is refused by name.
//!
//! Not serde's derive: it takes the number of a variant for its name, fills a struct from an array, drops one of two
//! fields that exclude each other, and its errors inside of a tagged enum name no field.

use serde_json::{Map, Value};

use super::fields::{FieldError, Fields};
use super::payload::Payload;
use super::protocol::{Envelope, RefusalKind, Reply, RequestRefusal, VERSION};
use super::request::request;
use super::terminal::TerminalInput;

/// Reads a request's line.
///
/// # Errors
/// The reply that says what is wrong with it.
pub fn read(line: &[u8]) -> Result<Envelope, Box<Reply>> {
    let object = object(line).or_else(|error| refuse(0, RefusalKind::BadRequest, error.to_string()))?;
    let fields = Fields::of(&object);
    let id = fields.required("id", "a whole number from 0 to 18446744073709551615", Value::as_u64);
    let known = id.as_ref().map_or(0, |id| *id);
    match object.get("version").map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {}
        Some(Some(version)) => {
            let message = format!(
                "this stack has version {VERSION} of the protocol and the request version {version}: \
                 restart it with the ganger that you use now"
            );
            return refuse(known, RefusalKind::BadVersion, message);
        }
        Some(None) | None => {
            let missing = fields.required("version", VERSION, Value::as_u64).err();
            let message = missing.map(|error| error.to_string()).unwrap_or_default();
            return refuse(known, RefusalKind::BadVersion, message);
        }
    }
    let read = id.and_then(|id| Ok(Envelope { version: VERSION, id, request: request(&fields)? }));
    read.or_else(|error| refuse(known, RefusalKind::BadRequest, error.to_string()))
}

fn refuse<T>(id: u64, kind: RefusalKind, message: String) -> Result<T, Box<Reply>> {
    let answer = RequestRefusal::new(kind, message).into();
    Err(Box::new(Reply { version: VERSION, id, answer }))
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
        Some((side_of_terminal(rows)?, side_of_terminal(columns)?))
    })?;
    Ok(TerminalInput { payload: text.or(encoded).unwrap_or_default(), size })
}

fn side_of_terminal(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|side| u16::try_from(side).ok())
}

fn object(line: &[u8]) -> Result<Map<String, Value>, FieldError> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(FieldError::NoObject(None)),
        Err(error) => Err(FieldError::NoObject(Some(error.to_string()))),
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
