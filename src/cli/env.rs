//! `ganger env`: the environment, and where each variable comes from.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::args;
use super::failure::Failure;
use super::load::{self, ProcfileNeed};
use super::print;
use super::stack::is_json;
use super::system_env::SystemEnv;
use crate::config::{Located, Settings};
use crate::exit::Outcome;
use crate::location::Location;
use crate::plan::Plan;
use crate::plan::environment::{Origin, Provenance};
use crate::plan::error::Error;
use crate::plan::spec::Environment;
use crate::procfile::Procfile;
use crate::text::{harmless, visible};

/// Prints the environment of a type, or that of a one-off command.
///
/// # Errors
///
/// All that is wrong with the project, a type that it does not have too.
pub(crate) fn run(env: &args::EnvArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let args::EnvArgs { of, explain, show_values, all } = env;
    let project = load::project(given, ProcfileNeed::Nothing, system)?;
    let plan = project.plan(system).map_err(Failure::Refused)?;
    let environment = match of {
        None => plan.environment_of_command(),
        Some(of) => match plan.process(of) {
            Some(process) => plan.environment_of(process),
            None => return Err(unknown(of, &project.procfile)),
        },
    };
    let mut shown: Vec<EnvVariable<'_>> = variables(&environment, &plan)
        .filter(|variable| *all || variable.is_the_projects())
        .map(|variable| if *show_values { variable } else { variable.masked() })
        .collect();
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    project.say_warnings(if *explain { &plan.shadowed } else { &[] }, system);
    if is_json(given) {
        print::json(&EnvDocument { schema: 1, variables: &shown })?;
        return print::and_succeed(b"");
    }
    let is_for_a_terminal = system.output_is_terminal;
    print::and_succeed(&shown.iter().flat_map(|it| it.line(*explain, is_for_a_terminal)).collect::<Vec<u8>>())
}

/// The environment of a type with the source of each variable, values masked, as lines for a terminal.
///
/// # Errors
///
/// All that is wrong with the project.
#[cfg(feature = "ui")]
pub(crate) fn explained(kind: &str, given: &Settings, system: &SystemEnv) -> Result<String, Failure> {
    let project = load::project(given, ProcfileNeed::Nothing, system)?;
    let plan = project.plan(system).map_err(Failure::Refused)?;
    let process = plan.process(kind).ok_or_else(|| unknown(kind, &project.procfile))?;
    let environment = plan.environment_of(process);
    let mut shown: Vec<EnvVariable<'_>> = variables(&environment, &plan)
        .filter(EnvVariable::is_the_projects)
        .map(EnvVariable::masked)
        .collect();
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    let text: Vec<u8> = shown.iter().flat_map(|variable| variable.line(true, true)).collect();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn unknown(name: &str, procfile: &Procfile) -> Failure {
    Failure::Refused(vec![Error::unknown_type(name, procfile).at(&Located::given((), name).place)])
}

#[derive(Serialize)]
struct EnvDocument<'a> {
    schema: u32,
    variables: &'a [EnvVariable<'a>],
}

/// A variable of the environment. In JSON what is not known is left out or `null`.
#[derive(Serialize)]
struct EnvVariable<'a> {
    name: String,
    #[serde(skip_serializing_if = "EnvValue::is_masked")]
    value: EnvValue,
    #[serde(flatten)]
    from: ValueSource<'a>,
    hides: Vec<ValueSource<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EnvValue {
    Shown(#[serde(serialize_with = "as_text")] Vec<u8>),
    /// Set, but not shown; not even its length, which tells much of a short secret. An empty one is no secret.
    Masked {
        is_empty: bool,
    },
}

/// Where a value stands.
#[derive(Clone, Copy, Serialize)]
struct ValueSource<'a> {
    #[serde(rename = "source")]
    kind: &'static str,
    file: Option<&'a str>,
    line: Option<u32>,
}

fn variables<'a>(environment: &'a Environment, plan: &'a Plan) -> impl Iterator<Item = EnvVariable<'a>> {
    static OURS: Provenance = Provenance { origin: Origin::Rule, hides: Vec::new() };
    environment.variables().map(|(name, value)| {
        let provenance = plan.provenance.get(name).unwrap_or(&OURS);
        EnvVariable {
            name: String::from_utf8_lossy(name).into_owned(),
            value: EnvValue::Shown(value.to_vec()),
            from: ValueSource::of(&provenance.origin),
            hides: provenance.hides.iter().map(ValueSource::of).collect(),
        }
    })
}

