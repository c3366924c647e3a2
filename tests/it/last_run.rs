//! Promised: a stack that has ended can be explained. Its last run is kept on disk, bounded and for its owner only; `logs`, `ps` and
//! `wait` tell what ended, how, and with which last lines, also after SIGKILL of both processes of ganger.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Project, holds};
use crate::schema::check;

/// The records of this project, the newest run's first.
fn records(project: &Project) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.state().join("ganger")).into_iter().flatten();
    let mut records: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // One that is being written has another name, and is gone in a moment.
    records.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    records.sort_by_key(|path| path.to_string_lossy().contains(".before."));
    records
}

/// Waits until the record has this text.
fn await_recorded(project: &Project, text: &str) {
    let is_there = || {
        let record = records(project).into_iter().next();
        record.is_some_and(|path| fs::read_to_string(path).is_ok_and(|record| record.contains(text)))
    };
    assert!(holds(is_there), "{text} is not recorded");
}

/// Waits until the stack has ended with web.
fn await_own_end(project: &Project) {
    project.run(&["wait", "web", "--for", "exited"]);
    // It is ending; a `down` that comes meanwhile waits for that.
    project.run(&["down"]);
}

/// The document of `ps` where no stack runs.
fn ended(project: &Project) -> Value {
    let (status, document) = project.json(&["ps", "--json"]);
    check("docs/schema/status.json", &document);
    assert_eq!((status, &document["state"]), (3, &"ended".into()), "{document}");
    assert_eq!((&document["pid"], &document["error"]["code"]), (&Value::Null, &"nothing_runs".into()));
    document
}

#[test]
fn a_stack_in_the_background_that_ended_by_itself_is_explained() {
    let project =
        Project::new("web: probe print cheese + trap HUP FATAL:_no_cheese 7 + wait\nworker: probe wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port", "--wait"]).0, 0);
    assert_eq!(project.run(&["kill", "-s", "HUP", "web"]).0, 0);
    await_own_end(&project);
    let sentence = "web.1 ended first: exited with status 7 after ";

    let (status, out, err) = project.run(&["logs"]);
    assert_eq!(
        (status, out.as_str()),
        (3, "web.1    | cheese\nweb.1    | ready\nweb.1    | FATAL:_no_cheese\n"),
        "{err}"
    );
    assert!(err.contains("no stack runs here; the last run ended at ") && err.contains(sentence), "{err}");
    let (status, out, _) = project.run(&["logs", "--last", "-n", "1", "web", "--no-prefix"]);
    assert_eq!((status, out.as_str()), (0, "FATAL:_no_cheese\n"));
    assert_eq!(project.run(&["logs", "--last", "--grep", "chee", "--since", "1h"]).1.lines().count(), 2);
    assert_eq!(project.run(&["logs", "nope"]).0, 1);
    let (status, document) = project.json(&["logs", "--json"]);
    check("docs/schema/logs.json", &document);
    assert_eq!((status, document["lines"].as_array().unwrap().len()), (3, 3));
    assert_eq!(document["ended"]["cause"], "instance_ended");

    let (status, out, err) = project.run(&["ps"]);
    assert_eq!(status, 3);
    assert!(out.contains("web.1     exited") && out.trim_end().ends_with("SIGTERM"), "{out}");
    assert!(err.contains(sentence), "{err}");
    let document = ended(&project);
    let end = &document["ended"];
    assert_eq!(
        (&end["cause"], &end["process"], &end["exit_status"]),
        (&"instance_ended".into(), &"web.1".into(), &7.into())
    );
    let [web, worker] = document["instances"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!((&web["state"], &web["exit_status"]), (&"exited".into(), &7.into()));
    assert_eq!((&worker["state"], &worker["signal"]), (&"exited".into(), &"SIGTERM".into()));

    let (status, document) = project.json(&["wait", "web", "--for", "exited", "--json"]);
    let error = &document["error"];
    assert_eq!(
        (status, &error["process"], &error["exit_status"]),
        (3, &"web.1".into(), &7.into()),
        "{document}"
    );
    assert_eq!(error["lines"][2]["text"], "FATAL:_no_cheese", "{error}");
    for command in [&["restart"][..], &["stop", "web"], &["scale", "web=2"], &["wait", "web"]] {
        let (status, _, err) = project.run(command);
        assert!(status == 3 && err.contains(sentence), "{command:?}: {err}");
    }
}

