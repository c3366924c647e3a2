//! Promised: `ganger ps --timeline` tells when each instance was first started, what it waited for and when it was ready, and marks the
//! chain of instances for which a slow start took so long. Restarts, and instances that are added later, do not change it.

use serde_json::Value;

use crate::harness::{Project, holds};
use crate::schema::check;

const PROCFILE: &str =
    "web: probe print serving + wait\nseed: probe exit 0\ndb: probe wait\nlog: probe print up + wait\n";
const SETTINGS: &str = "[process.web]\nafter = [\"seed\"]\n[process.seed]\nonce = true\nafter = [\"db\"]\n\
                        [process.db]\nready = \"cmd:test -e go\"\n";

fn timeline(project: &Project) -> Value {
    let (_, document) = project.json(&["ps", "--timeline", "--json"]);
    check("docs/schema/status.json", &document);
    document["timeline"].clone()
}

fn of<'a>(timeline: &'a Value, name: &str) -> &'a Value {
    timeline["instances"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()
}

#[test]
fn the_chain_of_a_slow_start_is_told_and_neither_a_restart_nor_a_later_instance_changes_it() {
    let project = Project::new(PROCFILE).file("ganger.toml", SETTINGS);
    let running = project.start_until(&["--no-port"], &["log.1  | up"]);
    let chain = serde_json::json!(["db.1", "seed.1", "web.1"]);
    // While it goes on: the ready instance is not in the chain.
    assert!(holds(|| of(&timeline(&project), "log.1")["ready_seconds"].is_number()));
    let before = timeline(&project);
    assert_eq!((&before["ready_seconds"], &before["critical_chain"]), (&Value::Null, &chain), "{before}");
    assert_eq!(of(&before, "web.1")["waited_for"], serde_json::json!(["seed.1"]));
    let (status, text, _) = project.run(&["ps", "--timeline"]);
    assert_eq!(status, 1, "not all are up");
    assert!(
        text.contains("* seed.1  db.1        -        waiting") && text.contains("not all are ready after"),
        "{text}"
    );
    project.write("go", "");
    assert_eq!(project.run(&["wait"]).0, 0);
    let after = timeline(&project);
    assert_eq!(after["critical_chain"], chain, "{after}");
    let time = |name: &str, what: &str| of(&after, name)[what].as_f64().unwrap();
    assert!(time("db.1", "ready_seconds") <= time("seed.1", "started_seconds"), "{after}");
    assert!(time("seed.1", "ready_seconds") <= time("web.1", "started_seconds"), "{after}");
    assert_eq!(of(&after, "web.1")["ready_seconds"], after["ready_seconds"], "{after}");
    let (_, drawn, _) = project.run(&["ps", "--timeline"]);
    assert_eq!(project.run(&["restart", "web"]).0, 0);
    assert_eq!(project.run(&["scale", "log+1"]).0, 0);
    assert_eq!(project.run(&["wait"]).0, 0);
    let later = timeline(&project);
    assert_eq!(
        (&later["critical_chain"], &later["ready_seconds"]),
        (&chain, &after["ready_seconds"]),
        "{later}"
    );
    assert!(of(&later, "log.2")["due_seconds"].as_f64().unwrap() > 0.0, "{later}");
    let (_, text, _) = project.run(&["ps", "--timeline"]);
    for line in drawn.lines().filter(|line| !line.contains("log.1")) {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // What has ended has it too.
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    let (status, last, _) = project.run(&["ps", "--timeline"]);
    assert_eq!(status, 3);
    for line in drawn.lines() {
        assert!(last.contains(line), "{line}\n{last}");
    }
}
