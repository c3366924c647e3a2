//! The file of `env_file:`, in the grammar of compose-go (`dotenv/parser.go`, 2.x).
//!
//! In single quotes all is literal but a backslash before a quote, so a value without a backslash stands in
//! them. Double quotes take the escapes of Go, and interpolate what is not escaped.

use super::bundle_builder::BundleBuilder;
use super::environment_file::is_part_of_name;
use super::stack::{ExportedStack, ExportedVariable};

/// The values of `stack`, one after the other.
pub(super) fn text(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> String {
    let texts = bundle.texts(stack, check_name, |_| None);
    texts.into_iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect()
}

/// `value` in quotes.
fn quoted(value: &str) -> String {
    if !needs_escapes(value) {
        return format!("'{}'", value.replace('\'', r"\'"));
    }
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            // A carriage return before a line break might be taken for a part of it.
            '\r' => quoted += r"\r",
            '\\' | '"' | '$' => {
                quoted.push('\\');
                quoted.push(character);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn needs_escapes(value: &str) -> bool {
    value.contains(['\\', '\r'])
}

/// Whether podman-compose, which reads the file with python-dotenv, has another value: that one puts
/// variables in for `${…}` in all quotes, and knows no escape for `$`.
pub(super) fn podman_differs(value: &str) -> bool {
    value.contains("${") || (needs_escapes(value) && value.contains('$'))
}

/// Whether compose-go takes the name; else the variable is refused.
pub(super) fn check_name(
    stack: &ExportedStack<'_>,
    variable: &ExportedVariable<'_>,
    bundle: &mut BundleBuilder,
) -> bool {
    // `export` at the start of a line is passed over.
    let is_name = !variable.name.is_empty() && variable.name.bytes().all(is_part_of_name);
    if !is_name {
        bundle.refuse(
            stack,
            variable,
            "its name has other characters than letters, digits, `_`, `.` and `-`",
        );
    }
    is_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_in_single_quotes_unless_it_has_a_backslash() {
        let table = [
            ("", "''"),
            ("a $B ${C} \"d\" #e", "'a $B ${C} \"d\" #e'"),
            ("it's\nmore", "'it\\'s\nmore'"),
            (r"a\b", r#""a\\b""#),
            (r#"\"$x"#, r#""\\\"\$x""#),
            ("a\r\nb", "\"a\\r\nb\""),
        ];
        for (value, text) in table {
            assert_eq!(quoted(value), text);
        }
    }

    #[test]
    fn what_podman_reads_otherwise_is_known() {
        assert!(podman_differs("${A}") && podman_differs(r"a\$b"));
        assert!(!podman_differs("$A") && !podman_differs(r"a\b"));
    }
}
