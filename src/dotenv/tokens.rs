//! The pieces of a value: text, `\n`, `$NAME`, `${NAME}` and the operators `:-`, `:+` and `:?` of a shell (POSIX XCU 2.6.2), each
//! with and without the colon.

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
