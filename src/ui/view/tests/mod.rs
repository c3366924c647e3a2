mod frames;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui_core::backend::TestBackend;
use ratatui_core::buffer::Buffer;
use ratatui_core::style::Color;
use ratatui_core::terminal::Terminal;

use super::*;
use crate::control::protocol::{InstanceStatus, LogLine, Phase, Request, Status};
use crate::ui::input::{Input, Key, KeyCode, Mouse, MouseKind};
use crate::ui::state::Effect;
use crate::ui::text::TerminalLooks;
use crate::ui::update::{Event, LogEntry, StackEnd, update};

const LOOKS: TerminalLooks = TerminalLooks { color: true, unicode: true };

fn screen(size: (u16, u16), looks: TerminalLooks) -> State {
    State::new(size, looks, TimeZone::UTC)
}

fn instance(name: &str, state: Phase) -> InstanceStatus {
    let (kind, number) = name.rsplit_once('.').unwrap();
    let json = serde_json::json!({
        "name": name, "type": kind, "number": number.parse::<u32>().unwrap(), "state": state, "ready": state == Phase::Running,
        "one_shot": false, "pid": (state == Phase::Running).then_some(4711), "port": 5000, "url": null, "started_at": null,
        "uptime_seconds": (state == Phase::Running).then_some(65.0), "restarts": 0, "cpu_seconds": 1.0, "memory_bytes": 12_900_000,
        "exit_status": null, "signal": null,
    });
    serde_json::from_value(json).unwrap()
}

fn status(instances: Vec<InstanceStatus>) -> Event {
    status_at(0, instances)
}

/// The status that comes at this second.
fn status_at(second: u64, instances: Vec<InstanceStatus>) -> Event {
    let mut status =
        Status { root: "/srv/shop".into(), pid: Some(1), uptime_seconds: Some(65.0), ..Status::default() };
    for row in &instances {
        *status.formation.entry(row.r#type.clone()).or_default() += 1;
    }
    let at = std::time::Duration::from_secs(second);
    Event::Status(at, Box::new(Status { instances, ..status }))
}

fn log(rows: &[(&str, &str)]) -> Event {
    let line = |(name, text): &(&str, &str)| {
        LogEntry::Line(LogLine::new(Timestamp::UNIX_EPOCH, (*name).to_owned(), text.as_bytes()))
    };
    Event::Log(rows.iter().map(line).collect())
}

fn drawn(state: &State) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal.draw(|frame| draw(state, frame)).unwrap().buffer.clone()
}

fn rows(state: &State) -> Vec<String> {
    let buffer = drawn(state);
    let mut rows = Vec::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut skipped = 0_usize;
        for x in 0..buffer.area.width {
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skipped = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            row.push_str(symbol);
        }
        rows.push(row.trim_end().to_owned());
    }
    rows
}

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let press = |key| update(state, Event::Input(Input::Key(Key::new(KeyCode::Char(key)))));
    keys.chars().flat_map(press).collect()
}

fn press_code(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Input(Input::Key(Key::new(code))))
}

fn shop(size: (u16, u16), looks: TerminalLooks) -> State {
    let mut state = screen(size, looks);
    update(&mut state, status(vec![instance("web.1", Phase::Running), instance("db.1", Phase::Running)]));
    update(&mut state, log(&[("web.1", "GET /"), ("db.1", "\u{1b}[31mslow\u{1b}[0m query")]));
    state
}

#[test]
fn a_stack_is_shown_on_eighty_columns() {
    let expected = "\
/srv/shop · 2/2 ready · up 1 min 5 s · web=1 db=1
  all  2/2 ready                │all instances
 ● web.1  5000           12M    │web.1 | GET /
 ● db.1   5000           12M    │db.1  | slow query
                                │
                                │
                                │
? keys  q quit  Space mark  F follow  / search  f filter  y copy  r restart  s …";
    assert_eq!(rows(&shop((80, 8), LOOKS)).join("\n"), expected);
}

#[test]
fn a_screen_without_an_answer_and_an_empty_stack_are_shown() {
    let mut state = screen((80, 10), LOOKS);
    assert_eq!(rows(&state)[0], "not answered yet ·");
    update(&mut state, status(Vec::new()));
    assert_eq!(rows(&state)[0], "/srv/shop · 0/0 ready · up 1 min 5 s ·");
    // No key of an empty stack does anything but say why.
    for key in "rs+-kaoe nNyFgGwTf?".chars() {
        press(&mut state, &key.to_string());
        press_code(&mut state, KeyCode::Escape);
        rows(&state);
    }
}

#[test]
fn every_state_has_its_own_sign_with_and_without_unicode_and_colours() {
    const STATES: [Phase; 10] = [
        Phase::Waiting,
        Phase::Starting,
        Phase::Running,
        Phase::Stopping,
        Phase::Stopped,
        Phase::Exited,
        Phase::Restarting,
        Phase::GivenUp,
        Phase::Failed,
        Phase::Unknown,
    ];
    let all = || STATES.iter().enumerate().map(|(at, state)| instance(&format!("t{at}.1"), *state)).collect();
    for looks in [LOOKS, TerminalLooks { color: false, unicode: false }] {
        let mut state = screen((100, 14), looks);
        update(&mut state, status(all()));
        let rows = rows(&state);
        for (at, phase) in STATES.iter().enumerate() {
            let row = &rows[at + 2];
            assert!(
                row.contains(&format!("t{at}.1"))
                    && (*phase == Phase::Running || row.contains(phase.as_str())),
                "{row}"
            );
        }
        if !looks.unicode {
            assert!(rows.iter().all(|row| row.is_ascii()), "{rows:?}");
            let buffer = drawn(&state);
            assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        }
    }
}

