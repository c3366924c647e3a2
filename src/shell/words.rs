//! Words that mean something to a shell.

/// Whether a shell takes `word`, in first place, for the name of a program.
pub(super) fn is_program(word: &str) -> bool {
    // `A=b` is an assignment, `%1` a job (bash), and `sh -c -x` reads `-x` (and `+x`) as an option of its own.
    !word.contains('=')
        && !word.starts_with(['%', '-', '+', '!'])
        && !RESERVED.contains(&word)
        && !BUILTINS.contains(&word)
}

/// Reserved words of POSIX (XCU 2.4, those that it lets a shell have too) and bash. `{`, `}` and `[[`
/// need no mention: their characters are not plain.
#[rustfmt::skip]
pub(super) const RESERVED: &[&str] = &[
    "!", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while",
];

/// Builtins of dash and bash, special (XCU 2.14) and regular, but for `true` and `false`, which are the same
/// either way (and `[`, whose character is not plain). Some act on the shell itself (`cd`, `exec`,
/// `ulimit`), some do not exist as programs (`:`, `source`), the others may differ in what they print from
/// the program of their name (`echo -e`, `kill -l`, `pwd`).
#[rustfmt::skip]
pub(super) const BUILTINS: &[&str] = &[
    ".", ":", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "chdir", "command", "compgen",
    "complete", "compopt", "continue", "declare", "dirs", "disown", "echo", "enable", "eval", "exec",
    "exit", "export", "fc", "fg", "getopts", "hash", "help", "history", "jobs", "kill", "let", "local",
    "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "set",
    "shift", "shopt", "source", "suspend", "test", "times", "trap", "type", "typeset", "ulimit", "umask",
    "unalias", "unset", "wait",
];

/// Builtins, or programs that may be builtins, after which a shell has nothing left to do and every name means what it meant.
#[rustfmt::skip]
pub(super) const HARMLESS: &[&str] = &[
    ":", "[", "cd", "chdir", "echo", "exit", "export", "false", "kill", "printf", "pwd", "read", "test", "true", "ulimit",
    "umask", "unset", "wait",
];
