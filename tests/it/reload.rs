//! Promised: `ganger restart` follows an edited Procfile, .env and ganger.toml; `restart NAME` lets the rest be;
//! a mistake in a file touches nothing.

use crate::control::instance;
use crate::harness::{Ports, Project, Running};

const FIRST: &str = "web: probe env PORT A GANGER_PORT_WORKER + trap TERM bye 0 + wait\n\
                     worker: probe env PORT + wait\n\
                     clock: probe wait\n";

fn pid(stack: &Project, name: &str) -> Option<i64> {
    let (_, document) = stack.json(&["ps", "--json"]);
    let row = document["instances"].as_array().unwrap().iter().find(|row| row["name"] == name)?;
    row["pid"].as_i64()
}

#[test]
fn restart_follows_the_files_and_removes_and_adds_types() {
    let ports = Ports::claim();
    let stack = Project::new(FIRST);
    stack.write(".env", "A=one\n");
    let (first, second, third) = (ports.at(0, 1), ports.at(1, 1), ports.at(2, 1));
    let port = |port: u16| format!("PORT={port}");
    let of_worker = format!("GANGER_PORT_WORKER={second}");
    let said = ["clock.1 started", &port(first), "A=one", &of_worker, &port(second)];
    let mut running = stack.start_until(&["-p", &ports.base()], &said);
    // One line more on top: every port moves by a hundred, into the one that another still has.
    stack.write(
        "Procfile",
        "api: probe env PORT + wait\n\
         web: probe env PORT A GANGER_PORT_WORKER + print second + wait\n\
         worker: probe env PORT + wait\n",
    );
    stack.write(".env", "A=two\n");
    let (status, out, err) = stack.run(&["restart"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let at = |port: u16| format!("port {port})");
    for part in ["api.1 running", &at(first), "web.1 running", &at(second), &at(third), "clock.1 stopped"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    running.lines(&[
        &format!("api.1    | PORT={first}"),
        &format!("web.1    | PORT={second}"),
        "web.1    | A=two",
        &format!("web.1    | GANGER_PORT_WORKER={third}"),
        "web.1    | second",
        &format!("worker.1 | PORT={third}"),
    ]);
    assert_eq!(stack.run(&["scale"]).1, "api=1 web=1 worker=1\n");
    assert_eq!(pid(&stack, "clock.1"), None);
    assert!(stack.is_up());
    assert_eq!(stack.run(&["restart", "clock"]).0, 1);
    stack.write("Procfile", FIRST);
    assert_eq!(stack.run(&["restart"]).0, 0);
    running.line(&format!("web.1    | PORT={first}"));
    assert!(pid(&stack, "clock.1").is_some() && pid(&stack, "api.1").is_none());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn restart_of_a_name_takes_its_new_line_and_says_what_waits() {
    let ports = Ports::claim();
    let stack = Project::new(FIRST);
    stack.write(".env", "A=one\n");
    let mut running =
        stack.start_until(&["-p", &ports.base(), "-m", "web=2,worker=1,clock=1"], &["clock.1 started"]);
    let (worker, second) = (pid(&stack, "worker.1"), pid(&stack, "web.2"));
    // A line moved, a comment more: nothing else to say.
    stack.write("Procfile", &format!("# edited\n{FIRST}"));
    let (status, _, err) = stack.run(&["restart", "web.1"]);
    assert_eq!((status, err.as_str()), (0, ""));
    stack.write(
        "Procfile",
        "api: probe wait\n\
         worker: probe print other + wait\n\
         web: probe env PORT A GANGER_PORT_WORKER + print new + wait\n",
    );
    stack.write(".env", "A=two\n");
    let (status, out, err) = stack.run(&["restart", "web.1"]);
    assert_eq!(status, 0, "{err}");
    assert!(
        out.starts_with("web.1 running (pid ") && out.ends_with(&format!(", port {})\n", ports.base())),
        "{out}"
    );
    let said = "edited too, and waiting for `ganger restart`: web.2, worker, clock (gone), api (new)";
    assert!(err.contains(said), "{err}");
    running.lines(&[
        "web.1    | new",
        &format!("web.1    | PORT={}", ports.at(0, 1)),
        "web.1    | A=two",
        &format!("web.1    | GANGER_PORT_WORKER={}", ports.at(1, 1)),
    ]);
    assert_eq!((pid(&stack, "worker.1"), pid(&stack, "web.2")), (worker, second));
    assert_eq!(stack.run(&["scale", "web+1"]).0, 0);
    running.lines(&["web.3    | new", &format!("web.3    | PORT={}", ports.at(0, 3)), "web.3    | A=two"]);
    for (words, said) in [
        (
            ["restart", "clock"],
            "`clock` is not in the Procfile any more: `ganger restart` without a name stops it",
        ),
        (["start", "api"], "`api` is new in the Procfile: `ganger restart` without a name starts it"),
        (["restart", "missing"], "no type or instance is called `missing`"),
    ] {
        let (status, _, err) = stack.run(&words);
        assert_eq!(status, 1);
        assert!(err.contains(said), "{err}");
    }
    assert_eq!(stack.run(&["stop", "worker"]).0, 0);
    assert_eq!(stack.run(&["start", "worker"]).0, 0);
    running.line("worker.1 | other");
    assert_eq!(pid(&stack, "web.2"), second);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_mistake_in_a_file_changes_nothing_and_is_reported_whole() {
    let stack = Project::new(FIRST);
    let running = stack.start_until(&["--no-port"], &["clock.1 started"]);
    let before = stack.json(&["ps", "--json"]).1;
    stack.write("Procfile", "web: probe wait\noops\n");
    stack.write(".env", "KEY=\"hunter2\n");
    for words in [&["restart"][..], &["restart", "web"]] {
        let (status, out, err) = stack.run(words);
        assert_eq!((status, out.as_str()), (1, ""), "{err}");
        for part in [
            "Procfile:2:1",
            "2 | oops",
            "help: write `NAME: COMMAND`",
            ".env:1:5",
            "2 errors, nothing was changed",
        ] {
            assert!(err.contains(part), "{part}: {err}");
        }
        assert!(!err.contains("hunter2"), "{err}");
    }
    stack.write("ganger.toml", "formation = 3\n");
    let (status, _, err) = stack.run(&["restart"]);
    assert!(status == 1 && err.contains("ganger.toml:1"), "{err}");
    stack.write("ganger.toml", "");
    std::fs::remove_file(stack.path().join("Procfile")).unwrap();
    let (status, _, err) = stack.run(&["restart"]);
    assert_eq!(status, 1);
    assert!(err.contains("no Procfile in "), "{err}");
    stack.write("Procfile", FIRST);
    stack.write(".env", "");
    let after = stack.json(&["ps", "--json"]).1;
    for name in ["web.1", "worker.1", "clock.1"] {
        assert_eq!(instance(&before, name)["pid"], instance(&after, name)["pid"]);
    }
    assert_eq!(stack.run(&["restart"]).0, 0);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_scaled_count_stays_until_the_files_say_another() {
    let stack = Project::new("web: probe wait\nworker: probe wait\n");
    stack.write("ganger.toml", "formation = \"all=1\"\n");
    let running = stack.start_until(&["--no-port"], &["worker.1 started"]);
    assert_eq!(stack.run(&["scale", "web=3", "worker=0"]).0, 0);
    assert_eq!(stack.run(&["restart"]).0, 0);
    assert_eq!(stack.run(&["scale"]).1, "web=3 worker=0\n");
    stack.write("ganger.toml", "formation = \"web=1,worker=2\"\n");
    let (_, _, err) = stack.run(&["restart", "web"]);
    assert!(!err.contains("web (") && err.contains("worker (2"), "{err}");
    assert_eq!(stack.run(&["restart"]).0, 0);
    assert_eq!(stack.run(&["scale"]).1, "web=3 worker=2\n", "only what the files changed has changed");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn what_was_read_from_a_pipe_is_read_once_and_its_types_stay() {
    let stack = Project::new("web: probe env A + wait\n");
    stack.write(".env", "A=one\n");
    let ganger = env!("CARGO_BIN_EXE_ganger");
    let script = format!("echo 'job: probe env A + wait' | exec {ganger} start -f - --no-port");
    let mut running = Running::start(stack.command(&["/bin/sh", "-c", &script]));
    running.line("job.1  | A=one");
    stack.write(".env", "A=two\n");
    assert_eq!(stack.run(&["restart"]).0, 0);
    running.line("job.1  | A=two");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_base_in_an_edited_env_file_counts_for_the_whole_stack_only() {
    let ports = Ports::claim();
    let stack = Project::new("web: probe env PORT + wait\nworker: probe env PORT + wait\n");
    let port = |line: u16| format!("PORT={}\n", ports.at(line, 1));
    stack.write(".env", &port(0));
    let mut running = stack.start_until(&[], &[port(0).trim(), port(1).trim()]);
    stack.write(".env", &port(2));
    let (status, out, err) = stack.run(&["restart", "web"]);
    assert_eq!(status, 0);
    assert!(
        out.ends_with(&format!(", port {})\n", ports.base())) && err.contains("`ganger restart`: worker"),
        "{out}{err}"
    );
    assert_eq!(stack.run(&["restart"]).0, 0);
    running.lines(&[port(2).trim(), port(3).trim()]);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_pipe_without_a_writer_delays_nothing() {
    let stack = Project::new("web: probe wait\n");
    let running = stack.start_until(&["--no-port"], &["web.1 started"]);
    let path = stack.path().join(".env");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (status, _, err) = stack.run(&["restart"]);
    assert!(status == 1 && err.contains(".env: this is no plain file"), "{err}");
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn files_are_found_again_from_where_the_start_was() {
    let stack = Project::new("");
    std::fs::create_dir(stack.ganger(&[]).get_current_dir().unwrap().join("sub")).unwrap();
    stack.write("sub/Procfile.dev", "web: probe env A + wait\n");
    stack.write("a.env", "A=one\n");
    let mut running = stack.start_until(&["-f", "sub/Procfile.dev", "-e", "a.env", "--no-port"], &["A=one"]);
    stack.write("a.env", "A=two\n");
    assert_eq!(stack.run(&["restart", "-d", "sub"]).0, 0);
    running.line("A=two");
    stack.write("a.env", "A='\n");
    let (status, _, err) = stack.run(&["restart", "-d", "sub"]);
    assert!(status == 1 && err.contains(" a.env:1:3"), "as the user named it: {err}");
    assert_eq!(stack.run(&["down", "-d", "sub"]).0, 0);
    running.end();
}

#[test]
fn types_that_the_start_named_may_go_too() {
    let stack = Project::new("web: probe wait\nworker: probe wait\n");
    let running = stack.start_until(&["--no-port", "web", "worker=2"], &["worker.2 started"]);
    stack.write("Procfile", "web: probe wait\n");
    let (status, out, err) = stack.run(&["restart"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("worker.1 stopped") && out.contains("worker.2 stopped"), "{out}");
    assert_eq!(stack.run(&["scale"]).1, "web=1\n");
    stack.write("Procfile", "other: probe wait\n");
    let (status, _, err) = stack.run(&["restart"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(stack.run(&["scale"]).1, "other=0\n", "the start named web, and other is not that");
    assert!(stack.is_up());
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn the_stop_of_a_generation_is_the_one_that_it_began_with() {
    let stack = Project::new("web: probe trap INT interrupted 0 + trap TERM terminated 0 + wait\n");
    stack.write("ganger.toml", "stop-signal = \"INT\"\n");
    let mut running = stack.start_until(&["--no-port"], &["ready"]);
    stack.write("ganger.toml", "stop-signal = \"TERM\"\n");
    assert_eq!(stack.run(&["restart"]).0, 0);
    running.line("interrupted");
    running.line("ready");
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    running.line("terminated");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn settings_of_ganger_itself_stay_and_a_restart_reports_that_once() {
    let stack = Project::new("web: probe print up + wait\n");
    stack.write("ganger.toml", "timestamps = false\n");
    let mut running = stack.start_until(&["--no-port"], &["| up"]);
    stack.write("ganger.toml", "timestamps = true\npty = \"always\"\n");
    let said = "settings: a running stack keeps `pty`, `timestamps` as at its start (`ganger down` and a new start change that)";
    let (status, _, err) = stack.run(&["restart"]);
    assert_eq!((status, err.matches(said).count()), (0, 1), "{err}");
    running.line("| up");
    let (status, _, err) = stack.run(&["restart"]);
    assert_eq!((status, err.as_str()), (0, ""), "said once");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_release_runs_again_before_all_when_the_whole_stack_does() {
    let stack = Project::new("release: probe print migrated\nweb: probe print up + wait\n");
    let mut running = stack.start_until(&["--release", "--no-port"], &["| up"]);
    stack.write("Procfile", "release: probe print second\nweb: probe print latest + wait\n");
    assert_eq!(stack.run(&["restart"]).0, 0);
    running.line("| second");
    running.line("| latest");
    stack.write("Procfile", "release: probe print again + exit 4\nweb: probe print late + wait\n");
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    running.line("| late");
    let (status, _, err) = stack.run(&["restart"]);
    let (end, lines) = running.end();
    assert_eq!((status, end.code()), (1, Some(4)), "{err} {lines:?}");
    assert!(lines.iter().any(|line| line.contains("| again")), "{lines:?}");
}

#[test]
fn a_restart_that_is_refused_changes_nothing_for_a_later_scale() {
    let ports = Ports::claim();
    let stack = Project::new("a: probe print first + wait\nb: probe wait\n");
    let mut running = stack.start_until(&["-p", &ports.base()], &["a.1    | first", "b.1 started"]);
    stack.write("Procfile", "a: probe print second + wait\n");
    let (status, _, err) = stack.run(&["restart", "a", "b"]);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("`b` is not in the Procfile any more"), "{err}");
    assert_eq!(stack.run(&["scale", "a+1"]).0, 0);
    running.line("a.2    | first");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_type_that_was_only_scaled_up_waits_for_no_restart_and_keeps_what_it_knows() {
    let ports = Ports::claim();
    let stack =
        Project::new("web: probe env GANGER_PORT_BAD + wait\nbad: probe env GANGER_PORT_BAD + wait\n");
    let mut running = stack.start_until(&["-p", &ports.base(), "web"], &["web.1 started"]);
    assert_eq!(stack.run(&["scale", "bad=1"]).0, 0);
    let own = format!("bad.1  | GANGER_PORT_BAD={}", ports.at(1, 1));
    running.line(&own);
    let (status, _, err) = stack.run(&["restart", "web"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let (status, _, err) = stack.run(&["restart", "bad"]);
    assert_eq!((status, err.as_str()), (0, ""));
    running.line(&own);
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}
