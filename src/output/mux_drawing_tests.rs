//! Rows of programs that draw.

use super::*;

/// Anything that a program may write, its text being only this letter.
fn drawn(letter: char) -> impl Strategy<Value = Vec<u8>> {
    let sequence = "\u{1b}[\\[(\\]=c78MDE]?[?>]?[0-9;]{0,5}[A-Zmhlrunc@`]?";
    let piece = prop_oneof![
        3 => sequence.prop_map(String::into_bytes),
        4 => (0_usize..6).prop_map(move |count| letter.to_string().repeat(count).into_bytes()),
        1 => (0_usize..40).prop_map(move |count| format!("://{}", letter.to_string().repeat(count)).into_bytes()),
        2 => "[\r\n\u{8}\u{7}\u{9b}\u{18}]{0,2}".prop_map(String::into_bytes),
    ];
    // Letters of sequences that are broken off are text, and would be the other's.
    let is_free = |text: &Vec<u8>| !text.iter().any(|byte| b"XY".contains(byte));
    prop::collection::vec(piece, 0..8)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("letters", move |text| {
            is_free(&text.iter().copied().filter(|byte| *byte != letter as u8).collect())
        })
}

fn drawings() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => drawn('X').prop_map(|text| Says(0, text)),
        3 => drawn('Y').prop_map(|text| Says(1, text)),
        2 => (0_usize..2).prop_map(Waits),
        1 => (0_usize..2).prop_map(Ends),
        1 => Just(Event::Notice("notice")),
    ];
    prop::collection::vec(event, 0..20)
}

/// The sequences in these bytes, but for colours, links and the erasure of what is behind the cursor.
fn sequences(out: &[u8]) -> Vec<String> {
    let (mut scanner, mut rest, mut found) = (EscapeScanner::default(), out, Vec::new());
    while !rest.is_empty() {
        let step = scanner.step(rest);
        match step.sequence {
            None | Some(Sequence::Control(b"K" | [.., b'm']) | Sequence::Text(b']', [b'8', b';', ..])) => {}
            Some(other) => found.push(format!("{other:?}")),
        }
        rest = &rest[step.taken..];
    }
    found
}

/// The name at the beginning of each row; of a row that goes on under its text, and of one that the terminal has continued itself (that is told
/// of the row above), that of the row above.
fn owners(rows: &[(String, bool)]) -> Vec<Option<&'static str>> {
    let (mut owner, mut goes_on) = (None, false);
    let names = ["web.1  |", "db.1   |", "ganger |"];
    let own = |(row, is_continued): &(String, bool)| {
        if !goes_on && !row.starts_with("         ") {
            owner = names.into_iter().find(|name| row.starts_with(name));
        }
        goes_on = *is_continued;
        owner
    };
    rows.iter().map(own).collect()
}

proptest! {
    /// On a terminal (a model of one: vt100) each row has the name of its source, or goes on under one, and only its text; no
    /// source changes a row of another, and modes and colours are those of the beginning.
    #[test]
    fn programs_that_draw_share_a_terminal(events in drawings(), is_terminal: bool, is_narrow: bool) {
        let columns: u16 = if is_narrow { 29 } else { 200 };
        let mut before = vec![(String::new(), false); 300];
        for count in 1..=events.len() {
            let mut sink = Box::new(TerminalSink::new(prefixes()));
            sink.resize(Some(columns.into()), &mut Batch::default());
            let out = play(sink, is_terminal, Limits::OUTPUT, &events[..count]);
            prop_assert_eq!(sequences(&out), Vec::<String>::new());
            let mut terminal = vt100::Parser::new(NonZero::new(300).unwrap(), NonZero::new(columns).unwrap(), 0);
            // As the line discipline of the user's terminal does.
            terminal.process(&out.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]));
            let screen = terminal.screen();
            prop_assert!(!screen.hide_cursor() && !screen.alternate_screen());
            prop_assert_eq!((screen.fgcolor(), screen.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
            prop_assert!(!screen.bold() && !screen.inverse() && !screen.underline());
            let rows = screen.rows(0, columns).zip(0..).map(|(row, at)| (row, screen.row_wrapped(at)));
            let rows: Vec<(String, bool)> = rows.collect();
            let (last, _) = screen.cursor_position();
            if last == 299 {
                // A row of 3,000 columns takes half of the model: the first may have scrolled away.
                break;
            }
            let own = match &events[count - 1] {
                Says(who, _) | Waits(who) | Ends(who) => ["web.1  |", "db.1   |"][*who],
                Event::Notice(_) => "ganger |",
            };
            let (owners, owners_before) = (owners(&rows), owners(&before));
            for (at, (row, _)) in rows.iter().enumerate().take(usize::from(last) + 1) {
                let is_end = at == usize::from(last) && row.is_empty();
                prop_assert!(is_end || owners[at].is_some(), "{row:?}");
                prop_assert!(!(owners[at] == Some("web.1  |") && row.contains('Y')), "{row:?}");
                prop_assert!(!(owners[at] == Some("db.1   |") && row.contains('X')), "{row:?}");
                let is_others = !before[at].0.is_empty() && owners_before[at] != Some(own);
                prop_assert!(!is_others || *row == before[at].0, "{:?} was {:?}", row, before[at]);
            }
            before = rows;
        }
    }
}
