//! From text to statements: where each begins and ends, and where its value is. Nothing is expanded here.

use memchr::{memchr, memchr2};

use crate::text::line_length;

/// What encloses a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// Nothing: the value ends with the line or before a comment.
    None,
    /// `'`: all is literal.
    Single,
    /// `"`: escapes and substitution.
    Double,
    /// A backquote: all is literal, as in js-dotenv.
    Back,
}

impl Quote {
    /// What `text` begins with.
    fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'\'') => Self::Single,
            Some(b'"') => Self::Double,
            Some(b'`') => Self::Back,
            _ => Self::None,
        }
    }

    /// The character.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Single => "'",
            Self::Double => "\"",
            Self::Back => "`",
        }
    }
}

/// A value as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawValue<'a> {
    /// What encloses it.
    pub(super) quote: Quote,
    /// What is enclosed, or else the value without the blanks around it and without a comment.
    pub(super) text: &'a str,
    /// Where that begins in the file, in bytes.
    pub(super) start: usize,
    /// How sure it is that the value ends where its text does.
    pub(super) end: StatementEnd,
}

/// How the end of a quoted value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementEnd {
    /// By the rule: at the first quote that is not escaped.
    Regular,
    /// At the last quote of its line, and each one before it has a backslash: `'Let\'s go'`, which python-dotenv and
    /// compose read so. These backslashes are none of the value's.
    Escaped,
    /// At the last quote of its line, and nothing else makes sense: `"{"a":"b"}"`, `"C:\dir\"`.
    Certain,
    /// At the last quote of its line, as js-dotenv and ruby's have it; another end is possible.
    Guessed,
}

/// `NAME=value`, or `NAME: value`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement<'a> {
    /// The variable.
    pub(super) name: &'a str,
    /// Where the name begins in the file, in bytes.
    pub(super) start: usize,
    /// The line, from 1, and where it begins in the file, in bytes.
    pub(super) line: u32,
    pub(super) line_start: usize,
    /// The value.
    pub(super) raw: RawValue<'a>,
}

/// A place in a line: a mistake, or a name that stands alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnvPlace<'a> {
    /// The line, from 1.
    pub(super) line: u32,
    /// The line itself.
    pub(super) text: &'a str,
    /// Where in the line, in bytes.
    pub(super) at: usize,
    /// What looks like a name at the start of the line, after an `export`.
    pub(super) word: &'a str,
}

/// A statement that can be read.
#[derive(Debug)]
pub(super) enum StatementItem<'a> {
    /// `NAME=value`.
    Assignment(Statement<'a>),
    /// `NAME` alone.
    Name(EnvPlace<'a>),
}

/// A statement that cannot be read.
#[derive(Debug)]
pub(super) enum StatementError<'a> {
    /// The line is neither an assignment nor a comment.
    Junk(EnvPlace<'a>),
    /// The value's quote is never closed. Nothing after it can be read: where it was meant to end, only the
    /// writer knows.
    Unclosed(Statement<'a>),
    /// Something stands after the closing quote.
    AfterQuote {
        /// The statement.
        statement: Statement<'a>,
        /// Where that stands in the file, in bytes.
        at: usize,
    },
}

/// The statements of `content`, in order.
pub(super) fn items(content: &str) -> EnvScanner<'_> {
    EnvScanner { content, position: 0, line: 1 }
}

/// Walks over a file once, from line to line.
pub(super) struct EnvScanner<'a> {
    content: &'a str,
    /// Always the start of a line.
    position: usize,
    line: u32,
}

impl<'a> Iterator for EnvScanner<'a> {
    type Item = Result<StatementItem<'a>, StatementError<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.position < self.content.len() {
            let (start, line) = (self.position, self.line);
            let text = self.take_line();
            let trimmed = text.trim_start();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                return Some(self.statement(text, start, line));
            }
        }
        None
    }
}

