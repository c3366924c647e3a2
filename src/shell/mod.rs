//! What a command line asks of a shell: nothing at all, to become the program (`exec`), or to stay in front of it.
//!
//! `sh -c CMD` costs a process between us and the program: its pid is not the program's, and a dash that
//! is sent SIGTERM dies without passing it on. Putting `exec ` in front of the text is no way out (it
//! breaks `cd x && y`, `FOO=1 y` and `[ … ] && y`, which real files have). So a command is run without
//! a shell where that shell would do nothing but run it ([`simple_words`]), and `exec` is put before its last simple command
//! where the shell would only wait for that one ([`text_for_shell`]).

mod exec;
pub(crate) mod habits;
mod lexer;
mod list;
mod simple;
mod words;

pub use exec::{is_replaced, text_for_shell, with_exec};
pub use simple::simple_words;

/// `command` up to the comment that ends it, if one does: what is put behind a comment belongs to it.
///
/// A `#` begins a comment where a word begins (XCU 2.3, rule 9): after a blank or an operator, outside of quotes and
/// not after a backslash. What stands between backquotes or in `$(…)` is read in the same way: a comment in there
/// would swallow its end, so no command that works has one.
pub(crate) fn without_comment(command: &str) -> &str {
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_between_words = true;
    for (place, c) in command.char_indices() {
        let is_start = std::mem::replace(&mut is_between_words, false);
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if is_start => return &command[..place],
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') => is_between_words = true,
            _ => {}
        }
    }
    command
}

/// Whether a shell puts the variable `name` into `command`: `$PORT`, `${PORT}`, `${PORT:-1}`, and not `$PORTAL`.
pub(crate) fn names_variable(name: &str, command: &str) -> bool {
    [format!("${name}"), format!("${{{name}")].iter().any(|form| {
        command.match_indices(form).any(|(at, found)| is_behind_name(&command[at + found.len()..]))
    })
}

/// Whether the name of a variable is over where `rest` begins.
fn is_behind_name(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_at_the_end_is_no_part_of_the_command() {
        for (command, rest) in [
            ("a $X # why", "a $X "),
            ("a;# why", "a;"),
            ("# nothing", ""),
            ("a b#c ${x#y} $# 'd # e' \"f # g\" \\# h", "a b#c ${x#y} $# 'd # e' \"f # g\" \\# h"),
            ("a \"\\\" # b\" # c", "a \"\\\" # b\" "),
            ("a 'it\\' # b", "a 'it\\' "),
            ("a 'never closed # b", "a 'never closed # b"),
            ("é # ü", "é "),
        ] {
            assert_eq!(without_comment(command), rest, "{command:?}");
        }
    }
}
