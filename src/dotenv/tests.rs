use proptest::prelude::*;

use super::*;
use crate::location::Diagnostic;

fn parsed(text: &str) -> ParsedEnv {
    parse(&[EnvSource { file: ".env", bytes: text.as_bytes() }], &|_| None)
}

/// The names and values of a file that has neither errors nor warnings.
fn values(text: &str) -> Vec<(String, String)> {
    let parsed = parsed(text);
    assert!(parsed.errors.is_empty() && parsed.warnings.is_empty(), "{text:?}: {parsed:?}");
    let value = |each: Assignment| (each.name, String::from_utf8(each.value).unwrap());
    parsed.assignments.into_iter().map(value).collect()
}

fn places(diagnostics: &[Diagnostic]) -> Vec<(u32, u32)> {
    diagnostics.iter().map(|each| (each.location.line.unwrap(), each.location.column.unwrap())).collect()
}

#[test]
fn export_is_a_prefix_or_a_name() {
    for (text, name, value) in [
        ("export A=1", "A", "1"),
        ("export\tA = 1", "A", "1"),
        ("export=1", "export", "1"),
        ("export = 1", "export", "1"),
        ("export export=1", "export", "1"),
        ("exportA=1", "exportA", "1"),
        ("export A=\"x\ny\"", "A", "x\ny"),
        ("A=export B=1", "A", "export B=1"),
    ] {
        assert_eq!(values(text), [(name.into(), value.into())], "{text:?}");
    }
}

#[test]
fn a_value_ends_where_its_quotes_or_its_line_say() {
    for (text, value) in [
        ("K=a\u{a0}", "a"),
        ("K=a\t#b", "a"),
        ("K= #b", ""),
        ("K=a#b #c", "a#b"),
        ("K='a'#b", "a"),
        ("K=`a'\"`\t# b", "a'\""),
        ("K=  'a'  ", "a"),
        ("K='a\r\nb\rc\nd'", "a\nb\nc\nd"),
        ("K=\"a\r\nb\rc\\r\\n\"", "a\nb\nc\r\n"),
        ("K=\"\\\"\\`\\$\\\\\\t\\x\\'\"", "\"`$\\\t\\x\\'"),
        ("K=a'b", "a'b"),
        ("K=\\'a'", "\\'a'"),
        ("K=\\n\\\\", "\\n\\\\"),
        ("K==", "="),
    ] {
        assert_eq!(values(text), [("K".into(), value.into())], "{text:?}");
    }
}

#[test]
fn a_value_whose_quotes_are_not_escaped_ends_at_the_last_one_of_its_line() {
    for (text, value, is_warned) in [
        ("K=\"{\"a\":\"b\"}\"", "{\"a\":\"b\"}", false),
        ("K='[{'a':1}]' # c", "[{'a':1}]", false),
        ("K=\"C:\\dir\\\"", "C:\\dir\\", false),
        ("K='Let\\'s go'", "Let's go", false),
        ("K='a\\'b\\'c'#x", "a'b'c", false),
        ("K='it's'", "it's", true),
        ("K=\"say \"hi\"\"  ", "say \"hi\"", true),
        ("K=\"x\\\"", "x\\", true),
        ("K=\"a\"b\"\\n\"", "a\"b\"\n", true),
        ("K='C:\\dir\\'", "C:\\dir\\", false),
    ] {
        // What follows is a statement of its own.
        let parsed = parsed(&format!("{text}\nQ=\"1\""));
        let read: Vec<_> =
            parsed.assignments.iter().map(|each| String::from_utf8_lossy(&each.value)).collect();
        assert_eq!((read, parsed.errors), (vec![value.into(), "1".into()], vec![]), "{text:?}");
        assert_eq!(parsed.warnings.len(), usize::from(is_warned), "{text:?}");
    }
    for text in ["K=\"a\" b", "K='a' # 'b'c", "K=\"a\"b # c\"", "K='a", "K=\"a\nb\" \"c"] {
        let errors = parsed(text).errors;
        assert_eq!(errors.len(), usize::from(text != "K='a' # 'b'c"), "{text:?}: {errors:?}");
    }
}

#[test]
fn a_colon_and_a_blank_behind_a_name_are_an_equals_sign() {
    for (text, value) in [
        ("K: a b", "a b"),
        ("  K:\ta: b # c", "a: b"),
        ("export K: 'a'", "a"),
        ("K: \"a\nb\"", "a\nb"),
        ("K: ", ""),
        ("K: = a", "= a"),
    ] {
        assert_eq!(values(text), [("K".into(), value.into())], "{text:?}");
    }
}

