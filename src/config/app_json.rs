//! `app.json`: what Heroku's schema says about the formation and the environment
//! (<https://devcenter.heroku.com/articles/app-json-schema>). The rest of it is not ours.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::invalid::InvalidValue;
use super::probe::{Probe, ReadySetting};
use super::settings::{DeclaredVariable, Located, ParsedSettings};
use super::source::{SettingSource, decoded};
use crate::duration;
use crate::formation::MOST;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;

/// What an `app.json` says that ganger reads: `formation.TYPE.quantity` and `env` as Heroku has them, and
/// `healthchecks` as Dokku has them (<https://dokku.com/docs/deployment/zero-downtime-deploys/>).
///
/// Other programs have an `app.json` of their own (Expo): keys that are not Heroku's are passed over in
/// silence. This is the strict reading, for a deployment (`--app-json` and the exports).
pub fn parse(file: &str, bytes: &[u8]) -> ParsedSettings {
    read(file, bytes, false)
}

/// The same file for a run on this machine, which it does not describe: a file that cannot be read is another program's,
/// and is passed over. What is wrong with a formation or a health check is a warning; a type whose quantity is 0 in the
/// deployment runs here.
pub fn parse_locally(file: &str, bytes: &[u8]) -> ParsedSettings {
    let ParsedSettings { settings, errors, mut warnings } = read(file, bytes, true);
    let is_ours = [b"\"formation\"".as_slice(), b"\"healthchecks\""]
        .iter()
        .any(|key| bytes.windows(key.len()).any(|window| window == *key));
    if is_ours {
        warnings.extend(errors);
    }
    ParsedSettings { settings, errors: Vec::new(), warnings }
}

fn read(file: &str, bytes: &[u8], is_local: bool) -> ParsedSettings {
    let file: Arc<str> = file.into();
    let content = match decoded(&file, bytes) {
        Ok(content) => content,
        Err(errors) => return ParsedSettings { errors, ..ParsedSettings::default() },
    };
    let source = SettingSource::new(file, &content);
    match serde_json::from_str::<Value>(&content) {
        Ok(document) => {
            let mut reader = AppJsonReader {
                source: &source,
                keys: keys(&content),
                parsed: ParsedSettings::default(),
                is_local,
            };
            reader.read_section(&document, "env", AppJsonReader::read_variable);
            if is_local {
                // What is wrong with it concerns the deployment alone.
                reader.parsed.errors.clear();
            }
            reader.read_section(&document, "formation", AppJsonReader::read_quantity);
            reader.read_section(&document, "healthchecks", AppJsonReader::read_checks);
            reader.in_order()
        }
        Err(error) => ParsedSettings { errors: vec![refused(&source, &error)], ..ParsedSettings::default() },
    }
}

/// What `serde_json` says, without its own `at line 3 column 7`.
fn refused(source: &SettingSource<'_>, error: &serde_json::Error) -> Diagnostic {
    let start: usize =
        source.content.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(source.content.len().saturating_sub(1));
    let at = (0..=at).rev().find(|at| source.content.is_char_boundary(*at)).unwrap_or(0);
    let whole = error.to_string();
    let what = whole.split(" at line ").next().unwrap_or(&whole);
    let length = source.content[at..].chars().next().map_or(0, char::len_utf8);
    source.diagnostic(
        at..at + length,
        format!("this is not JSON: {what}"),
        Some("mend it, or take the file away".into()),
    )
}

struct AppJsonReader<'a> {
    source: &'a SettingSource<'a>,
    keys: HashMap<&'a str, Vec<usize>>,
    parsed: ParsedSettings,
    is_local: bool,
}

/// Where each key stands, as it is written. A search of the text and not a second parser of JSON: a message is of use with
/// its line even if another object has the same key first.
fn keys(content: &str) -> HashMap<&str, Vec<usize>> {
    let mut keys: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut rest = content;
    while let Some(start) = rest.find('"') {
        let text = &rest[start..];
        let mut is_escaped = true;
        let end = text.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        });
        let Some(end) = end else { break };
        // The opening quote counts as escaped, so that it does not end the text.
        let (literal, after) = text.split_at(end + 1);
        rest = after.trim_start();
        if rest.starts_with(':') {
            keys.entry(literal).or_default().push(content.len() - text.len());
        }
    }
    keys
}

