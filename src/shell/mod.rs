//! What a command line asks of a shell: nothing at all, to become the program (`exec`), or to stay in front of it.
//!
//! `sh -c CMD` costs a process between us and the program: its pid is not the program's, and a dash that
//! is sent SIGTERM dies without passing it on. Putting `exec ` in front of the text is no way out (it
//! breaks `cd x && y`, `FOO=1 y` and `[ … ] && y`, which real files have). So a command is run without
//! a shell where that shell would do nothing but run it ([`simple_words`]), and `exec` is put before its last simple command
//! where the shell would only wait for that one ([`text_for_shell`]).

mod exec;
mod lexer;
mod list;
mod words;

pub use exec::{is_replaced, text_for_shell, with_exec};
use words::is_program;

/// The words of `command`, if `sh -c command` would do nothing but run a program with exactly these words;
/// else `None`, also in case of doubt.
///
/// Each word is made of characters that mean nothing to a POSIX shell (XCU 2.2) nor to bash, whatever the
/// locale; the first is no assignment (XCU 2.9.1), reserved word (XCU 2.4) or builtin. Words are split at
/// blanks, as XCU 2.3 does. Whether the program exists is not asked here.
pub fn simple_words(command: &str) -> Option<Vec<&str>> {
    // Not `split_whitespace`: it would split at U+00A0 and form feeds, which are no blanks for a shell.
    let words: Vec<&str> = command.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let first = words.first()?;
    (is_program(first) && words.iter().all(|word| is_plain(word))).then_some(words)
}

/// `command` up to the comment that ends it, if one does: what is put behind a comment belongs to it.
///
/// A `#` begins a comment where a word begins (XCU 2.3, rule 9): after a blank or an operator, outside of quotes and
/// not after a backslash. What stands between backquotes or in `$(…)` is read in the same way: a comment in there
/// would swallow its end, so no command that works has one.
pub fn without_comment(command: &str) -> &str {
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

/// Whether every character of `word` stands for itself.
fn is_plain(word: &str) -> bool {
    let mut before = None;
    word.chars().all(|c| {
        let plain = match c {
            // `#` begins a comment at the start of a word only, `~` names a home there and, for bash in
            // an argument such as `make P=~/x`, after `=` and `:`.
            '#' => before.is_some(),
            '~' => before.is_some_and(|before| before != '=' && before != ':'),
            // `!` recalls history at a prompt only, `^` is a pipe for the Bourne shell of 1979 only,
            // `%` is a job in first place only, `=` an assignment in first place only.
            '_' | '-' | '.' | '/' | ':' | ',' | '@' | '%' | '+' | '=' | '!' | '^' => true,
            // Letters of any script; not the blanks, dashes and invisible characters beyond ASCII.
            c => c.is_alphanumeric(),
        };
        before = Some(c);
        plain
    })
}

/// Whether a shell puts the variable `name` into `command`: `$PORT`, `${PORT}`, `${PORT:-1}`, and not `$PORTAL`.
pub fn names_variable(name: &str, command: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    [format!("${name}"), format!("${{{name}")]
        .iter()
        .any(|form| command.match_indices(form).any(|(at, found)| is_end(&command[at + found.len()..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_need_no_shell() {
        for (command, words) in [
            ("bundle exec puma", &["bundle", "exec", "puma"][..]),
            (" bin/rails\t server  -p 3000 ", &["bin/rails", "server", "-p", "3000"]),
            ("./a.out", &["./a.out"]),
            ("/bin/kill 1", &["/bin/kill", "1"]),
            ("true", &["true"]),
            ("false x", &["false", "x"]),
            ("sleep 1", &["sleep", "1"]),
            ("env FOO=bar cmd", &["env", "FOO=bar", "cmd"]),
            (
                "make -C a~b HEAD~1 a#b 50% a!b ! - -- +x @f a,b a:b x^",
                &[
                    "make", "-C", "a~b", "HEAD~1", "a#b", "50%", "a!b", "!", "-", "--", "+x", "@f", "a,b",
                    "a:b", "x^",
                ],
            ),
            ("héllo 你好", &["héllo", "你好"]),
            ("node if then echo cd", &["node", "if", "then", "echo", "cd"]),
            ("http: 8080", &["http:", "8080"]),
        ] {
            assert_eq!(simple_words(command).as_deref(), Some(words), "{command:?}");
        }
    }

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

    #[rustfmt::skip]
    const FOR_A_SHELL: &[&str] = &[
        "", " ", "\t", "a $PORT", "a ${PORT}", "a `b`", "a $(b)", "a 'b'", "a \"b\"", "a \\b", "a\\", "a;",
        "a; b", "a & b", "a&", "a && b", "a | b", "a || b", "a > b", "a 2>&1", "a <b", "(a)", "a *.go",
        "a b?", "a [b]", "a ]", "[ a ]", "a {b,c}", "a {}", "{ a", "a #b", "#a", "a ~", "a ~/b", "~/a",
        "a b=~/c", "a b=c:~/d", "FOO=bar", "FOO=bar a", "./a=b c", "! a", "!a", "%1", "-a b", "--", "+x",
        "a\nb", "a\rb", "a\u{b}b", "a\u{c}b", "a\0b", "a\u{1b}b", "a\u{7f}", "a\u{a0}b", "a \u{2013}p",
        "a\u{2028}b", "a\u{200b}b", "a\u{feff}", "if x", "while x", "time a", "function a", "select a",
        "coproc a", "case a", "for a", "in a", "do a", "cd a", "exec a", "echo a", "printf a", "test a",
        "kill 1", "pwd", "ulimit", "umask", "wait", "read", "type a", "command a", "builtin a", ":", ". a",
        "source a", "export a", "set a", "eval a", "exit", "exit 1", "trap a", "unset PORT", "alias",
        "local a", "let a", "declare a", "hash", "jobs", "fg", "bg", "times", "shift", "break",
    ];

    #[test]
    fn whatever_may_mean_something_to_a_shell_is_left_to_it() {
        for command in FOR_A_SHELL {
            assert_eq!(simple_words(command), None, "{command:?}");
        }
    }
}
