//! `ganger env`: the environment, and where each variable comes from.

use std::fmt::Write as _;

use serde::Serialize;

use super::ambient::Ambient;
use super::args;
use super::failure::Failure;
use super::files::about;
use super::load::{self, Need};
use super::print;
use super::settings::{self, Said};
use crate::exit::Outcome;
use crate::location::Location;
use crate::plan::Plan;
use crate::plan::environment::{Origin, Provenance};
use crate::plan::options::Selection;
use crate::plan::spec::Environment;
use crate::suggestion::nearest;

/// Prints the environment of a type, or that of a one-off command.
///
/// # Errors
///
/// All that is wrong with the project, a type that it does not have too.
pub fn run(env: args::Env, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let args::Env { of, json, explain, show_values, all, project } = env;
    let project = load::project(&settings::of_project(project, said)?, Need::Nothing, ambient)?;
    let plan = project.plan(&Selection::default(), None, |_| None, ambient).map_err(Failure::Refused)?;
    let environment = match &of {
        None => plan.environment_of_command(),
        Some(of) => match plan.process(of) {
            Some(process) => plan.environment_of(process),
            None => return Err(unknown(of, &project.procfile.file, &plan)),
        },
    };
    let mut shown: Vec<Variable<'_>> = variables(&environment, &plan)
        .filter(|variable| all || variable.is_the_projects())
        .map(|variable| if show_values { variable } else { variable.masked() })
        .collect();
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    project.say_warnings(if explain { &plan.shadowed } else { &[] }, ambient);
    if json {
        print::json(&Document { schema: 1, variables: &shown })?;
        return print::and_succeed(b"");
    }
    let lines: String = shown.iter().map(|variable| variable.line(explain)).collect();
    print::and_succeed(lines.as_bytes())
}

fn unknown(name: &str, procfile: &str, plan: &Plan) -> Failure {
    let types = || plan.processes.iter().map(|process| process.name.as_str());
    let hint = match nearest(name, types()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the types are {}", types().collect::<Vec<_>>().join(", ")),
    };
    Failure::Refused(vec![about(name, format!("{procfile} has no type `{name}`"), Some(hint))])
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    variables: &'a [Variable<'a>],
}

/// A variable of the environment. In JSON what is not known is left out or `null`.
#[derive(Serialize)]
struct Variable<'a> {
    name: String,
    #[serde(skip_serializing_if = "Value::is_masked")]
    value: Value,
    #[serde(flatten)]
    from: Source<'a>,
    hides: Vec<Source<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Shown(String),
    /// Set, but not shown; not even its length, which tells much of a short secret. An empty one is no secret.
    Masked {
        is_empty: bool,
    },
}

/// Where a value stands.
#[derive(Clone, Copy, Serialize)]
struct Source<'a> {
    #[serde(rename = "source")]
    kind: &'static str,
    file: Option<&'a str>,
    line: Option<u32>,
}

fn variables<'a>(environment: &'a Environment, plan: &'a Plan) -> impl Iterator<Item = Variable<'a>> {
    static OURS: Provenance = Provenance { origin: Origin::Rule, hides: Vec::new() };
    environment.variables().map(|(name, value)| {
        let provenance = plan.provenance.get(name).unwrap_or(&OURS);
        Variable {
            name: String::from_utf8_lossy(name).into_owned(),
            value: Value::Shown(String::from_utf8_lossy(value).into_owned()),
            from: Source::of(&provenance.origin),
            hides: provenance.hides.iter().map(Source::of).collect(),
        }
    })
}

impl Variable<'_> {
    /// Whether the project says anything about it: also where the shell's value hides what it says.
    fn is_the_projects(&self) -> bool {
        self.from.kind != SHELL || !self.hides.is_empty()
    }

    /// Without its value, if that may be a secret: what ganger makes itself is none.
    fn masked(mut self) -> Self {
        if self.from.kind != GANGER
            && let Value::Shown(value) = &self.value
        {
            self.value = Value::Masked { is_empty: value.is_empty() };
        }
        self
    }

    fn line(&self, explain: bool) -> String {
        let mut text = format!("{}=", self.name);
        // Writing to a String cannot fail.
        let _ = match &self.value {
            Value::Shown(value) => writeln!(text, "{}", quoted(value)),
            Value::Masked { is_empty: true } => writeln!(text),
            Value::Masked { is_empty: false } => writeln!(text, "••••"),
        };
        if explain {
            let _ = writeln!(text, "    from {}", self.from.place());
            for hidden in &self.hides {
                let _ = writeln!(text, "    hides {}", hidden.place());
            }
        }
        text
    }
}

impl Value {
    fn is_masked(&self) -> bool {
        matches!(self, Self::Masked { .. })
    }
}

const SHELL: &str = "shell";
const GANGER: &str = "ganger";

impl<'a> Source<'a> {
    fn of(origin: &'a Origin) -> Self {
        let at = |kind, place: &'a Location| Self { kind, file: Some(&place.file), line: place.line };
        match origin {
            Origin::Shell => Self { kind: SHELL, file: None, line: None },
            Origin::Line(place) => at("env_file", place),
            Origin::Declared(place) => at("app_json", place),
            Origin::Rule => Self { kind: GANGER, file: None, line: None },
        }
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

/// `value` as a POSIX shell reads it back: `eval "$(ganger env --show-values)"` means the same.
fn quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,@%+=".contains(&byte);
    if value.bytes().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_where_a_shell_would_read_it_otherwise() {
        let table =
            [("", ""), ("a/b:1", "a/b:1"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("a\nb", "'a\nb'")];
        for (value, text) in table {
            assert_eq!(quoted(value), text);
        }
    }
}
