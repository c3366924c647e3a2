//! Promised: `ganger mcp` serves the stack to agents (docs/agents.md), and `ganger skill` prints commands that work. The client
//! is that of the official SDK; what a careless one sends is written by hand.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

use serde_json::{Value, json};

use crate::harness::{Ports, Project, holds, python_has};
use crate::schema::check;

/// The answers of a session of the SDK's client with these steps (tests/mcp/client.py).
fn session(project: &Project, flags: &[&str], steps: &Value) -> Vec<Value> {
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp/client.py");
    let steps = steps.to_string();
    let words = ["python3", client, &steps, env!("CARGO_BIN_EXE_ganger"), "mcp"];
    let output = project.command(&[&words, flags].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The document of an answer, which is no error.
fn document(answer: &Value) -> &Value {
    assert_eq!(answer["isError"], false, "{answer}");
    &answer["structuredContent"]
}

fn nothing_runs(project: &Project) -> bool {
    project.json(&["ps", "--json"]).0 == 3
}

fn rows_of(status: &Value) -> Vec<String> {
    let rows = document(status)["instances"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["state"].as_str().unwrap())).collect()
}

#[test]
fn an_agent_starts_a_stack_and_looks_at_it() {
    if !python_has(&["mcp"]) {
        return;
    }
    let ports = Ports::claim();
    let project = Project::new("web: python3 -m http.server $PORT\nworker: probe print at-work + wait\n");
    let steps = json!([
        ["call", "check", {}],
        ["call", "start", {"types": ["web", "worker"], "wait_seconds": 120}],
        ["call", "ps", {}],
        ["call", "wait", {"names": ["worker"], "for": "log=at-work", "timeout_seconds": 100}],
        ["call", "logs", {"names": ["worker"], "lines": 5, "since": "10m", "grep": "at-w.rk"}],
        ["call", "port", {"name": "web"}],
        ["resources"],
        ["read", "ganger://status"],
        ["read", "ganger://logs/worker.1"],
    ]);
    let answers = session(&project, &["-p", &ports.base()], &steps);
    let [checked, started, ps, waited, logs, port, resources, status, log] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(document(checked)["processes"][1]["name"], "worker");
    for answer in [started, ps, waited] {
        check("docs/schema/status.json", document(answer));
    }
    assert_eq!(rows_of(started), ["web.1 running", "worker.1 running"]);
    assert_eq!((rows_of(ps), rows_of(waited)), (rows_of(started), vec!["worker.1 running".into()]));
    check("docs/schema/logs.json", document(logs));
    assert_eq!(document(logs)["lines"][0]["text"], "at-work");
    assert_eq!(document(port)["port"].to_string(), ports.base());
    assert_eq!(*resources, json!(["ganger://status", "ganger://logs/web.1", "ganger://logs/worker.1"]));
    check("docs/schema/status.json", status);
    assert_eq!(log["lines"][0]["process"], "worker.1");
}

#[test]
fn an_agent_changes_a_stack_hears_of_it_and_runs_commands() {
    if !python_has(&["mcp"]) {
        return;
    }
    let project = Project::new("worker: probe wait\n").file(".env", "PASSWORD=secret-of-env\n");
    let steps = json!([
        ["tools"],
        ["call", "start", {}],
        ["heard", "ready"],
        ["call", "scale", {"steps": ["worker=2"]}],
        ["call", "restart", {"names": ["worker.1"]}],
        ["call", "stop", {"names": ["worker.2"]}],
        ["heard", "exited"],
        ["call", "run", {"command": ["sh", "-c", "echo oops >&2; exit 3"]}],
        ["call", "env", {"type": "worker"}],
        ["call", "doctor", {"only": "VII"}],
        ["call", "down", {}],
        ["call", "ps", {}],
    ]);
    let answers = session(&project, &[], &steps);
    let [tools, _, _, scaled, restarted, stopped, _, ran, env, doctor, down, gone] = &answers[..] else {
        panic!("{answers:?}")
    };
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agents.md")).unwrap();
    for tool in tools.as_array().unwrap() {
        assert!(page.contains(&format!("\n| `{}` |", tool.as_str().unwrap())), "docs/agents.md lacks {tool}");
    }
    assert_eq!(document(scaled)["formation"]["worker"], 2);
    assert_eq!(rows_of(restarted), ["worker.1 running"]);
    assert_eq!(rows_of(stopped), ["worker.2 stopped"]);
    assert_eq!(ran["isError"], true);
    let ran = &ran["structuredContent"];
    assert_eq!((&ran["exit_status"], &ran["stderr"]), (&json!(3), &json!("oops\n")));
    assert!(env.to_string().contains("PASSWORD") && !format!("{answers:?}").contains("secret-of-env"));
    check("docs/schema/doctor.json", document(doctor));
    document(down);
    assert_eq!(gone["isError"], true);
    assert_eq!(gone["structuredContent"]["error"]["code"], "nothing_runs");
}

#[test]
fn a_start_that_fails_says_why_to_an_agent() {
    if !python_has(&["mcp"]) {
        return;
    }
    let ports = Ports::claim();
    let project = Project::new("web: probe print no-database + exit 3\n");
    let taken = TcpListener::bind(format!("0.0.0.0:{}", ports.base())).unwrap();
    project.write("ganger.toml", "prot = 1\n");
    let checked = session(&project, &[], &json!([["call", "check", {}]]));
    assert_eq!(
        (&checked[0]["isError"], checked[0]["structuredContent"]["errors"][0]["line"].as_u64()),
        (&json!(true), Some(1))
    );
    project.write("Procfile.slow", "web: probe print slow + wait\n");
    project.write("ganger.toml", "");
    project.write("Procfile.taken", &format!("web: python3 -m http.server {}\n", ports.base()));
    let crashed = session(&project, &[], &json!([["call", "start", {}]]));
    let error = &crashed[0]["structuredContent"]["error"];
    assert_eq!((&error["process"], &error["exit_status"]), (&json!("web.1"), &json!(3)), "{crashed:?}");
    assert_eq!(error["lines"][0]["text"], "no-database");
    let steps = json!([["call", "start", {"wait_seconds": 60}]]);
    let refused = session(&project, &["-f", "Procfile.taken"], &steps);
    assert!(refused[0]["structuredContent"]["error"]["lines"].to_string().contains("in use"), "{refused:?}");
    drop(taken);
    project.write("ganger.toml", "[process.web]\nready = \"log:never\"\n");
    let slow = session(
        &project,
        &["-f", "Procfile.slow"],
        &json!([["call", "start", {"wait_seconds": 1}], ["call", "down", {}]]),
    );
    let error = &slow[0]["structuredContent"]["error"];
    assert_eq!(error["code"], "timed_out", "{slow:?}");
    assert!(error["message"].as_str().unwrap().contains("web.1"), "{error}");
}

#[test]
fn a_stack_ends_with_the_session_that_started_it_unless_it_is_kept() {
    if !python_has(&["mcp"]) {
        return;
    }
    let project = Project::new("worker: probe print at-work + wait\n");
    document(&session(&project, &[], &json!([["call", "start", {}]]))[0]);
    assert!(holds(|| nothing_runs(&project)));
    document(&session(&project, &[], &json!([["call", "start", {"keep": true}]]))[0]);
    assert!(!nothing_runs(&project));
    assert_eq!(project.run(&["down"]).0, 0);
}

/// A client without manners.
struct RawClient {
    server: Child,
    input: ChildStdin,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl RawClient {
    fn start(project: &Project) -> Self {
        let mut command = project.ganger(&["mcp"]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(server.stdout.take().unwrap()).lines();
        Self { input: server.stdin.take().unwrap(), server, answers }
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    fn answer(&mut self) -> Value {
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_next_one_is_answered() {
    let project = Project::new("worker: probe wait\n");
    let mut client = RawClient::start(&project);
    for (line, id, code) in [
        ("{", json!(null), json!(-32700)),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, json!(1), json!(-32600)),
        (r#"{"jsonrpc":"2.0","id":2,"method":"fly"}"#, json!(2), json!(-32601)),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}"#,
            json!(3),
            json!(-32002),
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"fly"}}"#,
            json!(4),
            json!(-32602),
        ),
        (
            r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"logs","arguments":{"lines":-1}}}"#,
            json!(5),
            json!(-32602),
        ),
        (r#"{"jsonrpc":"2.0","id":"six","method":"ping"}"#, json!("six"), json!(null)),
    ] {
        client.send(line);
        let answer = client.answer();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &code), "{line}: {answer}");
    }
    drop(client.input);
    assert!(client.server.wait().unwrap().success());
}

