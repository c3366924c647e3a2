//! Promised: `ganger ls` lists the stacks of this user with root, name, state and ports, whatever they are doing.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::Project;
use crate::schema::check;

/// The stacks that are listed and have their root in this project.
fn listed(project: &Project, arguments: &[&str]) -> Vec<Value> {
    let (status, document) = project.json(&[&["ls", "--json"], arguments].concat());
    assert_eq!(status, 0, "{document}");
    check("docs/schema/stacks.json", &document);
    let stacks = document["stacks"].as_array().unwrap();
    for stack in stacks {
        check("docs/schema/status.json", stack);
    }
    let root = project.path().to_str().unwrap();
    stacks.iter().filter(|stack| stack["root"] == root).cloned().collect()
}

#[test]
fn stacks_are_listed_with_root_name_state_and_ports() {
    let project = Project::new("web: probe print up + wait\n");
    assert_eq!(listed(&project, &["--all"]), Vec::<Value>::new());
    assert_eq!(project.run(&["start", "-D", "-p", "61000"]).0, 0);
    assert_eq!(project.run(&["start", "-D", "--name", "second", "--no-port"]).0, 0);
    let stacks = listed(&project, &[]);
    let [first, second] = stacks.as_slice() else { panic!("{stacks:?}") };
    assert_eq!((&first["name"], &second["name"]), (&Value::Null, &"second".into()));
    assert_eq!(first["instances"][0]["port"], 61000);
    let (_, table, _) = project.run(&["ls"]);
    let root = project.path().to_str().unwrap();
    let row = table.lines().find(|line| line.contains(root) && line.contains("second")).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    assert_eq!((words[2], words[5], words[6]), ("running", "1/1", "-"), "{table}");
    assert_eq!(project.run(&["down"]).0, 0);
    assert_eq!(listed(&project, &[]).len(), 1);
    let all = listed(&project, &["--all"]);
    let ended = all.iter().find(|stack| stack["name"].is_null()).unwrap();
    assert_eq!((&ended["state"], &ended["ended"]["cause"]), (&"ended".into(), &"down".into()));
    assert_eq!(project.run(&["down", "--name", "second"]).0, 0);
}

#[test]
fn a_suspended_stack_is_listed_as_its_record_has_it() {
    for keep in [&[][..], &["--no-keep"]] {
        let project = Project::new("web: probe print up + wait\n");
        let running = project.start_until(&[&["--no-port"], keep].concat(), &["| up"]);
        let worker = Pid::from_raw(running.worker());
        let monitor = Pid::from_raw(running.pid());
        assert!(crate::harness::holds(|| !keep.is_empty() || project.run(&["ls", "-a"]).1.contains("1/1")));
        for pid in [worker, monitor] {
            kill(pid, Signal::SIGSTOP).unwrap();
        }
        let stacks = listed(&project, &[]);
        let [stack] = stacks.as_slice() else { panic!("{keep:?}: {stacks:?}") };
        assert_eq!((&stack["state"], &stack["pid"]), (&"suspended".into(), &running.pid().into()), "{stack}");
        for pid in [monitor, worker] {
            kill(pid, Signal::SIGCONT).unwrap();
        }
        running.signal(Signal::SIGTERM);
        running.end();
    }
}

#[test]
fn a_stack_of_another_session_is_listed() {
    let project = Project::new("web: probe print up + wait\n");
    let other = tempfile::tempdir().unwrap();
    let mut command = project.ganger(&["start", "--no-port"]);
    command.env("XDG_RUNTIME_DIR", other.path());
    let mut running = crate::harness::Running::start(command);
    running.line("| up");
    assert!(crate::harness::holds(|| listed(&project, &[]).len() == 1), "{:?}", listed(&project, &[]));
    running.signal(Signal::SIGTERM);
    running.end();
    assert_eq!(listed(&project, &[]), Vec::<Value>::new());
}
