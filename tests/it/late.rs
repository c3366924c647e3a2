//! Promised: a command whose time is over names the instances that are missing and what they lack; ganger's own signal is never
//! given as the reason.

use crate::harness::{Ports, Project, are_there};

#[test]
fn a_variable_that_only_begins_like_port_does_not_make_a_type_wait_for_one() {
    let project = Project::new("job: : $PORTAL $SUPPORT_MAIL ${PORT_OF}; exec probe wait\n");
    let (status, out, err) = project.run(&["start", "-D", "--wait"]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_server_on_another_port_is_named_with_the_setting_that_helps() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let base: u16 = ports.base().parse().unwrap();
    let other = base + 50;
    let server = "import os, socket\ns = socket.create_server(('127.0.0.1', int(os.environ['OWN'])))\nprint('listens', flush=True)\n\
                  while True: s.accept()[0].close()\n";
    let project = Project::new(&format!("web: OWN={other} python3 server.py\n")).file("server.py", server);
    // Named by a setting, its PORT has to be the one.
    project.write("ganger.toml", "[process.web]\nready = \"listen\"\n");
    assert_eq!(project.run(&["start", "-D", "-p", &ports.base()]).0, 0);
    assert_eq!(project.run(&["wait", "web", "--for", "log=listens"]).0, 0);
    let reason = format!(
        "web.1 is not ready: it listens on {other}, not on its PORT {base} (ready = \"listen:{other}\")"
    );
    let (status, _, err) = project.run(&["wait", "web", "-t", "10ms"]);
    assert_eq!(status, 124);
    assert!(err.contains("error: timed out after 0.0 s; still not ready: web.1\n"), "{err}");
    assert!(err.contains(&format!("help: {reason}")), "{err}");
    let (status, table, _) = project.run(&["ps"]);
    assert_eq!((status, table.contains(&reason)), (5, true), "{table}");
    let (_, document) = project.json(&["ps", "--json"]);
    assert!(document["instances"][0]["waiting_for"].as_str().unwrap().starts_with("it listens on"));
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_server_on_a_port_of_its_own_is_ready_and_reported_with_its_true_address() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let (port, other) = (ports.at(0, 1), ports.at(0, 60));
    // A debugger's port comes first, and does not count.
    let server = "import os, socket\ntry: d = socket.create_server(('127.0.0.1', 9229))\nexcept OSError: pass\n\
                  s = socket.create_server(('127.0.0.1', int(os.environ['OWN'])))\nwhile True: s.accept()[0].close()\n";
    let project = Project::new(&format!("web: OWN={other} python3 server.py\n")).file("server.py", server);
    let mut running = project.start(&["-p", &ports.base()]);
    running.lines(&[
        &format!("ganger | web.1 listens on {other}, not on its PORT {port} (ready = \"listen:{other}\")"),
        &format!("ganger | web.1 ready on http://localhost:{other} after"),
    ]);
    let (status, document) = project.json(&["ps", "--json"]);
    let row = &document["instances"][0];
    assert_eq!((status, &row["ready"], &row["other_port"]), (0, &true.into(), &other.into()), "{row}");
    assert_eq!(row["url"], format!("http://localhost:{other}"));
    assert_eq!(project.run(&["port", "web"]).1, format!("{other}\n"));
    for words in ["ls", "ps"] {
        let listed = project.run(&[words]).1;
        assert!(listed.contains(&other.to_string()) && !listed.contains(&port.to_string()), "{listed}");
    }
    assert_eq!(project.run(&["down"]).0, 0);
    let _ = running.end();
    let (status, said, _) = project.run(&["start", "-D", "--wait", "-p", &ports.base()]);
    assert!(status == 0 && said.contains(&format!(", port {other}")), "{said}");
    assert_eq!(project.run(&["down"]).0, 0);
}

/// Its line names no PORT: nothing tells it from a worker but that it listens after a while.
#[test]
fn a_type_that_is_waited_for_by_name_has_time_to_open_its_port() {
    if !are_there(&["python3"]) {
        return;
    }
    let server = "import os, socket, time\ntime.sleep(1.5)\ns = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n\
                  open('serves', 'w')\nwhile True: s.accept()[0].close()\n";
    let ports = Ports::claim();
    let project = Project::new("api: exec python3 server.py\njob: exec probe wait\nnext: exec probe wait\n")
        .file("server.py", server)
        .file("ganger.toml", "[process.next]\nafter = [\"api\"]\n");
    let exec =
        ["exec", "-p", &ports.base(), "--with", "api", "--", "sh", "-c", "test -e serves && echo served"];
    let (status, out, err) = project.run(&exec);
    assert_eq!((status, out.as_str()), (0, "served\n"), "{err}");
    let mut running = project.start(&["-p", &ports.base()]);
    let line = running.line("api.1 ready on http://localhost:");
    assert!(line.contains(&ports.at(0, 1).to_string()), "{line}");
    running.line("next.1 started");
    let said = project.run(&["wait", "job", "--timeout", "1ms"]);
    // With the reason, where it does not run long enough for the answer to be known.
    assert!(
        said.0 == 0 || said.2.contains("job.1 is not ready: it does not listen, and has not run for 5 s yet")
    );
    assert_eq!(project.run(&["wait", "job"]).0, 0, "one that never listens is ready all the same");
    assert_eq!(project.run(&["down"]).0, 0);
    let _ = running.end();
}

#[test]
fn a_start_in_the_background_gives_the_reason_that_the_foreground_gives() {
    let project = Project::new("web: probe print booting + wait\n")
        .file("ganger.toml", "[process.web]\nready = \"log:takes orders\"\nready-timeout = \"300ms\"\n");
    let reason = "web.1 is not ready within 0.3 s: it has printed no line that matches /takes orders/";
    let (status, said) = project.start(&["--no-port"]).end();
    assert!(said.iter().any(|line| line.contains(reason)), "{said:?}");
    assert_eq!(status.code(), Some(1), "the stop is ganger's own");
    for words in
        [&["start", "-D", "--wait", "--no-port"][..], &["exec", "--no-port", "--with", "web", "--", "true"]]
    {
        let (status, _, err) = project.run(words);
        assert_eq!((status, err.contains("SIGTERM")), (1, false), "{words:?}: {err}");
        assert!(
            err.contains(&format!("error: {reason}")) && err.contains("web.1 | booting"),
            "{words:?}: {err}"
        );
    }
}

#[test]
fn what_has_crashed_and_waits_for_a_change_of_a_file_is_told_with_its_last_lines() {
    let project = Project::new("web: probe print boom + exit 7\nworker: probe wait\n")
        .file("ganger.toml", "[process.web]\nwatch = [\"src\"]\n");
    std::fs::create_dir(project.path().join("src")).unwrap();
    let (status, _, err) = project.run(&["start", "-D", "--wait=0.5", "--no-port"]);
    assert_eq!(status, 124, "{err}");
    for said in ["web.1 | boom", "still not ready: web.1", "web.1 is not ready: it exited with status 7"] {
        assert!(err.contains(said), "{said}: {err}");
    }
    let (_, document) = project.json(&["wait", "web", "--for", "up", "-t", "0.1", "--json"]);
    let error = &document["error"];
    assert_eq!((&error["code"], &error["exit_status"]), (&"timed_out".into(), &7.into()), "{error}");
    assert_eq!(error["hint"], "web.1: it exited with status 7");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_start_of_a_stack_that_runs_waits_for_what_it_names() {
    let project = Project::new("web: probe print booting + wait\nbad: probe print broken + exit 7\n")
        .file("ganger.toml", "exit-on = \"never\"\n[process.web]\nready = \"log:takes orders\"\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    let (status, out, err) = project.run(&["start", "-D", "--wait=0.2", "web"]);
    assert_eq!((status, out.as_str()), (124, ""), "{err}");
    assert!(err.contains("timed out after 0.2 s; still not ready: web.1"), "{err}");
    let (status, out, err) = project.run(&["start", "-D", "--wait=100", "bad"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("bad.1 | broken") && err.contains("error: bad.1 exited with status 7"), "{err}");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn the_reason_is_told_when_the_time_of_an_instance_is_over() {
    let ports = Ports::claim();
    let base: u16 = ports.base().parse().unwrap();
    let other = base + 50;
    let (server, silent) = (format!("web: probe listen {other} + wait\n"), "web: probe wait\n".to_owned());
    for (procfile, ready, reason) in [
        (
            &server,
            "listen",
            format!("it listens on {other}, not on its PORT {base} (ready = \"listen:{other}\")"),
        ),
        (
            &server,
            "http:/up",
            format!(
                "GET /up on port {base} is not answered with 200 to 399 (connection refused); it listens on {other}"
            ),
        ),
        (&server, "cmd:exit 3", "`exit 3` does not exit with status 0 (exited with status 3)".into()),
        (
            &silent,
            "log:up",
            "it has printed no line that matches /up/, and no other (a program may buffer its output on a pipe; \
             --pty always, PYTHONUNBUFFERED=1 or `stdbuf -oL` turn that off)"
                .into(),
        ),
    ] {
        // Where the first generation is too slow for its reason, a later one is not.
        let toml = |restart: &str| {
            format!("ready-timeout = \"1s\"\nrestart = \"{restart}\"\n[process.web]\nready = \"{ready}\"\n")
        };
        let project = Project::new(procfile).file("ganger.toml", &toml("always"));
        let mut running = project.start(&["-p", &ports.base()]);
        running.line(&format!("ganger | web.1 is not ready within 1 s: {reason}: stopping it"));
        assert_eq!(project.run(&["down", "-t", "0"]).0, 0);
        let _ = running.end();
        project.write("ganger.toml", &toml("never").replace("1s", "3s"));
        let (status, _, err) = project.run(&["start", "-D", "--wait", "-p", &ports.base()]);
        assert_eq!((status, err.contains(&reason)), (1, true), "{ready}: {err}");
    }
}

#[test]
fn a_wait_for_a_line_says_that_nothing_was_printed_at_all() {
    let project = Project::new("quiet: probe wait\nloud: probe print hello + wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    assert_eq!(project.run(&["wait", "loud", "--for", "log=hello"]).0, 0);
    let (status, _, err) = project.run(&["wait", "--for", "log=mailer is up", "-t", "10ms"]);
    assert_eq!(status, 124);
    assert!(err.contains("timed out after 0.0 s; no line matches /mailer is up/"), "{err}");
    assert!(err.contains("help: quiet.1 has printed nothing yet; a program may buffer"), "{err}");
    assert!(!err.contains("loud.1"), "{err}");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_start_of_an_instance_that_runs_does_not_make_its_exit_a_stop() {
    let project = Project::new("web: probe wait\njob: until [ -e go ]; do sleep 0.05; done; exit 3\n");
    assert_eq!(project.run(&["start", "-D", "--no-port", "--exit-on", "never"]).0, 0);
    assert_eq!(project.run(&["start", "job"]).0, 0);
    project.write("go", "");
    assert_eq!(project.run(&["wait", "job", "--for", "exited"]).0, 0);
    let (_, document) = project.json(&["ps", "--json"]);
    let job = document["instances"].as_array().unwrap().iter().find(|row| row["type"] == "job").unwrap();
    assert_eq!((&job["state"], &job["exit_status"]), (&"exited".into(), &3.into()), "{job}");
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn names_of_the_running_stack_complete() {
    let project = Project::new("web: probe wait\njob: probe wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port", "-m", "web=2,job=1"]).0, 0);
    let complete = |words: &[&str]| {
        let mut command = project.ganger(&[&["--", "ganger"], words].concat());
        let out = command.env("GANGER_COMPLETE", "fish").output().unwrap().stdout;
        let out = String::from_utf8(out).unwrap();
        out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for command in ["logs", "restart", "stop", "kill", "wait", "attach", "port"] {
        assert_eq!(complete(&[command, "w"]), ["web", "web.1", "web.2"], "{command}");
    }
    assert_eq!(complete(&["scale", "w"]), ["web"]);
    assert_eq!(project.run(&["down"]).0, 0);
}
