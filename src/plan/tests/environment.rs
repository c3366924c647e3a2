//! Where a variable's value comes from.

use proptest::prelude::*;

use super::*;
use crate::config::DeclaredVariable;
use crate::location::Location;
use crate::plan::environment::{Origin, Provenance};

#[test]
fn the_base_is_the_flag_then_the_shell_then_the_files_then_5000() {
    let case = || Case::of(&["web"]);
    let in_file = |settings: &mut Settings| {
        settings.port = Some(Located::on_line(BasePort::At(6000), &"ganger.toml".into(), 1));
    };
    let env_wins = |settings: &mut Settings| settings.env_wins = Some(true);
    let base = |case: Case| case.plan().base_port.unwrap();
    assert_eq!(base(case()), 5000);
    assert_eq!(base(case().line("PORT", "4000")), 4000);
    assert_eq!(base(case().line("PORT", "4000").shell("PORT", "3000")), 3000);
    assert_eq!(base(case().line("PORT", "4000").shell("PORT", "3000").with(env_wins)), 4000);
    assert_eq!(base(case().line("PORT", "4000").shell("PORT", "3000").port(2000)), 2000);
    assert_eq!(base(case().line("PORT", "4000").with(in_file)), 6000);
    assert_eq!(base(case().shell("PORT", "3000").with(in_file)), 3000);
    assert_eq!(base(case().shell("PORT", "").line("X", "1")), 5000);
}

#[test]
fn a_port_that_is_none_is_refused_with_its_place_and_without_its_value() {
    for value in ["<PORT>", "70000", "0", "-1", "+80", "80a"] {
        let errors = Case::of(&["web"]).line("A", "1").line("PORT", value).errors();
        assert_eq!(
            errors,
            [".env:2:1: PORT is not a number from 1 to 65535; set it to a number such as 5000, or take it \
              away; -p wins over it"]
        );
        let errors = Case::of(&["web"]).shell("PORT", value).errors();
        assert!(errors[0].starts_with("PORT in the environment: "), "{errors:?}");
        assert_eq!(Case::of(&["web"]).line("PORT", value).port(3000).instances(), "web.1:3000");
    }
}

#[test]
fn an_instance_knows_itself_and_the_others() {
    let case =
        Case::of(&["web", "my-job", "off"]).formation("web=1,my-job=2").line("PS", "x").line("PORT", "3000");
    let plan = case.plan();
    let of = |index: usize, name: &str| {
        let value = plan.instances[index].environment.get(name.as_bytes());
        value.map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    };
    for (index, port, name) in [(0, "3000", "web.1"), (1, "3100", "my-job.1"), (2, "3101", "my-job.2")] {
        assert_eq!((of(index, "PORT"), of(index, "PS")), (port.into(), name.into()));
        assert_eq!((of(index, "GANGER_INSTANCE"), of(index, "GANGER_RUN")), (name.into(), "r1".into()));
        assert_eq!(
            (of(index, "GANGER_PORT_WEB"), of(index, "GANGER_PORT_MY_JOB")),
            ("3000".into(), "3100".into())
        );
        assert_eq!(of(index, "GANGER_URL_MY_JOB"), "http://localhost:3100");
        assert_eq!(of(index, "GANGER_ADDRESS_MY_JOB"), "localhost:3100");
        for name in ["GANGER_PORT_OFF", "GANGER_ADDRESS_OFF", "GANGER_URL_OFF"] {
            assert_eq!(of(index, name), "");
        }
        let names: Vec<_> = plan.instances[index].environment.variables().map(|(name, _)| name).collect();
        let unique: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(names.len(), unique.len());
    }
    assert_eq!(&*plan.instances[1].place, "Procfile:2");
}

