//! dotenvy as a second reader of the same file.
//!
//! Many programs load `.env` themselves, with dotenvy or a library like it. Where it reads a variable otherwise
//! than we do, the program has one value under ganger and another without it; that is worth a line in `check`.
//!
//! dotenvy asks the environment of *this process* while it substitutes, before it looks at earlier lines. We
//! cannot turn that off, so a value is not compared where both readers look up a name that no earlier line
//! of the file sets: the answer would tell of the environment, not of the file. (In `check` the two would ask
//! the same environment anyway.) Names that only dotenvy looks up, such as the `A` that it sees in `$A_B`, do not
//! keep a value from being compared.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::statement::{self, Quote, RawValue, StatementItem};
use super::tokens::{self, ExpansionToken};
use super::{Assignment, EnvSource};
use crate::location::{Diagnostic, Location};
use crate::text;

/// One diagnostic for each variable that dotenvy reads otherwise than `ours` (of which those of another file
/// are passed over), or not at all: at the place of our last assignment; and one for each line that it refuses
/// and we do not. In order of line, never with a value.
///
/// Compared is the last value of each name, though `dotenvy::from_path` keeps the first of two: ours is the
/// rule of all other readers, and a name that is there twice can be seen.
pub fn disagreements(source: &EnvSource<'_>, ours: &[Assignment]) -> Vec<Diagnostic> {
    let text = text::decode(source.bytes);
    // The iterator goes on after a line that it refuses. (Its errors hold values: they are dropped unseen.)
    let theirs: HashMap<String, String> =
        dotenvy::from_read_iter(text.content.as_bytes()).filter_map(Result::ok).collect();
    let incomparable = incomparable(&text.content);
    let ours: Vec<&Assignment> = ours.iter().filter(|assignment| *assignment.file == *source.file).collect();
    let last: HashMap<&str, usize> =
        ours.iter().enumerate().map(|(index, assignment)| (assignment.name.as_str(), index)).collect();
    let values = ours
        .iter()
        .enumerate()
        .filter(|(index, assignment)| last.get(assignment.name.as_str()) == Some(index))
        .filter_map(|(_, assignment)| match theirs.get(&assignment.name) {
            None => Some(missing(assignment)),
            Some(value) if value.as_bytes() == assignment.value => None,
            Some(_) if incomparable.contains(assignment.name.as_str()) => None,
            Some(_) => Some(different(assignment)),
        });
    let mut all: Vec<Diagnostic> = values.chain(bare_names(source.file, &text.content)).collect();
    all.sort_by_key(|diagnostic| diagnostic.location.line);
    all
}

/// `NAME` alone sets nothing for us; for dotenvy it is a mistake, and most programs then give up.
fn bare_names<'a>(file: &str, content: &'a str) -> impl Iterator<Item = Diagnostic> + use<'a> {
    let file: Arc<str> = file.into();
    statement::items(content).filter_map(move |item| match item {
        Ok(StatementItem::Name(place)) => Some(Diagnostic {
            location: Location {
                file: Arc::clone(&file),
                line: Some(place.line),
                column: Some(text::column(place.text, place.at)),
            },
            message: "dotenvy, which many programs use themselves, refuses a file with this line".into(),
            hint: Some("write `NAME=` for an empty value, or # in front of the line".into()),
            excerpt: None,
        }),
        Ok(StatementItem::Assignment(_)) | Err(_) => None,
    })
}

/// The variables of `content` with a last value that depends on the environment for both readers.
fn incomparable(content: &str) -> HashSet<&str> {
    let mut set = HashSet::new();
    let mut incomparable = HashSet::new();
    for item in statement::items(content) {
        let Ok(StatementItem::Assignment(statement)) = item else {
            continue;
        };
        let unset: Vec<&str> =
            names_of_dotenvy(statement.raw.text).filter(|name| !set.contains(name)).collect();
        let ours = names_of_ours(&statement.raw);
        if !unset.is_empty() && unset.iter().all(|name| ours.contains(name)) {
            incomparable.insert(statement.name);
        } else {
            incomparable.remove(statement.name);
        }
        set.insert(statement.name);
    }
    incomparable
}

