use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::ui::text::TerminalLooks;

fn log(rows: &[&str]) -> LogBuffer {
    let mut log = LogBuffer::default();
    for row in rows {
        let (name, text) = row.split_once('|').unwrap();
        log.push(name, Timestamp::UNIX_EPOCH, text.as_bytes());
    }
    log
}

fn pane(log: &LogBuffer, height: usize) -> LogPane<'_> {
    let looks = TerminalLooks { color: true, unicode: true };
    LogPane { log, format: LineFormat { width: 10, is_wrapped: true, left: 0, looks }, height }
}

fn shown(view: &LogView, pane: &LogPane<'_>) -> Vec<(u64, usize)> {
    view.lines(pane).iter().map(|place| (place.row, place.line)).collect()
}

fn numbered(count: usize) -> LogBuffer {
    let rows: Vec<String> = (0..count).map(|row| format!("web.1|row {row}")).collect();
    log(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_end_is_followed_and_what_is_scrolled_to_stays_while_rows_come() {
    let mut log = numbered(10);
    let mut view = LogView::default();
    view.follow(&log);
    assert_eq!(shown(&view, &pane(&log, 3)), [(7, 0), (8, 0), (9, 0)]);
    view.scroll(-2, &pane(&log, 3));
    log.push("web.1", Timestamp::UNIX_EPOCH, b"one more");
    view.follow(&log);
    assert_eq!(shown(&view, &pane(&log, 3)), [(5, 0), (6, 0), (7, 0)]);
    assert!(!view.is_following());
    view.scroll(3, &pane(&log, 3));
    assert_eq!(shown(&view, &pane(&log, 3)), [(8, 0), (9, 0), (10, 0)]);
    assert!(view.is_following(), "at the end");
    view.go_to_top();
    view.scroll(-5, &pane(&log, 3));
    assert_eq!(shown(&view, &pane(&log, 3)), [(0, 0), (1, 0), (2, 0)]);
}

#[test]
fn long_rows_are_scrolled_by_line() {
    let log = log(&["web.1|aaaaaaaaaabbbbbbbbbbcc", "web.1|x"]);
    let mut view = LogView::default();
    view.follow(&log);
    assert_eq!(shown(&view, &pane(&log, 2)), [(0, 2), (1, 0)]);
    view.scroll(-1, &pane(&log, 2));
    assert_eq!(shown(&view, &pane(&log, 2)), [(0, 1), (0, 2)]);
    view.scroll(-1, &pane(&log, 2));
    assert_eq!(shown(&view, &pane(&log, 2)), [(0, 0), (0, 1)]);
}

#[test]
fn instances_and_a_filter_choose_the_rows_and_what_the_screen_says_is_always_shown() {
    let mut log = log(&["web.1|GET /", "db.1|ready", "web.1|error", "db.1|an error"]);
    log.note("5 lines left out");
    let mut view = LogView::default();
    let rows = |view: &LogView| view.rows.iter().copied().collect::<Vec<_>>();
    view.show_only(vec!["web.1".into()], &log);
    assert_eq!((rows(&view), view.has_names()), (vec![0, 2, 4], false));
    view.show_only(Vec::new(), &log);
    view.set_filter(Some(Regex::new("^.*error$").unwrap()), &log);
    assert_eq!((rows(&view), view.has_names()), (vec![2, 3, 4], true));
    log.push("db.1", Timestamp::UNIX_EPOCH, b"\x1b[31merror\x1b[0m");
    log.push("db.1", Timestamp::UNIX_EPOCH, b"fine");
    view.follow(&log);
    assert_eq!(rows(&view), [2, 3, 4, 5]);
    view.set_filter(None, &log);
    assert_eq!(view.count(), 7);
    // One that has said nothing yet.
    view.show_only(vec!["new.1".into()], &log);
    assert_eq!(rows(&view), [4]);
}

#[test]
fn a_search_goes_down_then_up_and_comes_around() {
    let log = log(&["a.1|no", "a.1|yes", "a.1|no", "a.1|no", "a.1|yes", "a.1|no"]);
    let mut view = LogView { search: Some(Regex::new("yes").unwrap()), ..LogView::default() };
    view.follow(&log);
    // Nothing is found from the top of the screen on: the nearest above.
    assert!(view.find_first(&pane(&log, 1)));
    assert_eq!((view.found, shown(&view, &pane(&log, 1))), (Some(4), vec![(4, 0)]));
    assert_eq!((view.find_next(true, &pane(&log, 1)), view.found), (Some(true), Some(1)));
    assert_eq!((view.find_next(true, &pane(&log, 1)), view.found), (Some(false), Some(4)));
    assert_eq!((view.find_next(false, &pane(&log, 1)), view.found), (Some(false), Some(1)));
    assert_eq!((view.find_next(false, &pane(&log, 1)), view.found), (Some(true), Some(4)));
    view.search = Some(Regex::new("never").unwrap());
    assert_eq!((view.find_first(&pane(&log, 1)), view.find_next(true, &pane(&log, 1))), (false, None));
    let empty = LogBuffer::default();
    let mut view = LogView::default();
    view.follow(&empty);
    assert_eq!((view.find_first(&pane(&empty, 1)), view.find_next(false, &pane(&empty, 1))), (false, None));
}

proptest! {
    #[test]
    fn the_screen_is_full_while_there_are_rows_and_scrolling_back_returns(
        lengths in prop::collection::vec(0_usize..45, 0..40), height in 0_usize..12, moves in prop::collection::vec(-20_isize..20, 0..12),
    ) {
        let rows: Vec<String> = lengths.iter().map(|length| format!("w.1|{}", "x".repeat(*length))).collect();
        let log = log(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let pane = pane(&log, height);
        let mut view = LogView::default();
        view.follow(&log);
        let all: usize = lengths.iter().map(|length| length.div_ceil(10).max(1)).sum();
        for lines in moves {
            view.scroll(lines, &pane);
            let places = view.lines(&pane);
            prop_assert_eq!(places.len(), all.min(height));
            prop_assert!(places.is_sorted());
        }
        view.scroll(isize::MAX, &pane);
        prop_assert!(view.is_following());
    }
}
