//! systemd's escapes, systemd.syntax(7) and systemd.unit(5), tried against systemd 252 itself.

/// `text` as one word in double quotes, of `Environment=` or of an `ExecStart=` that begins with `:`.
///
/// `%` begins a specifier and is doubled. `$` is not: `Environment=` knows no variables, and `:` turns them
/// off in a command. What has no letter to print is written in numbers, so that a unit stays one line.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\\' => quoted += r"\\",
            '"' => quoted += "\\\"",
            '%' => quoted += "%%",
            '\n' => quoted += r"\n",
            '\t' => quoted += r"\t",
            other if other.is_ascii_control() => quoted += &format!("\\x{:02x}", u32::from(other)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` where a whole line is taken as it is, but for specifiers: paths and descriptions.
pub(super) fn plain(text: &str) -> String {
    text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_systemd_is_escaped() {
        let table = [
            ("", r#""""#),
            ("50%off", r#""50%%off""#),
            (r#"a\b "c""#, r#""a\\b \"c\"""#),
            ("a\n\tb\r\u{1}\u{7f}", r#""a\n\tb\x0d\x01\x7f""#),
            ("$A ${B} $$ 'x' é;", r#""$A ${B} $$ 'x' é;""#),
        ];
        for (text, expected) in table {
            assert_eq!(quoted(text), expected);
        }
    }
}
