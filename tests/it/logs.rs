//! Promised: `logs` gives every line that is kept, in order, once, over restarts; one that reads too slowly is told
//! how many lines it has missed; with --json a document, or with -f a line each, as docs/schema says.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::harness::Project;
use crate::schema::check;

#[test]
fn lines_are_counted_right_over_restarts_by_names_globs_and_numbers() {
    let stack = Project::new("web: probe lines w 50 + wait\nworker: probe lines k 30 + wait\n");
    let said = ["web.1    | w:49", "web.2    | w:49", "worker.1 | k:29"];
    let mut running = stack.start_until(&["-m", "web=2,worker=1", "--no-port"], &said);
    assert_eq!(stack.run(&["restart", "web.2"]).0, 0);
    running.line("web.2    | w:49");
    // In the stream it stands before it stands in the history.
    assert_eq!(stack.run(&["wait", "web.2", "--for", "log=^w:49"]).0, 0);
    for (words, count) in [
        (&[][..], 180),
        (&["web"], 150),
        (&["web.2"], 100),
        (&["w*"], 180),
        (&["*.1", "worker"], 80),
        (&["{web.1,worker}"], 80),
        (&["-n", "7"], 7),
        (&["-n", "0"], 0),
        (&["web.1", "-n", "60"], 50),
        (&["--grep", "^w:7:"], 3),
        (&["worker", "--grep", ":2[0-9]:", "-n", "4"], 4),
        (&["--since", "1h"], 180),
        (&["--since", "0"], 0),
    ] {
        let words: Vec<&str> = ["logs", "--no-prefix"].iter().chain(words).copied().collect();
        let (status, out, err) = stack.run(&words);
        assert_eq!((status, out.lines().count()), (0, count), "{words:?}: {err}");
        let with_json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let (status, document) = stack.json(&with_json);
        check("docs/schema/logs.json", &document);
        assert_eq!((status, document["lines"].as_array().unwrap().len()), (0, count), "{words:?}");
        assert_eq!(document["lost"], 0);
    }
    let (_, out, _) = stack.run(&["logs", "web.1"]);
    let numbers: Vec<String> = (0..50).map(|line| format!("web.1    | w:{line}:")).collect();
    assert!(out.lines().zip(&numbers).all(|(line, number)| line.starts_with(number)), "{out}");
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    running.end();
}

#[test]
fn a_reader_that_follows_gets_what_comes_and_ends_with_the_stack() {
    let stack =
        Project::new("web: probe print early + bytes ff0a + trap HUP late 99 + wait\nother: probe wait\n");
    let mut running = stack.start_until(&["--no-port"], &["early"]);
    running.line("web.1   | ready");
    assert_eq!(stack.run(&["wait", "web", "--for", "log=^ready$"]).0, 0);
    let mut following = stack.begin(&["logs", "-f", "--json", "web"]);
    following.line("\"ready\"");
    assert_eq!(stack.run(&["kill", "-s", "HUP", "web"]).0, 0);
    following.line("\"late\"");
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    following.line("early");
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    assert_eq!(following.wait().code(), Some(0));
    let lines: Vec<Value> =
        following.all_said().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        check("docs/schema/line.json", line);
    }
    let said: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap_or("?")).take(5).collect();
    assert_eq!(said, ["early", "?", "ready", "late", "early"]);
    running.end();
}

#[test]
fn the_lines_of_start_are_as_the_schema_says_too() {
    let stack = Project::new("web: probe print up + exit 3\nother: probe wait\n");
    let (status, out, _) = stack.run(&["start", "--json"]);
    assert_eq!(status, 3);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        check("docs/schema/line.json", line);
    }
    assert!(lines.iter().any(|line| line["event"] == "exited" && line["status"] == 3), "{out}");
}

#[test]
fn a_reader_that_is_too_slow_gets_the_number_of_missed_lines() {
    const ALL: u64 = 120_000;
    let stack = Project::new(&format!(
        "web: echo patient; until [ -e go ]; do probe pause 5; done; \
         seq -f 'line %.0f of many that push each other out of the history' {ALL}; probe print done + wait\n"
    ));
    let mut running = stack.start_until(&["--no-port", "-q"], &["patient"]);
    let slow = UnixStream::connect(stack.socket()).unwrap();
    (&slow).write_all(b"{\"version\":1,\"id\":4,\"request\":\"logs\",\"follow\":true}\n").unwrap();
    let mut answers = BufReader::new(&slow)
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .inspect(|answer| assert_eq!(answer["id"], 4));
    assert_eq!(answers.next().unwrap()["line"]["text"], "patient");
    // It listens, and reads nothing until all is said.
    std::fs::write(stack.path().join("go"), "").unwrap();
    running.line("| done");
    let (mut heard, mut lost) = (0, 0);
    for answer in answers {
        lost += answer["lost"]["lines"].as_u64().unwrap_or(0);
        if answer["line"]["text"] == "done" {
            break;
        }
        heard += u64::from(answer["line"]["process"] == "web.1");
    }
    assert!(lost > 0 && heard > 1000, "{heard} were heard and {lost} lost");
    assert_eq!(heard + lost, ALL, "{heard} were heard and {lost} lost");
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    running.end();
}

#[test]
fn a_type_has_the_colour_of_start_whatever_part_of_the_formation_runs() {
    let stack = Project::new("web: probe wait\ndb: probe print up + wait\nworker: probe print busy + wait\n");
    let types = ["worker", "db"];
    let mut running =
        stack.start_until(&[&["--no-port", "--color=always"], &types[..]].concat(), &["up", "busy"]);
    for (kind, text) in types.iter().zip(["log=busy", "log=up"]) {
        assert_eq!(stack.run(&["wait", kind, "--for", text]).0, 0);
    }
    let printed = || {
        let output = stack.ganger(&["logs"]).env("FORCE_COLOR", "1").output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect::<Vec<_>>();
        assert_eq!(lines.len(), 2, "{lines:?}");
        lines
    };
    let of_the_stack = printed();
    assert_eq!(stack.run(&["down"]).0, 0);
    running.wait();
    let of_the_last_run = printed();
    let started = running.all_said();
    for line in of_the_stack.iter().chain(&of_the_last_run) {
        assert!(line.starts_with("\x1b[") && started.contains(line), "{line:?} in {started:?}");
    }
}
