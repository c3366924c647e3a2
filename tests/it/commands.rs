//! Promised: every command about a running stack knows types, instances and globs, suggests what a wrong name may
//! have meant, prints with --json what docs/schema says and nothing else on standard output, and never asks.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{Ports, Project, Running, can, holds};
use crate::schema::check;

const STATUS: &str = "docs/schema/status.json";

/// Words, status, and how many instances the document is about.
type Asked<'a> = (&'a [&'a str], i32, usize);

#[test]
fn a_document_follows_its_schema_and_is_about_the_named_instances() {
    let ports = Ports::claim();
    let stack =
        Project::new("web: probe print hello + wait\nworker: probe print up + wait\nseed: probe exit 0\n");
    let running = stack.start_until(
        &["-m", "web=2,worker=1,seed=1", "-p", &ports.base(), "--exit-on", "never"],
        &["worker.1 | up"],
    );
    let asked: [Asked<'_>; 16] = [
        (&["wait", "seed", "--for", "exited"], 0, 1),
        (&["ps"], 1, 4),
        (&["wait", "w*", "--for", "up"], 0, 3),
        (&["wait", "worker", "--for", "log=^up$"], 0, 1),
        (&["kill", "-s", "CONT", "web"], 0, 2),
        (&["kill", "-s", "CONT", "*.2"], 0, 1),
        (&["restart", "web.2"], 0, 1),
        (&["restart", "{web,worker}"], 0, 3),
        (&["stop", "w?b"], 0, 2),
        (&["stop", "web", "web.1"], 0, 2),
        (&["start", "web.1"], 0, 1),
        (&["start", "web.1,web.2"], 0, 2),
        (&["start", "web", "worker"], 0, 3),
        (&["wait", "worker"], 0, 1),
        (&["start", "seed"], 0, 1),
        (&["down", "-t", "1"], 0, 0),
    ];
    for (words, status, count) in asked {
        let with_json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let (code, document) = stack.json(&with_json);
        check(STATUS, &document);
        let rows = document["instances"].as_array().unwrap();
        assert_eq!((code, rows.len()), (status, count), "{words:?}: {document}");
        assert_eq!(document["pid"].is_null(), words[0] == "down", "{words:?}");
    }
    running.end();
}

#[test]
fn a_wrong_name_is_refused_by_every_command_with_what_it_may_have_meant() {
    let stack = Project::new("web: probe print hello + wait\nworker: probe wait\n");
    let running = stack.start_until(&["--no-port"], &["hello"]);
    let commands: [&[&str]; 8] = [
        &["logs"],
        &["restart"],
        &["stop"],
        &["start"],
        &["kill", "-s", "CONT"],
        &["wait"],
        &["wait", "--for", "exited"],
        &["port"],
    ];
    for words in commands {
        for (name, said) in [("wrker", "did you mean `worker`?"), ("web.7", "did you mean `web.1`?")] {
            for more in [&[][..], &["--json"]] {
                let words: Vec<&str> =
                    words.iter().copied().chain([name]).chain(more.iter().copied()).collect();
                let (status, out, err) = stack.run(&words);
                assert_eq!((status, out.is_empty()), (1, more.is_empty()), "{words:?}: {err}");
                assert!(err.contains(&format!("no type or instance is called `{name}`")), "{words:?}: {err}");
                assert!(err.contains(said), "{words:?}: {err}");
            }
        }
    }
    for (words, said) in
        [(["stop", "x*"], "no type or instance is called `x*`"), (["port", "web"], "web.1 has no port")]
    {
        let (status, _, err) = stack.run(&words);
        assert!(status == 1 && err.contains(said), "{words:?}: {err}");
    }
    // No name is given: that is no stop of all.
    for words in [["stop"], ["kill"], ["port"]] {
        assert_eq!(stack.run(&words).0, 2, "{words:?}");
    }
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
}

#[test]
fn down_with_a_grace_kills_what_ignores_the_signal() {
    let stack = Project::new("web: probe ignore TERM + print deaf + wait\nother: probe wait\n");
    let running = stack.start_until(&["--no-port", "-t", "1h"], &["deaf"]);
    let (status, out, err) = stack.run(&["down", "--timeout", "100ms"]);
    assert_eq!((status, out.as_str()), (0, "stopped; 2 of its instances ran\n"), "{err}");
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(lines.iter().any(|line| line.contains("killing")), "{lines:?}");
    assert_eq!(stack.run(&["down"]).0, 3);
}

#[test]
fn wait_ends_when_no_instance_can_get_there_or_the_stack_has_ended() {
    let stack = Project::new("web: probe print up + wait\nshort: probe wait\n");
    let ended = || {
        let running = stack.start_until(&["--no-port"], &["| up"]);
        let mut waiting = [
            stack.begin(&["wait", "web", "--for", "exited", "-t", "60"]),
            stack.begin(&["wait", "web", "--for", "log=never", "-t", "60"]),
            stack.begin(&["logs", "-f", "web"]),
        ];
        waiting[2].line("up");
        assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
        running.end();
        waiting.map(|mut waiting| waiting.wait().code().unwrap())
    };
    // One that comes only after the end finds no stack (3); that it waits already cannot be seen from outside.
    assert!(holds(|| ended() == [0, 1, 0]));
}

#[test]
fn stacks_of_one_folder_with_names_live_side_by_side() {
    let stack = Project::new("web: probe print up + wait\n");
    let names = ["", "a", "b c", "ä/../x"];
    let of = |name: &'static str, words: &[&'static str]| -> Vec<&'static str> {
        let which = if name.is_empty() { vec![] } else { vec!["--name", name] };
        words.iter().copied().chain(which).collect()
    };
    let stacks: Vec<Running> = names
        .iter()
        .map(|name| {
            let mut running = stack.begin(&of(name, &["start", "--no-port"]));
            running.line("| up");
            running
        })
        .collect();
    let pids: Vec<Value> =
        names.iter().map(|name| stack.json(&of(name, &["ps", "--json"])).1["pid"].clone()).collect();
    assert_eq!(pids, stacks.iter().map(|running| Value::from(running.pid())).collect::<Vec<_>>());
    for (name, mut running) in names.iter().zip(stacks).rev() {
        assert_eq!(stack.run(&of(name, &["down", "-t", "1"])).0, 0);
        assert_eq!(running.wait().code(), Some(0));
        assert_eq!(stack.run(&of(name, &["ps"])).0, 3);
        // The one without a name is the last.
        assert_eq!(stack.is_up(), !name.is_empty());
    }
}