impl AppJsonReader<'_> {
    /// Reads each entry of the object called `section`, if there is one, with `read`.
    fn read_section(
        &mut self,
        document: &Value,
        section: &str,
        read: impl Fn(&mut Self, &str, &Value, usize),
    ) {
        let Some(value) = document.get(section) else { return };
        let start = self.find_key(0, section).unwrap_or(0);
        let Some(entries) = value.as_object() else {
            return self.refuse(
                start,
                section,
                format!("`{section}` is not an object"),
                "write {\"NAME\": …}",
            );
        };
        for (name, value) in entries {
            let at = self.find_key(start + 1, name).unwrap_or(start);
            read(self, name, value, at);
        }
    }

    /// `"web": {"quantity": 2}`: a count for that type. It does not keep the others from running, for
    /// the file is written for Heroku, where a type that it does not name has the count it had before.
    fn read_quantity(&mut self, name: &str, value: &Value, at: usize) {
        let Some(kind) = TypeName::new(name) else {
            return self.refuse(at, name, format!("`{name}` cannot be the name of a type"), "rename it");
        };
        let Some(quantity) = value.get("quantity") else { return };
        let count =
            quantity.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count <= MOST);
        let Some(count) = count else {
            let message = format!("the quantity of `{name}` is not a whole number from 0 to {MOST}");
            return self.refuse(at, name, message, "write \"quantity\": 1");
        };
        if self.is_local && count == 0 {
            return;
        }
        let formation = Some(Located { value: count, place: self.place(at) });
        self.parsed.settings.processes.entry(kind).or_default().formation = formation;
    }

    /// `"web": [{"type": "startup", "path": "/health"}]`: what shows that it is ready. The first check that is about
    /// a start counts; what is asked of an instance later on (`liveness`) is for the engine of an export.
    fn read_checks(&mut self, name: &str, value: &Value, at: usize) {
        let Some(kind) = TypeName::new(name) else {
            return self.refuse(at, name, format!("`{name}` cannot be the name of a type"), "rename it");
        };
        let Some(checks) = value.as_array() else {
            let message = format!("the health checks of `{name}` are not a list");
            return self.refuse(at, name, message, "write [{\"type\": \"startup\", \"path\": \"/health\"}]");
        };
        let first = |kind: &str| checks.iter().find(|check| check.get("type") == Some(&Value::from(kind)));
        let of_start = first("startup").or_else(|| first("readiness"));
        if let Some(probe) = first("liveness").and_then(|check| self.read_check(&kind, check, at)) {
            let liveness = Some(Located { value: probe, place: self.place(at) });
            self.parsed.settings.processes.entry(kind.clone()).or_default().liveness = liveness;
        }
        let Some(check) = of_start else { return };
        let Some(probe) = self.read_check(&kind, check, at) else { return };
        let place = self.place(at);
        let process = self.parsed.settings.processes.entry(kind).or_default();
        process.ready = Some(Located { value: ReadySetting::Probe(probe), place: place.clone() });
        process.ready_timeout = patience(check).map(|value| Located { value, place });
    }

    fn read_check(&mut self, kind: &TypeName, check: &Value, at: usize) -> Option<Probe> {
        match probe_of(check) {
            Ok(probe) => Some(probe),
            Err(invalid) => {
                let message = format!("a health check of `{kind}`: {}", invalid.message());
                let hint = "see https://dokku.com/docs/deployment/zero-downtime-deploys/";
                self.refuse(at, kind.as_str(), message, hint);
                None
            }
        }
    }

    /// `"NAME": "value"` (or a number, or a boolean), or an object with `value`, `required`, `description` and `generator`.
    fn read_variable(&mut self, name: &str, value: &Value, at: usize) {
        let place = self.place(at);
        let declared = match value {
            Value::String(_) | Value::Bool(_) | Value::Number(_) => DeclaredVariable {
                name: name.into(),
                value: scalar(value),
                required: false,
                description: None,
                generated: false,
                place,
            },
            Value::Object(about) => declared(name, about, place),
            Value::Null | Value::Array(_) => {
                let message = format!("`{name}` is neither a text nor an object");
                return self.refuse(at, name, message, "write \"NAME\": \"value\"");
            }
        };
        if name.is_empty()
            || name.contains(['=', '\0'])
            || declared.value.as_ref().is_some_and(|v| v.contains('\0'))
        {
            return self.refuse(at, name, "this cannot be a variable".into(), "leave out `=` and NUL");
        }
        self.parsed.settings.variables.push(declared);
    }

    /// Where `"name":` first stands at or after `from`.
    fn find_key(&self, from: usize, name: &str) -> Option<usize> {
        let places = self.keys.get(Value::from(name).to_string().as_str())?;
        places.get(places.partition_point(|place| *place < from)).copied()
    }

    fn place(&self, at: usize) -> Location {
        self.source.location(at)
    }

    fn refuse(&mut self, at: usize, name: &str, message: String, hint: &str) {
        let span = at..at + name.len() + 2;
        self.parsed.errors.push(self.source.diagnostic(span, message, Some(hint.into())));
    }

    /// What was read, in the order of the file (`serde_json`'s maps are in the order of the alphabet).
    fn in_order(self) -> ParsedSettings {
        let mut parsed = self.parsed;
        parsed.settings.variables.sort_by_key(|variable| (variable.place.line, variable.place.column));
        parsed.errors.sort_by_key(|error| (error.location.line, error.location.column));
        parsed
    }
}

