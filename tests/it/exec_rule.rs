//! Promise: where `exec` is put into a command line, the line prints the same and has the same status in every shell that
//! /bin/sh is, and the shell is replaced; where the shell has something to do, or it is not sure, the line stays as it is.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use ganger::parts::shell::{is_replaced, with_exec};
use proptest::collection;
use proptest::prelude::*;

use crate::harness::{are_there, write_program};

/// The shells that are /bin/sh on Debian, Fedora and Alpine, as far as they are here; one that is not is named as skipped.
fn shells() -> Vec<&'static str> {
    let is_there = |shell: &&str| are_there(&[shell.split(' ').next().unwrap_or_default()]);
    ["dash", "bash --posix", "busybox sh"].into_iter().filter(is_there).collect()
}

#[test]
fn exec_goes_before_the_last_simple_command() {
    for (command, expected) in [
        ("node server.js --port=$PORT", "exec node server.js --port=$PORT"),
        ("FOO=1 gunicorn -b :$PORT app > log", "FOO=1 exec gunicorn -b :$PORT app > log"),
        ("cd web && node server.js", "cd web && exec node server.js"),
        ("export A=b; node x", "export A=b; exec node x"),
        ("a; b || c", "a; b || exec c"),
        ("a | b && c", "a | b && exec c"),
        ("! a && b", "! a && exec b"),
        ("gunicorn app:app;", "exec gunicorn app:app;"),
        ("a 'b' # c ; d", "exec a 'b' # c ; d"),
        ("a # it's `", "exec a # it's `"),
        ("2>&1 <in >|out A=$(date) x", "2>&1 <in >|out A=$(date) exec x"),
        ("\"my prog\" x", "exec \"my prog\" x"),
        ("~/bin/x $Y", "exec ~/bin/x $Y"),
        ("exec 2>&1; web $PORT", "exec 2>&1; exec web $PORT"),
        ("[ -f x ] && sh -c 'a; trap b 0'", "[ -f x ] && exec sh -c 'a; trap b 0'"),
        (
            "A=b x *.go {a,b} ${C:-\"d e\"} \"${E:-f}\" `g h` $((1 + (2))) \"$(i \"j)\")\" $#",
            "A=b exec x *.go {a,b} ${C:-\"d e\"} \"${E:-f}\" `g h` $((1 + (2))) \"$(i \"j)\")\" $#",
        ),
        ("é=1; ü 'ö'", "é=1; ü 'ö'"),
    ] {
        assert_eq!(with_exec(command).as_deref().unwrap_or(command), expected);
    }
}

/// Lines that stay as they are.
#[rustfmt::skip]
const LEFT: &[&str] = &[
    // Nothing to run, or no command at all.
    "", " ", "# a", "A=b", "> log", "a &&", "&& a", "a ;; b", "; a", "a; ; b", "! ", "a && ! b", "a b >", ">&",
    // The shell has something to do afterwards, or the status is not the program's.
    "a | b", "a |& b", "a &", "a & b", "a & wait", "(a)", "a && (b)", "(a) && b", "{ a; }", "{ a; } && b", "if a; then b; fi",
    "while a; do b; done", "until a; do b; done", "for a in b; do c; done", "case a in a) b;; esac", "f() { a; }; b", "f() (a); b",
    "function f { a; }; b", "time a x", "coproc a", "select a in b; do c; done", "[[ a ]] && b", "trap 'a' 0; b", "trap 'a' TERM && b",
    // A name may mean something else then, or `exec` would be printed.
    ". ./env && a", "source ./env; a", "eval 'f() { x; }'; a", "alias a=b; a", "set -e; a", "set -m; a", "set -x && a", "set -- a; b",
    "shopt -s x; a", "command . ./env; a", "builtin trap a 0; b", "exec a; b", "readonly A; A=b c", "enable -f a; b", "$X; a", "\"$X\" && a", "`b`; a",
    "hash -r; a", "'trap' a 0; b", "\\trap a 0; b", "tr''ap a 0; b",
    // No program, or it is not known which.
    "a; cd b", "a && echo b", "a; true $X", "a && [ b ]", "a; :", "exit $X", "exec a", "a && exec b", "command a $X", "$X", "$X/a", "\"$X/a\"", "`a`", "$(a)",
    "a*", "{a,b}", "%1 $X", "-a $X", "~ $X", "~a $X", "'a=b' $X", "\"\" $X", "a=b=c", "1a=b c=d", "a[1]=b c", "a+=b c", "a=(b) c", "'if' $X", "\\while $X",
    // Shells read it in different ways, or it does not end.
    "a $'b\\'' c", "a $\"b\"", "a $[1 + 2]", "a <<b", "a <<<b", "a <(b)", "a >(b)", "a >&b", "a 2>&1-", "a &> b", "10>b a", "a 'b", "a \"b", "a \\", "a `b",
    "a $(b", "a ${b", "a $((1)", "a ${b:-{}}", "a \"${b:-'}'}\"", "a \"${b:-\"c\"}\"", "a ${ b; }", "a `b \\`c\\``", "a `b 'c'`", "a $(case b in b) c;; esac)",
    "a $(b # )", "a $(b <<c)", "a\nb", "a # b\nc", "a\rb $X", "a\u{a0}b $X", "a \u{2013}b $X", "a \u{1b} $X", "a '\u{1b}' $X", "a ) b", "a @(b|c)",
    // The order of the two is not the same for a special builtin.
    "A=b x >$A", "A=b x >*.log",
];

