//! A command line as tokens, by the rules on which dash, bash and busybox agree (POSIX XCU 2.3).
//!
//! Only what [`super::list`] needs is told apart: words, the operators of a list, and redirections. Whatever the three
//! shells read differently, and whatever has no place in a list of simple commands (a here-document, a subshell, `&`), makes
//! the whole answer `None`. So a mistake of this file can only be to say too little, unless it ends a word at another place
//! than the shells do; tests/it/exec_rule.rs compares.

/// Substitutions in substitutions: deeper ones are given up, so that no line can exhaust the stack.
const DEEPEST: u32 = 16;

/// One token and where it begins, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ShellToken<'a> {
    /// A word, an assignment or a reserved word: position decides which.
    Word(ShellWord<'a>),
    /// `&&`, `||`, `;` or `|`.
    Join(Join),
    /// `>`, `<`, `>>`, `<>`, `>|`: the next word is a file.
    File,
    /// `>&`, `<&`: the next word is a descriptor.
    Duplicate,
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;`
    Then,
    /// `|`
    Pipe,
}

/// A word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ShellWord<'a> {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// As it is written, quotes and all.
    pub(super) raw: &'a str,
    /// What is left of it after quote removal (XCU 2.6.7); `None` if the shell makes something else of it: an expansion, a
    /// pattern, a brace. A leading `~` stays as it is.
    pub(super) literal: Option<String>,
}

/// The tokens of `text` up to a comment at its end; `None` in any doubt.
pub(super) fn tokens(text: &str) -> Option<Vec<ShellToken<'_>>> {
    let mut lexer = Lexer { text, at: 0, depth: 0 };
    let mut tokens = Vec::new();
    loop {
        match lexer.peek() {
            None => return Some(tokens),
            Some(' ' | '\t') => lexer.bump(),
            // A comment hides all that follows, up to a newline, which no line of a Procfile has.
            Some('#') => return (!lexer.rest().contains('\n')).then_some(tokens),
            Some('<' | '>') => tokens.push(lexer.redirection()?),
            Some('|' | '&' | ';' | '(' | ')') => tokens.push(ShellToken::Join(lexer.join()?)),
            Some(_) => {
                let word = lexer.word()?;
                // XCU 2.10.1: digits right before `<` or `>` are a descriptor. dash takes one digit, bash any number.
                let is_number = word.raw.bytes().all(|byte| byte.is_ascii_digit());
                match (is_number && matches!(lexer.peek(), Some('<' | '>')), word.raw.len()) {
                    (false, _) => tokens.push(ShellToken::Word(word)),
                    (true, 1) => {}
                    (true, _) => return None,
                }
            }
        }
    }
}

/// What quote removal leaves of a word.
#[derive(Default)]
struct Literal {
    text: String,
    /// Whether the shell makes something else of it.
    is_expanded: bool,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.bump();
        c
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let is_there = self.rest().starts_with(prefix);
        self.at += if is_there { prefix.len() } else { 0 };
        is_there
    }

    fn join(&mut self) -> Option<Join> {
        let join = match (self.take()?, self.peek()) {
            ('&', Some('&')) => Join::And,
            ('|', Some('|')) => Join::Or,
            // `|&` is bash's alone, `;;` and `;&` belong to `case`.
            ('|', Some('&')) | (';', Some(';' | '&')) => return None,
            ('|', _) => Join::Pipe,
            (';', _) => Join::Then,
            // A background job, a subshell, a function, or no sense at all.
            (_, _) => return None,
        };
        if matches!(join, Join::And | Join::Or) {
            self.bump();
        }
        Some(join)
    }

    fn redirection(&mut self) -> Option<ShellToken<'a>> {
        // A here-document, a here-string, a process substitution: none of them is one word.
        if ["<<", "<(", ">("].iter().any(|no| self.rest().starts_with(no)) {
            return None;
        }
        if self.skip(">&") || self.skip("<&") {
            return Some(ShellToken::Duplicate);
        }
        let _ = self.skip(">>") || self.skip("<>") || self.skip(">|") || self.skip("<") || self.skip(">");
        Some(ShellToken::File)
    }

    fn word(&mut self) -> Option<ShellWord<'a>> {
        let start = self.at;
        let mut literal = Literal::default();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '<' | '>' | '|' | '&' | ';' | '(' | ')' => break,
                '\'' => literal.text.push_str(self.single_quoted()?),
                '"' => self.double_quoted(&mut literal)?,
                '\\' => {
                    self.bump();
                    literal.text.push(printable(self.take()?)?);
                }
                '$' | '`' => {
                    self.expansion(false)?;
                    literal.is_expanded = true;
                }
                '*' | '?' | '[' | ']' | '{' | '}' => {
                    self.bump();
                    literal.is_expanded = true;
                }
                c if c.is_ascii_graphic() || c.is_alphanumeric() => {
                    self.bump();
                    literal.text.push(c);
                }
                // A newline, a control character, a blank or a sign beyond ASCII: locales differ about them.
                _ => return None,
            }
        }
        let raw = self.text.get(start..self.at)?;
        Some(ShellWord { start, raw, literal: (!literal.is_expanded).then_some(literal.text) })
    }

    /// What stands between these single quotes.
    fn single_quoted(&mut self) -> Option<&'a str> {
        self.bump();
        let length = self.rest().find('\'')?;
        let inside = &self.rest()[..length];
        self.at += length + 1;
        inside.chars().all(|c| printable(c).is_some()).then_some(inside)
    }

    /// To the end of `"…"`; what is between the two belongs to `literal`.
    fn double_quoted(&mut self, literal: &mut Literal) -> Option<()> {
        self.bump();
        loop {
            match self.peek()? {
                '"' => {
                    self.bump();
                    return Some(());
                }
                '$' | '`' => {
                    self.expansion(true)?;
                    literal.is_expanded = true;
                }
                '\\' => {
                    self.bump();
                    let c = printable(self.take()?)?;
                    if !matches!(c, '$' | '`' | '"' | '\\') {
                        literal.text.push('\\');
                    }
                    literal.text.push(c);
                }
                c => {
                    self.bump();
                    literal.text.push(printable(c)?);
                }
            }
        }
    }

    /// Goes past a `$` or a backquote and what belongs to it.
    fn expansion(&mut self, is_quoted: bool) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        if self.skip("$((") {
            self.arithmetic()?;
        } else if self.skip("$(") {
            self.substitution()?;
        } else if self.skip("${") {
            self.braces(is_quoted)?;
        } else if self.skip("`") {
            self.backquotes()?;
        } else {
            self.bump();
            match self.peek() {
                // `$'…'`, `$"…"` and `$[…]` are bash's.
                Some('\'' | '[') => return None,
                Some('"') if !is_quoted => return None,
                // One of the special parameters, `$#` among them, which begins no comment.
                Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => self.bump(),
                Some(_) | None => {}
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// To the end of `$((…))`. Whatever is in there, its parentheses are balanced, also if it is a subshell in a `$(`.
    fn arithmetic(&mut self) -> Option<()> {
        let mut open = 2;
        while open > 0 {
            match self.take()? {
                '(' => open += 1,
                ')' => open -= 1,
                '\'' | '"' | '\\' | '`' | '#' | '<' => return None,
                c => drop(printable(c)?),
            }
        }
        Some(())
    }

    /// To the end of `$(…)`. A `case` in there may have a `)` of its own, a comment or a here-document any number.
    fn substitution(&mut self) -> Option<()> {
        let start = self.at;
        let (mut open, mut is_word_start) = (1, true);
        while open > 0 {
            let is_start = std::mem::replace(&mut is_word_start, false);
            match self.peek()? {
                '\'' => drop(self.single_quoted()?),
                '"' => self.double_quoted(&mut Literal::default())?,
                '$' | '`' => self.expansion(false)?,
                '#' if is_start => return None,
                '<' if self.rest().starts_with("<<") => return None,
                '\\' => {
                    self.bump();
                    printable(self.take()?)?;
                }
                c => {
                    self.bump();
                    printable(c)?;
                    open += u32::from(c == '(');
                    open -= u32::from(c == ')');
                    is_word_start = matches!(c, ' ' | '\t' | ';' | '&' | '|' | '(' | ')' | '<' | '>');
                }
            }
        }
        (!self.text.get(start..self.at)?.contains("case")).then_some(())
    }

    /// To the end of `${…}`. Quotes inside of quotes, and braces inside of braces, are read in more than one way.
    fn braces(&mut self, is_quoted: bool) -> Option<()> {
        // `${ …; }` runs a command in newer shells.
        self.take().filter(|c| begins_parameter(*c))?;
        loop {
            match self.peek()? {
                '}' => {
                    self.bump();
                    return Some(());
                }
                '\'' | '"' if is_quoted => return None,
                '{' => return None,
                '\'' => drop(self.single_quoted()?),
                '"' => self.double_quoted(&mut Literal::default())?,
                '$' | '`' => self.expansion(is_quoted)?,
                '\\' => {
                    self.bump();
                    printable(self.take()?)?;
                }
                c => {
                    self.bump();
                    printable(c)?;
                }
            }
        }
    }

    /// To the next backquote, if nothing before it could hide it.
    fn backquotes(&mut self) -> Option<()> {
        let length = self.rest().find('`')?;
        let inside = &self.rest()[..length];
        self.at += length + 1;
        inside
            .chars()
            .all(|c| printable(c).is_some() && !matches!(c, '\'' | '"' | '\\' | '#' | '<'))
            .then_some(())
    }
}

fn begins_parameter(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_@*#?-$!".contains(c)
}

/// The character, unless it is one that controls something.
fn printable(c: char) -> Option<char> {
    (c == '\t' || !c.is_control()).then_some(c)
}
