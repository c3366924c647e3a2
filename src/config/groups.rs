//! Groups of types: `[group.back]` in ganger.toml, written `@back` where types are named.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::settings::{Located, Settings};
use crate::location::{Diagnostic, Location};
use crate::suggestion::nearest;

/// What the name of a group begins with where types are named.
const SIGN: char = '@';

/// The types of each group that the Procfile has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Groups(IndexMap<String, Vec<String>>);

/// Why a group cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// There is no such group.
    #[error("there is no group `@{name}`")]
    Unknown {
        /// Its name.
        name: String,
        /// What was meant, or what there is.
        hint: String,
    },
    /// None of its types is there.
    #[error("the group `@{0}` has no type of this Procfile")]
    Empty(String),
}

impl GroupError {
    /// The way out.
    pub fn hint(&self) -> &str {
        match self {
            Self::Unknown { hint, .. } => hint,
            Self::Empty(_) => "name types of the Procfile in its `types` in ganger.toml",
        }
    }

    /// The mistake at this place.
    pub fn at(&self, location: Location) -> Diagnostic {
        let hint = Some(self.hint().to_owned());
        Diagnostic { location, message: self.to_string(), hint, excerpt: None }
    }
}

impl Groups {
    /// Those of `settings`, with their types for which `is_type` holds.
    pub fn of(settings: &Settings, is_type: impl Fn(&str) -> bool) -> Self {
        let types = |named: &[Located<String>]| {
            named.iter().map(|given| given.value.clone()).filter(|name| is_type(name)).collect()
        };
        Self(settings.groups.iter().map(|(name, named)| (name.clone(), types(named))).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How they are written: `@back`.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| format!("{SIGN}{name}"))
    }

    /// The types that `word` names: those of a group, or the word itself.
    ///
    /// # Errors
    /// There is no such group, or it has no type.
    pub fn types(&self, word: &str) -> Result<Vec<String>, GroupError> {
        let Some(name) = word.strip_prefix(SIGN) else { return Ok(vec![word.to_owned()]) };
        match self.0.get(name) {
            Some(types) if !types.is_empty() => Ok(types.clone()),
            Some(_) => Err(GroupError::Empty(name.to_owned())),
            None => Err(self.unknown(name)),
        }
    }

    /// The name of a request that means the same: a group becomes a glob, which means those of its types that have instances.
    ///
    /// # Errors
    /// As [`Groups::types`].
    pub fn pattern(&self, name: &str) -> Result<String, GroupError> {
        let types = self.types(name)?;
        Ok(if name.starts_with(SIGN) { format!("{{{}}}", types.join(",")) } else { name.to_owned() })
    }

    fn unknown(&self, name: &str) -> GroupError {
        let hint = match nearest(name, self.0.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{SIGN}{near}`?"),
            None if self.is_empty() => {
                format!("ganger.toml has none; write [group.{name}] and types = [\"web\"]")
            }
            None => format!("there are {}", self.words().collect::<Vec<_>>().join(", ")),
        };
        GroupError::Unknown { name: name.to_owned(), hint }
    }
}

impl Settings {
    /// Replaces groups by their types where settings name types (`except`, `can-die`, `after`), and returns what is wrong with
    /// them.
    pub fn expand_groups(&mut self, groups: &Groups) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let lists = [&mut self.except, &mut self.can_die].into_iter();
        for list in lists.chain(self.processes.values_mut().map(|own| &mut own.after)) {
            if !list.iter().any(|given| given.value.starts_with(SIGN)) {
                continue;
            }
            for given in std::mem::take(list) {
                match groups.types(&given.value) {
                    Ok(types) => list
                        .extend(types.into_iter().map(|value| Located { value, place: given.place.clone() })),
                    Err(error) => errors.push(error.at(given.place)),
                }
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ganger_toml;

    fn settings(text: &str) -> Settings {
        let parsed = ganger_toml::parse("ganger.toml", text.as_bytes());
        assert_eq!(parsed.errors, []);
        parsed.settings
    }

    fn groups() -> Groups {
        let text = "[group.back]\ntypes = [\"web\", \"worker\", \"old\"]\n[group.gone]\ntypes = \"old\"\n";
        Groups::of(&settings(text), |name| name != "old")
    }

    #[test]
    fn a_group_is_those_of_its_types_that_there_are() {
        let groups = groups();
        assert_eq!(groups.types("@back"), Ok(vec!["web".into(), "worker".into()]));
        assert_eq!(groups.types("web"), Ok(vec!["web".into()]));
        assert_eq!(groups.pattern("@back").as_deref(), Ok("{web,worker}"));
        assert_eq!(groups.pattern("w*").as_deref(), Ok("w*"));
        assert_eq!(groups.types("@gone"), Err(GroupError::Empty("gone".into())));
    }

    #[test]
    fn an_unknown_group_is_reported_with_the_nearest_or_all() {
        let hint = |groups: &Groups, name| groups.types(name).unwrap_err().hint().to_owned();
        assert_eq!(hint(&groups(), "@bakc"), "did you mean `@back`?");
        assert_eq!(hint(&groups(), "@xyz"), "there are @back, @gone");
        assert!(hint(&Groups::default(), "@x").contains("write [group.x]"));
    }

    #[test]
    fn settings_that_name_types_take_groups() {
        let mut settings = settings(
            "except = \"@gone\"\ncan-die = [\"@back\", \"css\"]\n[process.css]\nafter = \"@back\"\n",
        );
        let errors = settings.expand_groups(&groups());
        assert_eq!(
            errors.iter().map(|error| error.location.to_string()).collect::<Vec<_>>(),
            ["ganger.toml:1:10"]
        );
        let values =
            |list: &[Located<String>]| list.iter().map(|given| given.value.clone()).collect::<Vec<_>>();
        assert_eq!(values(&settings.can_die), ["web", "worker", "css"]);
        let after = settings.processes.values().map(|own| values(&own.after));
        assert_eq!(after.collect::<Vec<_>>(), [["web", "worker"]]);
    }
}