#[test]
fn a_call_that_is_cancelled_ends_its_command_and_is_not_answered() {
    let project = Project::new("worker: probe wait\n");
    let mut client = RawClient::start(&project);
    let command = json!(["sh", "-c", "echo $$ >pid; exec sleep 1000"]);
    let call = json!({"name": "run", "arguments": {"command": command, "timeout_seconds": 3600}});
    client.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).to_string());
    let file = project.path().join("pid");
    assert!(holds(|| std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))));
    let pid = std::fs::read_to_string(&file).unwrap();
    client.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
            .to_string(),
    );
    assert!(holds(|| !Path::new("/proc").join(pid.trim()).exists()));
    client.send(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(client.answer()["id"], 2);
    drop(client.input);
    assert!(client.server.wait().unwrap().success());
}

impl RawClient {
    /// The client is ready for notifications.
    fn initialize(&mut self) {
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}});
        self.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string());
        assert_eq!(self.answer()["id"], 0);
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }

    /// Waits for a log message about this event; its data.
    fn heard(&mut self, event: &str) -> Value {
        loop {
            let data = self.answer()["params"]["data"].take();
            if data["event"] == event {
                return data;
            }
        }
    }
}

#[test]
fn a_stack_that_another_terminal_starts_is_heard_of_from_its_start_to_its_end() {
    let project = Project::new("worker: probe print armed + wait\nlate: probe print armed + wait\n");
    let mut client = RawClient::start(&project);
    client.initialize();
    for _ in 0..2 {
        let running = project
            .start_until(&["--no-port", "--exit-on", "never"], &["worker.1 | armed", "late.1   | armed"]);
        let mut ready = [client.heard("ready"), client.heard("ready")];
        for event in &ready {
            check("docs/schema/event.json", event);
        }
        ready.sort_by_key(|event| event["process"].to_string());
        assert_eq!((&ready[0]["process"], &ready[1]["process"]), (&json!("late.1"), &json!("worker.1")));
        assert_eq!(project.run(&["kill", "-s", "KILL", "worker"]).0, 0);
        let exited = client.heard("exited");
        assert_eq!((&exited["signal"], &exited["failed"]), (&json!("SIGKILL"), &json!(true)));
        assert_eq!(project.run(&["down"]).0, 0);
        running.end();
        client.heard("ended");
    }
    drop(client.input);
    assert!(client.server.wait().unwrap().success());
}

