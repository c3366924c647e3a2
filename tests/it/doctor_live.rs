//! Promised: `ganger doctor --yes` runs the stack beside what runs already, finds each fault that only a running stack shows and
//! nothing else, and leaves nothing: no process, no file, whether it comes to its end or is interrupted.

#![cfg(test)]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::doctor_programs::{NOTIFIES, tracked, with};
use crate::harness::{Ports, Project, Running, are_there, holds, install, python_has};
use crate::schema::check;

/// A code, the files that make its fault, and what `doctor` is given beside `--yes`.
type Broken<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[rustfmt::skip]
const BROKEN: &[Broken<'_>] = &[
    ("V-source-changed", &[
        ("Procfile", "worker: probe touch schema.rb + trap TERM bye 0 + wait\n"), ("schema.rb", "a\n"),
    ], &[]),
    ("VI-file-written", &[("Procfile", "worker: python3 write.py state-$PS.db\n"), NOTIFIES], &[]),
    ("VI-file-written", &[("Procfile", "worker: probe touch uploads.json + trap TERM bye 0 + wait\n")], &[]),
    ("VI-file-shared", &[("Procfile", "worker: python3 write.py state.db\n"), NOTIFIES], &[]),
    ("XI-log-written", &[("Procfile", "worker: python3 write.py it.log\n"), NOTIFIES], &[]),
    ("XI-log-written", &[("Procfile", "worker: probe touch it.log + trap TERM bye 0 + wait\n"), (".gitignore", "*.log\n")], &[]),
    ("XII-environment-differs", &[("Procfile", "worker: RAILS_ENV=production exec probe trap TERM bye 0 + wait\n")], &[]),
    ("VII-port-ignored", &[("Procfile", "web: HERE=port+50 python3 server.py\n")], &[]),
    ("VII-port-of-another", &[
        ("Procfile", "web: python3 server.py\napi: HERE=port+100 python3 server.py\nworker: probe trap TERM bye 0 + wait\n"),
    ], &[]),
    ("VII-not-listening", &[("Procfile", "web: probe trap TERM bye 0 + wait\n")], &["--within", "1"]),
    ("VII-loopback", &[("Procfile", "web: HOST=127.0.0.1 python3 server.py\n")], &[]),
    ("VIII-no-second", &[("Procfile", "worker: python3 lock.py\n"), NOTIFIES], &[]),
    ("IX-not-up-again", &[("Procfile", "worker: python3 pid_file.py\n"), NOTIFIES], &[]),
    ("IX-request-dropped", &[("Procfile", "web: RUDE=1 SLOW=4 python3 server.py\n")], &[]),
    ("IX-not-ended", &[("Procfile", "worker: probe ignore TERM + wait\n"), ("ganger.toml", "timeout = 1\n")], &[]),
    ("IX-fails-at-stop", &[("Procfile", "worker: probe trap TERM bye 3 + wait\n")], &[]),
];

/// A command of ganger whose temporary files go into the runtime folder of the project.
fn doctor(project: &Project, ports: &Ports, arguments: &[&str]) -> std::process::Command {
    let mut command = project.ganger(&[&["doctor", "--yes", "-p", &ports.base()], arguments].concat());
    command.env("TMPDIR", project.runtime());
    command
}

/// Status and document of `doctor --yes --json`; nothing of it is left.
fn examined(project: &Project, arguments: &[&str]) -> (i32, Value) {
    let examined = examined_beside(project, arguments);
    assert_nothing_is_left(project);
    examined
}

