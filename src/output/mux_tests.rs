//! Rows of many streams: what is written, byte for byte.

use std::num::NonZero;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::escapes::{EscapeScanner, Sequence};
use crate::exit::Exit;
use crate::name::{InstanceName, TypeName};
use crate::output::lines::Limits;
use crate::output::prefix::Prefixes;
use crate::output::sink::{Json, TerminalSink, TextSink};

#[path = "mux_drawing_tests.rs"]
mod drawing;

fn log_sources() -> Vec<LogSource> {
    let name = |kind: &str| InstanceName { kind: TypeName::new(kind).unwrap(), number: 1 };
    vec![LogSource { name: name("web"), kind: 0 }, LogSource { name: name("db"), kind: 1 }]
}

fn prefixes() -> Prefixes {
    Prefixes::new(log_sources(), true, false, None)
}

fn info(text: &str) -> Notice {
    Notice::Info { text: text.into() }
}

/// What happens to a mux with two speakers.
#[derive(Clone, Debug)]
enum Event {
    Says(usize, Vec<u8>),
    Waits(usize),
    Ends(usize),
    Notice(&'static str),
}
use Event::{Ends, Says, Waits};

fn says(log_source: usize, text: &str) -> Event {
    Says(log_source, text.into())
}

fn play(sink: Box<dyn Sink>, terminal: bool, limits: Limits, events: &[Event]) -> Vec<u8> {
    let mut mux = Mux::new(sink, false, None);
    mux.at(Timestamp::UNIX_EPOCH);
    let mut streams = [MuxStream::new(0, terminal, limits), MuxStream::new(1, terminal, limits)];
    for event in events {
        match event {
            Says(log_source, text) => {
                let mut chunk = text.as_slice();
                while !chunk.is_empty() {
                    chunk = &chunk[mux.step(&mut streams[*log_source], chunk, false).taken..];
                }
            }
            Waits(log_source) => {
                if mux.has_unfinished(&streams[*log_source]) {
                    mux.show_unfinished(&mut streams[*log_source]);
                }
            }
            Ends(log_source) => mux.end(&mut streams[*log_source]),
            Event::Notice(text) => mux.notice(&info(text), Timestamp::UNIX_EPOCH),
        }
    }
    mux.batch.to_vec()
}

fn on_pipe(events: &[Event]) -> String {
    String::from_utf8(play(Box::new(TextSink::new(prefixes())), false, Limits::OUTPUT, events)).unwrap()
}

fn on_screen(events: &[Event]) -> String {
    String::from_utf8(play(Box::new(TerminalSink::new(prefixes())), false, Limits::OUTPUT, events)).unwrap()
}

fn as_json(events: &[Event]) -> String {
    String::from_utf8(play(Box::new(Json::new(log_sources())), false, Limits::OUTPUT, events)).unwrap()
}

#[test]
fn rows_for_a_pipe_are_whole_lines_with_their_bytes_as_they_are() {
    let table: [(&[Event], &str); 8] = [
        (&[says(0, "a\nb\n")], "web.1  | a\nweb.1  | b\n"),
        (&[says(0, "a"), says(1, "x\n"), says(0, "b\n")], "db.1   | x\nweb.1  | ab\n"),
        (&[says(0, "last"), Ends(0)], "web.1  | last\n"),
        (&[says(0, "\n\n")], "web.1  | \nweb.1  | \n"),
        (&[says(0, "10%\r20%\r\n")], "web.1  | 10%\r20%\r\n"),
        (&[says(0, "\0\x1b[31mred\n")], "web.1  | \0\x1b[31mred\n"),
        (&[says(0, "late"), Waits(0), Event::Notice("n"), Ends(0)], "ganger | n\nweb.1  | late\n"),
        (&[Event::Notice("two\nlines")], "ganger | two\nganger | lines\n"),
    ];
    for (events, want) in table {
        assert_eq!(on_pipe(events), want, "{events:?}");
    }
}

#[test]
fn bytes_that_are_no_text_pass_too() {
    let events = [Says(0, b"\xff\xfe\0\x80\n".to_vec())];
    let out = play(Box::new(TextSink::new(prefixes())), false, Limits::OUTPUT, &events);
    assert_eq!(out, b"web.1  | \xff\xfe\0\x80\n");
}

#[test]
fn on_a_screen_an_unfinished_line_is_shown_and_another_row_begins_afresh() {
    let prompt = says(0, "Name? ");
    let table: [(&[Event], &str); 10] = [
        (std::slice::from_ref(&prompt), ""),
        (&[prompt.clone(), Waits(0)], "web.1  | Name? "),
        (&[prompt.clone(), Waits(0), says(0, "x\ny\n")], "web.1  | Name? x\nweb.1  | y\n"),
        (&[prompt.clone(), Waits(0), says(0, "x")], "web.1  | Name? x"),
        (&[prompt.clone(), Waits(0), says(1, "l\n")], "web.1  | Name? \ndb.1   | l\n"),
        (
            &[prompt.clone(), Waits(0), says(1, "l\n"), says(0, "x\n")],
            "web.1  | Name? \ndb.1   | l\nweb.1  | x\n",
        ),
        (
            &[prompt.clone(), Waits(0), says(1, "l\n"), says(0, "\nz\n")],
            "web.1  | Name? \ndb.1   | l\nweb.1  | z\n",
        ),
        (&[prompt.clone(), Waits(0), Event::Notice("n")], "web.1  | Name? \nganger | n\n"),
        (&[prompt.clone(), Waits(0), Ends(0)], "web.1  | Name? \n"),
        (
            &[prompt.clone(), Waits(0), says(1, "b"), Waits(1), Ends(0), Ends(1)],
            "web.1  | Name? \ndb.1   | b\n",
        ),
    ];
    for (events, want) in table {
        assert_eq!(on_screen(events), want, "{events:?}");
    }
}

#[test]
fn on_a_terminal_a_row_is_written_over_behind_its_prefix() {
    let table: [(&[Event], &str); 7] = [
        (&[says(0, "1%\r2%\n")], "web.1  | 2%\n"),
        (&[says(0, "end\r\nx\n")], "web.1  | end\nweb.1  | x\n"),
        (&[says(0, "1%\r"), Waits(0)], "web.1  | 1%\x1b[K"),
        (
            &[says(0, "1%\r"), Waits(0), says(0, "2%\r"), says(0, "3%")],
            "web.1  | 1%\x1b[K\rweb.1  | 2%\x1b[K\rweb.1  | 3%\x1b[K",
        ),
        (&[says(0, "1%\r"), Waits(0), says(0, "\n")], "web.1  | 1%\x1b[K\n"),
        // The last state is shown once more when another source has spoken meanwhile, and not twice.
        (
            &[says(0, "1%\r"), Waits(0), says(1, "x\n"), says(0, "2%\n")],
            "web.1  | 1%\x1b[K\ndb.1   | x\nweb.1  | 2%\n",
        ),
        (&[says(0, "1%\r"), Waits(0), says(1, "x\n"), says(0, "\n")], "web.1  | 1%\x1b[K\ndb.1   | x\n"),
    ];
    for (events, want) in table {
        assert_eq!(on_screen(events), want, "{events:?}");
    }
}

#[test]
fn rows_of_a_pseudo_terminal_are_rows_in_a_pipe_too() {
    let events = [says(0, "a\r\nb\r"), says(0, "\nc\rd\r\r\n"), says(0, "e\r"), Ends(0)];
    let out = play(Box::new(TextSink::new(prefixes())), true, Limits::OUTPUT, &events);
    assert_eq!(String::from_utf8(out).unwrap(), "web.1  | a\nweb.1  | b\nweb.1  | d\nweb.1  | e\n");
}

#[test]
fn json_has_one_object_a_line() {
    let head = r#"{"time":"1970-01-01T00:00:00.000Z","#;
    let table: [(&[Event], &str); 4] = [
        (&[says(0, "a\n")], r#""process":"web.1","text":"a"}"#),
        (&[says(1, "say \"x\\\"\t\u{1}é\n")], r#""process":"db.1","text":"say \"x\\\"\t\u0001é"}"#),
        (&[Says(0, b"\xff\n".into())], r#""process":"web.1","base64":"/w=="}"#),
        (&[Event::Notice("hi")], r#""event":"info","text":"hi"}"#),
    ];
    for (events, want) in table {
        assert_eq!(as_json(events), format!("{head}{want}\n"), "{events:?}");
    }
    let mixed = as_json(&[Says(0, b"\xff\nok\n".into())]);
    assert!(mixed.contains(r#""base64":"/w=="}"#) && mixed.contains(r#""text":"ok"}"#), "{mixed}");
}

#[test]
fn quiet_leaves_out_what_is_expected() {
    let mut mux = Mux::new(Box::new(TextSink::new(prefixes())), true, None);
    mux.notice(&info("hidden"), Timestamp::UNIX_EPOCH);
    let lived = Duration::from_secs(1);
    let exited = Notice::Exited {
        process: log_sources()[0].name.clone(),
        exit: Exit::Status(3),
        lived,
        again: None,
        is_failure: false,
        awaits_change: false,
    };
    mux.notice(&exited, Timestamp::UNIX_EPOCH);
    assert_eq!(&mux.batch[..], b"ganger | web.1 exited with status 3 after 1 s\n");
}

#[test]
fn a_mebibyte_with_something_around_it_stays_whole_and_more_is_cut() {
    let mebibyte = "x".repeat(1 << 20);
    let whole = format!("<G>{mebibyte}</G>");
    assert_eq!(on_pipe(&[says(0, &whole), says(0, "\n")]), format!("web.1  | {whole}\n"));
    let long = on_pipe(&[says(0, &format!("{mebibyte}{mebibyte}y\n"))]);
    assert_eq!(long, format!("web.1  | {mebibyte}\nweb.1  | {mebibyte}y\n"));
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = prop::collection::vec(
        prop_oneof![4 => 0x20_u8..0x7f, 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()],
        0..30,
    );
    let event = prop_oneof![
        6 => (0_usize..2, text).prop_map(|(log_source, text)| Says(log_source, text)),
        1 => (0_usize..2).prop_map(Waits),
    ];
    prop::collection::vec(event, 0..30).prop_map(|mut events| {
        events.extend([Ends(0), Ends(1)]);
        events
    })
}

/// All that a speaker said, one string a line.
fn said(events: &[Event], log_source: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for event in events {
        match event {
            Says(who, bytes) if *who == log_source => text.extend_from_slice(bytes),
            Says(..) | Waits(_) | Ends(_) | Event::Notice(_) => {}
        }
    }
    if text.last().is_some_and(|byte| *byte != b'\n') {
        text.push(b'\n');
    }
    text
}

proptest! {
    #[test]
    fn every_speaker_keeps_its_bytes_and_their_order(events in events()) {
        let out = play(Box::new(TextSink::new(prefixes())), false, Limits::OUTPUT, &events);
        for (log_source, head) in [(0, b"web.1  | "), (1, b"db.1   | ")] {
            let rows = out.split_inclusive(|byte| *byte == b'\n');
            let own: Vec<u8> = rows.filter_map(|row| row.strip_prefix(head)).flatten().copied().collect();
            prop_assert_eq!(own, said(&events, log_source));
        }
    }

    #[test]
    fn json_gives_every_line_back(events in events()) {
        let out = play(Box::new(Json::new(log_sources())), false, Limits::OUTPUT, &events);
        for (log_source, name) in [(0, "web.1"), (1, "db.1")] {
            let mut lines = Vec::new();
            for row in out.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
                let object: serde_json::Value = serde_json::from_slice(row).unwrap();
                if object["process"] == name {
                    lines.push(object["text"].as_str().map(|text| text.as_bytes().to_vec()));
                }
            }
            let text = said(&events, log_source);
            let want: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
                let line = line.strip_suffix(b"\n").unwrap();
                std::str::from_utf8(line).ok().map(|_| line.to_vec())
            }).collect();
            prop_assert_eq!(lines, want);
        }
    }
}

#[test]
fn on_a_terminal_a_row_goes_on_under_its_text_until_the_width_changes() {
    let mut mux = Mux::new(Box::new(TerminalSink::new(prefixes())), false, None);
    mux.resize(Some(29));
    let mut stream = MuxStream::new(0, true, Limits::OUTPUT);
    let wide = "abcdefghijklmnopqrstuvw\n";
    mux.step(&mut stream, wide.as_bytes(), false);
    mux.step(&mut stream, b"begun", false);
    mux.show_unfinished(&mut stream);
    mux.resize(Some(100));
    mux.step(&mut stream, wide.as_bytes(), false);
    let expected = format!("web.1  | abcdefghijklmnopqrst\n         uvw\nweb.1  | begun\nweb.1  | {wide}");
    assert_eq!(String::from_utf8_lossy(&mux.batch), expected);
}
