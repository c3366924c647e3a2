use proptest::prelude::*;

use super::*;

/// An instance that was to start at 0: its state, what it comes after, when it was started, and when it was ready.
fn row(name: &str, after: &[&str], times: (Option<f64>, Option<f64>), state: Phase) -> InstanceStatus {
    let (kind, number) = name.rsplit_once('.').unwrap();
    let json = serde_json::json!({
        "name": name, "type": kind, "number": number.parse::<u32>().unwrap(), "state": state, "ready": false,
        "one_shot": false, "pid": null, "port": null, "url": null, "started_at": null, "uptime_seconds": null,
        "restarts": 0, "cpu_seconds": null, "memory_bytes": null, "exit_status": null, "signal": null, "after": after,
        "first_start": StartTimes { due_seconds: 0.0, started_seconds: times.0, ready_seconds: times.1 },
    });
    serde_json::from_value(json).unwrap()
}

fn status(instances: Vec<InstanceStatus>, now: f64) -> Status {
    Status { pid: Some(1), uptime_seconds: Some(now), instances, ..Status::default() }
}

fn text(status: &Status, width: usize) -> String {
    let lines = Timeline::of(status).lines(width, true);
    lines.iter().map(|line| line.text.clone() + "\n").collect()
}

#[test]
fn the_chain_of_a_slow_start_is_marked() {
    let all = vec![
        row("web.1", &["migrate", "cache"], (Some(5.33), Some(8.4)), Phase::Running),
        row("cache.1", &[], (Some(0.01), Some(0.2)), Phase::Running),
        row("db.1", &[], (Some(0.0), Some(3.21)), Phase::Running),
        row("migrate.1", &["db"], (Some(3.21), Some(5.33)), Phase::Exited),
    ];
    let expected = "  \
  NAME       WAITED FOR          STARTED  READY   0 s            8.40 s
* db.1       -                   0.00 s   3.21 s  ████████
  cache.1    -                   0.01 s   0.20 s  █
* migrate.1  db.1                3.21 s   5.33 s  ░░░░░░░░█████
* web.1      migrate.1, cache.1  5.33 s   8.40 s  ░░░░░░░░░░░░░████████
* critical chain: db.1 3.21 s, migrate.1 2.12 s, web.1 3.07 s; all are ready after 8.40 s
";
    assert_eq!(text(&status(all, 60.0), 71), expected);
}

#[test]
fn a_start_that_goes_on_has_what_it_waits_for_in_its_chain() {
    let all = vec![
        row("db.1", &[], (Some(0.0), None), Phase::Running),
        row("migrate.1", &["db"], (None, None), Phase::Waiting),
        row("web.1", &["migrate"], (None, None), Phase::Waiting),
        row("log.1", &[], (Some(0.0), Some(1.0)), Phase::Running),
    ];
    let expected = "  \
  NAME       WAITED FOR  STARTED  READY    0 s 20.00 s
* db.1       -           0.00 s   not yet  ███████████
  log.1      -           0.00 s   1.00 s   █
* migrate.1  db.1        -        waiting  ░░░░░░░░░░
* web.1      migrate.1   -        waiting  ░░░░░░░░░░
* critical chain: db.1 20.00 s, migrate.1 0.00 s, web.1 0.00 s; not all are ready after 20.00 s
";
    assert_eq!(text(&status(all, 20.0), 54), expected);
}

#[test]
fn what_failed_or_was_added_later_does_not_stretch_the_axis() {
    let mut late = row("web.2", &["db"], (Some(3600.0), Some(3601.0)), Phase::Running);
    late.first_start.as_mut().unwrap().due_seconds = 3600.0;
    let all = vec![
        row("db.1", &[], (Some(0.0), Some(2.0)), Phase::Running),
        row("web.1", &["db"], (Some(2.0), Some(4.0)), Phase::Running),
        row("bad.1", &[], (Some(0.0), None), Phase::GivenUp),
        row("next.1", &["bad"], (None, None), Phase::Failed),
        late,
    ];
    let timeline = Timeline::of(&status(all, 7200.0));
    assert_eq!(timeline.critical_chain, ["db.1", "web.1"]);
    assert_eq!((timeline.end, timeline.ready_seconds), (4.0, None));
    let of = |name: &str| timeline.instances.iter().find(|row| row.name == name).unwrap();
    assert_eq!(of("next.1").waited_for, ["bad.1"]);
    assert!(of("web.2").waited_for.is_empty(), "db was ready before it was added");
    assert_eq!(of("web.2").bar(4.0, 20, true), "");
}

#[test]
fn the_last_instance_of_a_type_is_waited_for() {
    let all = vec![
        row("db.1", &[], (Some(0.0), Some(1.0)), Phase::Running),
        row("db.2", &[], (Some(0.0), Some(3.0)), Phase::Running),
        row("db.3", &[], (Some(0.0), Some(2.0)), Phase::Running),
        row("web.1", &["db", "nothing"], (Some(3.0), Some(3.5)), Phase::Running),
    ];
    let timeline = Timeline::of(&status(all, 9.0));
    assert_eq!(timeline.critical_chain, ["db.2", "web.1"]);
    assert_eq!(timeline.ready_seconds, Some(3.5));
}

#[test]
fn of_a_run_that_is_over_nothing_becomes_ready() {
    let mut over = status(vec![row("db.1", &[], (Some(0.5), None), Phase::Running)], 9.0);
    over.pid = None;
    let timeline = Timeline::of(&over);
    assert_eq!((timeline.critical_chain.len(), timeline.end), (0, 0.5));
    // And a stack of an older ganger tells no times.
    over.instances[0].first_start = None;
    assert_eq!(text(&over, 80), "  NAME  WAITED FOR  STARTED  READY\n");
}

proptest! {
    /// Also with circles, and with times that contradict each other.
    #[test]
    fn every_status_has_a_timeline(
        rows in prop::collection::vec((0_usize..5, 0_usize..5, prop::option::of(0.0..9.0), prop::option::of(0.0..9.0), 0_usize..3), 0..12),
        width in 0_usize..120,
    ) {
        const STATES: [Phase; 3] = [Phase::Waiting, Phase::Running, Phase::Failed];
        let instance = |(at, (kind, after, started, ready, state))| {
            row(&format!("t{kind}.{at}"), &[&format!("t{after}")], (started, ready), STATES[state])
        };
        let all = status(rows.iter().copied().enumerate().map(instance).collect(), 10.0);
        let timeline = Timeline::of(&all);
        prop_assert_eq!(timeline.instances.len(), rows.len());
        prop_assert_eq!(timeline.instances.iter().filter(|row| row.is_critical).count() > 0, !timeline.critical_chain.is_empty());
        let lines = timeline.lines(width, false);
        let bars = lines.iter().take(rows.len() + 1).filter(|line| line.text.chars().count() > width.max(60));
        prop_assert_eq!(bars.count(), 0);
        serde_json::to_string(&timeline).unwrap();
    }
}
