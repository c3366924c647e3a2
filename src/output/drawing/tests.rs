//! What a program draws, and the rows that come of it.

use proptest::prelude::*;

use super::{Drawing, DrawnRow};
use crate::escapes::{EscapeScanner, plain_length};
use jiff::Timestamp;

/// The rows of these pieces, settled after each.
fn rows(pieces: &[&str]) -> Vec<String> {
    let mut drawing = Drawing::default();
    let mut rows = Vec::new();
    let mut emit = |row: DrawnRow<'_>| rows.push(String::from_utf8_lossy(row.text).into_owned());
    for piece in pieces {
        let mut rest = piece.as_bytes();
        while !rest.is_empty() {
            rest = &rest[drawing.take(rest, &mut emit)..];
        }
        drawing.settle(&mut emit);
    }
    drawing.end(&mut emit);
    rows
}

#[test]
fn edits_of_a_row_are_one_row() {
    let table = [
        ("10%\r20%\r100%\n", "100%\n"),
        ("loading\r\x1b[2Kdone\n", "done\n"),
        ("a\n\x1b[1G\x1b[0Kb\n", "a\nb\n"),
        ("abc\x1b[G\x1b[Kx\n", "x\n"),
        ("abc\x08\x08X\n", "aXc\n"),
        ("abcdef\x1b[3D\x1b[K!\n", "abc!\n"),
        ("abc\r\x1b[2Cx\n", "abx\n"),
        ("abcdef\r\x1b[2P\n", "cdef\n"),
        ("abc\r\x1b[2@x\n", "x abc\n"),
        ("abc\r\x1b[2X\n", "  c\n"),
        ("x\r\n", "x\n"),
        ("wide 漢字\x08\x08!\n", "wide 漢!\n"),
        ("漢\rx\n", "x\n"),
        ("e\u{301}x\r\x1b[1Cy\n", "e\u{301}y\n"),
        ("a\tb\rX\n", "X       b\n"),
        ("no newline\rat", "at newline\n"),
    ];
    for (written, expected) in table {
        assert_eq!(rows(&[written]).concat(), expected, "{written:?}");
    }
}

#[test]
fn colours_and_links_stay_and_end_with_the_row() {
    let table = [
        ("\x1b[31mred\x1b[0m plain\n", "\x1b[31mred\x1b[0m plain\n"),
        ("\x1b[31mred\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[1;31mred\nstill\x1b[m\n", "\x1b[1;31mred\x1b[0m\n\x1b[0;1;31mstill\x1b[m\n"),
        ("\x1b[31mred\x1b[0m\r\x1b[32mg\x1b[0m\n", "\x1b[0;32mg\x1b[0;31med\x1b[0m\n"),
        ("\x1b]8;;https://a.b\x07x\x1b]8;;\x07\n", "\x1b]8;;https://a.b\x1b\\x\x1b]8;;\x1b\\\n"),
        ("\x1b]8;;https://a.b\x07x\n", "\x1b]8;;https://a.b\x1b\\x\x1b]8;;\x1b\\\n"),
    ];
    for (written, expected) in table {
        assert_eq!(rows(&[written]).concat(), expected, "{written:?}");
    }
}

#[test]
fn what_is_for_a_terminal_alone_stays_out() {
    for sequence in [
        "\x1b[2J",
        "\x1b[3J",
        "\x1b[H",
        "\x1bc",
        "\x1b[?25l",
        "\x1b[?1049h",
        "\x1b[?1000h",
        "\x1b[?2004h",
        "\x1b=",
        "\x1b[4h",
        "\x1b(0",
        "\x1b[>1u",
        "\x1b[1;5r",
        "\x1b]0;title\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1b[6n",
        "\x1b[c",
        "\x1b]11;?\x07",
        "\x1bP$qm\x1b\\",
        "\x07",
        "\x05",
        "\x0e",
        "\x1b[2H",
        "\x1b[?5h",
        "\x1b[5i",
        "\x1b[>4;2m",
        "\x1b#8",
    ] {
        assert_eq!(rows(&[&format!("{sequence}text\n")]).concat(), "text\n", "{sequence:?}");
    }
}

