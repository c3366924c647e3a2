//! `app.json`: what Heroku's schema says about the formation and the environment
//! (<https://devcenter.heroku.com/articles/app-json-schema>). The rest of it is not ours.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::care::{FORMS, Probe};
use super::source::{Source, decoded};
use super::{Declared, Given, Parsed};
use crate::duration;
use crate::formation::MOST;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;

/// What an `app.json` says that ganger reads: `formation.TYPE.quantity` and `env` as Heroku has them, and
/// `healthchecks` as Dokku has them (<https://dokku.com/docs/deployment/zero-downtime-deploys/>).
///
/// Other programs have an `app.json` of their own (Expo): keys that are not Heroku's are passed over in
/// silence.
pub fn parse(file: &str, bytes: &[u8]) -> Parsed {
    let file: Arc<str> = file.into();
    let content = match decoded(&file, bytes) {
        Ok(content) => content,
        Err(errors) => return Parsed { errors, ..Parsed::default() },
    };
    let source = Source::new(file, &content);
    match serde_json::from_str::<Value>(&content) {
        Ok(document) => {
            let mut reader = Reader { source: &source, keys: keys(&content), parsed: Parsed::default() };
            reader.read_section(&document, "formation", Reader::read_quantity);
            reader.read_section(&document, "env", Reader::read_variable);
            reader.read_section(&document, "healthchecks", Reader::read_checks);
            reader.in_order()
        }
        Err(error) => Parsed { errors: vec![refused(&source, &error)], ..Parsed::default() },
    }
}

/// What `serde_json` says, without its own `at line 3 column 7`.
fn refused(source: &Source<'_>, error: &serde_json::Error) -> Diagnostic {
    let start: usize =
        source.content.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(source.content.len().saturating_sub(1));
    let at = (0..=at).rev().find(|at| source.content.is_char_boundary(*at)).unwrap_or(0);
    let said = error.to_string();
    let what = said.split(" at line ").next().unwrap_or(&said);
    let length = source.content[at..].chars().next().map_or(0, char::len_utf8);
    source.diagnostic(
        at..at + length,
        format!("this is not JSON: {what}"),
        Some("mend it, or take the file away".into()),
    )
}

struct Reader<'a> {
    source: &'a Source<'a>,
    keys: HashMap<&'a str, Vec<usize>>,
    parsed: Parsed,
}

/// Where each key stands, as it is written. A search of the text and not a second parser of JSON: the place is for
/// a person, who is helped by the line even if another object has the same key first.
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