#[test]
fn a_mistake_has_its_place_and_the_next_line_is_read() {
    for (text, place) in [
        ("A:1", (1, 2)),
        ("A : 1", (1, 3)),
        ("A:", (1, 2)),
        ("A 1", (1, 3)),
        ("A=1\n  é=1", (2, 3)),
        ("A=1\r\r\n=1", (3, 1)),
        ("A*=1", (1, 2)),
        ("A#b", (1, 2)),
        ("export A B", (1, 8)),
        ("export A:1", (1, 8)),
        ("B=1\nA='é", (2, 3)),
        ("A=\"a\nb\" é x", (2, 4)),
        ("A='it\\'s' x", (1, 8)),
        ("A=a${B:?c}", (1, 4)),
        ("A=\"a\n\nb${B=c}\"", (3, 2)),
        ("A=1\nB=\"x\0\"", (2, 5)),
        ("A=\"1\nB=\"x\0\"", (2, 5)),
    ] {
        assert_eq!(places(&parsed(text).errors), [place], "{text:?}");
    }
    let parsed = parsed("bad one\nA=1\nB='x' y\nC=2\nD=${C:=x}\nE=3\nF='");
    assert_eq!(places(&parsed.errors), [(1, 5), (3, 7), (5, 3), (7, 3)]);
    let names: Vec<_> = parsed.assignments.iter().map(|each| each.name.as_str()).collect();
    assert_eq!(names, ["A", "C", "E"]);
}

#[test]
fn every_line_that_cannot_be_decoded_is_named_among_the_other_mistakes() {
    let bytes = b"A=1\nbad one\nB=\xff\nC=2\nD=\"x\n\xff\"\nE 1\n";
    let parsed = parse(&[EnvSource { file: "f", bytes }], &|_| None);
    assert_eq!(places(&parsed.errors), [(2, 5), (3, 3), (6, 1), (7, 3)]);
}

#[test]
fn a_warning_stands_where_its_cause_does() {
    for (text, place) in [
        ("A=#b", (1, 3)),
        ("B=1\n export A", (2, 9)),
        ("A # b", (1, 1)),
        ("A=b$C", (1, 4)),
        ("A=\"\n  ${C}\"", (2, 3)),
    ] {
        let parsed = parsed(text);
        assert!(parsed.errors.is_empty(), "{text:?}");
        assert_eq!(places(&parsed.warnings), [place], "{text:?}");
    }
    assert!(parsed("A=${B:-x}${C-}").warnings.is_empty(), "a default is meant for what is not set");
}

#[test]
fn the_environment_is_asked_before_earlier_lines_and_may_hold_any_bytes() {
    let outside = |name: &str| (name == "A").then(|| b"\xff".to_vec());
    let source = EnvSource { file: ".env", bytes: b"A=1\nB=$A\nC=$B-${A:-x}\n" };
    let parsed = parse(&[source], &outside);
    let values: Vec<_> = parsed.assignments.into_iter().map(|each| each.value).collect();
    assert_eq!(values, [&b"1"[..], b"\xff", b"\xff-\xff"]);
}

#[test]
fn earlier_lines_come_first_when_the_files_win() {
    let outside = |name: &str| ["A", "D"].contains(&name).then(|| b"shell".to_vec());
    let source = EnvSource { file: ".env", bytes: b"D=x:$D\nA=1\nB=$A\n" };
    let parsed = parse_by(Precedence::Files, &[source], &outside);
    let values: Vec<_> = parsed.assignments.into_iter().map(|each| each.value).collect();
    assert_eq!(values, [&b"x:shell"[..], b"1", b"1"]);
}

#[test]
fn a_file_of_endless_variables_is_read_no_further_than_makes_sense() {
    let parsed = parsed(&"A=1\n".repeat(200_000));
    assert_eq!(parsed.assignments.len(), 100_000);
    assert_eq!(places(&parsed.errors), [(100_001, 3)]);
}

