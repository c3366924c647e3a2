//! What is usual in another shell than /bin/sh, or in another file than a Procfile, and hardly meant here.

/// A part of a command that does something else than it seems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShellHabit {
    /// `source FILE`: bash has that command, POSIX and dash do not.
    Source,
    /// `\$NAME` outside quotes: the program gets a dollar and a name.
    EscapedDollar,
}

impl ShellHabit {
    /// What is wrong, and the way out.
    pub(crate) fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Source => (
                "`source` is a command of bash, and /bin/sh may not have it",
                "write `.` for `source`, and the file with a slash: `. ./FILE`",
            ),
            Self::EscapedDollar => (
                "the backslash before `$` keeps the shell from putting the value there",
                "leave the backslash out: a line of a Procfile is not in quotes",
            ),
        }
    }
}

/// Those of `command`, each once.
pub(crate) fn habits(command: &str) -> Vec<ShellHabit> {
    let mut found = Vec::new();
    let mut quote = None;
    let (mut is_escaped, mut is_command, mut is_between_words) = (false, true, true);
    for (place, c) in command.char_indices() {
        let rest = &command[place..];
        let starts_word = std::mem::replace(&mut is_between_words, false);
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => {
                is_escaped = true;
                if quote.is_none() && is_name(&rest[1..]) {
                    found.push(ShellHabit::EscapedDollar);
                }
            }
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if starts_word => break,
            (None, ';' | '&' | '|' | '(' | '{' | '\n') => (is_command, is_between_words) = (true, true),
            (None, ' ' | '\t') => {
                is_between_words = true;
                continue;
            }
            (None, _) if starts_word && is_command && rest.starts_with("source ") => {
                found.push(ShellHabit::Source);
            }
            _ => {}
        }
        is_command &= is_between_words;
    }
    found.dedup();
    found
}

/// Whether `$NAME` or `${NAME` begins here.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').map(|name| name.strip_prefix('{').unwrap_or(name));
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bash_and_json_have_is_found_and_what_sh_has_is_not() {
        for (command, expected) in [
            ("source venv/bin/activate && x", &[ShellHabit::Source][..]),
            ("cd a && source b; c", &[ShellHabit::Source]),
            ("(source b)", &[ShellHabit::Source]),
            ("server --port \\$PORT", &[ShellHabit::EscapedDollar]),
            ("server -p \\${PORT}", &[ShellHabit::EscapedDollar]),
            (". ./env && echo source x", &[]),
            ("bash -c 'source x; echo \\$PORT'", &[]),
            ("bash -c \"source x; echo \\$PORT\"", &[]),
            ("awk '{print \\$1}' # source x", &[]),
            ("echo \\$1 open-source it", &[]),
        ] {
            assert_eq!(habits(command), expected, "{command}");
        }
    }
}
