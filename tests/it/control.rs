//! Promised: a running stack answers, each command of SPEC §9 with the status that its table names; clients
//! that are slow, broken or hostile do no harm; one start wins.
//!
//! Not promised: what a client of another user could do if root let it (see `control_hostile`).

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{PATIENCE, Ports, Project, Running};

/// Two of web, one worker; no exit ends the stack.
const STACK: &str = "web: probe print hello + trap HUP hupped 99 + trap TERM bye 0 + wait\n\
                     worker: probe lines w 20 + wait\n";

pub(crate) fn instance<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["instances"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()
}

#[test]
fn without_a_stack_every_command_has_status_3() {
    let stack = Project::new(STACK);
    let words: [&[&str]; 9] = [
        &["scale", "web=2"],
        &["ps"],
        &["logs"],
        &["restart"],
        &["stop", "web"],
        &["kill", "web"],
        &["wait"],
        &["port", "web"],
        &["down"],
    ];
    for words in words {
        let (status, out, err) = stack.run(words);
        assert_eq!((status, out.as_str()), (3, ""), "{words:?}");
        assert!(err.starts_with("error: no stack runs here\n"), "{words:?}: {err}");
        let with_json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let (status, document) = stack.json(&with_json);
        assert_eq!((status, &document["schema"], &document["pid"]), (3, &1.into(), &Value::Null));
    }
}

#[test]
fn ps_shows_every_instance_and_its_status_tells_whether_all_are_up() {
    let ports = Ports::claim();
    let stack = Project::new(STACK);
    let running = stack.start_until(&["-m", "web=2,worker=1", "-p", &ports.base()], &["worker.1 started"]);
    // `web` is up, and does not listen.
    let (status, document) = stack.json(&["ps", "--json"]);
    assert_eq!((status, document["pid"].as_i64()), (5, Some(running.pid().into())));
    crate::schema::check("docs/schema/status.json", &document);
    let web = instance(&document, "web.2");
    assert_eq!(
        (&web["state"], &web["port"], &web["restarts"]),
        (&"running".into(), &ports.at(0, 2).into(), &0.into())
    );
    assert!(web["memory_bytes"].as_u64().unwrap() > 100_000, "{web}");
    let (status, table, _) = stack.run(&["ps"]);
    assert_eq!((status, table.matches(" running ").count()), (5, 3), "{table}");
    assert_eq!(stack.run(&["stop", "worker"]).0, 0);
    let (status, document) = stack.json(&["ps", "--json"]);
    assert_eq!((status, &instance(&document, "worker.1")["state"]), (1, &"stopped".into()));
    crate::schema::check("docs/schema/status.json", &document);
    assert_eq!(stack.run(&["down"]).0, 0);
    assert_eq!(running.end().0.code(), Some(0), "an end that was asked for is no failure");
    assert_eq!(stack.run(&["ps"]).0, 3);
}