/// The names that dotenvy looks up in a value and that an environment may well hold: letters and digits after
/// a `$`, without underscores, or all that is in braces.
fn names_of_dotenvy(value: &str) -> impl Iterator<Item = &str> {
    let mut parts = value.split('$');
    parts.next();
    parts
        .map(|part| match part.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or_default(),
            None => part.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default(),
        })
        .filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// The names that we look up in it.
fn names_of_ours<'a>(raw: &RawValue<'a>) -> HashSet<&'a str> {
    let tokens = match raw.quote {
        Quote::Single | Quote::Back => Vec::new(),
        Quote::None | Quote::Double => {
            tokens::tokens(raw.text, raw.quote == Quote::Double).unwrap_or_default()
        }
    };
    tokens
        .iter()
        .filter_map(|token| match token {
            ExpansionToken::Name(reference) | ExpansionToken::Choice { name: reference, .. } => {
                Some(reference.name)
            }
            ExpansionToken::Text(_) | ExpansionToken::Close => None,
        })
        .collect()
}

fn missing(assignment: &Assignment) -> Diagnostic {
    let name = &assignment.name;
    let hint = if name.starts_with(|c: char| c.is_ascii_digit())
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
    {
        "dotenvy takes letters, digits, `_` and `.` for a name, and no digit first"
    } else {
        "single quotes around the values in this line and above mostly make both read the same"
    };
    let what = format!("dotenvy, which many programs use themselves, does not read {name} here");
    diagnostic(assignment, what, hint)
}

fn different(assignment: &Assignment) -> Diagnostic {
    let what = format!(
        "dotenvy, which many programs use themselves, reads another value of {} here",
        assignment.name
    );
    diagnostic(assignment, what, "single quotes around the value mostly make both read the same")
}

fn diagnostic(assignment: &Assignment, message: String, hint: &str) -> Diagnostic {
    Diagnostic {
        location: Location {
            file: Arc::clone(&assignment.file),
            line: Some(assignment.line),
            column: Some(assignment.column),
        },
        message,
        hint: Some(hint.into()),
        excerpt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names with a disagreement.
    fn named(text: &str) -> Vec<String> {
        let source = EnvSource { file: ".env", bytes: text.as_bytes() };
        let parsed = crate::dotenv::parse(&[source], &|_| None);
        let at = |line: Option<u32>| parsed.assignments.iter().find(|each| Some(each.line) == line);
        disagreements(&source, &parsed.assignments)
            .iter()
            .map(|diagnostic| at(diagnostic.location.line).unwrap().name.clone())
            .collect()
    }

    #[test]
    fn what_dotenvy_reads_otherwise_is_named() {
        for (text, names) in [
            ("A=1\nB='x y'\nC=\"a$A b\"\n# d\n\nexport E=\n", &[][..]),
            ("\u{feff}A=1\r\nB=2\r\n", &[]),
            ("A=it's\nPORT=5000\nB=it's\n", &["A", "PORT", "B"]),
            ("A=a b\nB=1", &["A"]),
            ("A=cost$5", &["A"]),
            ("A=a$", &["A"]),
            ("A=${GANGER_NOBODY:-d}", &["A"]),
            ("A=#fff\n", &["A"]),
            ("A=[\"a\",\"b\"]\n", &["A"]),
            ("2FA=1\nA-B=1\n", &["2FA", "A-B"]),
            ("GANGER_A=1\nGANGER_B=$GANGER_A/x\n", &["GANGER_B"]),
            ("A=1\nA='2'\n", &[]),
            ("A=a b\nA=2\n", &[]),
        ] {
            assert_eq!(named(text), names, "{text:?}");
        }
    }

    #[test]
    fn what_depends_on_the_environment_is_not_compared() {
        for text in ["A=$PATH", "A=${PATH}:./bin", "PATH=$PATH:./bin", "A='$PATH'", "A=\"${HOME} x\""] {
            assert!(named(text).is_empty(), "{text:?}");
        }
    }
}
