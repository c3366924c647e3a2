//! The rules against git itself.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;

use super::*;

fn ignored(text: &str) -> Ignored {
    let mut ignored = Ignored::default();
    ignored.add("", text);
    ignored
}

#[test]
fn rules_are_read_as_gitignore_has_them() {
    let table = [
        ("log", "log", true, true),
        ("log", "a/b/log", false, true),
        ("/log", "a/log", false, false),
        ("log/", "log", false, false),
        ("log/", "a/log", true, true),
        ("a/b", "a/b", false, true),
        ("a/b", "x/a/b", false, false),
        ("*.log\n!keep.log", "keep.log", false, false),
        ("*.log\n!keep.log", "other.log", false, true),
        ("#x\n\\#y", "#y", false, true),
        ("\\!x", "!x", false, true),
        ("x ", "x", false, true),
        ("x\\ ", "x ", false, true),
        ("**/x", "a/b/x", false, true),
        ("a/**/x", "a/x", false, true),
        ("a/**/x", "a/b/c/x", false, true),
        ("a/**", "a", true, false),
        ("a/**", "a/b", false, true),
        ("a*/b", "ax/b", false, true),
        ("a*/b", "ax/y/b", false, false),
        ("{a,b}", "a", false, false),
        ("{a,b}", "{a,b}", false, true),
        ("[ab]", "b", false, true),
        ("[!ab]", "b", false, false),
        ("x\r", "x", false, true),
        ("x\\", "x\\", false, false),
        ("", "node_modules", true, true),
        ("!node_modules", "a/node_modules", true, true),
        ("", ".app.py.swp", false, true),
    ];
    for (text, path, is_folder, is_ignored) in table {
        assert_eq!(ignored(text).holds(path, is_folder), is_ignored, "{text:?} {path:?}");
    }
}

#[test]
fn an_inner_file_wins_over_an_outer_one_and_speaks_of_its_own_folder() {
    let mut rules = ignored("*.log\n");
    rules.add("app", "!keep.log\n/only\n");
    assert!(rules.holds("keep.log", false) && !rules.holds("app/keep.log", false));
    assert!(
        rules.holds("app/only", false) && !rules.holds("app/x/only", false) && !rules.holds("only", false)
    );
    let mut rules = Ignored::default();
    rules.add_from_above("services/shop", "*.tmp\n/services/shop/dist\nservices/other\n**/cache\n");
    for (path, is_ignored) in
        [("a.tmp", true), ("dist", true), ("x/dist", false), ("other", false), ("y/cache", true)]
    {
        assert_eq!(rules.holds(path, false), is_ignored, "{path}");
    }
}

/// What git says of these paths, none of which is tracked.
#[expect(clippy::disallowed_methods, reason = "a test starts programs")]
fn asked_of_git(folder: &Path, paths: &[String]) -> Option<Vec<String>> {
    let mut git = Command::new("git")
        .args(["-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    git.stdin.take()?.write_all((paths.join("\0") + "\0").as_bytes()).ok()?;
    let Output { stdout, .. } = git.wait_with_output().ok()?;
    let text = String::from_utf8(stdout).ok()?;
    Some(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// On standard error itself, once: libtest keeps from view what a test prints that passes.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn say_skipped() {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        assert!(
            std::env::var_os("TESTS_MUST_RUN").is_none_or(|value| value.is_empty()),
            "git is not installed"
        );
        let _ = std::io::stderr().write_all(b"skipped: what git ignores: not to be had here: git\n");
    });
}

fn a_pattern() -> impl Strategy<Value = String> {
    let piece =
        prop::sample::select(vec!["a", "b", "c", "*", "?", "[ab]", "[!a]", "x", ".", "{a,b}", "\\*", " "]);
    let name = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    // Not `a**/b`: there git 2.x takes the letters before the wildcard off first, and `**/b` is left.
    let name = prop_oneof![4 => name.prop_filter("stars alone", |name| !name.contains("**")), 1 => Just("**".to_owned())];
    let names = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    (prop::bool::weighted(0.2), prop::bool::weighted(0.3), names, prop::bool::weighted(0.3)).prop_map(
        |(negated, anchored, names, folder)| {
            format!(
                "{}{}{names}{}",
                if negated { "!" } else { "" },
                if anchored { "/" } else { "" },
                if folder { "/" } else { "" }
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn git_says_the_same(patterns in prop::collection::vec(a_pattern(), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a", "b", "ab", "x", "a.b", "*", "{a,b}", "c"];
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        for (name, text) in [("HEAD", "ref: refs/heads/x\n"), ("config", "[core]\n\trepositoryformatversion = 0\n")] {
            std::fs::write(folder.path().join(".git").join(name), text).unwrap();
        }
        for name in ["objects", "refs"] {
            std::fs::create_dir(folder.path().join(".git").join(name)).unwrap();
        }
        let text = patterns.join("\n") + "\n";
        std::fs::write(folder.path().join(".gitignore"), &text).unwrap();
        // Files only, at three depths: folders by the slash at their end.
        let mut paths: Vec<String> = Vec::new();
        for one in names {
            paths.push(one.to_owned());
            for two in ["a", "b", "x"] {
                paths.push(format!("{one}/{two}"));
                paths.push(format!("{one}/{two}/c"));
            }
        }
        let rules = ignored(&text);
        // A path is ignored if it, or a folder above it, is.
        let ours: Vec<String> = paths.iter().filter(|path| {
            let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
            ends.into_iter().any(|folder| rules.holds(folder, true)) || rules.holds(path, false)
        }).cloned().collect();
        match asked_of_git(folder.path(), &paths) {
            Some(theirs) => prop_assert_eq!(ours, theirs, "{}", text),
            None => say_skipped(),
        }
    }
}
