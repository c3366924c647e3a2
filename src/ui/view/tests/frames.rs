//! Whole frames: what stands where.

use super::*;
use crate::control::protocol::StartTimes;

/// The stack of the frames, at this second: a server, a database that crashes again and again, a worker that is given up.
fn busy(second: u64) -> Event {
    let changed = |name: &str, state: Phase, change: &dyn Fn(&mut InstanceStatus)| {
        let mut row = instance(name, state);
        change(&mut row);
        row
    };
    let all = vec![
        changed("web.1", Phase::Running, &|row| {
            // A half of a processor, and memory that grows.
            row.cpu_seconds = Some(f64::from(u32::try_from(second).unwrap()) / 2.0);
            row.memory_bytes = Some((1 << 20) * (second + 1));
            row.url = Some("http://localhost:5000".into());
        }),
        changed("db.1", Phase::Restarting, &|row| {
            (row.restarts, row.exit_status) = (4, Some(1));
        }),
        changed("worker.1", Phase::GivenUp, &|row| {
            (row.restarts, row.signal) = (5, Some("SIGKILL".into()));
        }),
    ];
    status_at(second, all)
}

fn busy_screen(size: (u16, u16), looks: TerminalLooks) -> State {
    let mut state = screen(size, looks);
    for second in 0..6 {
        update(&mut state, busy(second));
    }
    update(&mut state, log(&[("web.1", "GET /"), ("db.1", "no space left"), ("worker.1", "bye")]));
    state
}

fn frame(state: &State) -> String {
    rows(state).join("\n")
}

#[test]
fn a_wide_screen_has_a_bar_for_each_second_of_processor_and_memory() {
    let expected = "\
/srv/shop · 1/3 ready · up 1 min 5 s · web=1 db=1 worker=1
  all  1/3 ready                                                        │all instances
 ● web.1     5000          ▅▅▅▅▅   50%     ▃▄▅▆▇█  6.0M running         │web.1    | GET /
 ↻ db.1           ↻4  restarting 1                                      │db.1     | no space left
 ✗ worker.1       ↻5  given up SIGKILL                                  │worker.1 | bye
                                                                        │
                                                                        │
? keys  q quit  Space mark  F follow  / search  f filter  y copy  r restart  s stop/start  a attach";
    assert_eq!(frame(&busy_screen((160, 8), LOOKS)), expected);
}

#[test]
fn a_terminal_without_unicode_has_the_same_frame_in_ascii() {
    let expected = "\
/srv/shop - 1/3 ready - up 1 min 5 s - web=1 db=1 worker=1
  all  1/3 ready                            |all instances
 * web.1     5000     ====   50% =+*#  6.0M |web.1    | GET /
 r db.1           x4  restarting 1          |db.1     | no space left
 ! worker.1       x5  given up SIGKILL      |worker.1 | bye
                                            |
                                            |
? keys  q quit  Space mark  F follow  / search  f filter  y copy  r restart  s stop/start  a attach.";
    assert_eq!(frame(&busy_screen((100, 8), TerminalLooks { color: false, unicode: false })), expected);
}

#[test]
fn two_sizes_that_terminals_have_are_filled() {
    for (columns, height) in [(80, 24), (200, 60)] {
        let state = busy_screen((columns, height), LOOKS);
        let rows = rows(&state);
        assert_eq!(rows.len(), usize::from(height));
        assert!(rows[0].contains("/srv/shop · 1/3 ready"), "{}", rows[0]);
        assert!(rows[usize::from(height) - 1].starts_with("? keys  q quit"), "{rows:#?}");
        assert!(rows.iter().any(|row| row.ends_with("worker.1 | bye")), "{rows:#?}");
    }
}

#[test]
fn what_crashes_again_and_again_or_is_given_up_stands_out() {
    let state = busy_screen((100, 12), LOOKS);
    let buffer = drawn(&state);
    // Sign and colour of the rows of db.1 and worker.1.
    let cell = |y: u16| &buffer[(1, y)];
    assert_eq!((cell(3).symbol(), cell(3).fg), ("↻", Color::Red));
    assert_eq!((cell(4).symbol(), cell(4).fg), ("✗", Color::Red));
    assert!(cell(4).modifier.contains(Modifier::REVERSED) && !cell(3).modifier.contains(Modifier::REVERSED));
    let rows = rows(&state);
    assert!(rows[3].contains("↻4") && rows[4].contains("↻5"), "{rows:#?}");
    assert!(rows[4].contains("given up SIGKILL"), "{rows:#?}");
}

