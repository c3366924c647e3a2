//! Promised: at rest the screen wakes for its sample of the status alone, and not at all while it is left for an instance or stopped; with a
//! flood it draws thirty frames a second at most, and says what it left out.

#![cfg(all(test, target_os = "linux"))]

use std::time::{Duration, Instant};

use crate::harness::{Project, holds};
use crate::rest::watch;

/// A stack in the background.
fn stack(procfile: &str) -> Project {
    let project = Project::new(procfile);
    assert_eq!(project.run(&["start", "-D", "--no-port", "--exit-on", "never", "--pty", "always"]).0, 0);
    project
}

#[test]
fn at_rest_the_screen_wakes_for_its_sample_and_left_for_an_instance_not_at_all() {
    let project = stack("job: probe print up + wait\n");
    let mut screen = project.on_terminal(&["ui"], (24, 80));
    screen.shows("1/1 ready");
    let pids: Vec<i32> = screen.mark().processes().into_iter().map(|(pid, _)| pid).collect();
    // A sample a second: its thread sleeps, connects and waits for the answer, and the screen draws what has changed.
    let begun = Instant::now();
    let count = watch(&pids, Duration::from_secs(3));
    let samples = begun.elapsed().as_secs() + 1;
    assert!((1..=8 * samples).contains(&count), "{count} wake-ups for {samples} samples");
    screen.type_keys(b"\x1b[B");
    screen.shows("job.1");
    screen.type_keys(b"a");
    screen.shows("[attached to job.1");
    assert!(holds(|| watch(&pids, Duration::from_millis(1500)) == 0));
    assert_eq!(watch(&pids, Duration::from_secs(3)), 0);
    screen.type_keys(b"\x1d");
    screen.shows("[detached from job.1]");
    screen.type_keys(b"q");
    screen.end();
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_flood_is_drawn_thirty_times_a_second_at_most_and_what_is_left_out_is_said() {
    let project = stack("flood: while :; do probe lines a 2000; done\n");
    let begun = Instant::now();
    let mut screen = project.on_terminal(&["ui"], (24, 80));
    let mut text = screen.shows(" rows left out]");
    text += &screen.shows(" rows left out]");
    text += &screen.shows(" rows left out]");
    // Each is one write between these marks. Time that the test takes more only allows for more.
    let frames = u128::try_from(text.matches("\x1b[?2026h").count()).unwrap();
    let most = begun.elapsed().as_millis() / 33 + 1;
    assert!((1..=most).contains(&frames), "{frames} frames, {most} at most");
    screen.type_keys(b"q");
    screen.end();
    assert_eq!(project.run(&["down"]).0, 0);
}
