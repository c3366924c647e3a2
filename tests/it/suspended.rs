//! A stack that is suspended, or hangs, is reported as such by every command, and `down` stops a suspended one.

use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ganger::parts::process::signals::stop_unless;
use ganger::parts::process::tree::is_stopped;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::harness::{Project, Running, can, holds};

const STACK: &str = "web: probe trap TERM bye 0 + wait\n";

fn started() -> (Project, Running) {
    let project = Project::new(STACK);
    let running = project.start_until(&["--no-port", "-t", "1"], &["| ready"]);
    (project, running)
}

fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

#[test]
fn every_command_reports_a_suspended_stack_and_down_stops_it() {
    let (project, running) = started();
    running.signal(Signal::SIGTSTP);
    assert!(holds(|| is_stopped(running.pid()) && is_stopped(running.worker())));
    let pid = running.pid();
    let message = format!("error: the stack here is suspended (pid {pid}): `fg`, or `kill -CONT {pid}`\n");
    let commands: [&[&str]; 12] = [
        &["ps"],
        &["logs", "-n1"],
        &["logs", "-f"],
        &["scale"],
        &["scale", "web=2"],
        &["restart"],
        &["stop", "web"],
        &["kill", "web"],
        &["wait"],
        &["port", "web"],
        &["start"],
        &["exec", "--", "true"],
    ];
    for command in commands {
        let (status, out, err) = project.run(command);
        assert_eq!((status, out.as_str()), (4, ""), "{command:?}: {err}");
        assert!(err.starts_with(&message), "{command:?}: {err}");
    }
    let (status, document) = project.json(&["ps", "--json"]);
    crate::schema::check("docs/schema/status.json", &document);
    assert_eq!((status, &document["state"], &document["pid"]), (4, &"suspended".into(), &pid.into()));
    assert_eq!(project.run(&["down"]).0, 0);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    assert!(lines.iter().any(|line| line == "web.1  | bye"), "{lines:?}");
}

#[test]
fn a_suspension_that_is_taken_back_at_once_does_not_last() {
    let project = Project::new(STACK);
    let (status, _) = Project::new("web: probe exit 0\n").start(&["--isolate"]).end();
    let is_possible = can("a namespace of process ids", status.code() == Some(0));
    for isolate in [false, true].into_iter().filter(|isolate| !isolate || is_possible) {
        let mode = if isolate { "--isolate" } else { "--quiet" };
        let running = project.start_until(&["--no-port", "-t", "1", mode], &["| ready"]);
        for _ in 0..50 {
            running.signal(Signal::SIGTSTP);
            running.signal(Signal::SIGCONT);
        }
        assert!(holds(|| project.is_up()), "{mode}");
        // It stays so.
        for _ in 0..20 {
            assert!(project.is_up(), "{mode}");
        }
        assert_eq!(project.run(&["down"]).0, 0);
        assert_eq!(running.end().0.code(), Some(0));
    }
}

/// A process of the tests does this as it is asked to by a variable: in a group that is not orphaned, as a shell makes it.
#[test]
fn a_stop_is_taken_back_until_it_happens() {
    const ROLE: &str = "GANGER_TEST_STOP";
    if let Ok(role) = std::env::var(ROLE) {
        stop_unless(|| {
            if role == "continued" {
                kill(Pid::this(), Signal::SIGCONT).unwrap();
            }
            role == "withdrawn"
        });
        return;
    }
    for (role, is_stopped) in [("withdrawn", false), ("continued", false), ("stopped", true)] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "suspended::a_stop_is_taken_back_until_it_happens";
        command.args(["--exact", name]).env(ROLE, role).stdout(Stdio::null()).process_group(0);
        let child = Pid::from_raw(command.spawn().unwrap().id().cast_signed());
        let mut status = waitpid(child, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(status == WaitStatus::Stopped(child, Signal::SIGTSTP), is_stopped, "{role}: {status:?}");
        if is_stopped {
            kill(child, Signal::SIGCONT).unwrap();
            status = waitpid(child, None).unwrap();
        }
        assert_eq!(status, WaitStatus::Exited(child, 0), "{role}");
    }
}

#[test]
fn either_half_may_be_stopped_alone() {
    let (project, running) = started();
    send(running.worker(), Signal::SIGSTOP);
    assert!(holds(|| is_stopped(running.worker())));
    assert_eq!(project.run(&["ps"]).0, 4);
    running.signal(Signal::SIGCONT);
    assert!(holds(|| !is_stopped(running.worker())));
    assert!(project.is_up());
    // The worker answers, but its monitor would not see its end.
    running.signal(Signal::SIGSTOP);
    assert!(holds(|| is_stopped(running.pid())));
    assert!(project.is_up());
    assert_eq!(project.run(&["down"]).0, 0);
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn a_stack_that_hangs_is_reported_within_seconds() {
    let (project, running) = started();
    let files = std::fs::read_dir(project.runtime().join("ganger")).unwrap().flatten();
    let socket: PathBuf = files
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|it| it == "socket"))
        .unwrap();
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    // In its place, one that accepts and never answers.
    let _listener = UnixListener::bind(&socket).unwrap();
    let lock = std::fs::File::create(socket.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let pid = std::process::id();
    std::io::Write::write_all(&mut &lock, pid.to_string().as_bytes()).unwrap();
    let (status, document) = project.json(&["ps", "--json"]);
    crate::schema::check("docs/schema/status.json", &document);
    assert_eq!((status, &document["state"], &document["pid"]), (4, &"unresponsive".into(), &pid.into()));
    let (status, _, err) = project.run(&["start"]);
    assert_eq!(status, 4, "{err}");
    assert!(err.starts_with(&format!("error: the stack here does not answer (pid {pid})\n")), "{err}");
}