#[test]
fn twenty_columns_have_one_line_for_the_instances_and_the_whole_log() {
    let mut state = shop((20, 6), LOOKS);
    press_code(&mut state, KeyCode::Down);
    let expected = ["shop · 2/2 ready · …", "● web.1 1/2  runnin…", "GET /", "", "", "? keys  q quit  Spa…"];
    assert_eq!(rows(&state), expected);
}

#[test]
fn every_size_is_drawn() {
    for columns in 1..50 {
        for height in 1..12 {
            for key in ["", "?", "/abc", "r"] {
                let mut state = shop((columns, height), LOOKS);
                press(&mut state, key);
                rows(&state);
            }
        }
    }
}

#[test]
fn two_hundred_instances_are_scrolled_through() {
    let mut state = screen((80, 24), LOOKS);
    let all = (1..=200).map(|number| instance(&format!("web.{number}"), Phase::Running)).collect();
    update(&mut state, status(all));
    for _ in 0..150 {
        press_code(&mut state, KeyCode::Down);
    }
    assert!(rows(&state).iter().any(|row| row.contains("web.150 ")), "{:#?}", rows(&state));
    // And chosen by a click: the row that is under the mouse.
    let (clicked, row) = (rows(&state), 5_u16);
    let mouse = Mouse { kind: MouseKind::Press, column: 4, row };
    update(&mut state, Event::Input(Input::Mouse(mouse)));
    let chosen = state.stack.chosen.clone().unwrap();
    assert!(clicked[usize::from(row)].contains(&chosen), "{chosen}: {}", clicked[usize::from(row)]);
}

#[test]
fn wide_characters_and_emoji_stand_in_their_columns() {
    let mut state = screen((60, 12), LOOKS);
    update(&mut state, status(vec![instance("web.1", Phase::Running)]));
    update(&mut state, log(&[("web.1", "日本語 👩‍👩‍👧 ok"), ("web.1", "e\u{301}t\u{e9}")]));
    let rows = rows(&state);
    assert!(rows.iter().any(|row| row.ends_with("web.1 | 日本語 👩‍👩‍👧 ok")), "{rows:#?}");
    assert!(rows.iter().any(|row| row.ends_with("web.1 | e\u{301}té")), "{rows:#?}");
}

#[test]
fn what_ended_the_stack_is_told_and_its_log_is_chosen() {
    let mut state = shop((80, 10), LOOKS);
    let end = StackEnd {
        sentence: "ended at 12:00: db.1 exited with status 7".into(),
        process: Some("db.1".into()),
        status: None,
        lines: Vec::new(),
    };
    update(&mut state, Event::Ended(end));
    let rows = rows(&state);
    assert!(rows[0].starts_with("ended at 12:00: db.1 exited with status 7 · /srv/shop"), "{rows:#?}");
    assert!(rows.iter().any(|row| row.ends_with("│slow query")), "{rows:#?}");
    assert!(press(&mut state, "ry").iter().all(|effect| !matches!(effect, Effect::Ask(..))));
}

#[test]
fn what_is_pasted_is_no_command() {
    let mut state = shop((80, 10), LOOKS);
    press(&mut state, "r");
    assert_eq!(update(&mut state, Event::Input(Input::Pasted('y'))), []);
    press_code(&mut state, KeyCode::Escape);
    press(&mut state, "/");
    for character in "a\ry".chars() {
        update(&mut state, Event::Input(Input::Pasted(character)));
    }
    assert_eq!(state.mode, Mode::Prompt(PromptKind::Search, "ay".into()));
}

#[test]
fn each_destructive_key_asks_once_and_sends_the_request_of_its_command() {
    let request = |keys: &str| {
        let mut state = shop((80, 10), LOOKS);
        press_code(&mut state, KeyCode::Down);
        let asked = press(&mut state, keys);
        assert_eq!(asked, [], "{keys}");
        match press(&mut state, "y").as_slice() {
            [Effect::Ask(request, _)] => serde_json::to_string(request).unwrap(),
            other => panic!("{keys}: {other:?}"),
        }
    };
    assert_eq!(request("r"), r#"{"request":"restart","names":["web.1"]}"#);
    assert_eq!(request("s"), r#"{"request":"stop","names":["web.1"]}"#);
    assert_eq!(request("-"), r#"{"request":"scale","steps":[{"type":"web","by":-1}]}"#);
    let mut state = shop((80, 10), LOOKS);
    press(&mut state, "r");
    let all = press(&mut state, "y");
    assert!(matches!(&all[..], [Effect::Ask(Request::Restart { names }, _)] if names.is_empty()), "{all:?}");
    press(&mut state, "k");
    press(&mut state, "hup");
    let sent = press_code(&mut state, KeyCode::Enter);
    let expected = r#"{"request":"kill","names":["web.1","db.1"],"signal":1}"#;
    assert!(
        matches!(&sent[..], [Effect::Ask(request, _)] if serde_json::to_string(request).unwrap() == expected),
        "{sent:?}"
    );
}

#[test]
fn the_selected_rows_are_copied_without_colours() {
    let mut state = shop((80, 10), LOOKS);
    assert_eq!(press(&mut state, "y"), [Effect::Copy("GET /\nslow query\n".into())]);
    for (kind, row) in [(MouseKind::Press, 3), (MouseKind::Drag, 8), (MouseKind::Release, 8)] {
        update(&mut state, Event::Input(Input::Mouse(Mouse { kind, column: 40, row })));
    }
    // A drag within one row selects nothing: all rows on the screen.
    assert_eq!(press(&mut state, "y"), [Effect::Copy("GET /\nslow query\n".into())]);
}
