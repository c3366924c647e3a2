//! Commands that need no shell.

use super::words::is_program;

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