#[test]
fn in_any_doubt_a_line_stays_as_it_is() {
    for command in LEFT {
        assert_eq!(with_exec(command), None, "{command:?}");
    }
    let deep = format!("a {}b{}", "$(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(with_exec(&deep), None);
}

#[test]
fn a_line_that_says_exec_itself_is_replaced_too() {
    for command in [
        "exec ./web",
        "exec ./web $PORT",
        "cd x && exec $HOME/bin/y",
        "trap '' HUP; exec a",
        ". ./env; A=b exec c",
    ] {
        assert_eq!(with_exec(command), None, "{command:?}");
        assert!(is_replaced(command), "{command:?}");
    }
    for command in [
        "exec",
        "exec 2>&1",
        "exec -a web ./web",
        "exec ./web | tee",
        "execute | it",
        "exec a; b $X; cd",
        "if a; then exec b; fi",
    ] {
        assert!(!is_replaced(command), "{command:?}");
    }
}

/// A folder with programs that say what they were given.
fn programs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script =
        |name: &str, text: &str| write_program(&folder.path().join(name), &format!("#!/bin/sh\n{text}\n"));
    script("show", "echo \"[$A|$B]\"; printf '<%s>' \"$@\"; echo");
    script("fail", "echo failed; exit 3");
    script("two words", "echo two words");
    script("is-pid", "[ $1 = $$ ] && echo replaced");
    script("refused", "echo refused");
    fs::set_permissions(folder.path().join("refused"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(folder.path().join("in"), "line\n").unwrap();
    folder
}

/// What each of `commands` prints, each run by `shell -c` in `folder`, and its status behind it.
fn run_all(shell: &str, commands: &[String], folder: &Path) -> Vec<String> {
    let driver = format!(
        "for text do {shell} -c \"$text\" </dev/null; printf ' status %s\\0' $?; rm -f out 'a b'; done"
    );
    let output = Command::new("/bin/sh")
        .args(["-c", &driver, "sh"])
        .args(commands)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("HOME", folder)
        .env("SET", "a b")
        .current_dir(folder)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let all: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(all.len(), commands.len(), "{shell} ended before the last command: {text}");
    all
}

/// What was printed without the shell's own messages, which may say `exec: NAME: not found` for `NAME: not found`.
fn without_words(shell: &str, printed: &str) -> String {
    let name = format!("{}: ", if shell == "busybox sh" { "sh" } else { shell.trim_end_matches(" --posix") });
    printed.split_inclusive('\n').map(|line| line.find(&name).map_or(line, |at| &line[..at])).collect()
}

#[test]
fn the_shell_is_replaced() {
    let folder = programs();
    let commands = [
        "A=b is-pid $$",
        "cd . && is-pid $$ 2>&1",
        "export A=b; false || ./is-pid \"$$\" # x",
        "~/is-pid $$",
    ];
    let commands: Vec<String> = commands.map(|command| with_exec(command).unwrap()).into();
    for shell in shells() {
        for printed in run_all(shell, &commands, folder.path()) {
            assert_eq!(printed, "replaced\n status 0", "{shell}");
        }
    }
}

fn word() -> BoxedStrategy<String> {
    proptest::sample::select(vec![
        "a",
        "'b c'",
        "\"d $SET\"",
        "$SET",
        "${NO:-x y}",
        "\"${NO:-z}\"",
        "${A:=made}",
        "$A",
        "$(show in)",
        "\"$(fail)\"",
        "`pwd`",
        "$((1 + 2))",
        "*",
        "i?",
        "{a,b}",
        "~",
        "\\$A",
        "$?",
        "$#",
        "a#b",
        "'#'",
        "if",
        "!",
        "A=b",
        "'it''s'",
        "\"\\\"q\\\"\"",
        "''",
        "$NO",
        "$",
        "é",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

fn redirection() -> BoxedStrategy<String> {
    proptest::sample::select(vec![
        "> out",
        ">>out",
        "2>&1",
        ">&2",
        "<in",
        "< nofile",
        ">/nonexistent/x",
        "2>/dev/null",
        ">| out",
        "<&-",
        "3>out",
        "> \"$SET\"",
        ">$NO",
        "<>in",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

fn assignment() -> BoxedStrategy<String> {
    let value = prop_oneof![word(), Just(String::new())];
    (proptest::sample::select(vec!["A", "B", "IFS", "PATH"]), value)
        .prop_map(|(name, value)| {
            let value = if value.contains(|c: char| "*?{!~".contains(c)) { "1".to_owned() } else { value };
            if name == "PATH" { "PATH=.:$PATH".to_owned() } else { format!("{name}={value}") }
        })
        .boxed()
}

fn program() -> BoxedStrategy<String> {
    let programs = vec![
        "show",
        "show",
        "./show",
        "~/show",
        "\"two words\"",
        "./fail",
        "fail",
        "env printf %s,",
        "cat in",
        "nosuch",
        "./refused",
        "/",
        "\\show",
        "s'ho'w",
    ];
    proptest::sample::select(programs).prop_map(str::to_owned).boxed()
}

fn builtin() -> BoxedStrategy<String> {
    let builtins = vec![
        "echo",
        "cd /",
        "cd nowhere",
        "export A=e",
        "export B=$A",
        "[ a = b ]",
        "true",
        "false",
        "A=s",
        "unset A",
        "exit 4",
        "test -f in",
        "printf %s",
        "umask 077",
        "exec 2>&1",
        "set -f",
        "trap 'echo trapped' 0",
        "show() { echo function; }",
        "read A <in",
        ":",
        "(exit 3)",
        "{ fail; }",
        "eval 'A=x'",
        "sleep 0 &",
    ];
    proptest::sample::select(builtins).prop_map(str::to_owned).boxed()
}

fn simple_command() -> impl Strategy<Value = String> {
    (
        collection::vec(assignment(), 0..3),
        program(),
        collection::vec(prop_oneof![3 => word(), 1 => redirection()], 0..4),
        collection::vec(redirection(), 0..2),
    )
        .prop_map(|(assignments, program, rest, first)| {
            [first, assignments, vec![program], rest].concat().join(" ")
        })
}

fn list() -> impl Strategy<Value = String> {
    let command = prop_oneof![2 => simple_command(), 1 => builtin()].boxed();
    let join = proptest::sample::select(vec![" && ", " || ", "; ", " ; ", ";", "&&", " | ", " && ! "]);
    let end = proptest::sample::select(vec!["", "", ";", " # it's done", " ; # x"]);
    (collection::vec((command, join), 0..3), simple_command(), end).prop_map(|(before, last, end)| {
        let before: String = before.into_iter().map(|(command, join)| format!("{command}{join}")).collect();
        format!("{before}{last}{end}")
    })
}

proptest! {
    // Each case is many lines, in a few processes that start a shell for each.
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_line_prints_the_same_and_ends_the_same_with_exec(lines in collection::vec(list(), 60)) {
        let folder = programs();
        let changed: Vec<(String, String)> =
            lines.into_iter().filter_map(|line| with_exec(&line).map(|with| (line, with))).collect();
        prop_assert!(changed.len() >= 8, "the rule hardly applies: {}", changed.len());
        let (plain, with): (Vec<String>, Vec<String>) = changed.into_iter().unzip();
        for shell in shells() {
            let expected = run_all(shell, &plain, folder.path());
            let got = run_all(shell, &with, folder.path());
            for ((line, expected), got) in plain.iter().zip(expected).zip(got) {
                prop_assert_eq!(without_words(shell, &got), without_words(shell, &expected), "{}: {}", shell, line);
            }
        }
    }
}
