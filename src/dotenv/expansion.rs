//! Escapes and substitution in a value: `\n`, `$NAME`, `${NAME}` and the operators `:-`, `:+` and `:?` of a shell
//! (POSIX XCU 2.6.2), each with and without the colon.
//!
//! Two steps without recursion, so that no nesting of defaults can exhaust the stack: the text becomes a
//! flat list of tokens, then one pass over these makes the value. What was put in is never looked at again.

use std::borrow::Cow;

/// A piece of a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExpansionToken<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// `$NAME` or `${NAME}`.
    Name(Reference<'a>),
    /// `${NAME:-` and its kin: what follows up to its [`ExpansionToken::Close`] is the operator's word.
    Choice {
        /// The variable.
        name: Reference<'a>,
        /// What the word is for.
        operator: Operator,
        /// Whether an empty value is a missing one too.
        or_empty: bool,
    },
    /// The `}` that ends a choice.
    Close,
}

/// What the word of `${NAME…word}` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `-`: it stands for a missing value.
    Default,
    /// `+`: it stands for a value that is there.
    Alternative,
    /// `?`: it is the error if the value is missing.
    Required,
}

/// A variable that is named in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Where its `$` stands in the value, in bytes.
    pub(super) at: usize,
    /// Whether it is in braces. If not, it may be a part of a password that was not meant to be a name.
    pub(super) in_braces: bool,
}

/// Why a value is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExpansionError {
    /// `${NAME:=text}` and the like: an operator that a shell knows and we do not.
    Operator {
        /// Where its `$` stands in the value, in bytes.
        at: usize,
    },
    /// `${NAME:?message}`, and NAME is not set.
    Missing {
        /// Where its `$` stands in the value, in bytes.
        at: usize,
        /// NAME.
        name: String,
        /// The message as it is written, substitutions in it masked.
        message: String,
    },
    /// The variable is longer than any program can be given.
    TooLong,
    /// All files together substitute more than any environment holds.
    TooMuch,
    /// There are more assignments than any program can be started with.
    TooMany,
}

/// A value, expanded.
#[derive(Debug, Default)]
pub(super) struct Expanded<'a> {
    /// The value.
    pub(super) value: Vec<u8>,
    /// The names in it that are not set.
    pub(super) unset: Vec<Reference<'a>>,
}

/// An opening brace without its closing one so far.
enum OpenBrace<'a> {
    /// Of a choice: the index of its token, and its text, should the closing one never come.
    Choice { index: usize, source: &'a str },
    /// Of an operator that is not known.
    Operator { at: usize },
    /// Of something that is no substitution at all, as `${user.name}`: text.
    Text,
}

/// Whether a byte begins anything but text.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'\\' | b'$' | b'}' | b'\r')
}

/// Whether `text` is its own value: most are.
pub(super) fn is_plain(text: &str) -> bool {
    !text.bytes().any(is_special)
}

/// The tokens of `text`. In double quotes (`quoted`) the escapes are `\n \r \t \\ \" \$` and backslash
/// backquote, and line ends become LF; else there is `\$` only.
pub(super) fn tokens(text: &str, quoted: bool) -> Result<Vec<ExpansionToken<'_>>, ExpansionError> {
    let mut tokens = Vec::new();
    let mut open: Vec<OpenBrace<'_>> = Vec::new();
    let mut position = 0;
    while let Some(length) = text.as_bytes()[position..].iter().position(|&byte| is_special(byte)) {
        tokens.push(ExpansionToken::Text(&text[position..position + length]));
        position += length;
        let rest = &text[position..];
        let (token, used) = match rest.as_bytes()[0] {
            b'\\' => escape(rest, quoted),
            b'\r' => (ExpansionToken::Text("\n"), if rest.starts_with("\r\n") { 2 } else { 1 }),
            b'}' => (close(open.pop().as_ref())?, 1),
            _ => dollar(rest, position, tokens.len(), &mut open),
        };
        tokens.push(token);
        position += used;
    }
    tokens.push(ExpansionToken::Text(&text[position..]));
    for unclosed in open {
        if let OpenBrace::Choice { index, source } = unclosed {
            tokens[index] = ExpansionToken::Text(source);
        }
    }
    Ok(tokens)
}

/// What `rest`, which begins with a backslash, begins with, and its length in bytes.
fn escape(rest: &str, quoted: bool) -> (ExpansionToken<'_>, usize) {
    let text = match rest.as_bytes().get(1) {
        Some(b'$') => &rest[1..2],
        Some(b'\\' | b'"' | b'`') if quoted => &rest[1..2],
        Some(b'n') if quoted => "\n",
        Some(b'r') if quoted => "\r",
        Some(b't') if quoted => "\t",
        // Kept as written: a regular expression or a Windows path, most likely.
        _ => return (ExpansionToken::Text(&rest[..1]), 1),
    };
    (ExpansionToken::Text(text), 2)
}

fn close<'a>(open: Option<&OpenBrace<'a>>) -> Result<ExpansionToken<'a>, ExpansionError> {
    match open {
        Some(OpenBrace::Choice { .. }) => Ok(ExpansionToken::Close),
        Some(OpenBrace::Operator { at }) => Err(ExpansionError::Operator { at: *at }),
        Some(OpenBrace::Text) | None => Ok(ExpansionToken::Text("}")),
    }
}

/// What `rest`, which begins with a `$` and stands at `at`, begins with, and its length in bytes. `index` is
/// that of the token to be.
fn dollar<'a>(
    rest: &'a str,
    at: usize,
    index: usize,
    open: &mut Vec<OpenBrace<'a>>,
) -> (ExpansionToken<'a>, usize) {
    let Some(inside) = rest.strip_prefix("${") else {
        let name = name(&rest[1..]);
        if name.is_empty() {
            return (ExpansionToken::Text("$"), 1);
        }
        return (ExpansionToken::Name(Reference { name, at, in_braces: false }), 1 + name.len());
    };
    let name = name(inside);
    let reference = Reference { name, at, in_braces: true };
    let after = &inside.as_bytes()[name.len()..];
    let length = 2 + name.len();
    let (operator, or_empty) = match after {
        _ if name.is_empty() => (None, false),
        [b'}', ..] => return (ExpansionToken::Name(reference), length + 1),
        [b':', operator, ..] if Operator::of(*operator).is_some() => (Operator::of(*operator), true),
        [operator, ..] if Operator::of(*operator).is_some() => (Operator::of(*operator), false),
        // The other operators of a shell (XCU 2.6.2); what no shell would take for one is text, so that
        // templates of other tools (`${user.name}`) stay whole.
        [b':' | b'=' | b'%' | b'#', ..] => {
            open.push(OpenBrace::Operator { at });
            return (ExpansionToken::Text(&rest[..length]), length);
        }
        _ => (None, false),
    };
    let Some(operator) = operator else {
        open.push(OpenBrace::Text);
        return (ExpansionToken::Text(&rest[..length]), length);
    };
    let length = length + 1 + usize::from(or_empty);
    open.push(OpenBrace::Choice { index, source: &rest[..length] });
    (ExpansionToken::Choice { name: reference, operator, or_empty }, length)
}

impl Operator {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Default),
            b'+' => Some(Self::Alternative),
            b'?' => Some(Self::Required),
            _ => None,
        }
    }
}

/// The name of a variable at the start of `text`, as a shell sees it (XBD 3.216): no digit first.
fn name(text: &str) -> &str {
    let bytes = text.as_bytes();
    if bytes.first().is_none_or(u8::is_ascii_digit) {
        return "";
    }
    let end = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    &text[..end.unwrap_or(text.len())]
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
