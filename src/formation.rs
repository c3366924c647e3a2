//! How many instances of each type are wanted: `all=1,web=2`.

use indexmap::IndexMap;

use crate::name::TypeName;

/// How many of each type run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formation {
    /// What `all=N` said: every type that is not named.
    pub all: Option<u32>,
    /// The types that were named, in the order in which they were.
    pub counts: IndexMap<TypeName, u32>,
}

/// The most instances of one type. Far above what one machine runs, and low enough that a slip of the
/// finger (`web=30000`) does not take the machine down before it can be stopped.
pub const MOST: u32 = 10_000;

/// Why a formation cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormationError {
    /// There is no part at all.
    #[error("the formation is empty: write NAME=COUNT, for example `web=2` or `all=1,web=2`")]
    Empty,
    /// A part without `=`.
    #[error("`{part}` has no count: write NAME=COUNT, for example `web=2`")]
    NoCount {
        /// The part.
        part: String,
    },
    /// What stands before the `=` cannot be the name of a type.
    #[error("`{part}` names no type: a name is letters, digits, `-` and `_` (63 at most), or `all`")]
    Name {
        /// The part.
        part: String,
    },
    /// What stands after the `=` is not a whole number.
    #[error("`{part}`: `{count}` is not a whole number from 0 to {MOST}")]
    Count {
        /// The part.
        part: String,
        /// What stands after its `=`.
        count: String,
    },
    /// More than [`MOST`].
    #[error("`{part}` is too many: at most {MOST} instances of a type")]
    TooMany {
        /// The part.
        part: String,
    },
}

impl Formation {
    /// Reads `all=1,web=2`; blanks may stand for commas or beside them. A name that comes twice has its
    /// last count, as in foreman.
    ///
    /// # Errors
    /// Names the first part that is not `NAME=COUNT`, why, and the way out.
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
        if formation.is_empty() { Err(FormationError::Empty) } else { Ok(formation) }
    }

    /// `web=2` as a name and a count; `all` is no name.
    fn part(part: &str) -> Result<(Option<TypeName>, u32), FormationError> {
        let (name, count) =
            part.split_once('=').ok_or_else(|| FormationError::NoCount { part: shown(part) })?;
        let name = match name {
            "all" => None,
            name => Some(TypeName::new(name).ok_or_else(|| FormationError::Name { part: shown(part) })?),
        };
        // Not `u32::from_str` alone: it would take `+2`.
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FormationError::Count { part: shown(part), count: shown(count) });
        }
        match count.parse::<u32>() {
            Ok(count) if count <= MOST => Ok((name, count)),
            _ => Err(FormationError::TooMany { part: shown(part) }),
        }
    }

    /// How many of `name`: its own count, else that of `all`, else none.
    pub fn count(&self, name: &TypeName) -> u32 {
        self.counts.get(name).copied().or(self.all).unwrap_or(0)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.counts.is_empty()
    }
}

/// `text`, cut to what a message can hold.
fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TypeName {
        TypeName::new(text).unwrap()
    }

    #[test]
    fn commas_and_blanks_part_the_types() {
        for text in ["all=1,web=2", "web=2 all=1", " web=2, all=1,", "web=9,all=1\tweb=2"] {
            let formation = Formation::parse(text).unwrap();
            assert_eq!((formation.count(&name("web")), formation.count(&name("x"))), (2, 1), "{text:?}");
        }
        assert_eq!(Formation::parse("web=0").unwrap().count(&name("web")), 0);
        assert_eq!(Formation::parse("web=10000").unwrap().count(&name("web")), MOST);
    }

    #[test]
    fn what_is_not_named_does_not_run_without_all() {
        assert_eq!(Formation::parse("web=2").unwrap().count(&name("worker")), 0);
    }

    #[test]
    fn a_mistake_names_the_part_the_reason_and_the_way_out() {
        for (text, message) in [
            ("", "the formation is empty: write NAME=COUNT"),
            (" , ", "the formation is empty: write NAME=COUNT"),
            ("web", "`web` has no count: write NAME=COUNT"),
            ("a=1,web", "`web` has no count"),
            ("web:2", "`web:2` has no count"),
            ("=1", "`=1` names no type"),
            ("web.1=1", "`web.1=1` names no type"),
            ("web=", "`web=`: `` is not a whole number from 0 to 10000"),
            ("web=x", "`web=x`: `x` is not a whole number"),
            ("web=-1", "`web=-1`: `-1` is not a whole number from 0"),
            ("web=+1", "is not a whole number"),
            ("web=1.5", "is not a whole number"),
            ("web=1=2", "`1=2` is not a whole number"),
            ("web=٣", "is not a whole number"),
            ("web=10001", "`web=10001` is too many: at most 10000"),
            ("web=99999999999", "is too many"),
        ] {
            let error = Formation::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
        assert!(Formation::parse(&"x".repeat(1_000_000)).unwrap_err().to_string().len() < 200);
    }
}
