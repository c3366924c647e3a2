//! What holds of every parser for any bytes: it does not panic, a mistake has a place, what is printed about it makes
//! no terminal do anything, no value of a .env file is printed, and what was read is read the same once it is printed.
//!
//! `.ci/fuzz` looks for bytes for which it does not hold, and tests/it/fuzz.rs holds it for the corpus.

use ganger::parts::cli::report::{self, Severity};
use ganger::parts::config::{self, app_json, foreman};
use ganger::parts::control::incoming;
use ganger::parts::dotenv::{self, EnvSource, second_reader};
use ganger::parts::location::Diagnostic;
use ganger::parts::procfile;

/// The name of every file here.
const FILE: &str = "file";

/// A line of a client, and a line of an attached one.
pub fn request(bytes: &[u8]) {
    match incoming::read(bytes) {
        Ok(envelope) => {
            let printed = serde_json::to_vec(&envelope).unwrap_or_default();
            // A number with a fraction may be read a last bit apart.
            let again = incoming::read(&printed).map(|again| serde_json::to_vec(&again).unwrap_or_default());
            let third = again.as_deref().map(incoming::read);
            assert!(third.is_ok_and(|third| third.is_ok()), "{}", String::from_utf8_lossy(&printed));
        }
        Err(reply) => assert!(reply.to_line().len() < 2000, "{reply:?}"),
    }
    match incoming::read_typed(bytes) {
        Ok(typed) => {
            let printed = serde_json::to_vec(&typed).unwrap_or_default();
            assert_eq!(incoming::read_typed(&printed).as_ref(), Ok(&typed));
        }
        Err(message) => assert!(message.to_string().len() < 1000, "{message}"),
    }
}

/// A Procfile.
pub fn procfile(bytes: &[u8]) {
    let parsed = procfile::parse(FILE, bytes);
    told(bytes, &parsed.errors);
    told(bytes, &parsed.warnings);
    if !parsed.errors.is_empty() {
        return;
    }
    let entries = &parsed.procfile.entries;
    let printed: String =
        entries.iter().map(|entry| format!("{}: {}\n", entry.name.as_str(), entry.command)).collect();
    let again = procfile::parse(FILE, printed.as_bytes());
    assert!(again.errors.is_empty(), "{printed:?}: {:?}", again.errors);
    let same = |one: &procfile::Entry, other: &procfile::Entry| {
        (&one.name, &one.command) == (&other.name, &other.command)
    };
    assert!(again.procfile.entries.len() == entries.len(), "{printed:?}");
    assert!(again.procfile.entries.iter().zip(entries).all(|(one, other)| same(one, other)), "{printed:?}");
}

/// Put anywhere into a .env file, it is a part of a value, of a comment or of a mistake, but never of a name: so it
/// must not be printed.
const SECRET: &[u8] = b"hUnTer-2/qW9zK4xY";
const SECRET_END: &str = "qW9zK4xY";

/// A .env file. Its first two bytes say where the secret is put.
pub fn dotenv(bytes: &[u8]) {
    let (place, bytes) = bytes.split_at(bytes.len().min(2));
    let place = place.iter().fold(0, |place, byte| place << 8 | usize::from(*byte)) % (bytes.len() + 1);
    let with_secret = [&bytes[..place], SECRET, &bytes[place..]].concat();
    // The message of `${NAME:?message}` is meant to be read.
    let is_message = |error: &Diagnostic| {
        error
            .message
            .split_once("which is not set: ")
            .is_some_and(|(_, message)| message.contains(SECRET_END))
    };
    let parsed = dotenv::parse(&[EnvSource { file: FILE, bytes: &with_secret }], &|_| None);
    for text in told_of_dotenv(&with_secret) {
        assert!(parsed.errors.iter().any(is_message) || !text.contains(SECRET_END), "{text}");
    }
    told_of_dotenv(bytes);
    let parse = |bytes: &[u8]| dotenv::parse(&[EnvSource { file: FILE, bytes }], &|_| None);
    let parsed = parse(bytes);
    let texts =
        parsed.assignments.iter().map(|each| Some((&each.name, String::from_utf8(each.value.clone()).ok()?)));
    let Some(pairs) = texts.collect::<Option<Vec<_>>>().filter(|_| parsed.errors.is_empty()) else { return };
    let printed: String =
        pairs.iter().map(|(name, value)| format!("{name}={}\n", in_double_quotes(value))).collect();
    let again = parse(printed.as_bytes());
    assert!(again.errors.is_empty(), "{printed:?}: {:?}", again.errors);
    let same = again
        .assignments
        .iter()
        .zip(&parsed.assignments)
        .all(|(one, other)| (&one.name, &one.value) == (&other.name, &other.value));
    assert!(same && again.assignments.len() == parsed.assignments.len(), "{printed:?}");
}

/// All that is said about a .env file.
fn told_of_dotenv(bytes: &[u8]) -> Vec<String> {
    let source = EnvSource { file: FILE, bytes };
    let parsed = dotenv::parse(&[source], &|_| None);
    let disagreements = if parsed.errors.is_empty() {
        second_reader::disagreements(&source, &parsed.assignments)
    } else {
        Vec::new()
    };
    let kept = format!("{parsed:?}");
    [&parsed.errors, &parsed.warnings, &disagreements]
        .into_iter()
        .map(|list| told(bytes, list))
        .chain([kept])
        .collect()
}

fn in_double_quotes(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\r', "\\r");
    format!("\"{escaped}\"")
}

/// A `ganger.toml`; and a `.foreman`, which is read by the same words.
pub fn ganger_toml(bytes: &[u8]) {
    told(bytes, &config::ganger_toml::parse(FILE, bytes).errors);
    told(bytes, &foreman::parse(FILE, bytes).errors);
}

/// An `app.json`.
pub fn app_json(bytes: &[u8]) {
    told(bytes, &app_json::parse(FILE, bytes).errors);
    told(bytes, &app_json::parse_locally(FILE, bytes).errors);
}

/// What is printed about these mistakes, each of which has a place in the file.
fn told(bytes: &[u8], list: &[Diagnostic]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).count();
    for diagnostic in list {
        assert_eq!(&*diagnostic.location.file, FILE, "{diagnostic:?}");
        // Only a file as a whole has none: an empty one, or one with too many mistakes to list.
        let line = diagnostic.location.line.map_or(1, |line| line as usize);
        assert!((1..=lines).contains(&line), "{diagnostic:?}");
        assert!(diagnostic.location.column != Some(0) && !diagnostic.message.is_empty(), "{diagnostic:?}");
        if let Some(excerpt) = &diagnostic.excerpt {
            assert!(excerpt.text.get(excerpt.mark.clone()).is_some(), "{diagnostic:?}");
        }
    }
    let told = report::diagnostics(Severity::Error, list, false);
    assert!(!told.contains(|c: char| c.is_ascii_control() && c != '\n'), "{told:?}");
    told
}
