//! `ganger.toml`: the long names of the flags, and `[process.web]` for one type.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::invalid::{InvalidName, InvalidValue};
use super::setting::{Field, Setting};
use super::settings::{ExportTables, Located, ParsedSettings, ProcessSettings, Settings};
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

/// The table for exports, with a table for each format.
const EXPORT: &str = "export";
/// What is wrong with another value of that key, and the way out.
const NO_EXPORTS: (&str, &str) = (
    "`export` has what is set for exports, and a table for each format",
    "write [export] or [export.FORMAT]",
);

/// Settings of which the value may be a table, with a line for each part.
const PAIRS: [&str; 4] = ["formation", "requests", "limits", "scale"];

/// The table that holds a table for each group of types.
const GROUP: &str = "group";
/// What is wrong with another value in that table, and the way out.
const NO_GROUPS: (&str, &str) =
    ("`group` has a table for each group, with its `types`", "write [group.NAME] and types = [\"TYPE\"]");

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
                (GROUP, DeValue::Table(groups)) => self.read_groups(groups),
                (GROUP, _) => self.refuse(value, NO_GROUPS.0, NO_GROUPS.1),
                (EXPORT, DeValue::Table(tables)) => self.read_exports(tables),
                (EXPORT, _) => self.refuse(value, NO_EXPORTS.0, NO_EXPORTS.1),
                (name, _) => match table::key_of_stack(name) {
                    Ok(setting) => {
                        let mut settings = std::mem::take(&mut self.parsed.settings);
                        self.read_setting(setting, value, &mut settings);
                        self.parsed.settings = settings;
                    }
                    Err(error) => self.refuse_name(key, &error),
                },
            }
        }
    }

    fn read_setting(&mut self, setting: &Setting, value: &TomlValue<'_>, into: &mut Settings) {
        for (text, value) in self.texts(setting.name, value, setting.stack.is_some_and(Field::is_list)) {
            let place = self.source.location(value.span().start);
            let done = setting.set(into, text.as_ref(), &place);
            self.note(done, value);
        }
    }

    fn read_exports(&mut self, tables: &DeTable<'_>) {
        let mut exports = ExportTables::default();
        for (key, value) in tables {
            // A table is that of a format, but for `formation`, which may have a line for each type.
            if let DeValue::Table(settings) = value.get_ref()
                && table::named(key.get_ref()).is_none()
            {
                let mut own = Settings::default();
                for (key, value) in settings {
                    self.read_for_export(key, value, &mut own);
                }
                let place = self.source.location(key.span().start);
                exports.formats.insert(key.get_ref().to_string(), Located { value: own, place });
            } else {
                self.read_for_export(key, value, &mut exports.common);
            }
        }
        self.parsed.settings.exports = Some(Box::new(exports));
    }

    fn read_for_export(&mut self, key: &Key<'_>, value: &TomlValue<'_>, into: &mut Settings) {
        match table::key_of_export(key.get_ref()) {
            Ok(setting) => self.read_setting(setting, value, into),
            Err(error) => self.refuse_name(key, &error),
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
        let text = if let (true, DeValue::Table(pairs)) = (PAIRS.contains(&name), value.get_ref()) {
            // [formation], with a line for each type.
            pairs
                .iter()
                .map(|(name, value)| Some(format!("{}={}", name.get_ref(), scalar(value)?)))
                .collect::<Option<Vec<_>>>()
                .map(|pairs| pairs.join(","))
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

    fn read_groups(&mut self, groups: &DeTable<'_>) {
        for (key, value) in groups {
            let table = value.get_ref().as_table().filter(|_| TypeName::new(key.get_ref()).is_some());
            let types = table.filter(|table| table.len() == 1).and_then(|table| table.get("types"));
            let Some(types) = types else {
                self.refuse(value, NO_GROUPS.0, NO_GROUPS.1);
                continue;
            };
            let named = self.texts("types", types, true).into_iter();
            let types =
                named.map(|(value, at)| Located { value, place: self.source.location(at.span().start) });
            let types = types.collect();
            self.parsed.settings.groups.insert(key.get_ref().to_string(), types);
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
#[path = "ganger_toml_tests.rs"]
mod tests;