#[test]
fn what_a_killed_stack_left_is_its_own_business_and_not_that_of_another_name() {
    let stack = Project::new("web: trap '' TERM; probe daemon + touch daemon + wait\nother: probe wait\n");
    let mut first = stack.begin(&["start", "--no-port", "--exit-on", "never"]);
    first.line("web.1 started");
    assert!(holds(|| stack.path().join("daemon").exists()));
    first.kill_both();
    let mut other = stack.begin(&["start", "--name", "b", "--no-port", "--exit-on", "never"]);
    other.line("web.1 started");
    other.signal(nix::sys::signal::Signal::SIGTERM);
    other.wait();
    let said = other.all_said();
    assert!(!said.iter().any(|line| line.contains("earlier run")), "{said:?}");
    let again = stack.run(&["start", "--no-port", "--sweep", "-m", "all=0"]);
    assert!(again.2.contains("earlier run"), "{again:?}");
}

#[test]
fn where_the_folder_is_another_users_no_socket_is_made_and_start_reports_it() {
    let is_root = nix::unistd::geteuid().is_root();
    if !can("giving a folder to another user", is_root) {
        return;
    }
    let stack = Project::new("web: probe print up + wait\n");
    let folder = stack.runtime();
    let foreign = folder.join("ganger");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::set_permissions(&foreign, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::os::unix::fs::chown(&foreign, Some(65534), Some(65534)).unwrap();
    // The next place is taken, and found by others.
    let running = stack.start_until(&["--no-port"], &["| up"]);
    assert_eq!(std::fs::read_dir(&foreign).unwrap().count(), 0, "nothing was put there");
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
}
