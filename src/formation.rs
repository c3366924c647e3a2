//! The number of instances of each type: `all=1,web=2`.

use std::fmt;

use indexmap::IndexMap;

use crate::name::TypeName;

/// How many instances of each type run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formation {
    /// `all=N`: the count of every type that is not named.
    pub all: Option<u32>,
    /// The types that are named, in their order.
    pub counts: IndexMap<TypeName, u32>,
}

/// The most instances of one type. Far above what one machine runs, and low enough that a typing mistake (`web=30000`)
/// does not take the machine down before it can be stopped.
pub(crate) const MOST: u32 = 10_000;

/// Why a formation, or a part of it, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FormationError {
    /// The part.
    pub part: String,
    /// The reason.
    pub reason: FormationErrorReason,
}

/// What is wrong with a part of a formation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormationErrorReason {
    /// It is empty, or has no `=`.
    #[error("expected TYPE=COUNT, such as web=2 or all=1,web=2")]
    NoCount,
    /// Before the `=` there is no name of a type.
    #[error("the name of a type is letters, digits, `-` and `_` (63 at most), or `all`")]
    Name,
    /// After the `=` there is no whole number.
    #[error("expected a number of instances from 0 to {MOST}")]
    Count,
    /// More than [`MOST`].
    #[error("at most {MOST} instances of a type")]
    TooMany,
}

impl Formation {
    /// Parses `all=1,web=2`; blanks may stand for commas or beside them. A name that is there twice has its last count, as
    /// in foreman.
    ///
    /// # Errors
    /// The first part that is not `NAME=COUNT`.
    pub fn parse(text: &str) -> Result<Self, FormationError> {
        let mut formation = Self::default();
        let parts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
        for part in parts {
            let (name, count) = Self::part(part)?;
            match name {
                None => formation.all = Some(count),
                Some(name) => {
                    formation.counts.insert(name, count);
                }
            }
        }
        if formation.is_empty() { Err(refused(text, FormationErrorReason::NoCount)) } else { Ok(formation) }
    }

    /// `web=2` as a name and a count; `all` is no name.
    fn part(part: &str) -> Result<(Option<TypeName>, u32), FormationError> {
        let (name, count) =
            part.split_once('=').ok_or_else(|| refused(part, FormationErrorReason::NoCount))?;
        let name = match name {
            "all" => None,
            name => Some(TypeName::new(name).ok_or_else(|| refused(part, FormationErrorReason::Name))?),
        };
        // Not `u32::from_str` alone: it would take `+2`.
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused(part, FormationErrorReason::Count));
        }
        match count.parse::<u32>() {
            Ok(count) if count <= MOST => Ok((name, count)),
            _ => Err(refused(part, FormationErrorReason::TooMany)),
        }
    }

    /// How many of `name`: its own count, else that of `all`, else none.
    pub fn count(&self, name: &TypeName) -> u32 {
        self.counts.get(name).copied().or(self.all).unwrap_or(0)
    }

    /// Whether it sets no count.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.counts.is_empty()
    }
}

impl fmt::Display for Formation {
    /// As it is parsed: `all=1,web=2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all.iter().map(|count| format!("all={count}"));
        let counts = self.counts.iter().map(|(name, count)| format!("{name}={count}"));
        f.write_str(&all.chain(counts).collect::<Vec<_>>().join(","))
    }
}

fn refused(part: &str, reason: FormationErrorReason) -> FormationError {
    let shown = match part.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &part[..at]),
        None => part.into(),
    };
    FormationError { part: shown, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TypeName {
        TypeName::new(text).unwrap()
    }

    #[test]
    fn commas_and_blanks_separate_the_types() {
        for text in ["all=1,web=2", "web=2 all=1", " web=2, all=1,", "web=9,all=1\tweb=2"] {
            let formation = Formation::parse(text).unwrap();
            assert_eq!((formation.count(&name("web")), formation.count(&name("x"))), (2, 1), "{text:?}");
        }
        assert_eq!(Formation::parse("web=0").unwrap().count(&name("web")), 0);
        assert_eq!(Formation::parse("web=10000").unwrap().count(&name("web")), MOST);
    }

    #[test]
    fn a_type_that_is_not_named_does_not_run_without_all() {
        assert_eq!(Formation::parse("web=2").unwrap().count(&name("worker")), 0);
    }

    #[test]
    fn a_mistake_names_the_part_and_the_reason() {
        use FormationErrorReason::{Count, Name, NoCount, TooMany};
        for (text, part, reason) in [
            ("", "", NoCount),
            (" , ", " , ", NoCount),
            ("web", "web", NoCount),
            ("a=1,web", "web", NoCount),
            ("web:2", "web:2", NoCount),
            ("=1", "=1", Name),
            ("web.1=1", "web.1=1", Name),
            ("web=", "web=", Count),
            ("web=x", "web=x", Count),
            ("web=-1", "web=-1", Count),
            ("web=+1", "web=+1", Count),
            ("web=1.5", "web=1.5", Count),
            ("web=1=2", "web=1=2", Count),
            ("web=٣", "web=٣", Count),
            ("a=1,web=10001", "web=10001", TooMany),
            ("web=99999999999", "web=99999999999", TooMany),
        ] {
            assert_eq!(Formation::parse(text), Err(FormationError { part: part.into(), reason }), "{text:?}");
        }
        assert!(Formation::parse(&"x".repeat(1_000_000)).unwrap_err().part.len() < 200);
    }
}
