//! Nothing is left: whatever an instance started ends with it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Project, holds, sees_every_process};

#[test]
fn grandchildren_in_the_group_go_even_if_the_leader_has_quit() {
    let project =
        Project::new("web: probe trap TERM bye 0 + spawn + ignore TERM INT HUP + print stubborn + wait\n");
    let mut running = project.start(&["-t", "300ms"]);
    running.lines(&["| stubborn", "| ready"]);
    running.signal(Signal::SIGTERM);
    running.line("web.1 exited with status 0");
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("the grace is over")), "{lines:?}");
}

#[test]
fn pipelines_and_background_jobs_of_a_shell_go() {
    let project = Project::new("web: sleep 300 & yes | cat >/dev/null & probe print up; wait\n");
    let mut running = project.start(&[]);
    running.line("| up");
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn a_daemon_goes_with_the_stack_polite_or_not() {
    for daemon in ["touch daemon + wait", "ignore TERM + touch daemon + wait"] {
        let project = Project::new(&format!("web: probe spawn + daemon + {daemon}\nother: probe wait\n"));
        let mut running = project.start(&["-t", "300ms"]);
        running.line("other.1 started");
        let file = project.path().join("daemon");
        assert!(holds(|| file.exists()));
        running.signal(Signal::SIGTERM);
        running.end();
    }
}

#[test]
fn what_an_instance_leaves_at_its_own_end_goes_too() {
    let project = Project::new("web: sleep 300 & exit 0\n");
    let (status, lines) = project.start(&[]).end();
    assert_eq!(status.code(), Some(0));
    assert!(lines.iter().any(|line| line.contains("web.1 exited with status 0")), "{lines:?}");
}

#[test]
fn leftovers_of_one_instance_go_while_the_others_stay() {
    let project = Project::new(
        "web: trap '' TERM; probe daemon + touch daemon + wait\nother: probe trap TERM bye 0 + wait\n",
    );
    let mut running = project.start(&["-t", "1m,web=300ms", "--exit-on", "never"]);
    running.lines(&[
        "other.1 | ready",
        "web.1 is gone, but 1 process that it started is not: stopping",
        "the grace is over: killing web.1",
    ]);
    let daemon = std::fs::read_to_string(project.path().join("daemon")).unwrap();
    assert!(holds(|| !std::path::Path::new(&format!("/proc/{daemon}")).exists()));
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line == "other.1 | bye"), "{lines:?}");
}

#[test]
fn a_process_born_in_the_grace_does_not_slip_through() {
    if !sees_every_process() {
        return;
    }
    // Each link forks, leaves the session, ignores TERM and ends: the chain is never the same process twice.
    let project = Project::new("web: ./chain\n")
        .program("chain", "#!/bin/sh\ntrap '' TERM\nprobe touch link\nsetsid ./chain &\nexit 0\n");
    let running = project.start(&["-t", "200ms"]);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("web.1 exited")), "{lines:?}");
}

/// A chain is over when no process with the mark is left, whichever link it is. It does not end by itself.
#[test]
fn a_chain_of_forks_that_ignores_the_signal_is_gone_after_the_grace() {
    if !sees_every_process() {
        return;
    }
    let project = Project::new("chain: probe chain\nweb: probe wait\n");
    let mut running = project.start(&["-t", "300ms", "-m", "chain=4,web=1"]);
    running.line("the grace is over");
    running.end();
}

#[test]
fn a_chain_of_one_instance_ends_and_the_others_stay() {
    if !sees_every_process() {
        return;
    }
    let project = Project::new("chain: probe chain\nweb: probe trap TERM bye 0 + wait\n");
    let mut running = project.start(&["-t", "1m,chain=3s", "--exit-on=never"]);
    running.lines(&["web.1   | ready", "chain.1 is gone, but", "the grace is over: killing chain.1"]);
    // Monitor, worker, web.
    assert!(holds(|| running.mark().processes().len() == 3), "{:?}", running.mark().processes());
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line == "web.1   | bye"), "{lines:?}");
}

/// What `ganger stop one` will do, done by hand: its own process is told to end.
#[test]
fn of_fifty_one_ends_with_its_daemon_and_the_rest_is_not_touched() {
    let tree = "one: probe trap TERM bye 0 + spawn + daemon + ignore TERM + touch daemon + wait\n";
    let project = Project::new(&format!("{tree}other: probe trap TERM touched 99 + wait\n"));
    let mut running = project.start(&["-t", "1h,one=300ms", "--exit-on=never", "-m", "one=1,other=49"]);
    let line = running.line_where("one.1 started", |line| line.contains("one.1 started"));
    let one: i32 = line.split("pid ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    for _ in 0..49 {
        running.line_where("an other that is ready", |line| {
            line.starts_with("other.") && line.ends_with("ready")
        });
    }
    let daemon = project.path().join("daemon");
    assert!(holds(|| std::fs::read(&daemon).is_ok_and(|pid| !pid.is_empty())));
    kill(Pid::from_raw(one), Signal::SIGTERM).unwrap();
    running.line("one.1 is gone, but");
    running.line("the grace is over: killing one.1");
    // Monitor, worker, and the 49.
    assert!(holds(|| running.mark().processes().len() == 51), "{:?}", running.mark().processes());
    running.signal(Signal::SIGINT);
    for _ in 0..49 {
        running.line("| touched");
    }
    running.signal_until(Signal::SIGINT, "second signal");
    let (_, lines) = running.end();
    let touched = lines.iter().filter(|line| line.ends_with("| touched")).count();
    // Once each, at the end of all; not before.
    assert_eq!(touched, 49, "{lines:?}");
}
