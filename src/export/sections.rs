//! Sections of `key=value` lines, as units of systemd and supervisord's files have them.

use thiserror::Error;

use super::document::Document;

/// What is no section; only `--set` can bring it about.
#[derive(Debug, Error)]
pub(super) enum SectionError {
    #[error("there is no section")]
    None,
    #[error("`{0}` is a section: write {0}.KEY=VALUE")]
    NoKey(String),
    #[error("`{0}` takes a single value")]
    Several(String),
    #[error("`{0}` takes a single line")]
    Lines(String),
}

/// `document` as sections: a map of maps. A list is the same key several times.
///
/// The values stand there as they are: the caller has escaped them.
///
/// # Errors
///
/// The section or key whose value is not of that shape.
pub(super) fn text(document: &Document, separator: &str) -> Result<String, SectionError> {
    let Document::Map(sections) = document else { return Err(SectionError::None) };
    let mut text = String::new();
    for (name, section) in sections {
        let Document::Map(entries) = section else {
            return Err(SectionError::NoKey(name.clone()));
        };
        if entries.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text += &format!("[{name}]\n");
        for (key, value) in entries {
            let single = std::slice::from_ref(value);
            let values = if let Document::List(values) = value { values.as_slice() } else { single };
            for value in values {
                text += &format!("{key}{separator}{}\n", line(key, value)?);
            }
        }
    }
    Ok(text)
}

/// `value` in one line.
fn line(key: &str, value: &Document) -> Result<String, SectionError> {
    let text = match value {
        Document::Text(text) => text.clone(),
        Document::Number(number) => number.to_string(),
        Document::Fraction(number) => number.to_string(),
        Document::Truth(truth) => truth.to_string(),
        Document::Nothing => String::new(),
        Document::List(_) | Document::Map(_) => return Err(SectionError::Several(key.into())),
    };
    if text.contains(['\n', '\r', '\0']) { Err(SectionError::Lines(key.into())) } else { Ok(text) }
}
