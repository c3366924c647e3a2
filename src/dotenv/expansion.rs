//! Substitution in a value, of the pieces that `tokens.rs` makes of it.
//!
//! Two steps without recursion, so that no nesting of defaults can exhaust the stack: the text becomes a
//! flat list of tokens, then one pass over these makes the value. What was put in is never looked at again.

use std::borrow::Cow;

use super::tokens::{ExpansionError, ExpansionToken, Operator, Reference};

/// A value, expanded.
#[derive(Debug, Default)]
pub(super) struct Expanded<'a> {
    /// The value.
    pub(super) value: Vec<u8>,
    /// The names in it that are not set.
    pub(super) unset: Vec<Reference<'a>>,
}

/// Makes a value of at most `room` bytes of `tokens`; `look_up` says what a variable holds.
pub(super) fn expand<'a>(
    tokens: &[ExpansionToken<'a>],
    room: usize,
    look_up: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Expanded<'a>, ExpansionError> {
    let mut expanded = Expanded::default();
    // How many open choices have words that are passed over.
    let mut unused = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            ExpansionToken::Choice { .. } if unused > 0 => unused += 1,
            ExpansionToken::Close => unused = unused.saturating_sub(1),
            ExpansionToken::Text(_) | ExpansionToken::Name(_) if unused > 0 => {}
            ExpansionToken::Text(text) => expanded.value.extend_from_slice(text.as_bytes()),
            ExpansionToken::Name(reference) => {
                if let Some(value) = look_up(reference.name) {
                    expanded.value.extend_from_slice(&value);
                } else {
                    // Without braces it is more often the half of a password than a name: it stays as it is written.
                    if !reference.in_braces {
                        expanded.value.push(b'$');
                        expanded.value.extend_from_slice(reference.name.as_bytes());
                    }
                    expanded.unset.push(*reference);
                }
            }
            ExpansionToken::Choice { name, operator, or_empty } => {
                let value = look_up(name.name).filter(|value| !(*or_empty && value.is_empty()));
                match (operator, value) {
                    (Operator::Default | Operator::Required, Some(value)) => {
                        expanded.value.extend_from_slice(&value);
                        unused = 1;
                    }
                    (Operator::Default, None) | (Operator::Alternative, Some(_)) => {}
                    (Operator::Alternative, None) => unused = 1,
                    (Operator::Required, None) => {
                        let message = word(&tokens[index + 1..]);
                        return Err(ExpansionError::Missing { at: name.at, name: name.name.into(), message });
                    }
                }
            }
        }
        if expanded.value.len() > room {
            return Err(ExpansionError::TooLong);
        }
    }
    Ok(expanded)
}

/// The word that `tokens` begin with, as a message: without the values of what it names.
fn word(tokens: &[ExpansionToken<'_>]) -> String {
    let mut depth = 0_usize;
    let mut message = String::new();
    for token in tokens {
        match token {
            ExpansionToken::Close if depth == 0 => break,
            ExpansionToken::Close => depth -= 1,
            ExpansionToken::Choice { .. } => depth += 1,
            ExpansionToken::Text(text) if depth == 0 => message.push_str(text),
            ExpansionToken::Name(_) if depth == 0 => message.push('…'),
            ExpansionToken::Text(_) | ExpansionToken::Name(_) => {}
        }
    }
    message
}

/// `text` with LF for every line end.
pub(super) fn newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotenv::tokens::tokens;

    fn expanded(text: &str) -> String {
        let mut look_up = |name: &str| match name {
            "A" => Some(b"1".to_vec()),
            "EMPTY" => Some(Vec::new()),
            _ => None,
        };
        match tokens(text, true).and_then(|tokens| expand(&tokens, 1000, &mut look_up)) {
            Ok(expanded) => String::from_utf8(expanded.value).unwrap(),
            Err(refusal) => format!("{refusal:?}"),
        }
    }

    #[test]
    fn defaults_nest_and_unclosed_ones_are_text() {
        for (text, value) in [
            ("${X:-d}", "d"),
            ("${X:-}", ""),
            ("${X-}", ""),
            ("${A:-d}", "1"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${X:-${Y:-${A}}}z", "1z"),
            ("${A:-${Y:-b}c}z", "1z"),
            ("${X:-a:-b}", "a:-b"),
            ("${X:-a b}", "a b"),
            ("${X:-{a}}", "{a}"),
            ("${X:-$A}", "1"),
            ("${X:-${a.b}}", "${a.b}"),
            ("${X:-a", "${X:-a"),
            ("${X:-${A}", "${X:-1"),
            ("${X:-${A", "${X:-${A"),
            ("a${b", "a${b"),
            ("${A", "${A"),
            ("${A:?", "${A:?"),
            ("${A:?x}${A?x}", "11"),
            ("${EMPTY?x}", ""),
            ("${A:+y}${A+y}", "yy"),
            ("${X:+y}${X+y}${EMPTY:+y}", ""),
            ("${EMPTY+y}", "y"),
            ("${A:+${X:-d}}${X:+${A}}z", "dz"),
            ("${A:-${X:?}}", "1"),
            ("p$m3a$X", "p$m3a$X"),
            ("p${m3a}", "p"),
            ("}${A}}", "}1}"),
            ("$A$A${A}$", "111$"),
            ("$$A", "$1"),
            ("${}", "${}"),
            ("${5}$5${1A}", "${5}$5${1A}"),
            ("${ A }", "${ A }"),
            ("$é", "$é"),
            ("$Aé", "1é"),
            ("${A.b}", "${A.b}"),
            ("\\$A\\${A}", "$A${A}"),
            ("\\\\$A", "\\1"),
            ("${X:-\\$A\\n}", "$A\n"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(expanded(text), value, "{text}");
        }
    }

    #[test]
    fn other_operators_of_a_shell_are_refused() {
        for text in ["${A:=x}", "${A=x}", "${A%x}", "${A##x}", "${A:0:1}"] {
            assert_eq!(expanded(&format!("ab{text}")), "Operator { at: 2 }", "{text}");
        }
        assert_eq!(expanded("${A:-${X:=}}"), "Operator { at: 5 }", "in a default that is not used too");
    }

    #[test]
    fn a_required_variable_that_is_missing_is_refused_with_its_message() {
        for (text, message) in [
            ("${X:?}", ""),
            ("${X?set it}", "set it"),
            ("${EMPTY:?see $A or ${X:-${A}b} (docs)}", "see … or  (docs)"),
        ] {
            let name = if text.contains("EMPTY") { "EMPTY" } else { "X" };
            let refusal = ExpansionError::Missing { at: 1, name: name.into(), message: message.into() };
            assert_eq!(expanded(&format!("a{text}")), format!("{refusal:?}"), "{text}");
        }
    }

    #[test]
    fn neither_depth_nor_growth_is_without_bound() {
        let deep = format!("{}{}", "${X:-".repeat(100_000), "}".repeat(100_000));
        assert_eq!(expanded(&deep), "");
        assert_eq!(expanded(&"${X:-".repeat(100)), "${X:-".repeat(100));
        assert_eq!(expanded(&"$A".repeat(100_000)), "TooLong");
    }
}
