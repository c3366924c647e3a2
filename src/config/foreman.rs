//! `.foreman`: the options of a foreman user, as `key: value` lines.

use std::sync::Arc;

use super::settings::{ColorChoice, ParsedSettings};
use super::source::{SettingSource, decoded};
use super::table;
use crate::suggestion::nearest;
use crate::text;

/// The keys of foreman that are read; the settings of ganger have the same names.
const KEYS: [&str; 8] = ["procfile", "root", "env", "formation", "concurrency", "port", "timeout", "color"];

/// The settings of a `.foreman` file: the part of YAML that such files use, which is `key: value` lines,
/// comments and quotes.
///
/// Other keys are foreman's (`app`, `log`, `user` of its export), and a warning; an invalid value of a key that is read is an
/// error.
pub fn parse(file: &str, bytes: &[u8]) -> ParsedSettings {
    let file: Arc<str> = file.into();
    let content = match decoded(&file, bytes) {
        Ok(content) => content,
        Err(errors) => return ParsedSettings { errors, ..ParsedSettings::default() },
    };
    let source = SettingSource::new(file, &content);
    let mut parsed = ParsedSettings::default();
    for line in text::lines(&content) {
        if !is_empty(line.text) {
            read_line(&source, line, &mut parsed);
        }
    }
    parsed
}

/// Whether a line sets nothing: blank, a comment, or the mark of a document.
fn is_empty(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with('#') || text == "---" || text == "..."
}

fn read_line(source: &SettingSource<'_>, line: text::SourceLine<'_>, parsed: &mut ParsedSettings) {
    let whole = line.start..line.start + line.text.trim_end().len();
    let parts = line.text.split_once(':').filter(|(key, _)| !key.starts_with([' ', '\t', '-']));
    let Some((key, rest)) = parts else {
        let hint = Some("ganger reads `key: value` lines here".into());
        parsed.warnings.push(source.diagnostic(whole, "this line is not read".into(), hint));
        return;
    };
    let key = key.trim_end().trim_matches(['"', '\'']).trim_start_matches(':');
    let value = plain(rest);
    if value.is_empty() {
        return;
    }
    if key == "no-color" || key == "no_color" {
        parsed.settings.color = Some(if value == "false" { ColorChoice::Auto } else { ColorChoice::Never });
        return;
    }
    let Some(setting) = table::named(key).filter(|_| KEYS.contains(&key)) else {
        let hint = nearest(key, KEYS).map(|near| format!("did you mean `{near}`?"));
        let span = line.start..line.start + key.len();
        parsed.warnings.push(source.diagnostic(span, format!("ganger does not read `{key}`"), hint));
        return;
    };
    let place = source.location(line.start);
    if let Err(invalid) = setting.set(&mut parsed.settings, value.as_ref(), &place) {
        parsed.errors.push(source.diagnostic(whole, invalid.message(), invalid.hint));
    }
}

/// A plain or quoted scalar, without the comment after it.
fn plain(rest: &str) -> &str {
    let rest = rest.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = rest.strip_prefix(quote).and_then(|inside| inside.split_once(quote)) {
            return inside;
        }
    }
    let comment = if rest.starts_with('#') { Some(0) } else { rest.find(" #") };
    rest[..comment.unwrap_or(rest.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::BasePort;
    use crate::name::TypeName;

    #[test]
    fn what_foreman_users_write_is_read() {
        let text = "---\n# mine\nprocfile: Procfile.dev  # the other\nport: \"4000\"\nenv: .env,.env.dev\n\
                    concurrency: web=2,worker=1\ntimeout: 10\nroot: 'my app'\ncolor: true\n";
        let parsed = parse(".foreman", text.as_bytes());
        assert_eq!((parsed.errors, parsed.warnings), (vec![], vec![]));
        let settings = parsed.settings;
        assert_eq!(settings.procfile.as_ref().unwrap().value.to_str(), Some("Procfile.dev"));
        assert_eq!(settings.procfile.unwrap().place.to_string(), ".foreman:3:1");
        assert_eq!(settings.port.unwrap().value, BasePort::At(4000));
        assert_eq!(settings.env.len(), 2);
        assert_eq!(settings.formation.unwrap().value.count(&TypeName::new("web").unwrap()), 2);
        assert_eq!(settings.timeout.unwrap().value, Duration::from_secs(10));
        assert_eq!(settings.root.unwrap().value.to_str(), Some("my app"));
        assert_eq!(settings.color, Some(ColorChoice::Always));
        assert_eq!(parse(".foreman", b"no-color: true\n").settings.color, Some(ColorChoice::Never));
    }

    #[test]
    fn what_is_not_understood_warns_and_a_bad_value_is_an_error() {
        let text = "app: shop\nenv:\n  - .env\nport: many\nfromation: web=1\n";
        let parsed = parse(".foreman", text.as_bytes());
        let places = |list: &[crate::location::Diagnostic]| -> Vec<String> {
            list.iter().map(|found| format!("{} {}", found.location, found.message)).collect()
        };
        assert_eq!(
            places(&parsed.errors),
            [".foreman:4:1 invalid value `many` (expected a number from 1 to 65535, or auto)"]
        );
        assert_eq!(
            places(&parsed.warnings),
            [
                ".foreman:1:1 ganger does not read `app`",
                ".foreman:3:1 this line is not read",
                ".foreman:5:1 ganger does not read `fromation`",
            ]
        );
        assert_eq!(parsed.warnings[2].hint.as_deref(), Some("did you mean `formation`?"));
    }
}