/// What shows that the check succeeds: a command (its words), a listening process, an uptime, or a path, which is `/` by
/// default.
fn probe_of(check: &Value) -> Result<Probe, InvalidValue> {
    let port = check.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    if let Some(command) = check.get("command").filter(|command| command.is_array()) {
        let words = command.as_array().into_iter().flatten().map(|word| word.as_str().map(quoted));
        let words = words.collect::<Option<Vec<String>>>().filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| invalid(command, "expected a list of words as `command`"))?;
        return Ok(Probe::Command(words.join(" ").into()));
    }
    if check.get("listening").and_then(Value::as_bool) == Some(true) {
        return Ok(Probe::Listen(port));
    }
    if check.get("uptime").is_some() {
        return Ok(Probe::Alive);
    }
    let path = match check.get("path") {
        None => "/",
        Some(path) => path.as_str().ok_or_else(|| invalid(path, "expected a text as `path`"))?,
    };
    Probe::parse(&format!("http:{path}"))
}

fn invalid(value: &Value, reason: &str) -> InvalidValue {
    InvalidValue::new(&value.to_string(), reason)
}

/// How long all attempts of a check take at most: each has its time, and a pause before the next.
fn patience(check: &Value) -> Option<Duration> {
    let seconds = |key: &str, default: f64| check.get(key).and_then(Value::as_f64).unwrap_or(default);
    // Dokku's defaults.
    let all = seconds("initialDelay", 0.0)
        + seconds("attempts", 3.0) * (seconds("timeout", 5.0) + seconds("wait", 5.0));
    let is_said = ["initialDelay", "attempts", "timeout", "wait"].iter().any(|key| check.get(key).is_some());
    Duration::try_from_secs_f64(all).ok().filter(|span| is_said && *span <= duration::LONGEST)
}

/// A word as a shell takes it, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A value as a variable has it: texts, numbers and booleans as they are written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn declared(name: &str, about: &Map<String, Value>, place: Location) -> DeclaredVariable {
    let text = |key: &str| about.get(key).and_then(Value::as_str).map(str::to_owned);
    DeclaredVariable {
        name: name.into(),
        value: about.get("value").and_then(scalar),
        required: about.get("required").and_then(Value::as_bool).unwrap_or(true),
        description: text("description").filter(|description| !description.is_empty()),
        generated: about.contains_key("generator"),
        place,
    }
}

#[cfg(test)]
#[path = "app_json_tests.rs"]
mod tests;