impl EnvVariable<'_> {
    /// Whether the project says anything about it: also where the shell's value hides what it says.
    fn is_the_projects(&self) -> bool {
        self.from.kind != SHELL || !self.hides.is_empty()
    }

    /// Without its value, if that may be a secret: what ganger makes itself is none.
    fn masked(mut self) -> Self {
        if self.from.kind != GANGER
            && let EnvValue::Shown(value) = &self.value
        {
            self.value = EnvValue::Masked { is_empty: value.is_empty() };
        }
        self
    }

    /// As a shell reads it; on a terminal without anything that it would obey.
    fn line(&self, explain: bool, is_for_a_terminal: bool) -> Vec<u8> {
        let shown =
            |text: &str| if is_for_a_terminal { harmless(text).into_owned() } else { text.to_owned() };
        let value = match &self.value {
            EnvValue::Shown(value) => quoted(value, is_for_a_terminal),
            EnvValue::Masked { is_empty: true } => Vec::new(),
            EnvValue::Masked { is_empty: false } => "••••".into(),
        };
        let mut line = [shown(&self.name).as_bytes(), b"=", &value, b"\n"].concat();
        if explain {
            let hidden = self.hides.iter().map(|source| ("hides", source));
            for (word, source) in std::iter::once(("from", &self.from)).chain(hidden) {
                line.extend(format!("    {word} {}\n", shown(&source.place())).bytes());
            }
        }
        line
    }
}

impl EnvValue {
    fn is_masked(&self) -> bool {
        matches!(self, Self::Masked { .. })
    }
}

const SHELL: &str = "shell";
const GANGER: &str = "ganger";

impl<'a> ValueSource<'a> {
    fn of(origin: &'a Origin) -> Self {
        match origin {
            Origin::Shell => Self { kind: SHELL, file: None, line: None },
            Origin::Line(place) => Self::at("env_file", place),
            Origin::Declared(place) => Self::at("app_json", place),
            Origin::Rule => Self { kind: GANGER, file: None, line: None },
        }
    }

    fn at(kind: &'static str, place: &'a Location) -> Self {
        Self { kind, file: Some(&place.file), line: place.line }
    }

    /// `.env:3`, `the shell's environment`, `ganger`.
    fn place(&self) -> String {
        match (self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.to_owned(),
            (None, _) if self.kind == SHELL => "the shell's environment".to_owned(),
            (None, _) => self.kind.to_owned(),
        }
    }
}

/// What JSON can hold of it: text.
fn as_text<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(value))
}

/// `value` as a POSIX shell reads it back, byte for byte: `eval "$(ganger env --show-values)"` means the same.
fn quoted(value: &[u8], is_for_a_terminal: bool) -> Vec<u8> {
    if value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:,@%+=".contains(byte)) {
        return value.to_vec();
    }
    let is_harmless = || str::from_utf8(value).is_ok_and(|text| matches!(harmless(text), Cow::Borrowed(_)));
    if is_for_a_terminal && !is_harmless() {
        return escaped(value).into_bytes();
    }
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'\'').collect();
    [b"'", parts.join(&br"'\''"[..]).as_slice(), b"'"].concat()
}

/// `$'\033[2J'`: dollar-single-quotes (POSIX.1-2024, XCU 2.2.4), as `ls` writes such names. Octal, since a shell takes three
/// digits of it at most, whatever follows.
fn escaped(value: &[u8]) -> String {
    let mut text = String::from("$'");
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' | '\'' => text.extend(['\\', character]),
                '\n' => text.push_str("\\n"),
                _ if visible(character) == character => text.push(character),
                _ => text.push_str(&octal(character.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        text.push_str(&octal(chunk.invalid()));
    }
    text + "'"
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| ['\\', digit(*byte, 6), digit(*byte, 3), digit(*byte, 0)]).collect()
}

/// The octal digit of `byte` that begins at the bit `shift`.
fn digit(byte: u8, shift: u32) -> char {
    char::from(b'0' + (byte >> shift & 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_where_a_shell_would_read_it_otherwise() {
        let table: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"a/b:1", b"a/b:1"),
            (b"a b", b"'a b'"),
            (b"it's", br"'it'\''s'"),
            (b"a\nb", b"'a\nb'"),
            (b"\x1b[2J", b"'\x1b[2J'"),
            (b"\xff", b"'\xff'"),
        ];
        for (value, text) in table {
            assert_eq!(quoted(value, false), text);
        }
    }

    #[test]
    fn on_a_terminal_what_it_would_obey_is_written_as_an_escape() {
        let table: [(&[u8], &str); 5] = [
            (b"a\nb\tc", "'a\nb\tc'"),
            (b"\x1b[2J", r"$'\033[2J'"),
            (b"it's\r\n\\", r"$'it\'s\015\n\\'"),
            ("é\u{9b}1\u{202e}".as_bytes(), r"$'é\302\2331\342\200\256'"),
            (b"\xff\xfe1", r"$'\377\3761'"),
        ];
        for (value, text) in table {
            assert_eq!(String::from_utf8_lossy(&quoted(value, true)), text);
        }
    }
}
