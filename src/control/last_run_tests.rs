//! The record of a run as files.

use super::*;

fn record(place: &Path, name: &str) -> LastRunFile {
    LastRunFile::of(&Address::new(Path::new("/app"), Some(name), Some(place)), Some(&place.join("state")))
}

fn text(pid: i32, lines: &[&str]) -> Vec<u8> {
    let mut text = Vec::new();
    RecordEntry::Status(Box::new(Status { pid: Some(pid), ..Status::default() })).write_to(&mut text);
    for line in lines {
        let line = LogLine::new(Timestamp::UNIX_EPOCH, "web.1".into(), line.as_bytes());
        RecordEntry::Line(line).write_to(&mut text);
    }
    text
}

#[test]
fn a_record_is_read_to_its_torn_line_and_its_last_status_counts() {
    let place = tempfile::tempdir().unwrap();
    let file = record(place.path(), "a");
    assert_eq!(file.read(), None);
    assert!(file.append(b"x").is_err(), "there is none yet");
    file.begin(&text(1, &["one"])).unwrap();
    file.append(&text(2, &["two"])).unwrap();
    let torn = text(3, &["three"]);
    file.append(&torn[..torn.len() - 3]).unwrap();
    assert_eq!(file.read_running().unwrap().pid, Some(3));
    let run = file.read().unwrap();
    assert_eq!((run.status.pid, run.status.state), (None, Some(StackState::Ended)));
    assert_eq!(run.status.ended.as_ref().unwrap().cause, EndCause::Killed);
    let lines: Vec<_> = run.lines.iter().map(|line| line.payload.0.as_slice()).collect();
    assert_eq!(lines, [b"one".as_slice(), b"two"]);
    file.begin(&text(4, &[])).unwrap();
    assert_eq!(file.read_before().unwrap().lines.len(), 2);
}

#[test]
fn only_the_monitor_of_the_run_completes_its_record_and_only_once() {
    let place = tempfile::tempdir().unwrap();
    let file = record(place.path(), "b");
    file.begin(&text(7, &["one"])).unwrap();
    file.complete(8, Outcome::Status(1), Timestamp::UNIX_EPOCH);
    assert_eq!(file.read().unwrap().status.ended.unwrap().cause, EndCause::Killed);
    file.complete(7, Outcome::Status(137), Timestamp::UNIX_EPOCH);
    let run = file.read().unwrap();
    let end = run.status.ended.unwrap();
    assert_eq!((end.cause, end.exit_status, run.lines.len()), (EndCause::WorkerKilled, Some(137), 1));
    file.complete(7, Outcome::Status(1), Timestamp::UNIX_EPOCH);
    assert_eq!(file.read().unwrap().status.ended.unwrap().exit_status, Some(137));
}

#[test]
fn the_number_of_records_is_bounded() {
    let place = tempfile::tempdir().unwrap();
    for number in 0..KEPT + 5 {
        record(place.path(), &number.to_string()).begin(&text(1, &[])).unwrap();
    }
    assert_eq!(fs::read_dir(place.path().join("state/ganger")).unwrap().count(), KEPT);
    assert!(record(place.path(), &(KEPT + 4).to_string()).read().is_some(), "the newest is there");
}
