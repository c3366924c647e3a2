//! Promised: `@NAME` means the types of a group of ganger.toml wherever types are named: at the start, of a running stack, of one
//! that has ended, in settings, in the console. A group that is not there is reported with the nearest one.

use serde_json::Value;

use crate::folder::{Folder, same_as_before};
use crate::harness::Project;
use crate::schema::check;

const PROCFILE: &str =
    "web: probe print armed + wait\nworker: probe print armed + wait\ncss: probe print armed + wait\n";
const GROUPS: &str = "[group.back]\ntypes = [\"web\", \"worker\", \"old\"]\n[group.none]\ntypes = \"old\"\n";

fn stack() -> Project {
    Project::new(PROCFILE).file("ganger.toml", GROUPS)
}

fn up(stack: &Project) -> Vec<String> {
    let (_, document) = stack.json(&["ps", "--json"]);
    check("docs/schema/status.json", &document);
    let rows = document["instances"].as_array().unwrap().iter().filter(|row| row["pid"] != Value::Null);
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_group_is_started_and_stopped_and_its_log_is_read() {
    let stack = stack();
    let running = stack.start_until(&["--no-port", "@back"], &["web.1    | armed", "worker.1 | armed"]);
    assert_eq!(up(&stack), ["web.1", "worker.1"]);
    assert_eq!(stack.json(&["ps", "--json"]).1["groups"]["back"], serde_json::json!(["web", "worker"]));
    assert_eq!(stack.run(&["scale", "css=1"]).0, 0);
    assert_eq!(stack.run(&["wait", "--for", "log=armed", "css"]).0, 0);
    assert_eq!(stack.run(&["wait", "--for", "up", "@back"]).0, 0);
    let (status, log, err) = stack.run(&["logs", "@back"]);
    assert!(status == 0 && log.contains("worker.1 | armed") && !log.contains("css.1"), "{log}{err}");
    let (status, out, err) = stack.run(&["stop", "@bakc"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("there is no group `@bakc`: did you mean `@back`?"), "{err}");
    // A type of the group without an instance is no mistake.
    assert_eq!(stack.run(&["scale", "worker=0"]).0, 0);
    let (status, out, err) = stack.run(&["restart", "@back"]);
    assert!(status == 0 && out.starts_with("web.1 running") && !out.contains("css"), "{out}{err}");
    assert_eq!(stack.run(&["stop", "@back"]).0, 0);
    assert_eq!(up(&stack), ["css.1"]);
    // Beside a running stack, `start` starts what is named.
    assert_eq!(stack.run(&["start", "@back"]).0, 0);
    assert_eq!(up(&stack), ["web.1", "css.1"]);
    // An edited group counts after a restart of all.
    stack.write("ganger.toml", "[group.front]\ntypes = \"css\"\n");
    assert_eq!(stack.run(&["restart"]).0, 0);
    assert_eq!(stack.run(&["stop", "@back"]).0, 1);
    assert_eq!(stack.run(&["stop", "@front"]).0, 0);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
    let (_, log, err) = stack.run(&["logs", "@front"]);
    assert!(log.contains("css.1") && !log.contains("web.1"), "{log}{err}");
}

#[test]
fn a_group_is_signalled_rolled_waited_for_and_read_and_a_command_waits_for_it() {
    let stack = Project::new(
        "web: probe trap USR1 heard 99 + print armed + wait\nworker: probe trap USR1 heard 99 + print armed + wait\n\
         css: probe trap USR1 heard 99 + print armed + wait\n",
    )
    .file("ganger.toml", &format!("{GROUPS}[group.one]\ntypes = [\"css\"]\n"));
    let mut running =
        stack.start_until(&["--no-port"], &["web.1    | armed", "worker.1 | armed", "css.1    | armed"]);
    assert_eq!(stack.run(&["kill", "-s", "USR1", "@back"]).0, 0);
    running.lines(&["web.1    | heard", "worker.1 | heard"]);
    let before = pids(&stack);
    assert_eq!(stack.run(&["restart", "--rolling", "@back"]).0, 0);
    let after = pids(&stack);
    assert!(before[..2] != after[..2] && before[2] == after[2], "{before:?} {after:?}");
    assert_eq!(stack.run(&["wait", "--for", "log=armed", "@back"]).0, 0);
    let (status, out, err) = stack.run(&["exec", "-w", "@back", "--", "echo", "fine"]);
    assert!(status == 0 && out == "fine\n", "{out}{err}");
    let (status, out, err) = stack.run(&["logs", "-n", "1", "@one"]);
    assert!(status == 0 && out.starts_with("css.1"), "{out}{err}");
    let (status, out, err) = stack.run(&["kill", "@one,@back"]);
    assert!(status != 0 && out.is_empty() && err.contains("@one,@back"), "{err}");
    let names = stack.run(&["doctor", "@none"]);
    assert!(names.0 != 0, "{names:?}");
    assert_eq!(stack.run(&["down"]).0, 0);
    let (_, lines) = running.end();
    assert!(!lines.iter().any(|line| line.contains("css.1    | heard")), "{lines:#?}");
    // Of a stack that has ended.
    let (status, out, _) = stack.run(&["wait", "--for", "exited", "@back"]);
    assert_eq!(status, 3, "{out}");
    assert!(!stack.run(&["logs", "--last", "@back"]).1.contains("css.1"));
}

/// The processes of the first instances, in the order of the Procfile. A second one of a rolling restart may be on its way out.
fn pids(stack: &Project) -> Vec<i64> {
    let rows = stack.json(&["ps", "--json"]).1["instances"].as_array().unwrap().clone();
    let is_first = |row: &&serde_json::Value| row["name"].as_str().unwrap().ends_with(".1");
    rows.iter().filter(is_first).map(|row| row["pid"].as_i64().unwrap()).collect()
}

#[test]
fn settings_of_types_take_a_group() {
    let toml = format!("{GROUPS}[process.css]\nafter = [\"@back\"]\n");
    let stack = stack().file("ganger.toml", &toml);
    let mut running = stack.start(&["--no-port", "--can-die", "@back"]);
    let started = |line: &str| line.contains(" started (pid");
    let order: Vec<String> = (0..3).map(|_| running.line_where("started", started)).collect();
    assert!(order[2].contains("css.1 started"), "{order:?}");
    assert_eq!(stack.run(&["kill", "-s", "KILL", "@back"]).0, 0);
    running.lines(&["web.1 killed by SIGKILL", "worker.1 killed by SIGKILL"]);
    assert_eq!(up(&stack), ["css.1"]);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn the_console_takes_a_group() {
    let stack = stack();
    let mut screen = stack.start_on_terminal(&["--no-port"]);
    screen.shows("armed\r\n");
    screen.type_keys(b"l @back\n");
    screen.shows("only lines of @back are shown");
    screen.type_keys(b"r css @back\n");
    screen.shows("css.1 started");
    screen.type_keys(b"l @bakc\n");
    screen.shows("no type or instance is called `@bakc`");
    assert_eq!(stack.run(&["down"]).0, 0);
    screen.end();
}

#[test]
fn settings_take_a_group() {
    let stack = stack();
    let running = stack.start_until(&["--no-port", "-x", "@back"], &["css.1  | armed"]);
    assert_eq!(up(&stack), ["css.1"]);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_group_that_cannot_be_used_is_reported_with_the_way_out() {
    let good = ("Procfile", "web: sleep 60\nworker: sleep 60\n");
    let commands = ["start @bakc", "start @none", "start @back=2", "start -x @bakc,web", "check"];
    let mut text = Folder::with(&[good, ("ganger.toml", GROUPS)]).transcript(&commands);
    text += &Folder::with(&[good]).transcript(&["start @back"]);
    let mistakes = "group = 1\n";
    text += &Folder::with(&[good, ("ganger.toml", mistakes)]).transcript(&["check"]);
    let mistakes =
        "[group.back]\ntypes = [1, [2]]\nname = 1\n[group.\"a b\"]\ntypes = \"web\"\n[group]\nx = 1\n";
    text += &Folder::with(&[good, ("ganger.toml", mistakes)]).transcript(&["check"]);
    let after = "[process.web]\nafter = [\"@none\", \"@x\"]\n";
    text += &Folder::with(&[good, ("ganger.toml", &format!("{GROUPS}{after}"))]).transcript(&["check"]);
    same_as_before("groups.txt", &text);
}

#[test]
fn otel_reaches_each_type_and_is_explained() {
    let stack = Project::new("web: probe env OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_ENDPOINT + wait\n")
        .file(".env", "OTEL_EXPORTER_OTLP_HEADERS=x\n");
    let lines = ["OTEL_SERVICE_NAME=web", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"];
    let mut running = stack.start_until(&["--no-port", "--otel", "http://localhost:4318"], &lines);
    assert_eq!(stack.run(&["scale", "web=2"]).0, 0);
    running.line("web.2  | OTEL_SERVICE_NAME=web");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
    let (_, out, err) = stack.run(&["env", "--otel", "http://localhost:4318", "--explain", "web"]);
    assert!(out.contains("OTEL_SERVICE_NAME") && out.contains("--otel"), "{out}{err}");
    let (status, _, err) = stack.run(&["start", "--otel", "localhost:4318"]);
    assert!(status == 2 && err.contains("expected http://HOST:PORT"), "{err}");
}
