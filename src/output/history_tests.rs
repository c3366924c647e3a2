use proptest::prelude::*;

use super::*;

#[test]
fn reading_in_pieces_from_a_place_gives_what_reading_at_once_gives() {
    let mut history = History::new(Bounds { lines: 1000, bytes: 100_000 });
    for turn in 0..50 {
        let text = ["a\n", "b\nc\n", "d\ne\nf\n"][turn % 3].repeat(turn % 4 + 1);
        say(&mut history, turn % 5, text);
    }
    let wanted = |line: &HistoryLine<'_>| line.log_source != 1;
    let all: Vec<&[u8]> =
        history.latest(1000, |log_source| log_source != 1).iter().map(|line| line.text).collect();
    for count in [0, 1, 7, all.len(), 1000] {
        let mut place = history.place_of_latest(count, wanted);
        let mut pieces = Vec::new();
        while !history.is_end(&place) {
            let found = history.from(&mut place, 5, |log_source| log_source != 1, wanted);
            assert_eq!(found.lost, 0);
            pieces.extend(found.lines.iter().map(|line| line.text));
        }
        assert_eq!(pieces, all[all.len().saturating_sub(count)..], "{count}");
    }
}

#[test]
fn a_search_that_finds_nothing_comes_back_before_it_has_gone_through_all() {
    let mut history = History::new(Bounds { lines: 1000, bytes: 1_000_000 });
    (0..100).for_each(|_| say(&mut history, 0, "x".repeat(1000) + "\n"));
    let searched = std::cell::Cell::new(0);
    let mut place = history.place_of_latest(usize::MAX, |_| true);
    let mut turns = 0;
    while !history.is_end(&place) {
        searched.set(0);
        let found = history.from(
            &mut place,
            500,
            |_| true,
            |line| {
                searched.set(searched.get() + line.text.len());
                false
            },
        );
        assert!(found.lines.is_empty() && searched.get() <= 500 * SEARCHED + 1000, "{}", searched.get());
        turns += 1;
    }
    assert!(turns > 10, "{turns}");
}

fn say(history: &mut History, log_source: usize, lines: impl AsRef<str>) {
    let lines = lines.as_ref();
    history.push(log_source, Timestamp::UNIX_EPOCH, lines.as_bytes(), lines.lines().count());
}

fn texts(history: &History, count: usize) -> Vec<String> {
    let lines = history.latest(count, |_| true);
    lines.iter().map(|line| format!("{} {}", line.log_source, line.text.escape_ascii())).collect()
}

#[test]
fn lines_come_back_in_the_order_in_which_they_were_read() {
    let mut history = History::new(Bounds::default());
    say(&mut history, 1, "a\n\nb\n");
    say(&mut history, 0, "c");
    say(&mut history, 1, "d\n");
    assert_eq!(texts(&history, 9), ["1 a", "1 ", "1 b", "0 c", "1 d"]);
    assert_eq!(texts(&history, 2), ["0 c", "1 d"]);
    let own = history.latest(9, |log_source| log_source == 0);
    assert_eq!(own, [HistoryLine { log_source: 0, time: Timestamp::UNIX_EPOCH, text: b"c" }]);
}

#[test]
fn a_flood_pushes_out_its_own_lines_only() {
    let mut history = History::new(Bounds { lines: 10, bytes: 1000 });
    say(&mut history, 0, "rare\n");
    for number in 0..100 {
        say(&mut history, 1, format!("{number}\n"));
    }
    let lines = texts(&history, 99);
    assert_eq!(lines.len(), 10);
    assert_eq!((lines[0].as_str(), lines[9].as_str()), ("0 rare", "1 99"));
}

#[test]
fn of_a_run_that_is_too_large_the_end_is_kept() {
    let mut history = History::new(Bounds { lines: 2, bytes: 6 });
    say(&mut history, 0, "a\nb\nc\n");
    assert_eq!(texts(&history, 9), ["0 b", "0 c"]);
    say(&mut history, 0, "too long for it\n");
    assert_eq!(texts(&history, 9), ["0 b", "0 c"]);
}

