use proptest::prelude::*;

use super::*;

/// The line after these keys, with `|` at the cursor; and the lines that were entered.
fn edit(keys: &[u8]) -> (String, Vec<String>) {
    let (mut editor, mut rest, mut lines) = (LineEditor::default(), keys, Vec::new());
    while !rest.is_empty() {
        let (taken, event) = editor.take(rest);
        if let Some(EditorEvent::Line(line)) = event {
            lines.push(line);
        }
        rest = &rest[taken..];
    }
    (format!("{}|{}", editor.before_cursor(), &editor.text[editor.cursor..]), lines)
}

#[test]
fn each_key_edits_the_line() {
    for (keys, line) in [
        ("web", "web|"),
        ("webx\x7f", "web|"),
        ("webx\x08", "web|"),
        ("\x7f", "|"),
        ("日本\x7f", "日|"),
        ("e\u{301}\x7f", "|"),
        ("ab\x1b[D", "a|b"),
        ("ab\x1bOD", "a|b"),
        ("ab\x02x", "ax|b"),
        ("ab\x02\x02\x02x", "x|ab"),
        ("ab\x01\x1b[Cx", "ax|b"),
        ("ab\x01\x06\x06\x06x", "abx|"),
        ("ab\x01x\x05y", "xaby|"),
        ("ab\x1b[Hx\x1b[Fy", "xaby|"),
        ("ab\x1b[1~x\x1b[4~y", "xaby|"),
        ("ab\x1bOHx\x1bOFy", "xaby|"),
        ("ab\x01\x1b[3~", "|b"),
        ("ab\x01\x04", "|b"),
        ("\x04", "|"),
        ("s web=2\x15", "|"),
        ("s web=2\x02\x15", "|2"),
        ("s web=2\x02\x0b", "s web=|"),
        ("s web=2 \x17", "s |"),
        ("s web=2\x1b\x7f", "s |"),
        ("s web=2\x1bbx", "s x|web=2"),
        ("s web=2\x1b[1;5Dx", "s x|web=2"),
        ("s web=2\x01\x1b[1;5Cx", "sx| web=2"),
        ("s web=2\x01\x1bf\x1bfx", "s web=2x|"),
        ("\x1bxab", "ab|"),
        // Keys without a meaning, and what a terminal answers to a program.
        ("a\x0cb\x1b[15~\x1b[5~c", "abc|"),
        ("\x1b[2;2R\x1b[3;1Rh", "h|"),
        ("\x1b]11;rgb:0/0/0\x1b\\p", "p|"),
        ("a\u{9b}b", "ab|"),
    ] {
        assert_eq!(edit(keys.as_bytes()), (line.into(), Vec::new()), "{keys:?}");
    }
    assert_eq!(edit(b"a\xffb\xe6\x97c").0, "abc|", "what is no UTF-8 is dropped");
}

#[test]
fn enter_ends_a_line_and_a_paste_may_have_several() {
    let lines = |keys: &str| edit(keys.as_bytes());
    assert_eq!(lines("p\nr web\rq"), ("q|".into(), vec!["p".into(), "r web".into()]));
    assert_eq!(lines("ab\x01\nc"), ("c|".into(), vec!["ab".into()]));
    assert_eq!(lines("p\x1b]0;never ended\nq"), ("q|".into(), vec!["p".into()]));
    let (line, _) = edit("x".repeat(2 * LONGEST).as_bytes());
    assert_eq!(line.len(), LONGEST + 1);
}

#[test]
fn earlier_lines_come_back_and_the_one_that_was_begun_does_too() {
    for (keys, line) in [
        ("p\nr web\n\x1b[A", "r web|"),
        ("p\nr web\n\x10\x10", "p|"),
        ("p\nr web\n\x10\x10\x10", "p|"),
        ("p\nr web\ns w\x10\x10\x0e\x0e", "s w|"),
        ("p\ns w\x0e", "s w|"),
        ("p\np\n  \n\x10\x10x", "px|"),
        ("\x10", "|"),
        ("p\n\x10\nq\n\x10\x10", "p|"),
    ] {
        assert_eq!(edit(keys.as_bytes()).0, line, "{keys:?}");
    }
}

#[test]
fn tab_is_left_to_the_console() {
    let mut editor = LineEditor::default();
    assert_eq!(editor.take(b"a w\txyz"), (4, Some(EditorEvent::Complete)));
    editor.insert("eb ");
    assert_eq!(editor.before_cursor(), "a web ");
}

#[test]
fn the_picture_has_the_line_or_the_part_around_the_cursor() {
    for (keys, columns, picture) in [
        ("", 80, None),
        ("s web=2", 80, Some("> s web=2")),
        ("s web=2\x02\x02", 80, Some("> s web=2\x1b[2D")),
        ("日本\x02", 80, Some("> 日本\x1b[2D")),
        ("abcdefghij", 10, Some(">…defghij")),
        ("abcdefghij\x02\x02", 10, Some(">…bcdefgh")),
        ("abcdefghij\x01", 10, Some("> abcdefg\x1b[7D")),
        ("日本日本", 8, Some(">…日本")),
        ("abc", 2, Some(">…")),
        // A mark joins the character that comes to stand before it, and the cursor stands behind both.
        ("\u{301}\x01a", 80, Some("> a\u{301}")),
        ("\u{301}\x01a", 3, Some(">…")),
        ("ab \u{301}\x02\x7f", 80, Some("> a \u{301}\x1b[1D")),
        ("abc", 0, Some(">…")),
    ] {
        let mut editor = LineEditor::default();
        editor.take(keys.as_bytes());
        let shown = editor.picture(columns).map(|picture| String::from_utf8(picture).unwrap());
        assert_eq!(shown.as_deref(), picture, "{keys:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_typed_the_picture_fits_and_the_cut_does_not_matter(
        keys in prop::collection::vec(
            prop_oneof![
                Just("a"), Just("日"), Just("e\u{301}"), Just(" "), Just("\x7f"), Just("\x1b[D"), Just("\x1b[C"),
                Just("\x1b"), Just("["), Just("\x17"), Just("\x15"), Just("\x01"), Just("\x10"), Just("\n"),
            ],
            0..60,
        ),
        columns in 0_usize..30,
        cut in 0_usize..200,
    ) {
        let keys = keys.concat();
        let pieces = keys.as_bytes().split_at(cut.min(keys.len()));
        let (mut whole, mut cut) = (LineEditor::default(), LineEditor::default());
        for (editor, pieces) in [(&mut whole, &[keys.as_bytes()][..]), (&mut cut, &[pieces.0, pieces.1][..])] {
            for mut piece in pieces.iter().copied() {
                while !piece.is_empty() {
                    piece = &piece[editor.take(piece).0..];
                }
            }
        }
        prop_assert_eq!(whole.picture(columns), cut.picture(columns));
        prop_assert_eq!(whole.picture(columns).is_none(), whole.text.is_empty());
        let picture = whole.picture(columns.max(3)).unwrap_or_default();
        let text = String::from_utf8(picture).unwrap();
        let text = text.split('\x1b').next().unwrap();
        prop_assert!(text.width() < columns.max(3), "{text:?}");
    }
}
