//! What ganger.toml may have, and the errors for the rest.

use std::time::Duration;

use super::*;
use crate::config::{BasePort, CheckMode, ColorChoice, Probe, ReadySetting, RestartPolicy, Timestamps};
use crate::signal::Signal;

fn errors(text: &str) -> Vec<String> {
    let shown = |error: &crate::location::Diagnostic| {
        let marked = error.excerpt.as_ref().map(|excerpt| &excerpt.text[excerpt.mark.clone()]);
        format!(
            "{} [{}] {}; {}",
            error.location,
            marked.unwrap_or("-"),
            error.message,
            error.hint.as_deref().unwrap_or("-")
        )
    };
    parse("ganger.toml", text.as_bytes()).errors.iter().map(shown).collect()
}

#[test]
fn every_name_of_a_flag_can_be_set() {
    let text = r#"
procfile = "Procfile.dev"
root = "app"
env = [".env", ".env.local"]
port = 3000
port-step = 10
no-port = false
timeout = "1m"
exit-on = "failure"
exit-code-from = "web"
stop-signal = "INT"
except = "a,b"
timestamps = true
prefix = false
quiet = true
color = "always"
json = true
pty = "never"
release = true
env-wins = true
[formation]
all = 1
web = 2
[process.web]
formation = 3
stop-signal = "QUIT"
timeout = 1.5
"#;
    let parsed = parse("ganger.toml", text.as_bytes());
    assert_eq!(parsed.errors, []);
    let settings = parsed.settings;
    assert_eq!(settings.procfile.unwrap().value.to_str(), Some("Procfile.dev"));
    assert_eq!(settings.root.unwrap().place.to_string(), "ganger.toml:3:8");
    assert_eq!(settings.env.len(), 2);
    assert_eq!(settings.port.unwrap().value, BasePort::At(3000));
    assert_eq!((settings.port_step.unwrap().value, settings.no_port), (10, Some(false)));
    assert_eq!(settings.timeout.unwrap().value, Duration::from_mins(1));
    assert_eq!(settings.exit_on.unwrap().value, "failure");
    assert_eq!(settings.exit_code_from.unwrap().value, "web");
    assert_eq!(settings.stop_signal.unwrap().value, Signal::INTERRUPT);
    assert_eq!(settings.except.len(), 2);
    assert_eq!((settings.timestamps.unwrap().value, settings.prefix), (Timestamps::Plain, Some(false)));
    assert_eq!((settings.quiet, settings.json, settings.env_wins), (Some(true), Some(true), Some(true)));
    assert_eq!((settings.color, settings.pty), (Some(ColorChoice::Always), Some(ColorChoice::Never)));
    assert!(settings.release.unwrap().value);
    let formation = settings.formation.unwrap().value;
    let web = TypeName::new("web").unwrap();
    assert_eq!((formation.all, formation.count(&web)), (Some(1), 2));
    let own = &settings.processes[&web];
    assert_eq!(own.formation.as_ref().unwrap().value, 3);
    assert_eq!(own.stop_signal.as_ref().unwrap().value, Signal::QUIT);
    assert_eq!(own.timeout.as_ref().unwrap().value, Duration::from_millis(1500));
}

#[test]
fn service_settings_can_be_set() {
    let text = r#"
ordered-stop = true
restart = "on-failure"
ready-timeout = 30
watch = "*.conf"
[process.web]
ready = "http:/health"
ready-timeout = "2m"
after = ["db", "cache"]
once = false
restart = "always"
watch = ["src", "*.py"]
listen = true
"#;
    let parsed = parse("ganger.toml", text.as_bytes());
    assert_eq!(parsed.errors, []);
    let settings = parsed.settings;
    let own = &settings.processes[&TypeName::new("web").unwrap()];
    assert_eq!(own.ready.as_ref().unwrap().value, ReadySetting::Probe(Probe::Http("/health".into())));
    assert_eq!(own.ready_timeout.as_ref().unwrap().value, Duration::from_mins(2));
    assert_eq!(own.after[1].place.to_string(), "ganger.toml:9:16");
    assert!(!own.once.as_ref().unwrap().value);
    assert_eq!(own.restart.as_ref().unwrap().value, RestartPolicy::Always);
    assert_eq!(own.watch.iter().map(|given| given.value.as_str()).collect::<Vec<_>>(), ["src", "*.py"]);
    assert!(own.listen.as_ref().unwrap().value.is_some());
    assert_eq!(settings.ordered_stop, Some(true));
    assert_eq!(settings.restart.unwrap().value, RestartPolicy::OnFailure);
    assert_eq!(settings.ready_timeout.unwrap().value, Duration::from_secs(30));
    assert_eq!(settings.watch[0].value, "*.conf");
}

#[test]
fn all_mistakes_are_named_with_place_and_way_out() {
    let text = "exit_on = \"any\"\ntimeuot = 5\nport = 70000\nx = 1\n[process.web]\nready = \"http\"\n\
                timeout = -1\nstop-signal = \"TREM\"\nformation = [1]\n";
    let expected = [
        "ganger.toml:1:1 [exit_on] unknown setting `exit_on` (did you mean `exit-on`?); -",
        "ganger.toml:2:1 [timeuot] unknown setting `timeuot` (did you mean `timeout`?); -",
        "ganger.toml:3:8 [70000] invalid value `70000` (expected a number from 1 to 65535, or auto); -",
        "ganger.toml:4:1 [x] unknown setting `x`; the settings are ",
        "ganger.toml:6:9 [\"http\"] invalid value `http` (expected listen, listen:6379, http:/health",
        "ganger.toml:7:11 [-1] invalid value `-1` (a time cannot be negative); -",
        "ganger.toml:8:15 [\"TREM\"] invalid value `TREM` (no such signal; did you mean TERM?); -",
        "ganger.toml:9:13 [[1]] `formation` has one value; write formation = VALUE",
    ];
    let found = errors(text);
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let found = errors("port = 1\nport = = 2\n");
    assert!(found[0].starts_with("ganger.toml:2:"), "{found:?}");
    assert_eq!(errors("\u{feff}port = 1"), [""; 0]);
    assert_eq!(parse("ganger.toml", b"port = \xff").errors.len(), 1);
    assert!(parse("ganger.toml", b"").errors.is_empty());
}