#[test]
fn a_line_ends_a_sequence_that_was_never_finished_unless_that_is_data() {
    for (written, expected) in [
        ("\x1b[3\ntext\n", "\ntext\n"),
        ("\x1b]0;title\ntext\n", "\ntext\n"),
        ("\x1bPdata\ndata\x1b\\text\n", "text\n"),
        ("\x1bP\x1b[\ntext\n", "\ntext\n"),
        ("\x1bP\n\x1b[\ntext\n", "\ntext\n"),
        ("\x1bP\x1b\ntext\n", "\ntext\n"),
    ] {
        assert_eq!(rows(&[written]).concat(), expected, "{written:?}");
        let pieces: Vec<String> = written.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(rows(&pieces).concat(), expected, "{written:?} byte by byte");
    }
}

#[test]
fn a_control_of_one_character_is_left_out_and_what_follows_is_text() {
    assert_eq!(rows(&["a\u{9b}2Jb\n"]).concat(), "a2Jb\n");
}

#[test]
fn rows_above_come_out_again_when_they_have_changed() {
    let drawn = "one: 0\ntwo: 0\n";
    let table: [(&[&str], &str); 6] = [
        (&[drawn, "\x1b[2A\x1b[2Kone: 1\n\x1b[2Ktwo: 1\n"], "one: 0\ntwo: 0\none: 1\ntwo: 1\n"),
        (&[drawn, "\x1b[2A\x1b[2Kone: 1\n\x1b[2Ktwo: 0\n"], "one: 0\ntwo: 0\none: 1\n"),
        (&[drawn, "\x1b[2A\x1b[2Kone: 1\n\n\x1b[2A\x1b[2Kone: 2\n\n"], "one: 0\ntwo: 0\none: 2\n"),
        // A line of log above what is drawn anew.
        (&[drawn, "\x1b[2A\x1b[Jlog\none: 0\ntwo: 0\n"], "one: 0\ntwo: 0\nlog\n"),
        // Rows that the drawing does not know.
        (&["\x1b[3Anew\x1b[3B\n"], "new\n\n"),
        (&[drawn, "\x1b[2F\x1b[5Cx", "\x1b[2Eend\n"], "one: 0\ntwo: 0\none: x\nend\n"),
    ];
    for (written, expected) in table {
        assert_eq!(rows(written).concat(), expected, "{written:?}");
    }
}

/// The rows of this text, written on a terminal of ten columns.
fn narrow(text: &str) -> String {
    let mut drawing = Drawing::default();
    drawing.set_size(24, 10);
    let mut rows = Vec::new();
    let mut emit = |row: DrawnRow<'_>| rows.extend_from_slice(row.text);
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        rest = &rest[drawing.take(rest, &mut emit)..];
    }
    drawing.end(&mut emit);
    String::from_utf8(rows).unwrap()
}

#[test]
fn a_row_that_is_wider_than_the_terminal_takes_several_of_its_rows() {
    let wide = "0123456789abc";
    let table = [
        (format!("{wide}\rX\n"), "0123456789Xbc\n"),
        (format!("{wide}\r\x1b[KX\n"), "0123456789X\n"),
        (format!("{wide}\x1b[1A\r\x1b[KX\n\n"), "X         abc\n"),
        (format!("{wide}\n\x1b[2A\x1b[KX\n\n"), "0123456789abc\nX         abc\n"),
        (format!("one\n{wide}\n\x1b[3AX\x1b[3B\n"), "one\n0123456789abc\nXne\n\n"),
        ("0123456789\rX\n".into(), "X123456789\n"),
        (format!("{wide}\x1b[9DX\x1b[20GY\n"), "0123456789Xbc      Y\n"),
    ];
    for (written, expected) in table {
        assert_eq!(narrow(&written), expected, "{written:?}");
    }
}

#[test]
fn blank_rows_are_dropped_where_a_drawing_follows_and_kept_where_text_does() {
    let blank = "\n".repeat(40);
    let table = [
        (format!("a\n{blank}\x1b[1;1H\x1b[0Jvite\n"), "a\n\nvite\n".to_owned()),
        (format!("a\n{blank}\x1b[3Abar\x1b[3B\n"), "a\n\nbar\n\n".into()),
        (format!("a\n{blank}b\n"), format!("a\n{blank}b\n")),
        (format!("a\n{blank}"), format!("a\n{blank}")),
    ];
    for (written, expected) in table {
        let mut drawing = Drawing::default();
        let mut out = Vec::new();
        let mut emit = |row: DrawnRow<'_>| out.extend_from_slice(row.text);
        let escape = written.find('\x1b').unwrap_or(written.len());
        let plain = drawing.pass(&written.as_bytes()[..escape], false, &mut emit);
        emit(DrawnRow { text: plain, is_shown: false });
        let mut rest = &written.as_bytes()[escape..];
        while !rest.is_empty() {
            rest = &rest[drawing.take(rest, &mut emit)..];
        }
        drawing.end(&mut emit);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{written:?}");
    }
}

