//! Nomad's own `${…}`, which it puts values in for in every text of a task (`helper/args/args.go`), and for
//! which it has no escape; and the templates in which it does not.

use super::environment_file::is_part_of_name;

/// Whether Nomad may put something in place of a part of `text`: `\${[a-zA-Z0-9_\-\.]+}`. What it does not
/// know it leaves alone, but what it knows depends on the machine.
pub(super) fn is_interpolated(text: &str) -> bool {
    text.match_indices("${").any(|(at, found)| {
        let inside: &str = &text[at + found.len()..];
        let length = inside.bytes().take_while(|byte| is_part_of_name(*byte)).count();
        length > 0 && inside[length..].starts_with('}')
    })
}

/// Delimiters for a template whose text is `text`, so that nothing of it is an action.
pub(super) fn delimiters(text: &str) -> (String, String) {
    let (mut left, mut right) = ("[[".to_owned(), "]]".to_owned());
    // Each is longer than the last, so there is an end.
    while text.contains(&left) || text.contains(&right) {
        left.push('<');
        right.insert(0, '>');
    }
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nomad_would_interpolate_is_found() {
        for text in ["${A}", "x ${env.A-b} y", "${}${a}", "$${A}"] {
            assert!(is_interpolated(text), "{text}");
        }
        for text in ["", "$A", "${A:-b}", "${}", "${A", "$(A)", "${env[\"A\"]}"] {
            assert!(!is_interpolated(text), "{text}");
        }
    }

    #[test]
    fn delimiters_do_not_occur_in_the_text() {
        for text in ["", "a [[ b", "]]", "[[<", "[[ >]] [[<"] {
            let (left, right) = delimiters(text);
            assert!(!text.contains(&left) && !text.contains(&right), "{text}");
        }
    }
}
