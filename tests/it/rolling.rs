//! Promised: a rolling restart gets along with other requests. The formation is what runs, and what was stopped stays so.

use std::process::{Child, Stdio};

use crate::harness::{Project, Running};

/// A `w` that is ready when there is a file `go`, and a `v`.
fn stack() -> (Project, Running) {
    let toml = "exit-on = \"never\"\n[process.w]\nready = \"cmd:test -e go\"\n";
    let stack = Project::new("w: probe wait\nv: probe wait\n").file("ganger.toml", toml).file("go", "");
    let running = stack.start_until(&["--no-port"], &["w.1 ready", "v.1 started"]);
    (stack, running)
}

/// A rolling restart of `w`, whose extra instance is not ready before there is a file `go` again.
fn roll(stack: &Project, running: &mut Running) -> Child {
    std::fs::remove_file(stack.path().join("go")).unwrap();
    let mut command = stack.ganger(&["restart", "--rolling", "w"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    running.line("w.2 started");
    child
}

/// The status of a client and what it printed to standard error.
fn end(client: Child) -> (i32, String) {
    let output = client.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Name and state of each instance.
fn rows(stack: &Project) -> Vec<String> {
    let document = stack.json(&["ps", "--json"]).1;
    let rows = document["instances"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["state"].as_str().unwrap())).collect()
}

#[test]
fn a_scale_during_a_rolling_restart_has_as_many_instances_as_it_asks_for() {
    let (stack, mut running) = stack();
    let client = roll(&stack, &mut running);
    let (status, _, err) = stack.run(&["scale", "w=3", "v=2"]);
    assert_eq!((status, err.as_str()), (0, ""));
    stack.write("go", "");
    assert_eq!(end(client), (0, String::new()));
    assert_eq!(stack.run(&["scale"]).1, "w=3 v=2\n");
    let all = ["w.1", "w.2", "w.3", "v.1", "v.2"].map(|name| format!("{name} running"));
    assert_eq!(rows(&stack), all);
    // What only stands in is not scaled away by the change of another type.
    let mut command = stack.ganger(&["restart", "--rolling", "w"]);
    std::fs::remove_file(stack.path().join("go")).unwrap();
    let client = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    running.line("w.4 started");
    assert_eq!(stack.run(&["scale", "v=1"]).0, 0);
    stack.write("go", "");
    assert_eq!(end(client), (0, String::new()));
    assert_eq!(rows(&stack), ["w.1", "w.2", "w.3", "v.1"].map(|name| format!("{name} running")));
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn a_restart_by_name_during_a_rolling_restart_passes_over_the_extra_instance() {
    let (stack, mut running) = stack();
    let client = roll(&stack, &mut running);
    let (status, _, err) = stack.run(&["restart", "w.2"]);
    let expected = "w.2 only stands in during a rolling restart, and is stopped at its end";
    assert!(status == 1 && err.contains(expected), "{err}");
    for name in ["v", "w"] {
        assert_eq!(
            (stack.run(&["restart", name]).0, stack.run(&["start", name]).2),
            (0, String::new()),
            "{name}"
        );
        running.line(&format!("{name}.1 started"));
    }
    stack.write("go", "");
    assert_eq!(end(client), (0, String::new()));
    assert_eq!(rows(&stack), ["w.1 running", "v.1 running"], "it returns when the extra one is gone");
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn a_rolling_restart_to_a_version_that_does_not_work_leaves_the_old_one() {
    let stack = Project::new("w: probe wait\nv: probe wait\n");
    let mut running = stack.start_until(&["--no-port"], &["w.1 started", "v.1 started"]);
    stack.write("Procfile", "w: probe exit 9\nv: probe wait\n");
    let (status, _, err) = stack.run(&["restart", "--rolling", "w"]);
    let expected = "w.2 exited with status 9: the rolling restart is broken off, and the rest is as it was";
    assert!(status == 1 && err.contains(expected), "{err}");
    running.line("w.2 exited with status 9");
    assert_eq!(rows(&stack), ["w.1 running", "v.1 running"]);
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down"]).0, 0);
}
