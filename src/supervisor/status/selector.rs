//! Names in requests: types, instances and globs.

use crate::name::InstanceName;
use crate::suggestion;

/// The indices of those of `known` that have one of these names, in their order; all of them if there are no names.
///
/// # Errors
/// A sentence about the first name that no instance has.
pub(super) fn select(known: &[(usize, &InstanceName)], names: &[String]) -> Result<Vec<usize>, String> {
    if let Some(name) = names.iter().find(|name| !known.iter().any(|(_, own)| is_called(own, name))) {
        return Err(unknown(known, name));
    }
    Ok(known.iter().filter(|(_, own)| is_among(own, names)).map(|(index, _)| *index).collect())
}

/// Whether one of these names is a name of this instance, or there are none.
pub(crate) fn is_among(own: &InstanceName, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| is_called(own, name))
}

/// Whether `name` is a name of this instance: its type's, its own, or a glob for either.
fn is_called(own: &InstanceName, name: &str) -> bool {
    let (kind, instance) = (own.kind.as_str(), own.to_string());
    name == kind || name == instance || [kind, &instance].iter().any(|text| fast_glob::glob_match(name, text))
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
}
