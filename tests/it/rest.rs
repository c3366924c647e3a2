//! Nothing at rest: no wake-up and no timer while there is no output. The kernel counts wake-ups; no time is measured.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, Project};

/// How often the threads of these processes have gone to sleep of their own accord (proc(5), status): once for each
/// wake-up, whatever it was for.
fn sleeps(pids: &[i32]) -> u64 {
    let threads =
        pids.iter().flat_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten());
    let of_thread = |thread: std::fs::DirEntry| -> u64 {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse().unwrap()
    };
    threads.map(of_thread).sum()
}

/// Lets this much time pass: it is what is measured over, nothing waits for anything to have happened in it.
pub(crate) fn watch(pids: &[i32], span: Duration) -> u64 {
    let before = sleeps(pids);
    std::thread::sleep(span);
    sleeps(pids) - before
}

#[test]
fn a_hundred_idle_instances_cause_no_wake_up_in_five_seconds() {
    // Not a `web`: that one is looked at until it listens.
    let project = Project::new("job: probe print up + wait\n");
    let mut running = project.start(&["-m", "job=100"]);
    for _ in 0..100 {
        running.line_where("an instance that is up", |line| line.ends_with("| up"));
    }
    let pids = [running.pid(), running.worker()];
    // What the start has left to do ends when it ends; the last of it is that all are ready, after a second.
    let begun = Instant::now();
    while watch(&pids, Duration::from_millis(1500)) > 0 {
        assert!(begun.elapsed() < PATIENCE, "it never comes to rest");
    }
    assert_eq!(watch(&pids, Duration::from_secs(5)), 0);
}
