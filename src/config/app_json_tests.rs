use super::*;

fn places(list: &[Diagnostic]) -> Vec<String> {
    list.iter().map(|found| format!("{} {}", found.location, found.message)).collect()
}

#[test]
fn the_formation_and_the_environment_are_read() {
    let text = r#"{
  "name": "shop", "scripts": {"postdeploy": "x"},
  "env": {
"MODE": "dev",
"KEY": {"description": "of the shop"},
"B": {"value": "5"},
"MAY": {"required": false},
"SECRET": {"generator": "secret"}
  },
  "formation": {"web": {"quantity": 2, "size": "x"}, "worker": {"size": "x"}}
}"#;
    let parsed = parse("app.json", text.as_bytes());
    assert_eq!((parsed.errors, parsed.warnings), (vec![], vec![]));
    let variables: Vec<_> = parsed
        .settings
        .variables
        .iter()
        .map(|v| (v.name.as_str(), v.value.as_deref(), v.required, v.generated, v.place.line))
        .collect();
    assert_eq!(
        variables,
        [
            ("MODE", Some("dev"), false, false, Some(4)),
            ("KEY", None, true, false, Some(5)),
            ("B", Some("5"), true, false, Some(6)),
            ("MAY", None, false, false, Some(7)),
            ("SECRET", None, true, true, Some(8)),
        ]
    );
    assert_eq!(parsed.settings.variables[1].description.as_deref(), Some("of the shop"));
    let web = &parsed.settings.processes[&TypeName::new("web").unwrap()].formation;
    assert_eq!(web.as_ref().unwrap().value, 2);
    assert_eq!(parsed.settings.processes.len(), 1);
}

#[test]
fn the_health_checks_of_a_start_are_read_as_dokku_has_them() {
    let text = r#"{"formation": {"web": {"quantity": 2}}, "healthchecks": {
  "web": [{"type": "liveness", "path": "/alive"},
      {"type": "startup", "path": "/health", "attempts": 4, "timeout": 2, "wait": 3, "initialDelay": 1}],
  "db": [{"type": "readiness", "command": ["pg_isready", "-U", "o'hara"]}],
  "redis": [{"type": "startup", "listening": true, "port": 6379}],
  "job": [{"type": "startup", "uptime": 10}],
  "css": [{"type": "startup"}],
  "x": [{"type": "liveness"}],
  "bad": [{"type": "startup", "path": "no path"}],
  "none": {}
}}"#;
    let parsed = parse("app.json", text.as_bytes());
    assert_eq!(
        places(&parsed.errors),
        [
            "app.json:9:3 a health check of `bad`: invalid value `no path` (expected a path such as /health: one `/` \
             first, no blanks)",
            "app.json:10:3 the health checks of `none` are not a list"
        ]
    );
    let own = |name: &str| parsed.settings.processes.get(&TypeName::new(name).unwrap()).cloned();
    let probe = |name: &str| match own(name)?.ready?.value {
        ReadySetting::Probe(probe) => Some(probe),
        ReadySetting::ListenOn(_) => None,
    };
    assert_eq!(probe("web"), Some(Probe::Http("/health".into())));
    let web = own("web").unwrap();
    assert_eq!(web.ready_timeout.map(|given| given.value), Some(Duration::from_secs(21)));
    assert_eq!(web.formation.map(|given| given.value), Some(2));
    assert_eq!(probe("db"), Some(Probe::Command(r"'pg_isready' '-U' 'o'\''hara'".into())));
    assert_eq!(probe("redis"), Some(Probe::Listen(Some(6379))));
    assert_eq!((probe("job"), probe("css")), (Some(Probe::Alive), Some(Probe::Http("/".into()))));
    assert_eq!((probe("x"), probe("bad")), (None, None));
    let liveness = |name: &str| own(name)?.liveness.map(|given| given.value);
    assert_eq!(liveness("web"), Some(Probe::Http("/alive".into())));
    assert_eq!((liveness("x"), liveness("css")), (Some(Probe::Http("/".into())), None));
    assert_eq!(own("css").unwrap().ready_timeout, None);
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let found = parse("app.json", b"{\n  \"env\": {,}\n}").errors;
    assert_eq!(places(&found), ["app.json:2:11 this is not JSON: key must be a string"]);
    for text in ["", "{", "\u{e9}", "[1,]", "nul\u{e9}", "\n\n"] {
        assert_eq!(parse("app.json", text.as_bytes()).errors.len(), 1, "{text:?}");
    }
}

