//! Precedence, and that no bytes make a reader panic.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::name::TypeName;
use crate::signal::Signal;

fn given(values: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in values {
        let place = Located::given((), name).place;
        table::named(name).unwrap().set(&mut settings, value.as_ref(), &place).unwrap();
    }
    settings
}

fn file(text: &str) -> Settings {
    ganger_toml::parse("ganger.toml", text.as_bytes()).settings
}

#[test]
fn each_setting_wins_over_the_layer_below_and_over_no_other_setting() {
    for setting in table::all().filter(|setting| setting.stack.is_some()) {
        let one = given(&[(setting.name, setting.example)]);
        assert_ne!(one, Settings::default(), "{}", setting.name);
        assert_eq!(one.clone().or(Settings::default()), one, "{}", setting.name);
        assert_eq!(Settings::default().or(one.clone()), one, "{}", setting.name);
    }
    let upper = given(&[("port", "1"), ("env", "a,b"), ("prefix", "true")]);
    let merged = upper.or(given(&[("port", "2"), ("env", "c"), ("no-prefix", "1"), ("root", "r")]));
    assert_eq!(merged.port.unwrap().value, BasePort::At(1));
    assert_eq!(merged.env.iter().map(|env| env.value.to_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(merged.prefix, Some(true));
    assert_eq!(merged.root.unwrap().value.to_str(), Some("r"));
}

#[test]
fn a_setting_for_all_wins_over_a_lower_layers_setting_for_one_type() {
    let lower = || file("timeout = 9\n[process.web]\ntimeout = 30\nstop-signal = \"INT\"\nformation = 4\n");
    let web = TypeName::new("web").unwrap();
    let merged = given(&[("timeout", "1"), ("formation", "all=1")]).or(lower());
    let own = &merged.processes[&web];
    assert_eq!((own.timeout.as_ref(), own.formation.as_ref()), (None, None));
    assert_eq!(own.stop_signal.as_ref().unwrap().value, Signal::INTERRUPT);
    let merged = given(&[("timeout", "web=2")]).or(lower());
    assert_eq!(merged.processes[&web].timeout.as_ref().unwrap().value, Duration::from_secs(2));
    assert_eq!(merged.timeout.unwrap().value, Duration::from_secs(9));
}

#[test]
fn a_named_port_wins_over_no_port_of_a_lower_layer() {
    assert_eq!(given(&[("port", "1")]).or(file("no-port = true")).no_port, Some(false));
    assert_eq!(given(&[("no-port", "true")]).or(file("port = 1")).no_port, Some(true));
}

#[test]
fn a_signal_can_be_for_one_type() {
    let settings = given(&[("stop-signal", "INT,web=QUIT")]);
    assert_eq!(settings.stop_signal.unwrap().value, Signal::INTERRUPT);
    let web = &settings.processes[&TypeName::new("web").unwrap()];
    assert_eq!(web.stop_signal.as_ref().unwrap().value, Signal::QUIT);
}

#[test]
fn a_value_for_a_type_is_refused_with_the_part_that_is_wrong() {
    let place = Located::given((), "flag").place;
    let table = [
        ("stop-signal", "we b=INT", "invalid value `we b=INT` (`we b` cannot be the name of a type)"),
        ("watch", "web=src,../lib", "invalid value `../lib` (expected a path below the root)"),
        (
            "restart",
            "web=always,sometimes",
            "invalid value `sometimes` (expected never, on-failure or always)",
        ),
    ];
    for (name, value, message) in table {
        let setting = table::named(name).unwrap();
        let invalid = setting.set(&mut Settings::default(), value.as_ref(), &place).unwrap_err();
        assert_eq!(invalid.message(), message);
    }
}

#[test]
fn each_setting_is_a_key_of_ganger_toml_or_says_why_not() {
    for setting in table::all() {
        let text = format!("{} = \"{}\"\n", setting.name, setting.example);
        let of_export = ganger_toml::parse("ganger.toml", format!("[export.compose]\n{text}").as_bytes());
        let is_of_export = setting.flag_only.is_none() && setting.flag_of("export").is_some();
        assert_eq!(of_export.errors.is_empty(), is_of_export, "{text}");
        if setting.is_for_export {
            assert_ne!(
                of_export.settings.exports,
                ganger_toml::parse("", b"[export.compose]").settings.exports
            );
            continue;
        }
        let of_stack = ganger_toml::parse("ganger.toml", text.as_bytes());
        let of_type = ganger_toml::parse("ganger.toml", format!("[process.web]\n{text}").as_bytes());
        let is_for_files = setting.flag_only.is_none();
        assert_eq!(of_stack.errors.is_empty(), is_for_files && setting.stack.is_some(), "{text}");
        assert_eq!(of_stack.settings != Settings::default(), of_stack.errors.is_empty(), "{text}");
        // The number of instances of one type is a number, and not a formation.
        if setting.name != "formation" {
            assert_eq!(of_type.errors.is_empty(), is_for_files && setting.each.is_some(), "{text}");
        }
        if let Some(reason) = setting.flag_only {
            assert!(of_stack.errors[0].message.ends_with("can only be given as a flag"), "{text}");
            assert!(of_stack.errors[0].hint.as_ref().is_some_and(|hint| hint.ends_with(reason)), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic_and_every_error_has_a_line(
        text in "([a-z\\-]{1,4}|[\\[\\]{}=:,\"'#\\\\\n\r\té€🦀\u{feff}]|env|formation|process|port|[0-9.]){0,40}",
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        for input in [text.as_bytes(), &bytes] {
            for parse in [ganger_toml::parse, foreman::parse, app_json::parse, app_json::parse_locally] {
                let parsed = parse("file", input);
                for found in parsed.errors.iter().chain(&parsed.warnings) {
                    prop_assert!(found.location.line.is_some());
                    if let Some(excerpt) = &found.excerpt {
                        prop_assert!(excerpt.text.get(excerpt.mark.clone()).is_some());
                    }
                }
            }
        }
    }
}
