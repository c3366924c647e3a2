//! `after`, `ready`, `once` and the like: what is set, and what follows where nothing is.

use std::time::Duration;

use super::*;
use crate::config::{Probe, RestartPolicy, ganger_toml};

fn with(types: &[&'static str], toml: &str) -> Case {
    let parsed = ganger_toml::parse("ganger.toml", toml.as_bytes());
    assert_eq!(parsed.errors, []);
    Case::of(types).with(|settings| *settings = parsed.settings)
}

/// `web<db,cache worker` for each type and the types it waits for.
fn order(case: &Case) -> String {
    let plan = case.plan();
    let shown = |spec: &Spec| {
        let before: Vec<&str> = spec.after.iter().map(TypeName::as_str).collect();
        if before.is_empty() { spec.name.to_string() } else { format!("{}<{}", spec.name, before.join(",")) }
    };
    plan.instances.iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_setting_of_a_type_that_this_procfile_lacks_is_reported() {
    let settings = [
        "formation = 2",
        "stop-signal = \"QUIT\"",
        "stop-to = \"group\"",
        "timeout = 3",
        "ready = \"log:up\"",
        "ready-timeout = 3",
        "once = true",
        "restart = \"always\"",
        "on-crash = \"mail\"",
        "on-ready = \"mail\"",
        "hook-timeout = 3",
        "listen = true",
        "after = \"web\"",
        "watch = \"src\"",
        "requests = { memory = \"256Mi\" }",
        "limits = { cpu = \"1\" }",
        "scale = { min = 1, max = 3, cpu = 70 }",
    ];
    for setting in settings {
        let plan = with(&["web"], &format!("[process.nope]\n{setting}\n")).plan();
        let said = shown(&plan.shadowed);
        assert_eq!(said.len(), 1, "{setting}: {said:?}");
        assert!(said[0].contains("Procfile has no type `nope`; its types are web"), "{setting}: {said:?}");
    }
}

/// Each type comes after the next one. With a walk along the chain for each of them, this takes minutes.
#[test]
fn a_type_at_the_end_of_a_long_chain_has_all_others_run_too() {
    let types: Vec<&'static str> = (0..1000).map(|number| &*format!("t{number}").leak()).collect();
    let table = |pair: &[&str]| format!("[process.{}]\nafter = \"{}\"\n", pair[0], pair[1]);
    let toml: String = types.windows(2).map(table).collect();
    let plan = with(&types, &toml).words(&["t0"]).plan();
    assert_eq!(plan.instances.len(), 1000);
    let said = plan.notes.iter().filter(|note| note.contains("is run too")).count();
    assert_eq!(said, 999);
}

#[test]
fn types_wait_for_their_after() {
    let toml = "[process.web]\nafter = [\"db\", \"db\"]\n";
    assert_eq!(order(&with(&["web", "db"], toml)), "web.1<db db.1");
    let toml = format!("{toml}[process.db]\nonce = true\n");
    assert!(with(&["web", "db"], &toml).plan().instances[1].once);
    let toml = format!("release = true\n{toml}[process.release]\nafter = \"db\"\n");
    assert_eq!(
        order(&with(&["web", "db", "release", "css"], &toml)),
        "release.1<db web.1<release,db db.1 css.1<release"
    );
    assert_eq!(order(&with(&["web", "release"], "release = true\n")), "release.1 web.1<release");
}

#[test]
fn an_unknown_type_and_a_circle_are_refused_with_their_place() {
    let toml = "[process.web]\nafter = [\"bd\", \"nothing\"]\n";
    assert_eq!(
        with(&["web", "db"], toml).errors(),
        [
            "ganger.toml:2:10: Procfile has no type `bd`; did you mean `db`?",
            "ganger.toml:2:16: Procfile has no type `nothing`; its types are web, db"
        ]
    );
    let toml =
        "[process.a]\nafter = \"b\"\n[process.b]\nafter = [\"d\", \"c\"]\n[process.c]\nafter = \"b\"\n";
    assert_eq!(
        with(&["a", "b", "c", "d"], toml).errors(),
        ["ganger.toml:4:15: these wait for each other: b → c → b; take one of them out of `after`"]
    );
    let toml = "[process.a]\nafter = \"a\"\n";
    assert_eq!(
        with(&["a"], toml).errors(),
        ["ganger.toml:2:9: these wait for each other: a → a; take one of them out of `after`"]
    );
}

#[test]
fn what_shows_that_it_is_ready_follows_from_what_it_is() {
    let limit = Some(Duration::from_mins(1));
    let plan = with(&["web", "worker", "db"], "[process.web]\nafter = \"db\"\n").plan();
    let ready = |index: usize| {
        (plan.instances[index].service.probe.clone(), plan.instances[index].service.ready_within)
    };
    assert_eq!(ready(0), (Probe::Listen(None), None));
    assert_eq!(ready(1), (Probe::Alive, None));
    assert_eq!(ready(2), (Probe::Alive, limit), "an awaited instance has a limit");
    let services = plan.instances.iter().map(|spec| (spec.service.is_implied, spec.service.is_awaited));
    assert_eq!(services.collect::<Vec<_>>(), [(true, false), (true, false), (true, true)]);
    let toml = "no-port = true\nready-timeout = 5\n[process.web]\nwatch = \"src\"\n";
    let service = with(&["web"], toml).plan().instances[0].service.clone();
    assert_eq!((service.probe, service.ready_within), (Probe::Alive, Some(Duration::from_secs(5))));
    assert_eq!(service.watch[..], ["src".to_owned()]);
    let toml = "[process.web]\nready = \"listen\"\n[process.db]\nlisten = true\n";
    assert_eq!(
        with(&["web", "db"], &format!("no-port = true\n{toml}")).errors(),
        [
            "ganger.toml:3:9: no ports are given out (--no-port), and this needs the PORT of `web`; leave --no-port \
             out, or choose another sign of being ready",
            "ganger.toml:5:10: no ports are given out (--no-port), and this needs the PORT of `db`; leave --no-port \
             out, or choose another sign of being ready"
        ]
    );
}

#[test]
fn instances_of_a_type_share_its_socket() {
    let case = with(&["web", "css"], "formation = \"all=2\"\n[process.web]\nlisten = \"127.0.0.1\"\n");
    assert_eq!(case.instances(), "web.1:5000 web.2:5000 css.1:5100 css.2:5101");
}

#[test]
fn a_word_for_one_type_wins_over_the_word_for_all() {
    let toml = "restart = \"always\"\nready-timeout = 9\nwatch = \"lib\"\n[process.web]\nrestart = \"never\"\n\
                ready-timeout = 1\nwatch = \"app\"\n";
    let plan = with(&["web", "job"], toml).plan();
    let service = |index: usize| plan.instances[index].service.clone();
    assert_eq!(
        (service(0).restart, service(1).restart),
        (Some(RestartPolicy::Never), Some(RestartPolicy::Always))
    );
    assert_eq!(
        (service(0).ready_within, service(1).ready_within),
        (Some(Duration::from_secs(1)), Some(Duration::from_secs(9)))
    );
    assert_eq!(
        (&service(0).watch[..], &service(1).watch[..]),
        (&["app".to_owned()][..], &["lib".to_owned()][..])
    );
}

#[test]
fn an_order_of_the_start_is_one_of_the_stop_unless_it_is_set_otherwise() {
    let after = "[process.web]\nafter = [\"db\"]\n";
    for (toml, is_ordered) in [
        (after.to_owned(), true),
        (String::new(), false),
        (format!("ordered-stop = false\n{after}"), false),
        ("ordered-stop = true\n".to_owned(), true),
    ] {
        assert_eq!(with(&["web", "db"], &toml).plan().policy.ordered_stop, is_ordered, "{toml}");
    }
}

#[test]
fn a_socket_that_a_shell_would_keep_is_worth_a_warning() {
    let toml = "[process.web]\nlisten = true\n";
    assert_eq!(with(&["web"], toml).plan().warnings, []);
    for (command, is_warned) in
        [("cd app && server", false), (". ./env && exec server", false), ("server $PORT | tee log", true)]
    {
        let mut case = with(&["web"], toml);
        case.commands = vec![command];
        assert_eq!(!case.plan().warnings.is_empty(), is_warned, "{command}");
    }
}

#[test]
fn hooks_of_a_type_win_over_those_of_all_and_an_empty_one_takes_them_back() {
    let toml = "on-crash = \"all\"\non-ready = \" \"\n[process.web]\non-crash = \"own\"\non-ready = \"up\"\n\
                hook-timeout = 2\n[process.quiet]\non-crash = \"\"\n";
    let plan = with(&["web", "worker", "quiet"], toml).plan();
    let hooks: Vec<Option<[Option<&str>; 2]>> = plan
        .instances
        .iter()
        .map(|spec| spec.service.hooks.as_deref())
        .map(|hooks| hooks.map(|hooks| [hooks.on_crash.as_deref(), hooks.on_ready.as_deref()]))
        .collect();
    assert_eq!(hooks, [Some([Some("own"), Some("up")]), Some([Some("all"), None]), None]);
    let limits = plan.instances.iter().filter_map(|spec| Some(spec.service.hooks.as_ref()?.limit.as_secs()));
    assert_eq!(limits.collect::<Vec<_>>(), [2, 30]);
    let none = with(&["web"], &format!("no-hooks = true\n{toml}")).plan();
    assert_eq!(none.instances[0].service.hooks, None);
}
