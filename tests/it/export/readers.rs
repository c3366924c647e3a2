//! Readers of formats that start nothing here, written anew after the engines' own sources, and programs that
//! read them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::write_program;

/// A script of tests/export with a file: what it prints, as JSON.
pub(super) fn python(script: &str, file: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export").join(script);
    let output = Command::new("python3").arg(script).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `program` says of `arguments`; panics if it refuses.
pub(super) fn succeeds(program: &str, arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    // podman-compose asks podman for its version, and needs no more of it to read a file.
    let stubs = folder.join("stubs");
    write_program(&stubs.join("podman"), "#!/bin/sh\necho podman version 4.3.1\n");
    command.env("XDG_RUNTIME_DIR", folder);
    command.env("PATH", format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap()));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{program} {arguments:?}: {said} {}", text(&output.stderr));
    said
}

/// Compose's interpolation: `$$` is `$`; anything else after a `$` would be a variable.
pub(super) fn compose(text: &str) -> String {
    let mut read = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        read += &rest[..at];
        assert!(rest[at..].starts_with("$$"), "a variable in {text:?}");
        read.push('$');
        rest = &rest[at + 2..];
    }
    read + rest
}

/// Kubernetes' expansion (third_party/forked/golang/expansion/expand.go): `$$` is `$`, `$(NAME)` the value of
/// NAME, and a `$` before anything else is itself. Every name is one here, to be on the safe side.
pub(super) fn kubernetes(text: &str) -> String {
    let mut read = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        read += &rest[..at];
        rest = &rest[at + 1..];
        match rest.chars().next() {
            Some('$') => {
                read.push('$');
                rest = &rest[1..];
            }
            Some('(') if rest.contains(')') => panic!("a variable in {text:?}"),
            Some(_) | None => read.push('$'),
        }
    }
    read + rest
}

/// compose-go's reader of an env_file (dotenv/parser.go, dotenv/godotenv.go), for what stands in quotes.
pub(super) fn compose_values(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return values;
        }
        let (name, after) = rest.split_once('=').unwrap();
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"')).expect("a quote");
        let (inside, left) = until(&after[1..], quote);
        let value = if quote == '"' { compose(&go_escapes(&inside)) } else { inside };
        values.insert(name.to_owned(), value);
        rest = left;
    }
}

/// The text up to the closing quote, with a backslash taken away before a quote only.
fn until(text: &str, quote: char) -> (String, &str) {
    let mut inside = String::new();
    let mut is_escape = false;
    for (at, character) in text.char_indices() {
        if character == quote {
            if !is_escape {
                return (inside, &text[at + 1..]);
            }
            is_escape = false;
            inside.push(character);
        } else if !is_escape && character == '\\' {
            is_escape = true;
        } else {
            if is_escape {
                inside.push('\\');
            }
            is_escape = false;
            inside.push(character);
        }
    }
    panic!("no closing quote");
}

/// `\\(?:[abcfnrtv$"\\]|0\d{0,3})`, of which Go's own unquoting takes away what it knows.
fn go_escapes(text: &str) -> String {
    let mut read = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            read.push(character);
            continue;
        }
        match characters.peek().copied() {
            Some('$') => read += "$$",
            Some('n') => read.push('\n'),
            Some('r') => read.push('\r'),
            Some('t') => read.push('\t'),
            Some('"') => read.push('"'),
            Some('\\') => read.push('\\'),
            Some(other) if "abfv0c".contains(other) => panic!("an escape that we do not write: {other}"),
            Some(_) | None => {
                read.push('\\');
                continue;
            }
        }
        characters.next();
    }
    read
}

/// What consul-template makes of our template for one value: four times `replaceAll`.
pub(super) fn consul_template(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

/// go-envparse's reading of a value (envparse.go), which Nomad uses; `None` is its error.
pub(super) fn go_envparse(text: &str) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    let (mut is_quoted, mut is_escape) = (false, false);
    for byte in text.bytes() {
        match byte {
            0..32 => return None,
            128.. if is_escape => return None,
            128.. => read.push(byte),
            b'"' | b'\\' if is_escape => read.push(byte),
            b'n' if is_escape => read.push(b'\n'),
            b't' if is_escape => read.push(b'\t'),
            _ if is_escape => return None,
            b'"' => {
                is_quoted = !is_quoted;
                continue;
            }
            b'\\' if is_quoted => {
                is_escape = true;
                continue;
            }
            b'#' | b'\'' if !is_quoted => return None,
            other => read.push(other),
        }
        is_escape = false;
    }
    (!is_quoted && !is_escape).then_some(read)
}

/// Nomad's `${…}` (helper/args/args.go): whether it would put anything in.
pub(super) fn nomad_interpolates(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    text.split("${").skip(1).any(|rest| {
        rest.split_once('}').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_name))
    })
}
