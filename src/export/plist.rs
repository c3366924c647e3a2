//! Property lists, as launchd reads them: XML 1.0, `PropertyList-1.0.dtd`.

use super::document::Document;

/// `document` as a property list.
pub(super) fn text(document: &Document, comment: &str) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n",
    );
    text += &format!("<!-- {comment} -->\n<plist version=\"1.0\">\n");
    write(document, 0, &mut text);
    text += "</plist>\n";
    text
}

/// Why a property list cannot hold `value`: XML 1.0 (2.2) has no way at all to write these characters.
pub(super) fn refuses(value: &str) -> Option<&'static str> {
    value
        .contains(|c: char| {
            (c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{7f}'))
                || matches!(c, '\u{fffe}' | '\u{ffff}')
        })
        .then_some("its value holds a control character, which XML cannot")
}

fn write(document: &Document, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match document {
        // There is none: launchd's keys that are not there are at their default.
        Document::Nothing => *text += &format!("{indent}<string></string>\n"),
        Document::Text(value) => *text += &format!("{indent}<string>{}</string>\n", escaped(value)),
        Document::Number(number) => *text += &format!("{indent}<integer>{number}</integer>\n"),
        Document::Fraction(number) => *text += &format!("{indent}<real>{number}</real>\n"),
        Document::Truth(truth) => *text += &format!("{indent}<{truth}/>\n"),
        Document::List(items) => {
            *text += &format!("{indent}<array>\n");
            for item in items {
                write(item, depth + 1, text);
            }
            *text += &format!("{indent}</array>\n");
        }
        Document::Map(entries) => {
            *text += &format!("{indent}<dict>\n");
            for (key, value) in entries {
                *text += &format!("{indent}  <key>{}</key>\n", escaped(key));
                write(value, depth + 1, text);
            }
            *text += &format!("{indent}</dict>\n");
        }
    }
}

/// `text` between tags. A carriage return as it is would be read as a line break (XML 1.0, 2.11).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
