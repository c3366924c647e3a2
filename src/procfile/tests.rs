use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::location::Diagnostic;

fn errors(bytes: &[u8]) -> Vec<Diagnostic> {
    parse("Procfile", bytes).errors
}

/// The one mistake in `text`.
fn mistake(text: &str) -> Diagnostic {
    let mut errors = errors(text.as_bytes());
    assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
    errors.remove(0)
}

#[test]
fn a_mistake_has_a_place_a_reason_and_a_way_out() {
    for (text, place, message, hint) in [
        ("web", (1, 1), "no colon", "NAME: COMMAND"),
        ("# a\n\n  worker sidekiq", (3, 3), "no colon", "`worker: COMMAND`"),
        ("web; a", (1, 1), "no colon", "write a colon after the name: `web:"),
        ("a: b \\\n  --c", (2, 3), "no colon", "joins lines after a backslash"),
        ("a: b\n--no-input", (2, 1), "no colon", "if this belongs to the line before"),
        ("---\na: b", (1, 1), "YAML", "a Procfile is not YAML"),
        ("export A=1\nb: c", (1, 1), "no colon", ".env"),
        ("A=1\nb: c", (1, 1), "no colon", ".env"),
        ("A=http://x\nb: c", (1, 2), "cannot hold `=`", ".env"),
        ("web:", (1, 1), "`web` has no command", "on the same line"),
        ("a: b\n web :\t ", (2, 2), "`web` has no command", "`web: COMMAND`"),
        (": a", (1, 1), "no name before the colon", "NAME: COMMAND"),
        ("  : a", (1, 3), "no name before the colon", "NAME: COMMAND"),
        ("web.1: a", (1, 4), "cannot hold `.`", "start `web=1`"),
        ("web@2: a", (1, 4), "cannot hold `@`", "start `web=2`"),
        ("web.test: a", (1, 4), "cannot hold `.`", "for example `web-test`"),
        ("é: a", (1, 1), "cannot hold `é`", "letters (A to Z)"),
        ("my web: a", (1, 3), "cannot hold a space", "letters"),
        ("\"web\": a", (1, 1), "cannot hold `\"`", "without quotes: `web"),
        ("- web: a", (1, 2), "cannot hold a space", "YAML: write `web"),
        ("a\u{a0}b: c", (1, 2), "invisible character U+00A0", "letters"),
        ("\u{feff}\u{feff}web: a", (1, 1), "invisible character U+FEFF", "letters"),
        ("web: a\nx: y\n web : b", (3, 2), "`web` is in this file twice", "first is in line 1"),
    ] {
        let mistake = mistake(text);
        let location = &mistake.location;
        assert_eq!((location.line.unwrap(), location.column.unwrap()), place, "{text:?}");
        assert!(mistake.message.contains(message), "{text:?}: {}", mistake.message);
        assert!(mistake.hint.as_ref().unwrap().contains(hint), "{text:?}: {:?}", mistake.hint);
        assert!(!mistake.message.ends_with('.'), "{}", mistake.message);
    }
}

#[test]
fn a_name_has_63_characters_at_most() {
    let mistake = mistake(&format!("{}: a", "a".repeat(64)));
    assert_eq!(mistake.message, "this name has 64 characters; 63 are allowed");
}

#[test]
fn the_excerpt_marks_the_place() {
    for (text, excerpt, mark) in [
        ("  web.test: a", "  web.test: a", "."),
        ("web: a\nweb:b ", "web:b ", "web"),
        ("just prose", "just prose", "just prose"),
    ] {
        let shown = mistake(text).excerpt.unwrap();
        assert_eq!((shown.text.as_str(), &shown.text[shown.mark.clone()]), (excerpt, mark), "{text:?}");
    }
}

#[test]
fn all_mistakes_are_named_at_once_in_order_of_place() {
    let found = errors(b"a\nb: 1\nb: 2\nc.d: e\nf:\n\xff: g\nh: \xe9\ni\n");
    let lines: Vec<_> = found.iter().map(|error| error.location.line.unwrap()).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8]);
    let many = errors(&b"prose\n".repeat(1000));
    assert_eq!(many.len(), 101);
    assert_eq!(many[100].message, "900 more lines like these are not listed");
}