#[test]
fn a_command_of_run_ends_with_a_server_that_is_killed() {
    let project = Project::new("worker: probe wait\n");
    let mut client = RawClient::start(&project);
    let command = json!(["sh", "-c", "trap '' TERM; echo $$ >pid; while :; do sleep 1000; done"]);
    let call = json!({"name": "run", "arguments": {"command": command, "timeout_seconds": 3600}});
    client.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).to_string());
    let file = project.path().join("pid");
    assert!(holds(|| std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))));
    let pid = std::fs::read_to_string(&file).unwrap();
    client.server.kill().unwrap();
    client.server.wait().unwrap();
    assert!(holds(|| !Path::new("/proc").join(pid.trim()).exists()));
}

#[test]
fn each_command_of_the_skill_works() {
    let project = Project::new("worker: probe print at-work + wait\n").program("bin/migrate", "#!/bin/sh\n");
    let (status, skill, _) = project.run(&["skill"]);
    assert_eq!(status, 0);
    assert!(skill.starts_with("---\nname: ganger\ndescription: "), "{skill}");
    let blocks = skill.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let commands: Vec<&str> =
        blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(commands.len(), 10);
    let (_, paragraph, _) = project.run(&["skill", "--agents"]);
    let quoted: Vec<&str> =
        paragraph.split('`').skip(1).step_by(2).filter(|span| span.starts_with("ganger ")).collect();
    assert_eq!(quoted.len(), 7);
    for command in commands.iter().chain(&quoted) {
        let words: Vec<&str> = command.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
        let (status, out, err) = project.run(&words);
        assert_eq!(status, 0, "{command}: {out}{err}");
    }
    assert!(nothing_runs(&project));
}