#[test]
fn an_export_has_what_is_set_for_its_format_before_what_is_set_for_all() {
    let text = r#"
timeout = 5
[export]
app = "shop"
image = "shop:1"
formation = "web=2"
timeout = 9
[export.kubernetes]
image = "shop:2"
expose = ["web", "api"]
set = ['web:spec={"a":[1,2]}', "metadata.x=1"]
check = true
output = "k8s"
[export.kubernetes.formation]
web = 3
worker = 1
[export.compose]
check = "require"
"#;
    let parsed = parse("ganger.toml", text.as_bytes());
    assert_eq!(parsed.errors, []);
    let of =
        |format| Settings { exported_to: format, ..Settings::default() }.or_file(parsed.settings.clone());
    let seconds = |settings: &Settings| settings.timeout.as_ref().unwrap().value.as_secs();
    let (start, kubernetes, compose) = (of(None), of(Some("kubernetes")), of(Some("compose")));
    assert_eq!((start.formation.is_none(), start.export.app.is_none(), seconds(&start)), (true, true, 5));
    let asked = &kubernetes.export;
    assert_eq!(asked.app.as_ref().unwrap().value, "shop");
    assert_eq!(asked.image.as_ref().unwrap().place.to_string(), "ganger.toml:9:9");
    assert_eq!(asked.expose.len(), 2);
    assert_eq!(asked.set[0].value, r#"web:spec={"a":[1,2]}"#);
    assert_eq!(asked.check.as_ref().unwrap().value, CheckMode::IfThere);
    assert_eq!(kubernetes.formation.as_ref().unwrap().value.to_string(), "web=3,worker=1");
    assert_eq!(seconds(&kubernetes), 9);
    assert_eq!(compose.export.image.as_ref().unwrap().value, "shop:1");
    assert_eq!(compose.export.check.as_ref().unwrap().value, CheckMode::Require);
    assert_eq!(compose.formation.unwrap().value.to_string(), "web=2");
}

#[test]
fn a_mistake_in_a_table_of_exports_is_named_with_its_way_out() {
    let text = "image = \"i\"\n[process.web]\napp = \"x\"\n[export]\nquiet = true\nimgae = \"i\"\n\
                [export.compose]\ndiff = true\nsecrets = \"none\"\nready = \"alive\"\n";
    let move_it = "move it below [export] or [export.FORMAT]";
    let expected = [
        format!("ganger.toml:1:1 [image] `image` is set for exports; {move_it}"),
        format!("ganger.toml:3:1 [app] `app` is set for exports; {move_it}"),
        "ganger.toml:5:1 [quiet] `quiet` is set for the whole stack, not for exports; move it above"
            .to_owned(),
        "ganger.toml:6:1 [imgae] unknown setting `imgae` (did you mean `image`?); -".to_owned(),
        "ganger.toml:8:1 [diff] `diff` can only be given as a flag; use --diff".to_owned(),
        "ganger.toml:9:11 [\"none\"] invalid value `none` (expected reference, inline or only)".to_owned(),
        "ganger.toml:10:1 [ready] `ready` is set for one type; move it below [process.TYPE]".to_owned(),
    ];
    let found = errors(text);
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
}

#[test]
fn resources_and_scale_of_a_type_may_be_tables_or_text() {
    let tables = "[process.web]\nrequests = { cpu = 1, memory = \"256Mi\" }\nlimits = [\"memory=1.5Gi\"]\n\
                  [process.web.scale]\nmin = 2\nmax = 10\ncpu = 70\n";
    let text = "[process.web]\nrequests = \"cpu=1,memory=256Mi\"\nlimits = \"memory=1.5Gi\"\nscale = \"max=10,cpu=70,min=2\"\n";
    let of = |text: &str| {
        let parsed = parse("ganger.toml", text.as_bytes());
        assert_eq!(parsed.errors, []);
        let set = parsed.settings.processes[&TypeName::new("web").unwrap()].deployment.clone();
        let shown = |list: &[Located<crate::config::Resource>]| -> Vec<String> {
            list.iter().map(|of| format!("{}={}", of.value.name, of.value.quantity)).collect()
        };
        (shown(&set.requests), shown(&set.limits), set.scale.unwrap().value)
    };
    assert_eq!(of(tables), of(text));
    assert_eq!(of(text).1, ["memory=1.5Gi"]);
    assert_eq!(of(text).2, crate::config::ScaleRange { min: 2, max: 10, cpu: 70 });
    for (wrong, said) in [
        ("requests = { memory = \"256MB\" }", "expected a quantity such as cpu=250m"),
        ("limits = \"memory\"", "expected a quantity such as cpu=250m"),
        ("scale = { min = 3, max = 2, cpu = 70 }", "expected min, max and cpu"),
        ("scale = { min = 1, max = 2 }", "expected min, max and cpu"),
        ("scale = { min = 1, max = 2, cpu = 70, mem = 5 }", "expected min, max and cpu"),
    ] {
        let found = errors(&format!("[process.web]\n{wrong}\n"));
        assert!(found.len() == 1 && found[0].contains(said), "{wrong}: {found:?}");
    }
}