#[test]
fn a_binary_file_is_one_mistake() {
    for (bytes, line) in [(&b"\x7fELF\x02\x01\x01\0\n\n\xff"[..], 1), (b"a: b\nc: \0d\ne\n\0", 2)] {
        let found = errors(bytes);
        assert_eq!((found.len(), found[0].location.line), (1, Some(line)));
        assert!(found[0].message.contains("binary"), "{}", found[0].message);
    }
    let both = errors(b"web\nworker\na: \0b\n");
    assert_eq!(both.len(), 2, "the first mistake and the NUL");
}

#[test]
fn a_file_without_an_entry_is_refused_as_a_whole() {
    for (text, message) in [("", "is empty"), (" \n\t\n", "is empty"), ("# web: a\n", "a comment")] {
        let mistake = mistake(text);
        assert_eq!((mistake.location.line, mistake.location.column), (None, None));
        assert!(mistake.message.contains(message), "{}", mistake.message);
    }
}

#[test]
fn a_command_that_no_program_can_be_given_is_refused() {
    let longest = "x".repeat(LONGEST_COMMAND);
    assert!(errors(format!("a: {longest}").as_bytes()).is_empty());
    let mistake = mistake(&format!("a: {longest}x"));
    assert!(mistake.message.contains("131072 bytes long"), "{}", mistake.message);
    assert!(mistake.excerpt.unwrap().text.len() < 1000);
}

#[test]
fn a_slip_is_a_warning() {
    for (text, message) in [
        ("a: b \\", "ends in a backslash"),
        ("a: # later", "a comment for the shell"),
        ("a: b –p 1", "typographic dash"),
        ("a: b -p %PORT%", "shell of Windows"),
        ("a: b -p $OVERMIND_PROCESS_web_PORT", "only another runner sets"),
        ("a: b ${HONCHO_PROCESS_NAME}", "only another runner sets"),
    ] {
        let parsed = parse("Procfile", text.as_bytes());
        assert_eq!((parsed.errors.len(), parsed.warnings.len()), (0, 1), "{text:?}");
        assert!(parsed.warnings[0].message.contains(message), "{}", parsed.warnings[0].message);
    }
    let hint = |text: &str| parse("Procfile", text.as_bytes()).warnings.remove(0).hint.unwrap();
    assert_eq!(hint("a: b ${OVERMIND_PROCESS_my_api_PORT:-1}/"), "write `$GANGER_PORT_MY_API`");
    assert!(hint("a: b $HONCHO_PROCESS_NAME").contains("`$PS`"));
    assert!(parse("Procfile", b"a: b OVERMIND_PROCESS_web_PORT").warnings.is_empty());
    assert!(parse("Procfile", "a: b 1–2 'c'".as_bytes()).warnings.is_empty());
}

#[test]
fn a_file_of_endless_types_is_read_no_further_than_makes_sense() {
    let lines: Vec<String> = (0..20_000).map(|n| format!("t{n}: x")).collect();
    let text = lines.join("\n");
    let parsed = parse("Procfile", text.as_bytes());
    assert_eq!(parsed.procfile.entries.len(), MOST_ENTRIES);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].location.line, Some(10_001));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        parse("Procfile", &bytes);
    }

    #[test]
    fn no_text_of_its_own_characters_makes_it_panic(text in "[ab:. \"'#\\\\\r\n\t\u{a0}é–=_%-]{0,40}") {
        let parsed = parse("Procfile", text.as_bytes());
        for diagnostic in parsed.errors.iter().chain(&parsed.warnings) {
            if let Some(excerpt) = &diagnostic.excerpt {
                prop_assert!(excerpt.text.get(excerpt.mark.clone()).is_some());
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        entries in proptest::collection::btree_map("[A-Za-z0-9_-]{1,20}", "[^\0\r\n]{1,40}", 1..8),
        end in "\n|\r\n|\r",
        colon in " {0,2}: {0,2}|\t:\t",
    ) {
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(name, command)| (name, command.trim().to_owned()))
            .filter(|(_, command)| !command.is_empty())
            .collect();
        let mut file = String::from("# web: x");
        for (name, command) in &entries {
            let _ = write!(file, "{end}{name}{colon}{command}");
        }
        let parsed = parse("Procfile", file.as_bytes());
        let read: Vec<_> = parsed
            .procfile
            .entries
            .into_iter()
            .map(|entry| (entry.name.to_string(), entry.command.to_string()))
            .collect();
        prop_assert_eq!(read, entries);
    }
}