#[test]
fn what_no_program_can_be_given_is_refused() {
    let longest = "x".repeat(LONGEST_VARIABLE - 2);
    assert!(parsed(&format!("K={longest}")).errors.is_empty());
    assert_eq!(places(&parsed(&format!("A=1\nK={longest}x")).errors), [(2, 3)]);
    let laughs: Vec<_> = (0..40).map(|n| format!("A{}=$A{n}$A{n}", n + 1)).collect();
    let laughing = parsed(&format!("A0=ha\n{}", laughs.join("\n")));
    assert!(laughing.errors[0].message.contains("too long"), "{:?}", laughing.errors[0]);
    let crowd = format!("A={}\n{}", "x".repeat(100_000), "B=$A\n".repeat(50_000));
    assert!(parsed(&crowd).errors[0].message.contains("more text than any environment holds"));
}

/// Everything that can be shown of a file: messages, hints, excerpts, and the debug form of the rest.
fn shown(parsed: &ParsedEnv) -> String {
    format!("{parsed:?}")
}

#[test]
fn no_value_is_ever_shown() {
    for text in [
        "A=hunter2",
        "A='hunter2",
        "A=\"hunter2\" hunter2",
        "A=\"x\nhunter2\" hunter2",
        "A=x${B:=hunter2}",
        "C=hunter2\nA=x${B:?${C}}",
        "A='x'hunter2'",
        "A=\"hunter2\\\"",
        "A=hunter2$",
        "A=pa$hunter2",
        "A=#hunter2",
        "A hunter2",
        "A: hunter2",
        "=hunter2",
        "'hunter2",
        "[hunter2]",
        "A=-----BEGIN\nMIIEhunter2Q\nhunter2/x\n",
        "MIIEvQIBADANBgkqhunter2",
        "A=hunter2\0",
        "A=`x\nhunter2 ` hunter2",
    ] {
        let parsed = parsed(text);
        assert!(!shown(&parsed).contains("hunter2"), "{text:?}: {}", shown(&parsed));
    }
}

#[test]
fn an_excerpt_shows_the_name_and_the_quote() {
    for (text, excerpt, mark) in [
        ("export A = 'x", "export A = '…", "'"),
        ("A=\"x\" y", "A=\"…\"…", "…"),
        ("A=x${B:?}", "A=…", "…"),
        ("A=\"x\n${B:?}\"", "…", "…"),
        ("just some words", "just …", "…"),
        ("DB_URL", "DB_URL", "DB_URL"),
        ("[main]", "…", "…"),
    ] {
        let parsed = parsed(text);
        let shown = parsed.errors.iter().chain(&parsed.warnings).next().unwrap().excerpt.clone().unwrap();
        assert_eq!((shown.text.as_str(), &shown.text[shown.mark.clone()]), (excerpt, mark), "{text:?}");
    }
}

/// `value` in quotes that keep it as it is.
fn in_double_quotes(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\r', "\\r");
    format!("\"{escaped}\"")
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let source = EnvSource { file: ".env", bytes: &bytes };
        let parsed = parse(&[source], &|_| None);
        second_reader::disagreements(&source, &parsed.assignments);
    }

    #[test]
    fn no_text_of_its_own_characters_makes_it_panic(text in "[AB=$ {}:'\"`#\\\\\r\né_.-]{0,40}") {
        let source = EnvSource { file: ".env", bytes: text.as_bytes() };
        let parsed = parse(&[source], &|_| None);
        for diagnostic in parsed.errors.iter().chain(&parsed.warnings) {
            if let Some(excerpt) = &diagnostic.excerpt {
                prop_assert!(excerpt.text.get(excerpt.mark.clone()).is_some());
            }
        }
        second_reader::disagreements(&source, &parsed.assignments);
    }

    #[test]
    fn what_is_written_in_double_quotes_is_read_back(
        pairs in proptest::collection::vec(("[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", "[^\0]{0,30}"), 0..8),
    ) {
        let line = |(name, value): &(String, String)| format!("{name} = {}\n", in_double_quotes(value));
        let lines: Vec<_> = pairs.iter().map(line).collect();
        prop_assert_eq!(values(&lines.concat()), pairs);
    }

    #[test]
    fn dotenvy_reads_plain_values_alike(
        pairs in proptest::collection::vec(("[A-Z_][A-Z0-9_.]{0,9}", "[a-zA-Z0-9_./:@%+,*?!&|<>()~^=\\[\\]{}-]{0,20}"), 0..8),
    ) {
        let lines: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let file = lines.concat();
        let source = EnvSource { file: ".env", bytes: file.as_bytes() };
        let parsed = parse(&[source], &|_| None);
        prop_assert_eq!(second_reader::disagreements(&source, &parsed.assignments), vec![]);
    }
}
