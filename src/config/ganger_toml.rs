//! `ganger.toml`: the long names of the flags, and `[process.web]` for one type.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::invalid::{InvalidName, InvalidValue};
use super::setting::{Field, Setting};
use super::settings::{Located, ParsedSettings, ProcessSettings};
use super::source::{SettingSource, decoded};
use super::table;
use crate::name::TypeName;

/// The table that holds a table for each type.
const PROCESS: &str = "process";
/// What is wrong with another value of that key, and the way out.
const NO_TYPES: (&str, &str) = ("`process` has a table for each type", "write [process.web]");

/// The table that holds the reasons why findings of `ganger doctor` are silenced.
const DOCTOR: &str = "doctor";
/// What is wrong with another value in that table, and the way out.
const NO_REASONS: (&str, &str) = (
    "`doctor` has the table `silence`, with a reason for each code",
    "write [doctor.silence] and CODE = \"REASON\"",
);

/// The settings of a `ganger.toml`. All that is wrong is found at once.
pub fn parse(file: &str, bytes: &[u8]) -> ParsedSettings {
    let file: Arc<str> = file.into();
    let content = match decoded(&file, bytes) {
        Ok(content) => content,
        Err(errors) => return ParsedSettings { errors, ..ParsedSettings::default() },
    };
    let source = SettingSource::new(file, &content);
    let (document, errors) = DeTable::parse_recoverable(&content);
    let mut reader = TomlReader { source: &source, parsed: ParsedSettings::default() };
    if errors.is_empty() {
        reader.read(document.get_ref());
    }
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.parsed.errors.push(source.diagnostic(span, error.message().into(), None));
    }
    reader.parsed.errors.sort_by_key(|error| (error.location.line, error.location.column));
    reader.parsed
}

struct TomlReader<'a> {
    source: &'a SettingSource<'a>,
    parsed: ParsedSettings,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type TomlValue<'a> = Spanned<DeValue<'a>>;

impl TomlReader<'_> {
    fn read(&mut self, document: &DeTable<'_>) {
        for (key, value) in document {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (PROCESS, DeValue::Table(types)) => self.read_types(types),
                (PROCESS, _) => self.refuse(value, NO_TYPES.0, NO_TYPES.1),
                (DOCTOR, DeValue::Table(tables)) => self.read_doctor(tables),
                (DOCTOR, _) => self.refuse(value, NO_REASONS.0, NO_REASONS.1),
                (name, _) => match table::key_of_stack(name) {
                    Ok(setting) => self.read_setting(setting, value),
                    Err(error) => self.refuse_name(key, &error),
                },
            }
        }
    }

    fn read_setting(&mut self, setting: &Setting, value: &TomlValue<'_>) {
        for (text, value) in self.texts(setting.name, value, setting.stack.is_some_and(Field::is_list)) {
            let place = self.source.location(value.span().start);
            let done = setting.set(&mut self.parsed.settings, text.as_ref(), &place);
            self.note(done, value);
        }
    }

    /// The value as the flag has it; several of a list, none of a value that cannot be one of `name`.
    fn texts<'v, 'd>(
        &mut self,
        name: &str,
        value: &'v TomlValue<'d>,
        is_list: bool,
    ) -> Vec<(String, &'v TomlValue<'d>)> {
        if let (true, DeValue::Array(items)) = (is_list, value.get_ref()) {
            return items.iter().flat_map(|item| self.texts(name, item, false)).collect();
        }
        let count = |(name, count): (&Key<'_>, _)| Some(format!("{}={}", name.get_ref(), scalar(count)?));
        let text = if let ("formation", DeValue::Table(counts)) = (name, value.get_ref()) {
            // [formation], with a line for each type.
            counts.iter().map(count).collect::<Option<Vec<_>>>().map(|counts| counts.join(","))
        } else {
            scalar(value)
        };
        if text.is_none() {
            self.refuse(value, &format!("`{name}` has one value"), &format!("write {name} = VALUE"));
        }
        text.map(|text| (text, value)).into_iter().collect()
    }

    fn read_doctor(&mut self, tables: &DeTable<'_>) {
        for (key, value) in tables {
            let ("silence", DeValue::Table(codes)) = (key.get_ref().as_ref(), value.get_ref()) else {
                self.refuse(value, NO_REASONS.0, NO_REASONS.1);
                continue;
            };
            for (code, reason) in codes {
                let DeValue::String(text) = reason.get_ref() else {
                    self.refuse(reason, NO_REASONS.0, NO_REASONS.1);
                    continue;
                };
                let place = self.source.location(code.span().start);
                let reason = Located { value: text.to_string(), place };
                self.parsed.settings.silenced.insert(code.get_ref().to_string(), reason);
            }
        }
    }

    fn read_types(&mut self, types: &DeTable<'_>) {
        for (key, value) in types {
            let (Some(name), DeValue::Table(settings)) = (TypeName::new(key.get_ref()), value.get_ref())
            else {
                self.refuse(value, NO_TYPES.0, NO_TYPES.1);
                continue;
            };
            let mut process = ProcessSettings::default();
            for (key, value) in settings {
                match table::key_of_type(key.get_ref()) {
                    Ok(setting) => self.read_for_type(setting, &mut process, value),
                    Err(error) => self.refuse_name(key, &error),
                }
            }
            self.parsed.settings.processes.insert(name, process);
        }
    }

    fn read_for_type(&mut self, setting: &Setting, process: &mut ProcessSettings, value: &TomlValue<'_>) {
        let Some(field) = setting.each else { return };
        for (text, value) in self.texts(setting.name, value, field.is_list()) {
            let place = self.source.location(value.span().start);
            let done = field.set(process, text.as_ref(), &place);
            self.note(done, value);
        }
    }

    fn note(&mut self, done: Result<(), InvalidValue>, value: &TomlValue<'_>) {
        if let Err(invalid) = done {
            let found = self.source.diagnostic(value.span(), invalid.message(), invalid.hint);
            self.parsed.errors.push(found);
        }
    }

    fn refuse_name(&mut self, key: &Key<'_>, error: &InvalidName) {
        self.parsed.errors.push(self.source.diagnostic(key.span(), error.to_string(), error.hint()));
    }

    fn refuse(&mut self, value: &TomlValue<'_>, message: &str, hint: &str) {
        self.parsed.errors.push(self.source.diagnostic(value.span(), message.into(), Some(hint.into())));
    }
}

/// A value as the flag has it; `None` for lists, tables and dates.
fn scalar(value: &TomlValue<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            // TOML's 0x1f and the like: settings have decimals only.
            let plain = i64::from_str_radix(number.as_str(), number.radix()).map(|number| number.to_string());
            Some(plain.unwrap_or_else(|_| number.as_str().to_owned()))
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(is_set) => Some(is_set.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{BasePort, ColorChoice, Probe, ReadySetting, RestartPolicy, Timestamps};
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
}