#[test]
fn a_restart_after_which_the_stack_ended_is_explained() {
    let project = Project::new("web: probe print good + wait\nworker: probe wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    project.write("Procfile", "web: probe print bad + exit 3\nworker: probe wait\n");
    project.run(&["restart"]);
    await_own_end(&project);
    assert_eq!(project.run(&["logs", "--last", "web", "--no-prefix"]).1, "good\nbad\n");
    let document = ended(&project);
    assert_eq!(
        (&document["ended"]["cause"], &document["ended"]["exit_status"]),
        (&"instance_ended".into(), &3.into())
    );
}

#[test]
fn a_wait_that_is_under_way_tells_how_the_stack_ended() {
    let project = Project::new("web: probe print up + wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    let mut waiting = project.begin(&["wait", "--for", "log=never"]);
    // Its connection is there when the stack has read its request, which is before it answers a later one.
    assert_eq!(project.run(&["wait", "--for", "log=up"]).0, 0);
    assert_eq!(project.run(&["down"]).0, 0);
    let status = waiting.wait();
    assert!(matches!(status.code(), Some(1 | 3)), "{status}");
    let said = waiting.all_said().join("\n");
    assert!(said.contains("ended at ") && said.contains("stopped by `ganger down`"), "{said}");
}

#[test]
fn every_way_to_end_is_told_apart() {
    for (procfile, way, cause, status) in [
        ("web: probe print up + wait\n", Some(Signal::SIGTERM), "signal", 143),
        ("web: probe print up + exit 0\n", None, "instance_ended", 0),
        ("web: probe print up + exit 3\nb: probe wait\n", None, "instance_ended", 3),
        ("a: probe print up + wait\nweb: ./nope\n", None, "cannot_start", 127),
    ] {
        let project = Project::new(procfile);
        let mut running = project.start(&["--no-port"]);
        if let Some(signal) = way {
            running.line("| up");
            running.signal(signal);
        }
        running.end();
        let document = ended(&project);
        let end = &document["ended"];
        assert_eq!((&end["cause"], &end["exit_status"]), (&cause.into(), &status.into()), "{document}");
    }
}

#[test]
fn after_a_kill_of_both_processes_the_last_lines_are_there() {
    let project = Project::new("web: probe print precious + wait\n");
    let mut running = project.start(&["--no-port"]);
    running.line("| precious");
    await_recorded(&project, "precious");
    running.kill_both();
    let (status, out, err) = project.run(&["logs"]);
    assert_eq!((status, out.as_str()), (3, "web.1  | precious\n"), "{err}");
    assert!(err.contains("the last run ended after ") && err.contains("were killed"), "{err}");
    let document = ended(&project);
    assert_eq!((&document["ended"]["cause"], &document["ended"]["at"]), (&"killed".into(), &Value::Null));
    assert_eq!(document["instances"][0]["state"], "unknown");
}

#[test]
fn the_monitor_completes_the_record_of_a_worker_that_was_killed() {
    let project = Project::new("web: probe print precious + wait\n");
    let mut running = project.start(&["--no-port"]);
    running.line("| precious");
    await_recorded(&project, "precious");
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    assert_eq!(running.end().0.code(), Some(137));
    let document = ended(&project);
    let end = &document["ended"];
    assert_eq!((&end["cause"], &end["exit_status"]), (&"worker_killed".into(), &137.into()));
    assert_eq!(project.run(&["logs", "--last"]).1, "web.1  | precious\n");
}

#[test]
fn a_record_is_bounded_and_for_its_owner_only_and_a_flood_keeps_the_lines_of_others() {
    let project = Project::new(
        "flood: probe lines w 200000 + exit 0\nquiet: probe print quiet-line + wait\nlong: probe bytes 41 + exit 0\n",
    );
    let mut running = project.start(&["--exit-on", "never", "--no-port"]);
    running.lines(&["flood.1 | w:199999", "| quiet-line"]);
    await_recorded(&project, "w:199999");
    let record = records(&project).remove(0);
    let (folder, file) = (fs::metadata(record.parent().unwrap()).unwrap(), fs::metadata(&record).unwrap());
    assert_eq!((folder.permissions().mode() & 0o777, file.permissions().mode() & 0o777), (0o700, 0o600));
    running.signal(Signal::SIGTERM);
    running.end();
    assert!(fs::metadata(&record).unwrap().size() < 4 << 20);
    let (_, lines, _) = project.run(&["logs", "--last", "flood", "--no-prefix"]);
    assert_eq!(lines.lines().count(), 200);
    assert!(lines.lines().last().unwrap().starts_with("w:199999"), "{lines}");
    assert_eq!(project.run(&["logs", "--last", "quiet", "--no-prefix"]).1, "quiet-line\n");
}

#[test]
fn the_run_before_is_kept_beside_one_that_runs_and_no_more_than_that() {
    let project = Project::new("web: probe print first + exit 1\n");
    project.start(&["--no-port"]).end();
    project.write("Procfile", "web: probe print second + exit 2\n");
    project.start(&["--no-port"]).end();
    assert_eq!(project.run(&["logs", "--last"]).1, "web.1  | second\n");
    project.write("Procfile", "web: probe print third + wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    await_recorded(&project, "third");
    let (status, out, err) = project.run(&["logs", "--last"]);
    assert_eq!((status, out.as_str()), (0, "web.1  | second\n"), "{err}");
    assert!(err.contains("the run before ended at "), "{err}");
    assert_eq!(records(&project).len(), 2);
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_name_that_the_last_run_did_not_have_is_refused_with_the_nearest() {
    let project = Project::new("web: probe exit 1\n");
    project.start(&["--no-port"]).end();
    let (status, _, err) = project.run(&["logs", "wbe"]);
    let told = "error: the last run had no type or instance called `wbe`\nhelp: did you mean `web`?\n";
    assert_eq!((status, err.as_str()), (1, told));
}

#[test]
fn a_run_without_a_record_leaves_none_of_an_earlier_one() {
    let project = Project::new("web: probe print secret + exit 1\n");
    project.start(&["--no-port"]).end();
    assert_eq!(records(&project).len(), 1);
    project.start(&["--no-port", "--no-keep"]).end();
    assert_eq!(records(&project), Vec::<PathBuf>::new());
    let (status, _, err) = project.run(&["logs"]);
    assert!(status == 3 && err.starts_with("error: no stack runs here\n"), "{err}");
    assert_eq!(project.run(&["logs", "--last"]).0, 3);
}

#[test]
fn a_record_that_cannot_be_written_is_told_once_and_ends_nothing() {
    let project = Project::new("web: probe print up + trap HUP late 0 + wait\n");
    let running = project.start_until(&["--no-port"], &["| up"]);
    running.signal(Signal::SIGTERM);
    running.end();
    let record = records(&project).remove(0);
    fs::remove_file(&record).unwrap();
    for folder in [record.parent().unwrap().to_path_buf(), project.runtime().join("ganger")] {
        // A folder that is not empty is in the way of each.
        fs::create_dir_all(folder.join(record.with_extension("new").file_name().unwrap()).join("x")).unwrap();
    }
    let mut running = project.start(&["--no-port"]);
    running.line("this run cannot be recorded for `ganger logs`: ");
    assert_eq!(project.run(&["kill", "-s", "HUP", "web"]).0, 0);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(lines.iter().filter(|line| line.contains("cannot be recorded")).count(), 1, "{lines:?}");
}

#[test]
fn without_a_folder_for_state_the_record_is_in_the_runtime_folder() {
    let project = Project::new("web: probe print up + exit 1\n");
    let ran = project.ganger(&["start", "--no-port"]).env_remove("XDG_STATE_HOME").output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    let output = project.ganger(&["logs"]).env_remove("XDG_STATE_HOME").output().unwrap();
    assert_eq!(output.stdout, b"web.1  | up\n");
    let home = project.path().join("home");
    project.ganger(&["start", "--no-port"]).env_remove("XDG_STATE_HOME").env("HOME", &home).output().unwrap();
    assert_eq!(fs::metadata(home.join(".local/state")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(home.join(".local/state/ganger")).unwrap().count(), 1);
}

#[test]
fn a_stack_of_another_name_or_in_a_folder_below_is_pointed_out() {
    let project = Project::new("web: probe wait\n");
    let told = |arguments: &[&str], hint: &str| {
        // A record begins a moment after its run.
        let is_told = || project.run(arguments).2.ends_with(&format!("\nhelp: {hint}\n"));
        assert!(holds(is_told), "{hint}: {}", project.run(arguments).2);
    };
    assert_eq!(project.run(&["start", "-D", "--no-port", "--name", "two"]).0, 0);
    told(&["ps"], "the stack `two` runs here: --name two selects it");
    assert_eq!(project.run(&["down", "--name", "two"]).0, 0);
    // The last run of this folder, too, is not what was meant.
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    told(&["ps", "--name", "two"], "the stack that runs here has no name: without --name it is selected");
    assert_eq!(project.run(&["down"]).0, 0);
    project.write("config/Procfile", "web: probe wait\n");
    assert_eq!(project.run(&["start", "-f", "config/Procfile", "-D", "--no-port"]).0, 0);
    told(&["ps"], "a stack runs in config: -d config selects it");
    assert_eq!(project.run(&["down", "-f", "config/Procfile"]).0, 0);
}
