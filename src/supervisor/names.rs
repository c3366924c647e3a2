//! Whom a person means: types, instances and globs.

use crate::plan::spec::Spec;
use crate::suggestion;

/// The indices of those that `names` mean, in the order of the plan; all of them if there are no names.
///
/// # Errors
/// The sentence about the first name that nobody has.
pub(super) fn select(specs: &[Spec], names: &[String]) -> Result<Vec<usize>, String> {
    if names.is_empty() {
        return Ok((0..specs.len()).collect());
    }
    let mut chosen = vec![false; specs.len()];
    for name in names {
        let mut is_known = false;
        for (spec, chosen) in specs.iter().zip(&mut chosen) {
            if is_meant(spec, name) {
                (*chosen, is_known) = (true, true);
            }
        }
        if !is_known {
            return Err(unknown(specs, name));
        }
    }
    Ok(chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(index, _)| index).collect())
}

fn is_meant(spec: &Spec, name: &str) -> bool {
    let (kind, instance) = (spec.name.kind.as_str(), spec.name.to_string());
    name == kind || name == instance || [kind, &instance].iter().any(|text| fast_glob::glob_match(name, text))
}

fn unknown(specs: &[Spec], name: &str) -> String {
    let mut known: Vec<String> =
        specs.iter().flat_map(|spec| [spec.name.kind.to_string(), spec.name.to_string()]).collect();
    known.sort();
    known.dedup();
    if let Some(near) = suggestion::nearest(name, known.iter().map(String::as_str)) {
        return format!("nothing here is called `{name}`: did you mean `{near}`?");
    }
    let instances: Vec<String> = specs.iter().take(10).map(|spec| spec.name.to_string()).collect();
    format!("nothing here is called `{name}`: there are {}", instances.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::name::{InstanceName, TypeName};
    use crate::plan::spec::Environment;
    use crate::signal::Signal;

    fn specs() -> Vec<Spec> {
        let spec = |(kind, number)| Spec {
            name: InstanceName { kind: TypeName::new(kind).unwrap(), number },
            command: Arc::from("true"),
            place: Arc::from("Procfile:1"),
            environment: Environment::default(),
            port: None,
            stop_signal: Signal::TERMINATE,
            grace: Duration::ZERO,
            once: false,
            after: Vec::new(),
        };
        [("web", 1), ("web", 2), ("worker", 1)].map(spec).into()
    }

    fn chosen(names: &[&str]) -> Result<Vec<usize>, String> {
        select(&specs(), &names.iter().map(ToString::to_string).collect::<Vec<_>>())
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
    fn a_name_that_nobody_has_is_said_with_the_nearest() {
        assert_eq!(
            chosen(&["web", "wrker"]).unwrap_err(),
            "nothing here is called `wrker`: did you mean `worker`?"
        );
        assert!(chosen(&["zzzzzz"]).unwrap_err().ends_with("there are web.1, web.2, worker.1"));
        assert!(chosen(&["web.3"]).is_err());
        assert!(chosen(&["[", "{"]).is_err());
    }
}