#[test]
fn numbers_and_booleans_are_values() {
    let text =
        r#"{"env": {"A": 2, "B": true, "C": {"value": 1.5}, "D": {"value": false}, "E": {"value": null}}}"#;
    let values: Vec<_> =
        parse("app.json", text.as_bytes()).settings.variables.into_iter().map(|of| of.value).collect();
    let expected = [Some("2"), Some("true"), Some("1.5"), Some("false"), None];
    assert_eq!(values, expected.map(|value| value.map(str::to_owned)));
}

#[test]
fn a_file_that_describes_no_deployment_of_ours_is_passed_over_locally() {
    // Expo's: JSON5. And what is no JSON at all, or has an `env` of another shape.
    for text in
        ["{\n // app\n \"expo\": {\"name\": \"x\",},\n}", "", "\u{feff}x", "{\"env\": [1]}", "[]", "7"]
    {
        let parsed = parse_locally("app.json", text.as_bytes());
        assert_eq!((parsed.errors, parsed.warnings), (vec![], vec![]), "{text:?}");
    }
    let parsed = parse_locally("app.json", b"\xff\xfe{");
    assert_eq!((parsed.errors, parsed.warnings), (vec![], vec![]));
    let text = "{\"formation\": {\"web\": {\"quantity\": 0}, \"css\": {\"quantity\": \"2\"}, \"js\": {\"quantity\": 2}},";
    assert_eq!(
        places(&parse_locally("app.json", text.as_bytes()).warnings),
        ["app.json:1:88 this is not JSON: EOF while parsing a value"]
    );
    let parsed = parse_locally("app.json", text.replace("}},", "}}}").as_bytes());
    assert_eq!(
        places(&parsed.warnings),
        ["app.json:1:40 the quantity of `css` is not a whole number from 0 to 10000"]
    );
    let counts =
        parsed.settings.processes.iter().map(|(name, own)| (name.to_string(), own.formation.clone()));
    let counts: Vec<_> = counts.map(|(name, count)| (name, count.map(|given| given.value))).collect();
    assert_eq!(counts, [("js".to_owned(), Some(2))], "a quantity of 0 takes no type away here");
}

#[test]
fn another_programs_file_is_passed_over() {
    let text = r#"{"expo": {"name": "x", "env": 7}, "formation": {}}"#;
    assert_eq!(parse("app.json", text.as_bytes()), ParsedSettings::default());
    assert_eq!(parse("app.json", b"[]"), ParsedSettings::default());
}

#[test]
fn a_wrong_shape_is_an_error_in_the_order_of_the_file() {
    let text =
        "{\"formation\": {\"web\": {\"quantity\": -1}},\n\"env\": {\"Z\": null,\n\"A\": [], \"a=b\": \"\"}}";
    assert_eq!(
        places(&parse("app.json", text.as_bytes()).errors),
        [
            "app.json:1:16 the quantity of `web` is not a whole number from 0 to 10000",
            "app.json:2:9 `Z` is neither a text nor an object",
            "app.json:3:1 `A` is neither a text nor an object",
            "app.json:3:10 this cannot be a variable",
        ]
    );
    assert_eq!(places(&parse("app.json", b"{\"env\": 1}").errors), ["app.json:1:2 `env` is not an object"]);
}