#[test]
fn memory_is_exchanged_for_that_of_the_oldest() {
    let mut history = History::new(Bounds { lines: 100, bytes: 64 });
    let fill = |memory: &mut Box<[u8]>, text: &str| {
        memory.fill(b'?');
        memory[4..4 + text.len()].copy_from_slice(text.as_bytes());
        Part { bytes: 4..4 + text.len(), lines: text.lines().count() }
    };
    let mut memory: Box<[u8]> = vec![0; 32].into();
    let mut places = Vec::new();
    for text in ["a\nb\n", "c\n", "d\ne\n", "f\n"] {
        places.push(memory.as_ptr());
        let part = fill(&mut memory, text);
        history.exchange(0, Timestamp::UNIX_EPOCH, &mut memory, part);
        assert_eq!(memory.len(), 32);
    }
    assert_eq!(texts(&history, 9), ["0 d", "0 e", "0 f"], "memory counts as a whole");
    assert!(places[..2].contains(&memory.as_ptr()), "what was forgotten is used again");
    // What could never be kept whole is copied, as far as it goes.
    let mut history = History::new(Bounds { lines: 2, bytes: 64 });
    let part = fill(&mut memory, "a\nb\nc\n");
    history.exchange(0, Timestamp::UNIX_EPOCH, &mut memory, part);
    assert_eq!(texts(&history, 9), ["0 b", "0 c"]);
    assert_eq!(memory[4], b'a');
}

proptest! {
    #[test]
    fn every_line_is_read_or_counted_as_lost(
        turns in prop::collection::vec((0_usize..3, 1_usize..9, prop::option::of(1_usize..30)), 0..60),
    ) {
        let mut history = History::new(Bounds { lines: 12, bytes: 60 });
        let mut place = history.end();
        let (mut said, mut heard) = (0, 0);
        for (log_source, count, read) in turns {
            say(&mut history, log_source, "line\n".repeat(count));
            said += if log_source == 1 { 0 } else { count as u64 };
            if let Some(most) = read {
                let found = history.from(&mut place, most, |log_source| log_source != 1, |line| line.log_source != 1);
                heard += found.lost + found.lines.len() as u64;
                prop_assert!(heard <= said);
            }
        }
        while !history.is_end(&place) {
            let found = history.from(&mut place, 9, |log_source| log_source != 1, |line| line.log_source != 1);
            heard += found.lost + found.lines.len() as u64;
        }
        prop_assert_eq!(heard, said);
    }

    #[test]
    fn the_bounds_hold_whatever_is_said(
        pushes in prop::collection::vec((0_usize..3, "[a-z\n]{0,40}"), 0..60),
        lines in 0_usize..20,
        bytes in 0_usize..200,
    ) {
        let mut history = History::new(Bounds { lines, bytes });
        let mut said = 0;
        for (log_source, text) in &pushes {
            say(&mut history, *log_source, text);
            said += text.split_inclusive('\n').count();
            let kept = history.latest(usize::MAX, |_| true);
            let bytes_of_all: usize = pushes.iter().map(|(_, text)| text.len() + 1).sum();
            prop_assert!(kept.len() >= said.min(lines) || bytes_of_all > bytes);
            let runs = |source: &Runs| source.queue.iter().map(|run| run.part.lines).max();
            let longest = history.log_sources.iter().filter_map(runs).max().unwrap_or(0);
            prop_assert!(kept.len() < lines + longest || kept.len() <= lines);
            prop_assert!(kept.iter().map(|line| line.text.len() + 1).sum::<usize>() <= bytes);
            prop_assert_eq!(kept.len(), history.lines);
        }
    }
}

#[test]
fn the_tail_has_the_latest_of_each_in_order_and_the_end_of_a_line_that_is_too_long() {
    let mut history = History::new(Bounds { lines: 1000, bytes: 100_000 });
    say(&mut history, 0, "quiet\n");
    (0..50).for_each(|line| say(&mut history, 1, format!("a{line}\nb{line}\n")));
    say(&mut history, 2, "x".repeat(30) + "end\n");
    say(&mut history, 0, "again\n");
    let tail = |lines, bytes| -> Vec<String> {
        let tail = history.tail(Bounds { lines, bytes });
        tail.iter().map(|line| format!("{} {}", line.log_source, line.text.escape_ascii())).collect()
    };
    assert_eq!(tail(3, 12), ["0 quiet", "1 b48", "1 a49", "1 b49", "2 xxxxxxxxxend", "0 again"]);
    assert_eq!(tail(1, 5), ["1 b49", "2 xxend", "0 again"]);
    assert_eq!(tail(0, 5), Vec::<String>::new());
}
