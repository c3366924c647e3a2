//! Plans for a stack that runs already.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::plan::running::Running;

fn counts(of: &[(&str, u32)]) -> IndexMap<TypeName, u32> {
    of.iter().map(|(name, count)| (TypeName::new(name).unwrap(), *count)).collect()
}

/// A stack that runs as `plan` says, scaled to these counts.
fn running(plan: &Plan, of: &[(&str, u32)]) -> Running {
    Running {
        counts: counts(of),
        known: plan.processes.iter().map(|process| process.name.clone()).collect(),
        base: plan.base_port,
        step: plan.port_step,
        held: plan.instances.iter().filter_map(|spec| spec.port).collect(),
    }
}

#[test]
fn a_wanted_count_is_above_flags_files_and_words() {
    let case = Case::of(&["web", "job", "release"]).formation("web=2,job=1");
    let plan = case.plan();
    let case = case.runs(running(&plan, &[("web", 3), ("job", 0), ("release", 1)]));
    assert_eq!(case.instances(), "release.1:5200 web.1:5000 web.2:5001 web.3:5002");
    let errors = case.runs(running(&plan, &[("release", 2)])).build().unwrap_err();
    assert_eq!(errors[0].message, "`release` runs once, not 2 times");
}

#[test]
fn a_base_that_moved_stays_where_it_went_unless_another_is_named() {
    let case = Case::of(&["web"]).taken(&[5000]);
    let plan = case.plan();
    assert_eq!(plan.base_port, Some(5100));
    let case = case.runs(running(&plan, &[("web", 2)])).taken(&[5000, 5101]);
    assert_eq!(case.instances(), "web.1:5100 web.2:5101");
    let warnings: Vec<String> = case.plan().warnings.into_iter().map(|warning| warning.message).collect();
    assert_eq!(warnings, ["port 5101 of web.2 is in use by puma (pid 7)"]);
    assert_eq!(case.port(7000).instances(), "web.1:7000 web.2:7001");
}

#[test]
fn more_than_fit_between_two_types_are_refused_with_the_way_out() {
    let case = Case::of(&["web", "job"]);
    let plan = case.plan();
    let errors = case.runs(running(&plan, &[("web", 101)])).build().unwrap_err();
    assert_eq!(
        (errors[0].message.as_str(), errors[0].hint.as_deref()),
        (
            "so many do not fit: ports of two types are 100 apart, and those of a running stack do not move",
            Some("stop it with `ganger down`, and start it with this formation")
        )
    );
}

#[test]
fn words_may_name_a_type_that_has_gone_but_no_other() {
    let plan = Case::of(&["web", "job"]).plan();
    let case = Case::of(&["web"]).words(&["web", "job=2"]).with(|settings| {
        settings.except = vec![Located::given("job".into(), "-x job")];
    });
    assert_eq!(case.build().unwrap_err().len(), 2);
    let case = case.runs(running(&plan, &[]));
    assert_eq!(case.instances(), "web.1:5000");
    assert_eq!(case.words(&["wbe"]).build().unwrap_err().len(), 1);
}

#[test]
fn a_part_of_a_plan_tells_the_ports_that_others_have_now() {
    let old = Case::of(&["web", "job"]).plan();
    let mut new = Case::of(&["api", "web", "job"]).line("A", "1").plan();
    new.use_ports_of(&old.instances[0].environment);
    let web = new.instances.iter().find(|spec| spec.name.kind.as_str() == "web").unwrap();
    let web = web.clone().with_port(Some(5000));
    let value = |name: &str| web.environment.get(name.as_bytes()).map(String::from_utf8_lossy);
    assert_eq!(value("GANGER_PORT_JOB").as_deref(), Some("5100"));
    assert_eq!(value("GANGER_PORT_API"), None);
    assert_eq!((value("PORT").as_deref(), value("A").as_deref()), (Some("5000"), Some("1")));
    assert!(web.differs(&old.instances[0]) && !old.instances[0].differs(&old.instances[0].clone()));
}

proptest! {
    #[test]
    fn scaling_moves_no_port_and_assigns_none_twice(
        before in prop::array::uniform4(0_u32..150),
        after in prop::array::uniform4(0_u32..150),
    ) {
        let names = ["a", "b", "c", "d"];
        let of = |numbers: [u32; 4]| names.into_iter().zip(numbers).collect::<Vec<_>>();
        let case = Case::of(&names);
        let first = case.clone().runs(Running { counts: counts(&of(before)), ..Running::default() }).plan();
        if let Ok(second) = case.runs(running(&first, &of(after))).build() {
            let had: HashMap<_, _> = first.instances.iter().map(|spec| (&spec.name, spec.port)).collect();
            let mut seen = std::collections::HashSet::new();
            for spec in &second.instances {
                prop_assert!(had.get(&spec.name).is_none_or(|port| *port == spec.port));
                prop_assert!(seen.insert(spec.port));
            }
        }
    }
}