#[test]
fn the_last_row_is_a_prompt_a_question_or_an_answer() {
    let mut state = busy_screen((80, 8), LOOKS);
    let last = |state: &State| rows(state).pop().unwrap();
    press(&mut state, "/日本");
    assert_eq!(last(&state), "/日本");
    press_code(&mut state, KeyCode::Escape);
    press_code(&mut state, KeyCode::Down);
    press(&mut state, "r");
    assert_eq!(last(&state), "restart web.1?  y: yes, any other key: no  they are stopped and started again");
    press(&mut state, "n");
    assert_eq!(last(&state), "nothing was done");
    press(&mut state, "k");
    assert_eq!(last(&state), "signal to send [TERM]:");
    press_code(&mut state, KeyCode::Escape);
    press(&mut state, "?");
    assert_eq!(last(&state), "Up, Down, PgUp, PgDn: scroll  any other key: close");
}

#[test]
fn wide_characters_are_cut_at_the_margin_of_twenty_columns() {
    let mut state = screen((20, 6), LOOKS);
    update(&mut state, status(vec![instance("web.1", Phase::Running)]));
    update(&mut state, log(&[("web.1", "日本語日本語日本語日本語"), ("web.1", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧 end")]));
    press_code(&mut state, KeyCode::Down);
    press(&mut state, "w");
    press(&mut state, "/日本語日本語日本語日");
    for row in rows(&state) {
        assert!(unicode_width::UnicodeWidthStr::width(row.as_str()) <= 20, "{row}");
    }
    let all = frame(&state);
    assert!(all.contains("\n日本語日本語日本語日\n"), "{all}");
}

#[test]
fn the_timeline_has_the_whole_width_and_follows_the_start() {
    let at = |name: &str, after: &[&str], times: (Option<f64>, Option<f64>), state: Phase| {
        let mut row = instance(name, state);
        row.after = after.iter().map(ToString::to_string).collect();
        row.first_start =
            Some(StartTimes { started_seconds: times.0, ready_seconds: times.1, ..StartTimes::default() });
        row.ready = times.1.is_some();
        row
    };
    let start = |ready: Option<f64>| {
        status(vec![
            at(
                "web.1",
                &["db"],
                (ready, ready.map(|ready| ready + 2.0)),
                if ready.is_some() { Phase::Running } else { Phase::Waiting },
            ),
            at("db.1", &[], (Some(0.0), ready), Phase::Running),
        ])
    };
    let mut state = screen((80, 8), LOOKS);
    update(&mut state, start(None));
    press(&mut state, "t");
    let expected = "\
/srv/shop · 0/2 ready · up 1 min 5 s · web=1 db=1
The start
  NAME   WAITED FOR  STARTED  READY    0 s                               65.00 s
* db.1   -           0.00 s   not yet  █████████████████████████████████████████
* web.1  db.1        -        waiting  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
* critical chain: db.1 65.00 s, web.1 0.00 s; not all are ready after 65.00 s

Up, Down, PgUp, PgDn: scroll  any other key: close";
    assert_eq!(frame(&state), expected);
    update(&mut state, start(Some(6.0)));
    let expected = "\
/srv/shop · 2/2 ready · up 1 min 5 s · web=1 db=1
The start
  NAME   WAITED FOR  STARTED  READY   0 s                                 8.00 s
* db.1   -           0.00 s   6.00 s  ████████████████████████████████
* web.1  db.1        6.00 s   8.00 s  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░██████████
* critical chain: db.1 6.00 s, web.1 2.00 s; all are ready after 8.00 s

Up, Down, PgUp, PgDn: scroll  any other key: close";
    assert_eq!(frame(&state), expected);
    let buffer = drawn(&state);
    assert_eq!(buffer[(0, 3)].fg, Color::Red, "the critical chain");
    // A click reaches nothing below it; any key closes it.
    update(&mut state, Event::Input(Input::Mouse(Mouse { kind: MouseKind::Press, column: 2, row: 2 })));
    assert_eq!(state.stack.chosen, None);
    press(&mut state, "t");
    assert_eq!(state.mode, Mode::Normal);
}

#[test]
fn an_overlay_is_scrolled_as_in_less_and_not_beyond_its_end() {
    let mut state = busy_screen((80, 10), LOOKS);
    press(&mut state, "?");
    let first = |state: &State| rows(state)[2].clone();
    let top = first(&state);
    press(&mut state, "jj");
    assert_ne!(first(&state), top);
    press(&mut state, "kk");
    assert_eq!(first(&state), top);
    press(&mut state, "G");
    let end = first(&state);
    assert!(frame(&state).contains("Esc  "), "{}", frame(&state));
    for _ in 0..9 {
        update(
            &mut state,
            Event::Input(Input::Mouse(Mouse { kind: MouseKind::WheelDown, column: 60, row: 5 })),
        );
    }
    press(&mut state, "jjj ");
    assert_eq!(first(&state), end);
    press(&mut state, "g");
    assert_eq!(first(&state), top);
}

#[test]
fn what_was_left_out_of_a_flood_stands_in_its_place() {
    let mut state = busy_screen((80, 12), LOOKS);
    update(&mut state, Event::Log(vec![LogEntry::Lost(4711)]));
    update(&mut state, log(&[("web.1", "after")]));
    let all = frame(&state);
    assert!(all.contains("[4711 rows left out]"), "{all}");
}