/// The same, where something else runs too.
fn examined_beside(project: &Project, arguments: &[&str]) -> (i32, Value) {
    let ports = Ports::claim();
    let output = doctor(project, &ports, &[&["--json"], arguments].concat()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {errors}"));
    check("docs/schema/doctor.json", &document);
    (output.status.code().unwrap_or(-1), document)
}

fn assert_nothing_is_left(project: &Project) {
    let left = project.mark().processes();
    assert!(left.is_empty(), "left behind: {left:?}");
    let entries = std::fs::read_dir(project.runtime()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = entries.filter(|name| name.to_string_lossy().starts_with("ganger-doctor")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// How many findings there are of each code.
fn codes(document: &Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let factors = document["factors"].as_array().unwrap();
    for finding in factors.iter().flat_map(|of| of["findings"].as_array().unwrap()) {
        *found.entry(finding["code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    found
}

fn is_possible() -> bool {
    are_there(&["git", "python3"])
}

#[test]
fn each_fault_of_a_running_stack_is_found_and_nothing_else() {
    if !is_possible() {
        return;
    }
    for (code, files, arguments) in BROKEN {
        let (status, document) = examined(&with(files), arguments);
        assert_eq!(codes(&document), BTreeMap::from([((*code).to_owned(), 1)]), "{files:?}: {document}");
        assert_eq!(status, i32::from(document["broken"] != 0), "{document}");
    }
}

#[test]
fn a_server_that_no_variable_names_is_told_by_its_address() {
    if !is_possible() {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let connect = format!(
        "import signal, socket\nserver = socket.create_connection(('127.0.0.1', {}))\nimport notify\nsignal.pause()\n",
        server.port()
    );
    let project = with(&[("Procfile", "worker: python3 connect.py\n"), ("connect.py", &connect), NOTIFIES]);
    let (_, document) = examined(&project, &[]);
    assert_eq!(codes(&document), BTreeMap::from([("IV-address-not-named".to_owned(), 1)]), "{document}");
    let message = format!("worker.1 is connected to {server}, which no variable names");
    assert_eq!(document["factors"][3]["findings"][0]["message"], message);
    project.write(".env", &format!("QUEUE=tcp://{server}\n"));
    let (_, document) = examined(&project, &[]);
    assert_eq!(codes(&document), BTreeMap::new(), "{document}");
}

#[test]
fn a_program_of_the_home_folder_is_told_unless_the_project_names_it() {
    if !is_possible() {
        return;
    }
    let project = with(&[("Procfile", "worker: tool trap TERM bye 0 + wait\n")]);
    let folder = project.runtime().join("home/.local/bin");
    std::fs::create_dir_all(&folder).unwrap();
    assert!(install(env!("CARGO_BIN_EXE_probe"), &folder.join("tool"), "755"));
    for (requirements, expected) in [("", 1), ("tool==1.2\n", 0)] {
        project.write("requirements.txt", requirements);
        let ports = Ports::claim();
        let mut command = doctor(&project, &ports, &["--json", "--only", "II"]);
        command.env("HOME", project.runtime().join("home"));
        command.env("PATH", format!("{}:{}", folder.display(), crate::harness::search_path()));
        let document: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        assert_eq!(
            codes(&document).get("II-program-in-home").copied().unwrap_or_default(),
            expected,
            "{document}"
        );
    }
}

#[test]
fn a_stack_that_cannot_start_is_no_sound_one() {
    if !is_possible() {
        return;
    }
    let project = with(&[("Procfile", "web: python3 server.py\nworker: no-such-program\n")]);
    let (status, document) = examined(&project, &["--within", "0"]);
    assert_eq!(status, 1);
    assert_eq!(codes(&document), BTreeMap::from([("II-program-missing".to_owned(), 1)]), "{document}");
    let factor = |number: &str| {
        document["factors"].as_array().unwrap().iter().find(|of| of["factor"] == number).unwrap().clone()
    };
    assert_eq!(factor("VI")["status"], "not_seen");
    assert!(factor("IX")["not_seen"].to_string().contains("worker.1 could not be started"), "{document}");
}

#[test]
fn a_database_that_is_only_read_and_a_folder_that_a_variable_names_are_no_findings() {
    if !is_possible() {
        return;
    }
    let project = with(&[
        (
            "Procfile",
            "worker: python3 write.py geo.db\napi-worker: probe touch data/blob + trap TERM bye 0 + wait\n",
        ),
        NOTIFIES,
        ("geo.db", "a\n"),
        ("data/.keep", ""),
        (".env", "DATA_DIR=./data\n"),
    ]);
    let (_, document) = examined(&project, &[]);
    assert_eq!(codes(&document), BTreeMap::new(), "{document}");
}

#[test]
fn what_is_printed_at_the_end_only_is_told_as_not_seen() {
    if !is_possible() {
        return;
    }
    let (_, document) =
        examined(&with(&[("Procfile", "worker: python3 late.py\n"), NOTIFIES]), &["--only", "XI"]);
    let not_seen = document["factors"][0]["not_seen"].to_string();
    assert!(not_seen.contains("worker.1 has printed nothing before the stop signal"), "{document}");
}

#[test]
fn what_another_stack_of_the_folder_writes_is_not_laid_to_this_one() {
    if !is_possible() {
        return;
    }
    let project = with(&[("Procfile", "worker: probe touch uploads.json + trap TERM bye 0 + wait\n")]);
    let stack = project.start_until(&["--no-port"], &["worker.1 | ready"]);
    let (_, document) = examined_beside(&project, &[]);
    assert_eq!(codes(&document), BTreeMap::new(), "{document}");
    stack.signal(Signal::SIGTERM);
    stack.end();
    assert_nothing_is_left(&project);
}

#[test]
fn a_sound_stack_has_no_finding_and_its_figures_are_told() {
    if !is_possible() {
        return;
    }
    let project = with(&[("ganger.toml", "on-ready = \"touch a-hook-ran\"\n")]);
    // What a killed run has left goes too.
    let left = project.runtime().join("ganger-doctor-1-1");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("errors"), "").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
    std::fs::File::open(&left).unwrap().set_modified(long_ago).unwrap();
    let (status, document) = examined(&project, &[]);
    assert!(!project.path().join("a-hook-ran").exists());
    assert_eq!((status, codes(&document)), (0, BTreeMap::new()), "{document}");
    let measured = document["live"].as_array().unwrap();
    let names: Vec<&str> = measured.iter().map(|of| of["process"].as_str().unwrap()).collect();
    assert_eq!(names, ["web.1", "worker.1"]);
    for of in measured {
        // That a worker is ready is a matter of time alone, and no figure.
        for start in ["ready_seconds", "ready_again_seconds"] {
            assert_eq!(of[start].is_f64(), of["process"] == "web.1", "{of}");
        }
        assert!(of["stop_seconds"].is_f64() && of["exit_status"] == 0, "{of}");
    }
    let ports = Ports::claim();
    let output = doctor(&project, &ports, &["--only", "IX"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("IX   disposability        ok: ready within "), "{text}");
    assert!(text.contains(" s of the stop signal\n"), "{text}");
    assert!(text.ends_with("\n0 broken, 0 warnings, 0 silenced\n"), "{text}");
}

#[test]
fn what_does_not_get_ready_is_not_judged() {
    if !is_possible() {
        return;
    }
    let project = with(&[("Procfile", "web: probe exit 5\nworker: probe exit 3\nrelease: probe exit 4\n")]);
    let (status, document) = examined(&project, &[]);
    assert_eq!((status, codes(&document)), (0, BTreeMap::new()), "{document}");
    let hint = "before it was ready; `--release` runs the release first";
    let not_seen = &document["factors"][8]["not_seen"];
    let expected =
        [format!("web.1 exited with status 5 {hint}"), format!("worker.1 exited with status 3 {hint}")];
    assert_eq!(*not_seen, serde_json::json!(expected));
    let (_, document) = examined(&project, &["--release", "--only", "IX"]);
    let not_seen = document["factors"][0]["not_seen"].to_string();
    assert!(not_seen.contains("release.1 exited with status 4 before it was ready"), "{document}");
}

/// Starts what ends by no signal but SIGKILL, so that an interrupt meets a stack that runs.
#[test]
fn an_interrupted_run_leaves_nothing_and_ends_by_the_signal() {
    if !is_possible() {
        return;
    }
    let project = with(&[
        ("Procfile", "worker: probe ignore TERM + touch it-runs + wait\n"),
        ("ganger.toml", "timeout = 1\n"),
    ]);
    let ports = Ports::claim();
    let running = Running::start_as(doctor(&project, &ports, &["--within", "600"]), project.mark());
    assert!(holds(|| project.path().join("it-runs").exists()));
    running.signal(Signal::SIGINT);
    let (status, lines) = running.end();
    assert_eq!(status.signal(), Some(Signal::SIGINT as i32), "{lines:?}");
    assert_nothing_is_left(&project);
}

#[test]
fn a_stack_that_runs_here_is_not_touched() {
    if !is_possible() {
        return;
    }
    let project = with(&[]);
    let ports = Ports::claim();
    let stack = project.start_until(&["-p", &ports.base()], &["web.1 ready", "worker.1 | ready"]);
    let before = project.json(&["ps", "--json"]).1;
    let others = Ports::claim();
    let output = doctor(&project, &others, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let after = project.json(&["ps", "--json"]).1;
    for row in 0..2 {
        for field in ["name", "pid", "port", "restarts", "state", "started_at"] {
            assert_eq!(before["instances"][row][field], after["instances"][row][field], "{field}");
        }
    }
    stack.signal(Signal::SIGTERM);
    stack.end();
    assert_nothing_is_left(&project);
}

#[test]
fn it_asks_on_a_terminal_and_only_there() {
    if !is_possible() {
        return;
    }
    let project = with(&[("Procfile", "worker: probe touch it-ran.pid + trap TERM bye 0 + wait\n")]);
    let has_run = || project.path().join("it-ran.pid").exists();
    let (status, out, err) = project.run(&["doctor"]);
    assert_eq!(
        (status, err.as_str()),
        (0, "ganger: only files are read; `--yes` runs the stack too\n"),
        "{out}"
    );
    assert_eq!(project.run(&["doctor", "--static"]).2, "");
    // Nothing that a run could show.
    assert_eq!(project.run(&["doctor", "--only", "I"]).2, "");
    assert_eq!(project.run(&["doctor", "--static", "--yes"]).0, 2);
    for (answer, runs) in [("\n", false), ("no\n", false), ("y\n", true)] {
        let mut screen = project.on_terminal(&["doctor"], (40, 160));
        screen.shows("Run it? [y/N] ");
        screen.type_keys(answer.as_bytes());
        screen.shows("0 broken, 0 warnings, 0 silenced");
        assert_eq!(has_run(), runs, "{answer:?}");
    }
}

#[test]
fn the_example_has_no_finding_while_it_runs() {
    if !are_there(&["git", "redis-server", "node", "gunicorn"]) || !python_has(&["flask", "redis"]) {
        return;
    }
    let project = Project::example("twelve-factor");
    let ports = Ports::claim();
    let env = std::fs::read_to_string(project.path().join(".env")).unwrap();
    let moved = env.replace("127.0.0.1:6390", &format!("127.0.0.1:{}", ports.at(9, 1)));
    project.write(".env", &moved);
    let project = tracked(project);
    let (status, document) = examined(&project, &["--release", "--within", "100"]);
    let counts = ["broken", "warnings", "silenced"].map(|name| document[name].as_i64().unwrap());
    assert_eq!((status, counts), (0, [0, 0, 1]), "{document}");
    let measured: Vec<&Value> = document["live"].as_array().unwrap().iter().collect();
    let serves = |of: &&&Value| ["web.1", "redis.1"].contains(&of["process"].as_str().unwrap());
    assert!(measured.iter().filter(serves).all(|of| of["ready_seconds"].is_f64()), "{document}");
    let stopped = |of: &&&Value| of["process"] != "release.1";
    assert!(measured.iter().filter(stopped).all(|of| of["exit_status"] == 0), "{document}");
}