#[test]
fn with_more_than_fifty_types_instances_are_told_of_those_that_a_command_names() {
    let names: Vec<&'static str> = (0..51).map(|number| &*format!("p{number}").leak()).collect();
    let known = |count: usize, name: &str| {
        let commands = vec!["nc ${GANGER_ADDRESS_P9}x $GANGER_PORT_NO_TYPE-"];
        let case = Case { commands, ..Case::of(&names[..count]) };
        let plan = case.plan();
        let of_instance = plan.instances[0].environment.get(name.as_bytes()).is_some();
        (of_instance, plan.environment_of_command().get(name.as_bytes()).is_some())
    };
    for name in ["GANGER_PORT_P7", "GANGER_ADDRESS_P7", "GANGER_URL_P7"] {
        assert_eq!((known(50, name), known(51, name)), ((true, true), (false, true)), "{name}");
    }
    for name in ["GANGER_PORT_P9", "GANGER_ADDRESS_P9", "GANGER_URL_P9"] {
        assert_eq!((known(50, name), known(51, name)), ((true, true), (true, true)), "{name}");
    }
    assert_eq!(known(51, "GANGER_PORT_P91"), (false, false));
}

#[test]
fn two_types_that_make_one_variable_are_named() {
    let plan = Case::of(&["a-b", "a_b"]).plan();
    assert_eq!(plan.instances[1].environment.get(b"GANGER_PORT_A_B"), Some(&b"5000"[..]));
    assert!(shown(&plan.shadowed)[0].starts_with("Procfile:2: GANGER_PORT_A_B holds another type's port"));
}

#[test]
fn a_one_off_has_the_base_and_a_type_its_own_port() {
    let plan = Case::of(&["web", "worker"]).words(&["web"]).plan();
    let port = |environment: &Environment| environment.get(b"PORT").map(<[u8]>::to_vec);
    let command = plan.environment_of_command();
    assert_eq!((port(&command), command.get(b"PS")), (Some(b"5000".to_vec()), Some(&b"run.1"[..])));
    let worker = plan.environment_of(plan.process("worker").unwrap());
    assert_eq!((port(&worker), worker.get(b"PS")), (Some(b"5100".to_vec()), Some(&b"worker.1"[..])));
}

#[test]
fn a_one_off_needs_no_procfile_and_no_type_that_a_setting_names() {
    let plan = Case::of(&[]).formation("web=2").line("A", "1").plan();
    assert_eq!((plan.notes.len(), plan.instances.len()), (0, 0));
    let environment = plan.environment_of_command();
    assert_eq!((environment.get(b"A"), environment.get(b"PORT")), (Some(&b"1"[..]), Some(&b"5000"[..])));
}

#[test]
fn the_shell_wins_over_files_and_a_later_line_over_an_earlier() {
    let case = Case::of(&["web"])
        .line("A", "1")
        .line("A", "2")
        .line("B", "1")
        .shell("B", "shell")
        .shell("B", "second");
    assert_eq!((case.variable("A").as_deref(), case.variable("B").as_deref()), (Some("2"), Some("shell")));
    let plan = case.plan();
    let line = |line| Origin::Line(Location { file: ".env".into(), line: Some(line), column: Some(1) });
    assert_eq!(plan.provenance[&b"A"[..]], Provenance { origin: line(2), hides: vec![line(1)] });
    assert_eq!(plan.provenance[&b"B"[..]], Provenance { origin: Origin::Shell, hides: vec![line(3)] });
    assert_eq!(plan.provenance[&b"PS"[..]], Provenance { origin: Origin::Rule, hides: vec![] });
    assert_eq!(
        shown(&plan.shadowed),
        [
            ".env:3:1: B has no effect here: the shell's environment has it already; unset it in the shell, or let \
          .env files win with --env-wins"
        ]
    );
    let case = case.with(|settings| settings.env_wins = Some(true));
    assert_eq!(case.variable("B").as_deref(), Some("1"));
    assert_eq!(case.plan().provenance[&b"B"[..]], Provenance { origin: line(3), hides: vec![Origin::Shell] });
    assert_eq!(case.plan().shadowed, []);
}

#[test]
fn a_path_without_effect_is_worth_a_warning_at_every_start() {
    let plan = Case::of(&["web"]).line("PATH", "bin").shell("PATH", "/bin").plan();
    assert!(plan.warnings[0].message.starts_with("PATH has no effect here"));
    assert_eq!(plan.shadowed, []);
}