impl Reader<'_> {
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
        let formation = Some(Given { value: count, place: self.place(at) });
        self.parsed.settings.processes.entry(kind).or_default().formation = formation;
    }

    /// `"web": [{"type": "startup", "path": "/health"}]`: what shows that it is ready. The first check that is about
    /// a start counts; what is asked of an instance later on (`liveness`) is for who runs it for good.
    fn read_checks(&mut self, name: &str, value: &Value, at: usize) {
        let Some(kind) = TypeName::new(name) else {
            return self.refuse(at, name, format!("`{name}` cannot be the name of a type"), "rename it");
        };
        let Some(checks) = value.as_array() else {
            let message = format!("the health checks of `{name}` are not a list");
            return self.refuse(at, name, message, "write [{\"type\": \"startup\", \"path\": \"/health\"}]");
        };
        let first = |kind: &str| checks.iter().find(|check| check.get("type") == Some(&Value::from(kind)));
        let found = first("startup").or_else(|| first("readiness"));
        let Some(check) = found else { return };
        match sign(check) {
            Ok(probe) => {
                let place = self.place(at);
                let process = self.parsed.settings.processes.entry(kind).or_default();
                process.ready = Some(Given { value: probe, place: place.clone() });
                process.ready_timeout = patience(check).map(|value| Given { value, place });
            }
            Err(message) => self.refuse(at, name, format!("a health check of `{name}`: {message}"), FORMS),
        }
    }

    /// `"NAME": "value"`, or an object with `value`, `required`, `description` and `generator`.
    fn read_variable(&mut self, name: &str, value: &Value, at: usize) {
        let place = self.place(at);
        let declared = match value {
            Value::String(text) => Declared {
                name: name.into(),
                value: Some(text.clone()),
                required: false,
                description: None,
                generated: false,
                place,
            },
            Value::Object(about) => declared(name, about, place),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
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
    fn in_order(self) -> Parsed {
        let mut parsed = self.parsed;
        let key = |place: &Location| (place.line, place.column);
        parsed.settings.variables.sort_by_key(|variable| key(&variable.place));
        parsed.errors.sort_by_key(|error| key(&error.location));
        parsed
    }
}

/// What a check asks: a command (its words), whether somebody listens, a time to live, or a path, which is `/` where
/// nothing is said.
fn sign(check: &Value) -> Result<Probe, String> {
    let port = check.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    if let Some(words) = check.get("command").and_then(Value::as_array) {
        let words: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(quoted)).collect();
        let command = words.filter(|words| !words.is_empty()).ok_or("its command is not a list of words")?;
        return Ok(Probe::Command(command.join(" ").into()));
    }
    if check.get("listening").and_then(Value::as_bool) == Some(true) {
        return Ok(Probe::Listen(port));
    }
    if check.get("uptime").is_some() {
        return Ok(Probe::Alive);
    }
    let path = check.get("path").map_or(Some("/"), Value::as_str).ok_or("its path is not a text")?;
    Probe::parse(&format!("http:{path}"))
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

fn declared(name: &str, about: &Map<String, Value>, place: Location) -> Declared {
    let text = |key: &str| about.get(key).and_then(Value::as_str).map(str::to_owned);
    Declared {
        name: name.into(),
        value: text("value"),
        required: about.get("required").and_then(Value::as_bool).unwrap_or(true),
        description: text("description").filter(|description| !description.is_empty()),
        generated: about.contains_key("generator"),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(list: &[Diagnostic]) -> Vec<String> {
        list.iter().map(|found| format!("{} {}", found.location, found.message)).collect()
    }

    #[test]
    fn the_formation_and_the_environment_are_read() {
        let text = r#"{
  "name": "shop", "scripts": {"postdeploy": "x"},
  "env": {
    "MODE": "dev",
    "KEY": {"description": "of the shop"},
    "B": {"value": "5"},
    "MAY": {"required": false},
    "SECRET": {"generator": "secret"}
  },
  "formation": {"web": {"quantity": 2, "size": "x"}, "worker": {"size": "x"}}
}"#;
        let parsed = parse("app.json", text.as_bytes());
        assert_eq!((parsed.errors, parsed.warnings), (vec![], vec![]));
        let variables: Vec<_> = parsed
            .settings
            .variables
            .iter()
            .map(|v| (v.name.as_str(), v.value.as_deref(), v.required, v.generated, v.place.line))
            .collect();
        assert_eq!(
            variables,
            [
                ("MODE", Some("dev"), false, false, Some(4)),
                ("KEY", None, true, false, Some(5)),
                ("B", Some("5"), true, false, Some(6)),
                ("MAY", None, false, false, Some(7)),
                ("SECRET", None, true, true, Some(8)),
            ]
        );
        assert_eq!(parsed.settings.variables[1].description.as_deref(), Some("of the shop"));
        let web = &parsed.settings.processes[&TypeName::new("web").unwrap()].formation;
        assert_eq!(web.as_ref().unwrap().value, 2);
        assert_eq!(parsed.settings.processes.len(), 1);
    }

    #[test]
    fn the_health_checks_of_a_start_are_read_as_dokku_has_them() {
        let text = r#"{"formation": {"web": {"quantity": 2}}, "healthchecks": {
  "web": [{"type": "liveness", "path": "/alive"},
          {"type": "startup", "path": "/health", "attempts": 4, "timeout": 2, "wait": 3, "initialDelay": 1}],
  "db": [{"type": "readiness", "command": ["pg_isready", "-U", "o'hara"]}],
  "redis": [{"type": "startup", "listening": true, "port": 6379}],
  "job": [{"type": "startup", "uptime": 10}],
  "css": [{"type": "startup"}],
  "x": [{"type": "liveness"}],
  "bad": [{"type": "startup", "path": "no path"}],
  "none": {}
}}"#;
        let parsed = parse("app.json", text.as_bytes());
        assert_eq!(
            places(&parsed.errors),
            [
                "app.json:9:3 a health check of `bad`: `no path` is not a path: it begins with one `/`, has no blanks, \
                 and is asked on the instance's PORT",
                "app.json:10:3 the health checks of `none` are not a list"
            ]
        );
        let own = |name: &str| parsed.settings.processes.get(&TypeName::new(name).unwrap()).cloned();
        let probe = |name: &str| own(name).and_then(|own| own.ready).map(|given| given.value);
        assert_eq!(probe("web"), Some(Probe::Http("/health".into())));
        let web = own("web").unwrap();
        assert_eq!(web.ready_timeout.map(|given| given.value), Some(Duration::from_secs(21)));
        assert_eq!(web.formation.map(|given| given.value), Some(2));
        assert_eq!(probe("db"), Some(Probe::Command(r"'pg_isready' '-U' 'o'\''hara'".into())));
        assert_eq!(probe("redis"), Some(Probe::Listen(Some(6379))));
        assert_eq!((probe("job"), probe("css")), (Some(Probe::Alive), Some(Probe::Http("/".into()))));
        assert_eq!((probe("x"), probe("bad")), (None, None));
        assert_eq!(own("css").unwrap().ready_timeout, None);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let found = parse("app.json", b"{\n  \"env\": {,}\n}").errors;
        assert_eq!(places(&found), ["app.json:2:11 this is not JSON: key must be a string"]);
        for text in ["", "{", "\u{e9}", "[1,]", "nul\u{e9}", "\n\n"] {
            assert_eq!(parse("app.json", text.as_bytes()).errors.len(), 1, "{text:?}");
        }
    }

    #[test]
    fn another_programs_file_is_passed_over() {
        let text = r#"{"expo": {"name": "x", "env": 7}, "formation": {}}"#;
        assert_eq!(parse("app.json", text.as_bytes()), Parsed::default());
        assert_eq!(parse("app.json", b"[]"), Parsed::default());
    }

    #[test]
    fn a_wrong_shape_is_an_error_in_the_order_of_the_file() {
        let text =
            "{\"formation\": {\"web\": {\"quantity\": -1}},\n\"env\": {\"Z\": 1,\n\"A\": [], \"a=b\": \"\"}}";
        assert_eq!(
            places(&parse("app.json", text.as_bytes()).errors),
            [
                "app.json:1:16 the quantity of `web` is not a whole number from 0 to 10000",
                "app.json:2:9 `Z` is neither a text nor an object",
                "app.json:3:1 `A` is neither a text nor an object",
                "app.json:3:10 this cannot be a variable",
            ]
        );
        assert_eq!(
            places(&parse("app.json", b"{\"env\": 1}").errors),
            ["app.json:1:2 `env` is not an object"]
        );
    }
}