#[test]
fn restart_stop_start_and_kill_do_what_they_say_and_touch_no_other() {
    let stack = Project::new(STACK);
    let said = ["worker.1 started", "web.1    | ready", "web.2    | ready", "worker.1 | w:19"];
    let mut running = stack.start_until(&["-m", "web=2,worker=1", "--no-port"], &said);
    let pids =
        |document: &Value| ["web.1", "web.2", "worker.1"].map(|n| instance(document, n)["pid"].clone());
    let before = pids(&stack.json(&["ps", "--json"]).1);
    let (status, document) = stack.json(&["restart", "web.2", "--json"]);
    assert_eq!((status, document["instances"].as_array().unwrap().len()), (0, 1));
    running.lines(&["web.2    | bye", "web.2    | ready"]);
    let after = pids(&stack.json(&["ps", "--json"]).1);
    assert_eq!((&before[0], &before[2]), (&after[0], &after[2]));
    assert_ne!(before[1], after[1]);
    assert_eq!(stack.run(&["kill", "-s", "HUP", "web*"]).0, 0);
    running.lines(&["web.1    | hupped", "web.2    | hupped"]);
    assert_eq!(stack.run(&["stop", "web"]).0, 0);
    assert_eq!(stack.run(&["kill", "-s", "HUP", "web"]).0, 1);
    let (status, out, _) = stack.run(&["start", "web.1"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("web.1 running (pid "), "{out}");
    for (words, status, said) in [
        (["restart", "wbe"], 1, "no type or instance is called `wbe`: did you mean `web`?"),
        (["stop", "web.7"], 1, "no type or instance is called `web.7`"),
        (["start", "nope"], 1, "no type or instance is called `nope`"),
    ] {
        let (code, _, err) = stack.run(&words);
        assert_eq!(code, status, "{words:?}: {err}");
        assert!(err.contains(said), "{err}");
    }
    assert_eq!(stack.run(&["kill", "-s", "NOPE", "web"]).0, 2);
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
}

#[test]
fn logs_keep_what_was_said_over_a_restart_and_count_right() {
    let stack =
        Project::new("web: probe lines w 20 + bytes ff00 + print + wait\nother: probe print o + wait\n");
    let mut running = stack.start_until(&["--no-port"], &["| o", "w:19"]);
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    running.line("w:19");
    assert_eq!(stack.run(&["wait", "web", "--for", "log=^w:19"]).0, 0);
    let (_, out, _) = stack.run(&["logs", "web", "--grep", "^w:", "--no-prefix"]);
    assert_eq!(out.lines().count(), 40);
    let (_, out, _) = stack.run(&["logs", "web", "--grep", "^w:", "-n", "3"]);
    let starts: Vec<&str> = out.lines().map(|line| &line[..14]).collect();
    assert_eq!(starts, ["web.1   | w:17", "web.1   | w:18", "web.1   | w:19"]);
    let (status, document) = stack.json(&["logs", "other", "--json", "--since", "1h"]);
    let lines = document["lines"].as_array().unwrap();
    assert_eq!(
        (status, lines.len(), &lines[0]["process"], &lines[0]["text"]),
        (0, 1, &"other.1".into(), &"o".into())
    );
    assert_eq!(stack.run(&["logs", "--grep", "("]).0, 2);
    let mut following = Running::start(stack.ganger(&["logs", "-f", "-n", "1", "other"]));
    // Once it has said what there is, it listens.
    following.line("other.1 | o");
    assert_eq!(stack.run(&["restart", "other"]).0, 0);
    following.line("other.1 | o");
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    assert_eq!(following.wait().code(), Some(0), "the end of the stack is the end of its log");
    running.end();
}

#[test]
fn wait_says_reached_ended_late_or_nothing_runs() {
    let ports = Ports::claim();
    let stack =
        Project::new("web: probe wait\nother: probe print up + wait\nshort: probe pause 300 + exit 4\n");
    let running = stack.start_until(&["--exit-on", "never", "-p", &ports.base()], &["| up"]);
    for (words, status) in [
        (&["wait", "web", "--for", "up"][..], 0),
        (&["wait", "other"], 0),
        (&["wait", "web", "-t", "200ms"], 124),
        (&["wait", "other", "--for", "log=^up$"], 0),
        (&["wait", "other", "--for", "log=never", "-t", "200ms"], 124),
        (&["wait", "short", "--for", "exited"], 0),
        (&["wait", "short", "--for", "ready"], 1),
        (&["wait", "short", "--for", "log=never"], 1),
        (&["wait", "missing"], 1),
        (&["wait", "web", "--for", "lunch"], 2),
    ] {
        let (code, _, err) = stack.run(words);
        assert_eq!(code, status, "{words:?}: {err}");
    }
    assert_eq!(stack.run(&["port", "other.1"]), (0, format!("{}\n", ports.at(1, 1)), String::new()));
    assert_eq!(stack.run(&["port", "other.2"]).0, 1);
    assert_eq!(stack.json(&["port", "web", "--json"]).1["port"], ports.at(0, 1));
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn a_second_start_says_what_runs_and_the_ways_on() {
    let stack = Project::new(STACK);
    let ports = Ports::claim();
    let running = stack.start_until(&["-p", &ports.base()], &["worker.1 started"]);
    let (status, out, err) = stack.run(&["start"]);
    assert_eq!((status, out.as_str()), (1, ""));
    let (pid, port) = (format!("(pid {})", running.pid()), format!("port {}", ports.base()));
    for part in [&pid, "web.1 running", &port, "ganger down", "--name"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    let mut other = Running::start(stack.ganger(&["start", "--name", "b", "--no-port"]));
    other.line("worker.1 started");
    assert_eq!(stack.run(&["down", "--name", "b"]).0, 0);
    other.end();
    // Killed at once, both halves: the socket is stale, and simply replaced.
    let worker = running.worker();
    for pid in [running.pid(), worker] {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }
    drop(running);
    assert_eq!(stack.run(&["ps"]).0, 3);
    let again = stack.start_until(&[], &["worker.1 started"]);
    assert!(stack.is_up());
    again.signal(Signal::SIGTERM);
    again.end();
}

#[test]
fn in_the_background_nothing_of_the_caller_is_kept() {
    let stack = Project::new(STACK);
    let mut caller = Running::start(stack.ganger(&["start", "-D", "--no-port"]));
    assert_eq!(caller.wait().code(), Some(0));
    assert!(caller.all_gone_within(PATIENCE), "the caller's pipe is closed everywhere");
    assert!(stack.is_up());
    assert_eq!(stack.run(&["wait", "--for", "log=^hello", "web"]).0, 0);
    assert_eq!(stack.run(&["down"]).0, 0);
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn after_a_start_in_the_background_ps_never_races() {
    let stack = Project::new("web: probe wait\n");
    for round in 0..50 {
        // Its output was read to the end, so no process holds it any more.
        let (status, _, err) = stack.run(&["start", "-D", "--no-port"]);
        assert_eq!(status, 0, "{round}: {err}");
        assert!(stack.is_up(), "{round}");
        assert_eq!(stack.run(&["down", "-t", "0"]).0, 0, "{round}");
        assert_eq!(stack.run(&["ps"]).0, 3, "{round}");
    }
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn of_two_starts_at_the_same_moment_exactly_one_wins() {
    let stack = Project::new("web: probe wait\n");
    for round in 0..50 {
        let gate = std::sync::Barrier::new(2);
        let start = || {
            let mut command = stack.ganger(&["start", "-D", "--no-port"]);
            gate.wait();
            command.output().unwrap().status.code()
        };
        let mut codes = std::thread::scope(|scope| {
            let other = scope.spawn(start);
            [start(), other.join().unwrap()]
        });
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(1)], "{round}");
        assert_eq!(stack.run(&["down", "-t", "0"]).0, 0, "{round}");
    }
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn a_start_in_the_background_that_fails_prints_the_reason_and_the_last_lines() {
    let ports = Ports::claim();
    let stack = Project::new("web: probe print broken pipe dream + exit 7\nother: probe wait\n");
    let (status, out, err) = stack.run(&["start", "-D", "--wait=20", "--no-port"]);
    assert_eq!((status, out.as_str()), (7, ""), "{err}");
    assert!(err.contains("web.1 | broken pipe dream\n") && err.contains("exited with status 7"), "{err}");
    assert_eq!(stack.run(&["ps"]).0, 3);
    let stack = Project::new("web: no-such-program\n");
    let (status, _, err) = stack.run(&["start", "-D"]);
    assert_eq!(status, 127, "{err}");
    assert!(err.contains("no-such-program"), "{err}");
    let stack = Project::new("web: probe wait\n");
    let (status, _, err) = stack.run(&["start", "-D", "--wait=0.2", "-p", &ports.base()]);
    assert_eq!(status, 124, "{err}");
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
}

#[test]
fn of_many_starts_at_once_exactly_one_wins() {
    let stack = Project::new("web: probe wait\n");
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let mut command = stack.ganger(&["start", "-D", "--no-port"]);
            std::thread::spawn(move || command.output().unwrap().status.code())
        })
        .collect();
    let mut codes: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1), Some(1), Some(1), Some(1), Some(1)]);
    assert_eq!(stack.json(&["ps", "--json"]).1["instances"].as_array().unwrap().len(), 1);
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn a_stack_that_closes_its_socket_is_ending_and_the_next_start_waits_for_its_lock() {
    // Killed by SIGKILL, a process closes its socket and its lock one after the other. Here another process
    // dies, so that each moment can be held.
    let stack = Project::new("web: probe print hello + wait\n");
    let (status, _, err) = stack.run(&["start", "-D", "--no-port"]);
    assert_eq!(status, 0, "{err}");
    let socket = stack.socket();
    assert_eq!(stack.run(&["down"]).0, 0);
    let lock = std::fs::File::create(socket.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let hang_up = || drop(listener.accept().unwrap());
    let reader = stack.begin(&["ps"]);
    hang_up();
    assert_eq!(reader.end().0.code(), Some(3));
    let mut next = stack.begin(&["start", "--no-port"]);
    hang_up();
    hang_up();
    drop((listener, lock));
    next.line("hello");
    next.signal(Signal::SIGTERM);
    next.end();
}