#[test]
fn a_variable_that_the_project_requires_must_be_set_and_a_default_is_under_all() {
    let declare = |name: &str, value: Option<&str>, required| DeclaredVariable {
        name: name.into(),
        value: value.map(Into::into),
        required,
        description: (name == "KEY").then(|| "of the shop".into()),
        generated: name == "SECRET",
        place: Location { file: "app.json".into(), line: Some(3), column: None },
    };
    let declared = vec![
        declare("KEY", None, true),
        declare("SECRET", None, true),
        declare("MAY", None, false),
        declare("MODE", Some("default"), true),
        declare("PORT", None, true),
    ];
    let case = Case::of(&["web"]).with(|settings| settings.variables = declared);
    // It describes a deployment: here it sets nothing and demands nothing, unless asked for.
    assert_eq!(case.variable("MODE"), None);
    let case = case.with(|settings| settings.app_json = Some(true));
    assert_eq!(
        case.errors(),
        [
            "app.json:3: KEY is required, and nothing sets it (of the shop); set it in .env: KEY=…",
            "app.json:3: SECRET is required, and nothing sets it; make one up in .env: echo \"SECRET=$(openssl \
             rand -hex 32)\" >> .env",
        ]
    );
    let case = case.line("KEY", "").shell("SECRET", "s");
    assert_eq!(case.variable("MODE").as_deref(), Some("default"));
    assert_eq!(case.line("MODE", "mine").variable("MODE").as_deref(), Some("mine"));
}

#[test]
fn a_thousand_instances_share_what_they_can_and_a_debug_shows_no_value() {
    let plan = Case::of(&["web"]).formation("web=1000").line("KEY", "s3cret").plan();
    let shared = &plan.instances[0].environment.shared;
    assert!(plan.instances.iter().all(|spec| Arc::ptr_eq(&spec.environment.shared, shared)));
    assert!(plan.instances.iter().all(|spec| spec.environment.own.variables().count() == 3));
    assert!(!format!("{plan:?}").contains("s3cret"));
}

proptest! {
    #[test]
    fn of_one_name_the_shell_wins_then_the_last_line(
        lines in proptest::collection::vec("[ab]", 0..4),
        shell in proptest::collection::vec("[ab]", 0..2),
        env_wins: bool,
    ) {
        let mut case = Case::of(&["web"]).with(|settings| settings.env_wins = Some(env_wins));
        for line in &lines {
            case = case.line("A", line);
        }
        for value in &shell {
            case = case.shell("A", value);
        }
        let (last, first) = (lines.last().cloned(), shell.first().cloned());
        let expected = if env_wins { last.or(first) } else { first.or(last) };
        prop_assert_eq!(case.variable("A"), expected);
        let sources = case.plan().provenance.get(&b"A"[..]).map_or(0, |found| found.hides.len() + 1);
        prop_assert_eq!(sources, lines.len() + shell.len().min(1));
    }
}

#[test]
fn with_otel_each_type_is_a_service_unless_something_else_names_one() {
    let case = || {
        Case::of(&["web", "worker"])
            .with(|settings| settings.otel = Some(Located::given("http://c:4318".into(), "--otel")))
    };
    let of = |case: Case| {
        let plan = case.plan();
        let value = |environment: &Environment, name: &str| {
            environment.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let one_off = plan.environment_of_command();
        let all = plan.instances.iter().map(|spec| &spec.environment).chain([&one_off]);
        let names: Vec<_> = all.map(|of| value(of, "OTEL_SERVICE_NAME").unwrap_or_default()).collect();
        (value(&one_off, "OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_default(), names.join(" "))
    };
    let own = "web worker run".to_owned();
    assert_eq!(of(case()), ("http://c:4318".into(), own.clone()));
    assert_eq!(of(case().line("OTEL_EXPORTER_OTLP_ENDPOINT", "http://f")), ("http://f".into(), own.clone()));
    assert_eq!(of(case().shell("OTEL_EXPORTER_OTLP_ENDPOINT", "http://s")), ("http://s".into(), own));
    assert_eq!(of(case().line("OTEL_SERVICE_NAME", "shop")).1, "shop shop shop");
    assert_eq!(of(case().shell("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=shop")).1.trim(), "");
    assert_eq!(of(Case::of(&["web"])), (String::new(), " ".into()));
    let plan = case().plan();
    let moved = plan.instances[0].clone().with_port(Some(7000));
    assert_eq!(moved.environment.get(b"OTEL_SERVICE_NAME"), Some(&b"web"[..]));
}
