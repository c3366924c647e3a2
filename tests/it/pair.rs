//! The pair: whichever half is killed, the other stops the stack.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::harness::{PATIENCE, Project, Running};

/// A quiet one, a stubborn one, a talker, a shell with a job, a daemon.
const STACK: &str = "\
quiet: probe trap TERM bye 0 + wait
stubborn: probe ignore TERM INT HUP + print stubborn + wait
shell: sleep 300 & sleep 301
daemon: probe print daemon-parent + daemon + ignore TERM + touch daemon + wait
last: probe print up + wait
";

fn stack() -> (Project, Running) {
    let project = Project::new(STACK);
    let mut running = project.start(&["-t", "300ms", "--exit-on", "never"]);
    running.lines(&["quiet.1    | ready", "| stubborn", "| up", "daemon.1 is gone, but"]);
    (project, running)
}

#[test]
fn the_worker_stops_the_stack_politely_when_its_monitor_is_killed() {
    let (_project, mut running) = stack();
    running.signal(Signal::SIGKILL);
    running.line("ganger's monitor is gone: stopping all");
    assert!(running.all_gone_within(PATIENCE));
    assert_eq!(running.mark().processes(), []);
}

#[test]
fn killing_the_group_of_the_monitor_is_no_different() {
    let project = Project::new(STACK);
    // Else the daemon's parent, which may end before the last has begun, would be the end of all.
    let mut command = project.ganger(&["start", "-t", "300ms", "--exit-on", "never"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut running = Running::start(command);
    running.line("last.1     | up");
    killpg(Pid::from_raw(running.pid()), Signal::SIGKILL).unwrap();
    assert!(running.all_gone_within(PATIENCE));
    assert_eq!(running.mark().processes(), []);
}

#[test]
fn the_monitor_stops_what_a_killed_worker_leaves_and_says_what_happened() {
    let (_project, running) = stack();
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(137), "{lines:?}");
    let said = "stderr: ganger: the worker killed by SIGKILL before its end: stopping what it ran";
    assert!(lines.iter().any(|line| line == said), "{lines:?}");
}

#[test]
fn a_command_right_after_a_kill_of_the_worker_waits_for_the_monitor() {
    for (command, expected) in [(&["ps"][..], 3), (&["down"], 3), (&["start", "-t", "300ms"], 0)] {
        let (project, running) = stack();
        let project = project.file("Procfile", "web: probe exit 0\n");
        kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
        let (status, _, err) = project.run(command);
        assert_eq!(status, expected, "{command:?}: {err}");
        assert_eq!(running.mark().processes(), [], "{command:?}");
        assert_eq!(running.end().0.code(), Some(137));
    }
}

#[test]
fn a_worker_that_is_stuck_does_not_make_us_unstoppable() {
    let (_project, running) = stack();
    // A stopped worker hears nothing, as one in an endless loop would not.
    kill(Pid::from_raw(running.worker()), Signal::SIGSTOP).unwrap();
    running.signal(Signal::SIGTERM);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(137), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("the worker does not end: killing it")), "{lines:?}");
}

#[test]
fn the_halves_have_different_names() {
    let (_project, running) = stack();
    let read = |pid: i32, what: &str| std::fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap();
    assert_eq!(read(running.pid(), "comm"), "ganger\n");
    assert_eq!(read(running.worker(), "comm"), "ganger-worker\n");
    assert!(!read(running.worker(), "cmdline").contains("start"));
    running.signal(Signal::SIGTERM);
    running.end();
}
