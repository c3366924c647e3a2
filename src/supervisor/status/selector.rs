//! Names in requests: types, instances and globs.

use std::collections::HashSet;

use crate::name::InstanceName;
use crate::suggestion;

/// Names of a request, made ready to be looked for among many instances: a request may have ten thousand.
#[derive(Debug)]
pub(crate) struct Selector {
    /// Those that are the name of a type or of an instance, and nothing else.
    plain: HashSet<String>,
    globs: Vec<String>,
}

impl Selector {
    /// Of these names; of none, it means all instances.
    pub(crate) fn new(names: &[String]) -> Self {
        let (mut plain, mut globs) = (HashSet::new(), Vec::new());
        let mut known = HashSet::new();
        for name in names.iter().filter(|name| known.insert(name.as_str())) {
            if is_plain(name) {
                plain.insert(name.clone());
            } else {
                globs.push(name.clone());
            }
        }
        Self { plain, globs }
    }

    /// Whether one of the names is a name of this instance, or there are none.
    pub(crate) fn selects(&self, own: &InstanceName) -> bool {
        if self.plain.is_empty() && self.globs.is_empty() || self.plain.contains(own.kind.as_str()) {
            return true;
        }
        let instance = own.to_string();
        self.plain.contains(&instance)
            || [own.kind.as_str(), &instance]
                .into_iter()
                .any(|text| self.globs.iter().any(|glob| fast_glob::glob_match(glob, text)))
    }
}

/// Whether a name means itself alone: it has the characters of types and instances, of which none is special in a glob.
fn is_plain(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character))
}

/// The indices of those of `known` that have one of these names, in their order; all of them if there are no names.
///
/// # Errors
/// A sentence about the first name that no instance has.
pub(super) fn select(known: &[(usize, &InstanceName)], names: &[String]) -> Result<Vec<usize>, String> {
    let texts: HashSet<String> =
        known.iter().flat_map(|(_, own)| [own.kind.to_string(), own.to_string()]).collect();
    let mut tried: HashSet<&str> = HashSet::new();
    for name in names {
        let is_found = || {
            texts.contains(name)
                || !is_plain(name) && texts.iter().any(|text| fast_glob::glob_match(name, text))
        };
        // However often it stands there, it is tried once.
        if tried.insert(name) && !is_found() {
            return Err(unknown(known, name));
        }
    }
    let selector = Selector::new(names);
    Ok(known.iter().filter(|(_, own)| selector.selects(own)).map(|(index, _)| *index).collect())
}

fn unknown(known: &[(usize, &InstanceName)], name: &str) -> String {
    let mut names: Vec<String> =
        known.iter().flat_map(|(_, own)| [own.kind.to_string(), own.to_string()]).collect();
    names.sort();
    names.dedup();
    if let Some(near) = suggestion::nearest(name, names.iter().map(String::as_str)) {
        return format!("no type or instance is called `{name}`: did you mean `{near}`?");
    }
    if known.is_empty() {
        return format!("no type or instance is called `{name}`: there are no instances");
    }
    let instances: Vec<String> = known.iter().take(10).map(|(_, own)| own.to_string()).collect();
    format!("no type or instance is called `{name}`: there are {}", instances.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::TypeName;

    fn chosen(names: &[&str]) -> Result<Vec<usize>, String> {
        let name = |(kind, number)| InstanceName { kind: TypeName::new(kind).unwrap(), number };
        let known = [("web", 1), ("web", 2), ("worker", 1)].map(name);
        let known: Vec<(usize, &InstanceName)> = known.iter().enumerate().collect();
        select(&known, &names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_a_type_an_instance_or_a_glob() {
        for (names, indices) in [
            (&[][..], &[0, 1, 2][..]),
            (&["web"], &[0, 1]),
            (&["web.2"], &[1]),
            (&["w*"], &[0, 1, 2]),
            (&["*.1"], &[0, 2]),
            (&["w?rker", "web.1"], &[0, 2]),
            (&["{web,x}"], &[0, 1]),
        ] {
            assert_eq!(chosen(names).as_deref(), Ok(indices), "{names:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_reported_with_the_nearest() {
        assert_eq!(
            chosen(&["web", "wrker"]).unwrap_err(),
            "no type or instance is called `wrker`: did you mean `worker`?"
        );
        assert!(chosen(&["zzzzzz"]).unwrap_err().ends_with("there are web.1, web.2, worker.1"));
        assert!(chosen(&["web.3"]).is_err());
        assert!(chosen(&["[", "{"]).is_err());
    }

    #[test]
    fn a_name_that_is_repeated_is_looked_for_once() {
        let names: Vec<String> =
            ["web.1", "w*"].map(str::to_owned).into_iter().cycle().take(10_000).collect();
        let Selector { plain, globs } = Selector::new(&names);
        assert_eq!((plain.len(), globs.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn a_selector_selects_what_one_of_its_names_means(
            names in proptest::collection::vec("[a-c.*?!\\[\\]{},1-2-]{0,4}", 0..5),
            kind in "[a-c]{1,3}",
            number in 1_u32..3,
        ) {
            let own = InstanceName { kind: TypeName::new(&kind).unwrap(), number };
            let texts = [kind.clone(), own.to_string()];
            let means = |name: &String| texts.iter().any(|text| name == text || fast_glob::glob_match(name, text));
            prop_assert_eq!(Selector::new(&names).selects(&own), names.is_empty() || names.iter().any(means));
            prop_assert_eq!(select(&[(7, &own)], &names).is_ok(), names.iter().all(means));
        }
    }
}