#[test]
fn a_row_like_one_that_was_drawn_anew_is_news_after_a_moment() {
    let played = |pause: i64| {
        let (mut drawing, mut out) = (Drawing::default(), Vec::new());
        for (text, at) in [("A\nB\n\x1b[2A\x1b[2KA2\n\x1b[2KB\n", 0), ("A\n", pause)] {
            drawing.at(Timestamp::from_millisecond(at).unwrap());
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                rest = &rest[drawing.take(rest, &mut |row| out.extend_from_slice(row.text))..];
            }
        }
        drawing.end(&mut |row| out.extend_from_slice(row.text));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(played(10), "A\nB\nA2\n", "still the same drawing");
    assert_eq!(played(500), "A\nB\nA2\nA\n");
}

#[test]
fn a_cleared_screen_begins_a_row_and_loses_none() {
    assert_eq!(rows(&["before\x1b[2J\x1b[3J\x1b[HCompiling...\n"]).concat(), "before\nCompiling...\n");
    assert_eq!(rows(&["\x1b7\x1b[24;0fstatus\x1b8row\n"]).concat(), "row\n", "a status line elsewhere");
    assert_eq!(rows(&["\x1b[?1049h\x1b[5;1Hvi\x1b[?1049lback\n"]).concat(), "back\n", "the other screen");
    assert_eq!(rows(&["\x1b[?1049hworking\n"]).concat(), "working\n");
}

#[test]
fn a_sequence_that_never_ends_swallows_no_rows() {
    assert_eq!(rows(&["a\x1b]0;title\nb\n"]).concat(), "a\nb\n");
    assert_eq!(rows(&["a\x1b[31\nb\n"]).concat(), "a\nb\n");
}

#[test]
fn a_position_is_one_of_the_rows() {
    let mut drawing = Drawing::default();
    drawing.take(b"\x1b[6nabc\x1b[6n\n", &mut |_| {});
    drawing.take(b"\x1b[6n", &mut |_| {});
    assert_eq!(drawing.take_answers(), b"\x1b[1;1R\x1b[1;4R\x1b[2;1R");
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let sequence = "\u{1b}[\\[(\\]P=c78MDE]?[?>]?[0-9;]{0,5}[A-Zmhlrunc@`]?";
    let piece = prop_oneof![
        4 => sequence.prop_map(String::into_bytes),
        4 => "[a-z 漢é\t]{0,6}".prop_map(String::into_bytes),
        2 => "[\r\n\u{8}\u{7}\u{9b}\u{18}]{0,2}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Rows hold text, colours and links, and nothing that moves, erases or changes a terminal.
    #[test]
    fn rows_of_any_bytes_are_harmless(written in hostile()) {
        let text = String::from_utf8_lossy(&written).into_owned();
        for row in rows(&[&text]) {
            // A piece of a row that is too long has none.
            prop_assert!(row.matches('\n').count() <= 1);
            let mut scanner = EscapeScanner::default();
            let mut rest = row.as_bytes();
            while !rest.is_empty() {
                let step = scanner.step(rest);
                let plain = &rest[..step.start.unwrap_or(step.taken)];
                prop_assert_eq!(plain_length(plain), plain.len());
                if let Some(sequence) = step.sequence {
                    let is_look = matches!(sequence, crate::escapes::Sequence::Control([.., b'm']))
                        || matches!(sequence, crate::escapes::Sequence::Text(b']', [b'8', b';', ..]));
                    prop_assert!(is_look, "{sequence:?}");
                }
                rest = &rest[step.taken..];
            }
            prop_assert!(!scanner.is_inside());
        }
    }

    #[test]
    fn how_the_stream_is_cut_does_not_matter(written in hostile(), cut in 0_usize..120) {
        let played = |pieces: &[&[u8]]| {
            let (mut drawing, mut rows) = (Drawing::default(), Vec::new());
            for piece in pieces {
                let mut rest = *piece;
                while !rest.is_empty() {
                    rest = &rest[drawing.take(rest, &mut |row| rows.extend_from_slice(row.text))..];
                }
            }
            drawing.end(&mut |row| rows.extend_from_slice(row.text));
            rows
        };
        let cut = cut.min(written.len());
        prop_assert_eq!(played(&[&written]), played(&[&written[..cut], &written[cut..]]));
    }
}
