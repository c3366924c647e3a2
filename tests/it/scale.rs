//! Promised: a running stack grows and shrinks by `ganger scale`, no other instance is touched, and ports follow the
//! rule of the start.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::control::instance;
use crate::harness::{Ports, Project, Running, holds};

/// What each instance has by the documents of `ps`: name and pid.
fn pids(stack: &Project) -> Vec<(String, i64)> {
    let (_, document) = stack.json(&["ps", "--json"]);
    let rows = document["instances"].as_array().unwrap();
    rows.iter().map(|row| (row["name"].as_str().unwrap().into(), row["pid"].as_i64().unwrap_or(0))).collect()
}

fn names(stack: &Project) -> Vec<String> {
    pids(stack).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn scale_starts_and_stops_what_it_says_and_touches_no_other() {
    let ports = Ports::claim();
    let stack = Project::new(
        "web: probe env PORT PS GANGER_PORT_CLOCK + trap TERM bye 0 + wait\nworker: probe wait\nclock: probe wait\n",
    );
    let mut running =
        stack.start_until(&["-p", &ports.base(), "-m", "web=1,worker=2"], &["worker.2 started"]);
    assert_eq!(stack.run(&["scale"]), (0, "web=1 worker=2 clock=0\n".into(), String::new()));
    let before = pids(&stack);
    let (status, out, err) = stack.run(&["scale", "web=3", "worker-1", "clock+1"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("web.2 running (pid ")
            && lines[0].ends_with(&format!(", port {})", ports.at(0, 2))),
        "{out}"
    );
    assert!(lines[2] == "worker.2 stopped" && lines[3].starts_with("clock.1 running"), "{out}");
    running.lines(&[
        &format!("web.3    | PORT={}", ports.at(0, 3)),
        "web.3    | PS=web.3",
        &format!("web.3    | GANGER_PORT_CLOCK={}", ports.at(2, 1)),
    ]);
    assert_eq!(stack.run(&["scale"]).1, "web=3 worker=1 clock=1\n");
    assert_eq!(names(&stack), ["web.1", "web.2", "web.3", "worker.1", "clock.1"]);
    let after = pids(&stack);
    assert_eq!((&after[0], &after[3]), (&before[0], &before[1]), "the instances before go on");
    let (status, document) = stack.json(&["scale", "web=1", "--json"]);
    crate::schema::check("docs/schema/status.json", &document);
    assert_eq!((status, &document["formation"]["web"]), (0, &1.into()));
    let gone: Vec<&Value> =
        document["instances"].as_array().unwrap().iter().map(|row| &row["state"]).collect();
    assert_eq!(gone, ["stopped", "stopped"]);
    assert_eq!(pids(&stack)[0], before[0], "the highest go first");
    assert!(stack.is_up(), "a removed instance is not down");
    assert_eq!(stack.run(&["scale", "web+1"]).0, 0);
    running.lines(&[&format!("web.2    | PORT={}", ports.at(0, 2)), "web.2    | ready"]);
    assert_eq!(stack.json(&["ps", "--json"]).1["instances"][1]["restarts"], 1);
    assert_eq!(
        stack.run(&["logs", "web.3", "--grep", "^PS="]).1,
        "web.3    | PS=web.3\n",
        "its words are kept"
    );
    assert_eq!(stack.run(&["scale", "web=2"]), (0, "web=2 worker=1 clock=1\n".into(), String::new()));
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_word_that_makes_no_sense_changes_nothing() {
    let ports = Ports::claim();
    let stack = Project::new("web: probe wait\nmy-job: probe wait\n");
    let running = stack.start_until(&["-p", &ports.base()], &["my-job.1 started"]);
    let before = pids(&stack);
    for (words, status, said) in [
        (&["scale", "wbe=2"][..], 1, "there is no type `wbe`: did you mean `web`?"),
        (&["scale", "web=2", "xyz+1"], 1, "there is no type `xyz`: there are web, my-job"),
        (&["scale", "web-2"], 1, "web has 1 instances, so 2 cannot go"),
        (&["scale", "web+10000"], 1, "10001 of web are too many: at most 10000"),
        (&["scale", "web=102"], 1, "those of a running stack do not move"),
        (&["scale", "web"], 2, "write TYPE=N, TYPE+N or TYPE-N"),
        (&["scale", "web=-1"], 2, "a count is a whole number"),
        (&["scale", "web=x"], 2, "a count is a whole number"),
    ] {
        let (code, out, err) = stack.run(words);
        assert_eq!((code, out.as_str()), (status, ""), "{words:?}: {err}");
        assert!(err.contains(said), "{words:?}: {err}");
    }
    assert_eq!(pids(&stack), before);
    assert_eq!(stack.run(&["scale"]).1, "web=1 my-job=1\n");
    assert_eq!(stack.run(&["scale", "my-job-1"]).0, 0);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_stack_that_was_scaled_to_nothing_goes_on() {
    let ports = Ports::claim();
    let stack = Project::new("web: probe print up + wait\nworker: probe wait\n");
    let mut running = stack.start_until(&["-p", &ports.base()], &["worker.1 started"]);
    assert_eq!(stack.run(&["scale", "web=0", "worker=0"]).0, 0);
    assert_eq!(stack.run(&["scale"]).1, "web=0 worker=0\n");
    let (status, document) = stack.json(&["ps", "--json"]);
    assert_eq!((status, document["instances"].as_array().unwrap().len()), (0, 0));
    let (status, _, err) = stack.run(&["start", "web"]);
    assert_eq!(status, 1);
    assert!(err.contains("there are no instances of `web`: `ganger scale web=1` starts one, "), "{err}");
    assert!(err.contains("`ganger start --name web web` a stack of its own"), "{err}");
    assert_eq!(stack.run(&["scale", "web=1"]).0, 0);
    running.line("web.1    | up");
    assert_eq!(stack.run(&["down"]).0, 0);
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn an_instance_that_was_stopped_and_scaled_away_comes_back_running() {
    let stack = Project::new("web: probe wait\n");
    let running = stack.start_until(&["--no-port", "web=2"], &["web.2 started"]);
    assert_eq!(stack.run(&["stop", "web.2"]).0, 0);
    assert_eq!(stack.run(&["scale", "web=2"]).1, "web=2\n", "a stopped instance counts");
    assert_eq!(stack.run(&["scale", "web=1"]), (0, "web.2 stopped\n".into(), String::new()));
    assert_eq!(names(&stack), ["web.1"]);
    let (status, _, err) = stack.run(&["start", "web.2"]);
    assert!(status == 1 && err.contains("no type or instance is called `web.2`"), "{err}");
    let (status, out, _) = stack.run(&["scale", "web=2"]);
    assert!(status == 0 && out.starts_with("web.2 running (pid "), "{out}");
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_new_instance_decides_the_end_and_a_removed_one_does_not() {
    let stack = Project::new("web: probe trap HUP dead 3 + trap TERM bye 9 + wait\n");
    let mut running = stack.start_until(&["--no-port"], &["ready"]);
    assert_eq!(stack.run(&["scale", "web=3"]).0, 0);
    running.lines(&["web.2  | ready", "web.3  | ready"]);
    assert_eq!(stack.run(&["scale", "web=2"]).0, 0);
    running.line("web.3 exited with status 9");
    assert!(stack.is_up());
    stack.run(&["kill", "-s", "HUP", "web.2"]);
    assert_eq!(running.end().0.code(), Some(3));
}

#[test]
fn scale_while_a_release_holds_the_start_waits_for_it_too() {
    let stack = Project::new("release: probe trap HUP done 0 + wait\nweb: probe wait\n");
    let mut running = stack.start_until(&["--release", "--no-port"], &["| ready"]);
    let mut scaling = Running::start(stack.ganger(&["scale", "web=2"]));
    assert!(holds(|| names(&stack).len() == 3), "web.2 is there, and waits");
    assert_eq!(instance(&stack.json(&["ps", "--json"]).1, "web.2")["state"], "waiting");
    let down = stack.run(&["scale", "web-1"]);
    assert_eq!(
        down,
        (0, "web.2 stopped\n".into(), String::new()),
        "an instance that has not started is not waited for"
    );
    assert_eq!(scaling.wait().code(), Some(1), "another request wanted the opposite");
    let (status, _, err) = stack.run(&["scale", "release=2"]);
    assert_eq!(status, 1);
    assert!(err.contains("`release` runs once, not 2 times"), "{err}");
    let mut scaling = Running::start(stack.ganger(&["scale", "web+2"]));
    assert!(holds(|| names(&stack).len() == 4));
    assert_eq!(stack.run(&["kill", "-s", "HUP", "release"]).0, 0);
    assert_eq!(scaling.wait().code(), Some(0));
    running.lines(&["web.1 started", "web.2 started", "web.3 started"]);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn scale_in_the_middle_of_a_restart_wins_and_the_restart_fails() {
    let stack = Project::new("web: probe ignore TERM + print up + wait\nother: probe wait\n");
    let said = ["other.1 started", "web.1   | up", "web.2   | up"];
    let mut running = stack.start_until(&["--no-port", "-t", "1h", "-m", "web=2,other=1"], &said);
    let webs = [pids(&stack)[0].1, pids(&stack)[1].1];
    let mut restart = Running::start(stack.ganger(&["restart", "web"]));
    let is_stopping = || instance(&stack.json(&["ps", "--json"]).1, "web.2")["state"] == "stopping";
    assert!(holds(is_stopping));
    let mut scaling = Running::start(stack.ganger(&["scale", "web=1"]));
    assert!(holds(|| stack.run(&["scale"]).1 == "web=1 other=1\n"));
    // What nothing else would end for an hour.
    for pid in webs {
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    }
    assert_eq!(scaling.wait().code(), Some(0));
    assert_eq!(scaling.all_said(), ["web.2 stopped"]);
    assert_eq!(restart.wait().code(), Some(1));
    assert_eq!(names(&stack), ["web.1", "other.1"]);
    assert_eq!(stack.run(&["scale", "web+1"]).0, 0, "its slot is its own");
    running.line("web.2   | up");
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
}

#[test]
fn an_impossible_scale_is_refused_and_the_rest_goes_on() {
    let ports = Ports::claim();
    let taken = std::net::TcpListener::bind(("127.0.0.1", ports.at(0, 2))).unwrap();
    let stack = Project::new("web: probe wait\nbad: no-such-program\n");
    let running = stack.start_until(&["-p", &ports.base(), "web"], &["web.1 started"]);
    let (status, _, err) = stack.run(&["scale", "web=2"]);
    assert_eq!(status, 0);
    assert!(
        err.contains(&format!("port {} of web.2 is in use by ", ports.at(0, 2))) && err.contains("warning: "),
        "{err}"
    );
    drop(taken);
    let (status, _, err) = stack.run(&["scale", "bad=1"]);
    assert_eq!(status, 1);
    assert!(err.contains("bad.1 cannot start: no-such-program: "), "{err}");
    assert_eq!(instance(&stack.json(&["ps", "--json"]).1, "bad.1")["state"], "failed");
    assert_eq!(stack.run(&["scale", "bad=0"]).0, 0);
    assert!(stack.is_up());
    stack.run(&["down"]);
    running.end();
}

#[test]
fn more_than_the_limits_allow_is_refused_with_the_reason() {
    let stack = Project::new("web: probe wait\n");
    let script = format!("ulimit -n 64; exec {} start --no-port", env!("CARGO_BIN_EXE_ganger"));
    let mut running = Running::start(stack.command(&["/bin/sh", "-c", &script]));
    running.line("web.1 started");
    let (status, _, err) = stack.run(&["scale", "web=100"]);
    assert_eq!(status, 1);
    assert!(err.contains("100 instances need 124 open files, and the limit is 64"), "{err}");
    assert_eq!(stack.run(&["scale"]).1, "web=1\n");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_follower_of_the_log_gets_new_instances_too() {
    let stack = Project::new("web: probe env PS + wait\nworker: probe env PS + wait\n");
    let mut running = stack.start_until(&["--no-port"], &["PS=web.1", "PS=worker.1"]);
    let mut following = Running::start(stack.ganger(&["logs", "-f", "web"]));
    following.line("PS=web.1");
    assert_eq!(stack.run(&["scale", "web=12", "worker=2"]).0, 0);
    following.line("PS=web.12");
    running.line("web.12   | PS=web.12");
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
    let (_, lines) = following.end();
    assert!(!lines.iter().any(|line| line.contains("worker")), "{lines:?}");
}

#[test]
fn many_scales_at_once_are_all_answered_and_the_last_one_counts() {
    let stack = Project::new("web: probe wait\nworker: probe trap TERM bye 0 + wait\n");
    let running = stack.start_until(&["--no-port"], &["worker.1 started"]);
    let words = ["web+1", "web-1", "worker=3", "worker=0", "web=2", "worker+2"];
    let clients: Vec<_> = (0..6)
        .map(|client| {
            let commands: Vec<_> = (0..8)
                .map(|nth| {
                    let word = words[(client * 5 + nth * 7) % words.len()];
                    let all: &[&str] = if nth == 4 { &["restart"] } else { &["scale", word] };
                    stack.ganger(all)
                })
                .collect();
            std::thread::spawn(move || {
                let status = |mut command: std::process::Command| command.output().unwrap().status.code();
                commands.into_iter().map(status).collect::<Vec<_>>()
            })
        })
        .collect();
    for client in clients {
        let codes = client.join().unwrap();
        // 1: one more could not go, or another request came in between.
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 1))), "{codes:?}");
    }
    assert_eq!(stack.run(&["scale", "web=2", "worker=1"]).0, 0);
    assert_eq!(names(&stack), ["web.1", "web.2", "worker.1"]);
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn coming_and_going_costs_no_descriptor() {
    let stack = Project::new("web: probe wait\n");
    let running = stack.start_until(&["--no-port"], &["web.1 started"]);
    let open = || std::fs::read_dir(format!("/proc/{}/fd", running.worker())).unwrap().count();
    stack.run(&["scale", "web=5"]);
    stack.run(&["scale", "web=1"]);
    let before = open();
    for _ in 0..10 {
        assert_eq!(stack.run(&["scale", "web=5"]).0, 0);
        assert_eq!(stack.run(&["scale", "web=1"]).0, 0);
    }
    assert!(holds(|| open() <= before), "{} and then {}", before, open());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_rolling_restart_starts_what_is_stopped() {
    let stack = Project::new("w: probe wait\nother: probe wait\n");
    let running = stack.start_until(&["--no-port", "-m", "w=2,other=1"], &["other.1 started"]);
    for words in [&["stop", "w"][..], &["stop", "w.1"]] {
        assert_eq!(stack.run(words).0, 0);
        let (status, out, err) = stack.run(&["restart", "--rolling", "w"]);
        assert_eq!((status, err.as_str()), (0, ""));
        assert!(out.contains("w.1 running") && out.contains("w.2 running"), "{out}");
    }
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}