impl<'a> EnvScanner<'a> {
    /// The rest of the line at the position, which moves to the next line.
    fn take_line(&mut self) -> &'a str {
        let rest = &self.content[self.position..];
        let (length, end) = line_length(rest.as_bytes());
        self.position += length + end;
        self.line = self.line.saturating_add(1);
        &rest[..length]
    }

    fn statement(
        &mut self,
        text: &'a str,
        start: usize,
        line: u32,
    ) -> Result<StatementItem<'a>, StatementError<'a>> {
        let indent = text.len() - text.trim_start().len();
        let (name, rest) = head(&text[indent..]);
        let after = text.len() - rest.len();
        let place = |at| EnvPlace { line, text, at, word: name };
        let value = rest.trim_start();
        match value.as_bytes().first() {
            // `NAME: value`, as js, ruby and Go have it: the colon right behind the name, and a blank behind it.
            Some(b'=' | b':') if !name.is_empty() && (value.starts_with('=') || is_colon(rest)) => {
                let statement = Statement {
                    name,
                    start: start + after - name.len(),
                    line,
                    line_start: start,
                    raw: RawValue {
                        quote: Quote::None,
                        text: "",
                        start: start + text.len() - value.len() + 1,
                        end: StatementEnd::Regular,
                    },
                };
                self.value(statement, &value[1..])
            }
            None if !name.is_empty() => Ok(StatementItem::Name(place(after - name.len()))),
            Some(b'#') if !name.is_empty() && value.len() < rest.len() => {
                Ok(StatementItem::Name(place(after - name.len())))
            }
            _ => Err(StatementError::Junk(place(text.len() - value.len()))),
        }
    }

    /// Fills in the value of `statement`; `rest` is what stands after the `=` or `:` in its line.
    fn value(
        &mut self,
        mut statement: Statement<'a>,
        rest: &'a str,
    ) -> Result<StatementItem<'a>, StatementError<'a>> {
        let text = rest.trim_start();
        let quote = Quote::of(text);
        if quote == Quote::None {
            statement.raw.text = without_comment(rest).trim();
            if !statement.raw.text.is_empty() {
                statement.raw.start += rest.len() - text.len();
            }
            return Ok(StatementItem::Assignment(statement));
        }
        let start = statement.raw.start + (rest.len() - text.len()) + 1;
        statement.raw = RawValue { quote, text: "", start, end: StatementEnd::Regular };
        let closing = closing(&self.content.as_bytes()[start..], quote).map(|length| start + length);
        if let Some(at) = closing.filter(|at| is_end(self.line_from(at + 1))) {
            self.end_value(&mut statement, at);
            return Ok(StatementItem::Assignment(statement));
        }
        if let Some((length, end)) = last_quote(&text[1..], quote) {
            statement.raw.text = &self.content[start..start + length];
            statement.raw.end = end;
            return Ok(StatementItem::Assignment(statement));
        }
        let Some(at) = closing else {
            self.position = self.content.len();
            return Err(StatementError::Unclosed(statement));
        };
        let rest = self.line_from(at + 1);
        self.end_value(&mut statement, at);
        Err(StatementError::AfterQuote { statement, at: at + 1 + rest.len() - rest.trim_start().len() })
    }

    /// The value of `statement` ends before the quote at `at`, and the position moves to the line after that.
    fn end_value(&mut self, statement: &mut Statement<'a>, at: usize) {
        statement.raw.text = &self.content[statement.raw.start..at];
        self.line = statement.line.saturating_add(line_ends(statement.raw.text.as_bytes()));
        self.position = at + 1;
        self.take_line();
    }

    /// What is left of the line at `position`.
    fn line_from(&self, position: usize) -> &'a str {
        let rest = &self.content[position..];
        &rest[..line_length(rest.as_bytes()).0]
    }
}

/// Whether `rest` begins as the rest of `NAME: value` does.
fn is_colon(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|value| value.starts_with(char::is_whitespace))
}

/// Whether nothing but a comment comes behind a value.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// The last quote of `line` (which begins behind the opening one) that can close the value, in bytes: where the rule
/// finds no end, the value is what stands between the outermost quotes. Not beyond what may begin a comment.
fn last_quote(line: &str, quote: Quote) -> Option<(usize, StatementEnd)> {
    let quote = quote.as_str();
    let at = line
        .rmatch_indices(quote)
        .map(|(at, _)| at)
        .find(|at| is_end(&line[at + 1..]) && !line[..*at].contains(" #"))?;
    let inside = &line[..at];
    let is_data = inside.starts_with(['{', '[']) && inside.ends_with(['}', ']']);
    let is_path = inside.ends_with('\\')
        && inside.starts_with(|c: char| c.is_ascii_alphabetic())
        && inside[1..].starts_with(":\\");
    let is_escaped = quote == "'" && inside.match_indices('\'').all(|(at, _)| inside[..at].ends_with('\\'));
    Some((
        at,
        match (is_data || is_path, is_escaped) {
            (true, _) => StatementEnd::Certain,
            (false, true) => StatementEnd::Escaped,
            (false, false) => StatementEnd::Guessed,
        },
    ))
}

/// The name at the start of `text` (`""` if there is none), and what follows it. An `export` before it is
/// passed over, but for `export=1` and the like, where it is the name.
fn head(text: &str) -> (&str, &str) {
    let plain = name(text);
    if plain.0 == "export" && plain.1.starts_with(char::is_whitespace) {
        let (name, rest) = name(plain.1.trim_start());
        let value = rest.trim_start();
        let is_bare = value.is_empty() || (value.starts_with('#') && value.len() < rest.len());
        if !name.is_empty() && (value.starts_with('=') || is_bare || is_colon(rest)) {
            return (name, rest);
        }
    }
    plain
}

fn name(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    if !bytes.first().copied().is_some_and(begins_name) {
        return ("", text);
    }
    let end = bytes.iter().position(|&byte| !(begins_name(byte) || byte == b'.' || byte == b'-'));
    text.split_at(end.unwrap_or(bytes.len()))
}

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `text` up to the first `#` that has a blank before it. (A `#` inside a word belongs to a password or an
/// address more often than not.)
fn without_comment(text: &str) -> &str {
    memchr::memchr_iter(b'#', text.as_bytes())
        .find(|&at| text[..at].ends_with(char::is_whitespace))
        .map_or(text, |at| &text[..at])
}

/// How many bytes come before the closing quote.
fn closing(bytes: &[u8], quote: Quote) -> Option<usize> {
    match quote {
        Quote::None => None,
        Quote::Single => memchr(b'\'', bytes),
        Quote::Back => memchr(b'`', bytes),
        Quote::Double => {
            let mut from = 0;
            loop {
                let at = from + memchr2(b'"', b'\\', bytes.get(from..)?)?;
                if bytes.get(at) == Some(&b'"') {
                    return Some(at);
                }
                from = at + 2;
            }
        }
    }
}

/// How many lines end in `bytes`.
pub(super) fn line_ends(mut bytes: &[u8]) -> u32 {
    let mut count = 0_u32;
    loop {
        let (length, end) = line_length(bytes);
        if end == 0 {
            return count;
        }
        bytes = &bytes[length + end..];
        count = count.saturating_add(1);
    }
}
